//! The audit log of a loan: one entry for each appended event, parked ones too, beside the entries that come as
//! entities (`AuditEntryRecorded` and snapshots). It is evidence: a refold never takes an event's entry away.

mod block;
mod entry;
mod read;

use std::borrow::Cow;

use continuity_events::{Form, Role};
use continuity_readmodel::{
    AppendedEvent, ChangeForm, EntityChange, Key, KeyReader, Projection, Rows, Spec, StoreError,
};

use block::{BLOCKS, Source};
use entry::Entry;

pub use read::{AuditEntry, Entries, entries, list, sort_key, total};

static SPEC: Spec = Spec { name: "audit-log", version: 1, tables: &[BLOCKS, KNOWN], entities: &["auditEntry"] };

/// (loan) -> what [`Known`] holds; only for loans that have entries which did not come from their own event.
const KNOWN: &str = "known";

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(AuditLog)
}

struct AuditLog;

impl Projection for AuditLog {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    /// Entries of snapshots; those of `AuditEntryRecorded` came with the event itself.
    fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        match change.form {
            ChangeForm::After(after) if change.from_snapshot => {
                add(change.loan, &Entry::of_snapshot(change.id, after), rows)
            }
            _ => Ok(()),
        }
    }

    /// Takes away what came from snapshots, which the refold brings again; the entries of logged events stay.
    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let known = Known::read(loan, rows)?;
        if !known.is_some_and(|known| known.any(Source::Snapshot)) {
            return Ok(());
        }
        block::retain(loan, rows, |source| source != Source::Snapshot)?;
        let logged = Known::gather(loan, rows)?;
        logged.write(loan, rows);
        Ok(())
    }

    fn appended(&self, event: &AppendedEvent<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        if event.event.role() == Role::Snapshot {
            return Ok(());
        }
        let entry = match event.change {
            Some(change) if change.entity == "auditEntry" => match change.form {
                Form::After(after) => Entry::recorded(&change.id, after, event.sequence),
                Form::Gone | Form::Patch { .. } => Entry::derived(event),
            },
            _ => Entry::derived(event),
        };
        add(event.loan, &entry, rows)
    }

    fn purge(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let prefix = Key::new().text(loan).finish();
        rows.delete_prefix(BLOCKS, &prefix)?;
        rows.delete_prefix(KNOWN, &prefix)
    }
}

/// Adds an entry unless a better one has its id, and takes away a lesser one that has it.
///
/// One entry per id: an event's own wins over a recorded one, that over a snapshot's; of two recorded ones the higher
/// sequence, of two from snapshots the later. Two events that share an id (a broken producer) both stay: evidence.
/// The outcome does not depend on the order in which the entries arrive.
fn add(loan: &str, entry: &Entry, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    let known = Known::read(loan, rows)?;
    if known.is_none() && entry.source == Source::Event {
        return block::insert(loan, entry, rows);
    }
    let mut known = known.map_or_else(|| Known::gather(loan, rows), Ok)?;
    let same_id = if known.contains(&entry.id) { block::with_id(loan, &entry.id, rows)? } else { Vec::new() };
    let better = |other: &(Source, Vec<u8>)| match entry.source {
        Source::Event => false,
        Source::Recorded => other.0 == Source::Event || (other.0 == Source::Recorded && other.1 > entry.key),
        Source::Snapshot => other.0 != Source::Snapshot,
    };
    if same_id.iter().any(better) {
        return Ok(());
    }
    for (source, key) in same_id.into_iter().filter(|(source, _)| *source != Source::Event) {
        block::remove(loan, &key, rows)?;
        known.remove(&entry.id, source);
    }
    known.insert(&entry.id, entry.source);
    known.write(loan, rows);
    block::insert(loan, entry, rows)
}

/// Which ids a loan's entries have, as sorted 64-bit hashes with where each came from.
///
/// Kept only while the loan has an entry that is not its event's own: without one, ids cannot meet.
struct Known(Vec<(u64, Source)>);

impl Known {
    const WIDTH: usize = 9;

    fn read(loan: &str, rows: &Rows<'_>) -> Result<Option<Self>, StoreError> {
        let Some(stored) = rows.get(KNOWN, &Key::new().text(loan).finish())? else { return Ok(None) };
        let item = |bytes: &[u8]| {
            let (hash, source) = bytes.split_first_chunk::<8>()?;
            Some((u64::from_be_bytes(*hash), Source::of(*source.first()?)?))
        };
        let items: Option<Vec<_>> = stored.chunks(Self::WIDTH).map(item).collect();
        items.map(|items| Some(Self(items))).ok_or_else(|| StoreError::corrupt(SPEC.name, "the known ids"))
    }

    /// From the entries themselves.
    fn gather(loan: &str, rows: &Rows<'_>) -> Result<Self, StoreError> {
        let mut items = Vec::new();
        block::each(loan, rows, |source, key| {
            items.extend(id_of(key).map(|id| (block::hash(id.as_bytes()), source)));
        })?;
        items.sort_unstable();
        Ok(Self(items))
    }

    fn write(&self, loan: &str, rows: &mut Rows<'_>) {
        let key = Key::new().text(loan).finish();
        if !self.any(Source::Snapshot) && !self.any(Source::Recorded) {
            rows.delete(KNOWN, &key);
            return;
        }
        let mut bytes = Vec::with_capacity(self.0.len() * Self::WIDTH);
        for (hash, source) in &self.0 {
            bytes.extend_from_slice(&hash.to_be_bytes());
            bytes.push(*source as u8);
        }
        rows.put(KNOWN, key, bytes);
    }

    fn any(&self, source: Source) -> bool {
        self.0.iter().any(|(_, known)| *known == source)
    }

    fn contains(&self, id: &str) -> bool {
        let hash = block::hash(id.as_bytes());
        let at = self.0.partition_point(|(known, _)| *known < hash);
        self.0.get(at).is_some_and(|(known, _)| *known == hash)
    }

    fn insert(&mut self, id: &str, source: Source) {
        let item = (block::hash(id.as_bytes()), source);
        self.0.insert(self.0.partition_point(|known| *known < item), item);
    }

    fn remove(&mut self, id: &str, source: Source) {
        if let Ok(at) = self.0.binary_search(&(block::hash(id.as_bytes()), source)) {
            self.0.remove(at);
        }
    }
}

/// The id at the end of an entry's key.
fn id_of(key: &[u8]) -> Option<Cow<'_, str>> {
    let mut reader = KeyReader::new(key);
    reader.bytes()?;
    reader.u64()?;
    reader.text()
}

#[cfg(test)]
mod tests;
