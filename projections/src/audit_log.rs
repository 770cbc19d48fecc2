//! The audit log of a loan: one entry for each appended event, parked ones too, beside the entries that come as
//! entities (`AuditEntryRecorded` and snapshots). It is evidence: a refold never takes an event's entry away. An erasure
//! takes out of the entries below it what may be personal (`redact`), whenever they come.

mod block;
mod entry;
mod ids;
mod marks;
mod read;
mod redact;

use continuity_events::{Form, Role};
use continuity_readmodel::{AppendedEvent, ChangeForm, EntityChange, Key, Projection, Rows, Spec, StoreError, Table};

use block::{Blocks, Source};
use entry::{Entry, sequence_of};
use marks::{LOANS, Marks};

pub use read::{AuditEntry, Entries, complete_from, entries, instant_of, sort_key, total};

static SPEC: Spec =
    Spec { name: "audit-log", version: 1, tables: &[ENTRIES, ids::IDS, LOANS, REPLACED], entities: &["auditEntry"] };

/// [`Blocks`] of the entries, by [`sort_key`].
const ENTRIES: Table = "entries";

/// (loan, sequence) -> nothing; for each recorded entry that gave way to another of its id.
const REPLACED: Table = "replaced";

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
                add(change.loan, Entry::of_snapshot(change.id, after), rows)
            }
            _ => Ok(()),
        }
    }

    /// Takes away what came from snapshots, which the refold brings again; the entries of logged events stay.
    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let marks = Marks::read(loan, rows)?;
        if !marks.given {
            return Ok(());
        }
        let left = Marks { given: false, ..marks };
        left.write(loan, rows);
        let logged = |source| source != Source::Snapshot;
        Blocks::of(ENTRIES, loan).retain(rows, logged)?;
        if left.by_id() { ids::retain(loan, rows, logged) } else { ids::drop(loan, rows) }
    }

    fn appended(&self, event: &AppendedEvent<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        match event.event.role() {
            Role::Snapshot => return Ok(()),
            Role::Erasure => erase(event.loan, event.sequence, rows)?,
            Role::Loan | Role::Control => {}
        }
        let entry = match event.change {
            Some(change) if change.entity == "auditEntry" => match change.form {
                Form::After(after) => Entry::recorded(&change.id, after, event.sequence),
                Form::Gone | Form::Patch { .. } => Entry::derived(event),
            },
            _ => Entry::derived(event),
        };
        add(event.loan, entry, rows)
    }

    fn purge(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let prefix = Key::new().text(loan).finish();
        SPEC.tables.iter().try_for_each(|table| rows.delete_prefix(table, &prefix))
    }
}

/// Redacts the loan's entries below a sequence; those that come later are redacted as they come.
fn erase(loan: &str, below: u64, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    let marks = Marks::read(loan, rows)?;
    if below <= marks.erased_below {
        return Ok(());
    }
    Marks { erased_below: below, ..marks }.write(loan, rows);
    Blocks::of(ENTRIES, loan)
        .rewrite(rows, |packed| (sequence_of(packed.key) < below).then(|| redact::redacted(packed.json)))
}

/// Adds an entry unless a better one has its id, and takes away a lesser one that has it.
///
/// One entry per id: an event's own wins over a recorded one, that over a snapshot's; of two recorded ones the higher
/// sequence, of two from snapshots the later. Two events that share an id (a broken producer) both stay: evidence.
/// The outcome does not depend on the order in which the entries arrive.
fn add(loan: &str, mut entry: Entry, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    let before = Marks::read(loan, rows)?;
    if sequence_of(&entry.key) < before.erased_below {
        entry.json = redact::redacted(entry.json.as_bytes());
    }
    let marks = before.with(entry.source);
    if marks != before {
        marks.write(loan, rows);
    }
    if !marks.by_id() {
        return Blocks::of(ENTRIES, loan).insert(entry.packed(), rows);
    }
    if !before.by_id() {
        ids::build(loan, rows)?;
    }
    let same_id = ids::with_id(loan, &entry.id, rows)?;
    if same_id.iter().any(|(source, key)| beats((*source, key), &entry)) {
        note_replaced(loan, entry.source, &entry.key, rows);
        return Ok(());
    }
    for (source, key) in same_id.into_iter().filter(|(source, _)| *source != Source::Event) {
        note_replaced(loan, source, &key, rows);
        Blocks::of(ENTRIES, loan).remove(&key, rows)?;
        ids::remove(loan, &entry.id, &key, rows)?;
    }
    ids::insert(loan, &entry.id, entry.source, &entry.key, rows)?;
    Blocks::of(ENTRIES, loan).insert(entry.packed(), rows)
}

/// Whether a stored entry of the same id stays in place of the new one.
fn beats((source, key): (Source, &[u8]), entry: &Entry) -> bool {
    match entry.source {
        Source::Event => false,
        Source::Recorded if source == Source::Recorded => sequence_of(key) > sequence_of(&entry.key),
        Source::Recorded => source == Source::Event,
        Source::Snapshot => source != Source::Snapshot,
    }
}

/// A recorded entry that gave way still says that its event is known.
fn note_replaced(loan: &str, source: Source, key: &[u8], rows: &mut Rows<'_>) {
    if source == Source::Recorded {
        rows.put(REPLACED, Key::new().text(loan).u64(sequence_of(key)).finish(), Vec::new());
    }
}

#[cfg(test)]
mod tests;
