//! Reading the audit log, newest first.

use std::ops::Bound;

use continuity_readmodel::{Direction, Key, KeyReader, Scan, Snapshot, StoreError, prefix_end};

use super::block;
use super::entry::sequence_of;
use super::{ENTRIES, REPLACED};
use crate::order;

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// [`sort_key`] of the entry: where it stands, ascending by time.
    pub key: Vec<u8>,
    /// As served.
    pub json: String,
}

/// Where an entry stands among the others: by instant, then sequence, then id, ascending. The list is this order
/// backwards. Entries from elsewhere (the replica's own access records) merge by the same key.
pub fn sort_key(occurred_at: &str, sequence: u64, id: &str) -> Vec<u8> {
    Key::new().bytes(&order::of_instant(occurred_at)).u64(sequence).text(id).finish()
}

/// The instant in a [`sort_key`], in microseconds since 1970, rounded down; `None` for a time that was unreadable.
pub fn instant_of(key: &[u8]) -> Option<i64> {
    let instant = KeyReader::new(key).bytes()?;
    order::instant_micros(&instant)
}

/// Number of the loan's entries.
pub fn total(snapshot: &Snapshot, loan: &str) -> Result<u64, StoreError> {
    let mut total = 0;
    for block in snapshot.scan_prefix(ENTRIES, &Key::new().text(loan).finish(), Direction::Forward)? {
        total += block::unpack(&block?.1)?.len() as u64;
    }
    Ok(total)
}

/// The sequence from which on every event of the loan has its entry; `None` when all have, back to the first.
///
/// `last_sequence` is the loan's last visible one, of the same view. A snapshot (event contract, section 5) that came
/// without an `auditEntry` for each event that it stands for leaves the log incomplete before it, until those events
/// themselves arrive; so does a recorded gap.
pub fn complete_from(snapshot: &Snapshot, loan: &str, last_sequence: u64) -> Result<Option<u64>, StoreError> {
    let prefix = Key::new().text(loan).finish();
    let mut known = Vec::new();
    for row in snapshot.scan_prefix(ENTRIES, &prefix, Direction::Forward)? {
        known.extend(block::unpack(&row?.1)?.into_iter().map(|packed| sequence_of(packed.key)));
    }
    for row in snapshot.scan_prefix(REPLACED, &prefix, Direction::Forward)? {
        known.extend(KeyReader::new(&row?.0[prefix.len()..]).u64());
    }
    known.retain(|sequence| (1..=last_sequence).contains(sequence));
    known.sort_unstable();
    known.dedup();
    let unbroken = known.iter().rev().zip((1..=last_sequence).rev()).take_while(|(known, wanted)| **known == *wanted);
    let first = last_sequence - unbroken.count() as u64 + 1;
    Ok((first > 1).then_some(first))
}

/// The loan's entries after (and without) the one with the key `after`, newest first. `after` need not be the key of
/// an entry that there is.
pub fn entries(snapshot: &Snapshot, loan: &str, after: Option<&[u8]>) -> Result<Entries, StoreError> {
    let prefix = Key::new().text(loan).finish();
    let end = match after {
        Some(after) => Bound::Included(block::block_from(loan, after)),
        None => prefix_end(&prefix).map_or(Bound::Unbounded, Bound::Excluded),
    };
    let blocks = snapshot.scan(ENTRIES, (Bound::Included(prefix), end), Direction::Backward)?;
    Ok(Entries { blocks, after: after.map(<[u8]>::to_vec), block: Vec::new() })
}

/// Entries, newest first; one block is read at a time.
pub struct Entries {
    blocks: Scan,
    after: Option<Vec<u8>>,
    /// What is left of the block, oldest first.
    block: Vec<AuditEntry>,
}

impl Iterator for Entries {
    type Item = Result<AuditEntry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.block.is_empty() {
            let filled = self.blocks.next()?.and_then(|(_, stored)| self.fill(&stored));
            if let Err(error) = filled {
                return Some(Err(error));
            }
        }
        self.block.pop().map(Ok)
    }
}

impl Entries {
    fn fill(&mut self, stored: &[u8]) -> Result<(), StoreError> {
        let comes_after = |key: &[u8]| self.after.as_ref().is_none_or(|after| key < after.as_slice());
        let wanted = block::unpack(stored)?.into_iter().filter(|packed| comes_after(packed.key));
        self.block = wanted
            .map(|packed| AuditEntry {
                key: packed.key.to_vec(),
                json: String::from_utf8_lossy(packed.json).into_owned(),
            })
            .collect();
        Ok(())
    }
}
