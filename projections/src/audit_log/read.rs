//! Reading the audit log: newest first, or the exact reverse.

use std::collections::VecDeque;
use std::ops::Bound;

use continuity_readmodel::{Direction, Key, KeyReader, Scan, Snapshot, StoreError, prefix_end};

use super::block;
use super::entry::sequence_of;
use super::{ENTRIES, REPLACED};
use crate::order;
use crate::page::{Array, Page, Rowset};

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

/// One page of the loan's entries, newest first (`Forward`), or oldest first.
pub fn list(snapshot: &Snapshot, loan: &str, page: &Page) -> Result<Rowset, StoreError> {
    let mut array = Array::default();
    let mut last = None;
    let mut skip = page.offset;
    for entry in entries(snapshot, loan, page.after.as_deref(), page.direction)? {
        let entry = entry?;
        if skip > 0 {
            skip -= 1;
            continue;
        }
        if page.limit.is_some_and(|limit| array.count >= limit) {
            return Ok(array.finish(last, total(snapshot, loan)?));
        }
        array.element().extend_from_slice(entry.json.as_bytes());
        last = Some(entry.key);
    }
    Ok(array.finish(None, total(snapshot, loan)?))
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

/// The loan's entries after (and without) the one with the key `after`, newest first (`Forward`) or oldest first.
/// `after` need not be the key of an entry that there is.
pub fn entries(
    snapshot: &Snapshot,
    loan: &str,
    after: Option<&[u8]>,
    direction: Direction,
) -> Result<Entries, StoreError> {
    let prefix = Key::new().text(loan).finish();
    let end = prefix_end(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
    let at = after.map(|after| Bound::Included(block::block_from(loan, after)));
    let backwards = (Bound::Included(prefix.clone()), at.unwrap_or_else(|| end.clone()));
    let blocks = match (direction, after) {
        (Direction::Forward, _) => snapshot.scan(ENTRIES, backwards, Direction::Backward)?,
        (Direction::Backward, None) => snapshot.scan(ENTRIES, (Bound::Included(prefix), end), Direction::Forward)?,
        (Direction::Backward, Some(_)) => {
            let holding = snapshot.scan(ENTRIES, backwards, Direction::Backward)?.next().transpose()?;
            let first = holding.map_or(prefix, |(key, _)| key.to_vec());
            snapshot.scan(ENTRIES, (Bound::Included(first), end), Direction::Forward)?
        }
    };
    Ok(Entries { blocks, after: after.map(<[u8]>::to_vec), direction, block: VecDeque::new() })
}

/// Entries in order; one block is read at a time.
pub struct Entries {
    blocks: Scan,
    after: Option<Vec<u8>>,
    direction: Direction,
    block: VecDeque<AuditEntry>,
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
        self.block.pop_front().map(Ok)
    }
}

impl Entries {
    fn fill(&mut self, stored: &[u8]) -> Result<(), StoreError> {
        let newest_first = self.direction == Direction::Forward;
        let comes_after = |key: &[u8]| match &self.after {
            Some(after) if newest_first => key < after.as_slice(),
            Some(after) => key > after.as_slice(),
            None => true,
        };
        let wanted = block::unpack(stored)?.into_iter().filter(|packed| comes_after(packed.key));
        let entries = wanted.map(|packed| AuditEntry {
            key: packed.key.to_vec(),
            json: String::from_utf8_lossy(packed.json).into_owned(),
        });
        self.block = if newest_first { entries.rev().collect() } else { entries.collect() };
        Ok(())
    }
}
