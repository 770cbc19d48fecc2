//! What the ledger keeps of one loan.

use serde::{Deserialize, Serialize};

use super::NAME;
use super::chunk::{Chunk, number_of};
use crate::error::StoreError;

/// First 16 bytes of a digest that stands for a source's name.
pub(super) type SourceKey = [u8; 16];

/// The key of a source.
pub(super) fn source_key(source: &str) -> SourceKey {
    let mut key = SourceKey::default();
    key.copy_from_slice(&blake3::hash(source.as_bytes()).as_bytes()[..16]);
    key
}

/// The state of one loan's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanOrder {
    source: SourceKey,
    /// The last visible sequence; 0: none.
    pub last: u64,
    /// Every sequence up to here counts as present, because a snapshot covers it.
    pub base: u64,
    /// Recorded gaps: ranges of sequences that are missing, ascending, all above `base` and below `last`.
    pub gaps: Vec<(u64, u64)>,
    /// The sequence of the loan's purge.
    pub purged_at: Option<u64>,
    /// Events held back.
    pub held: u64,
    /// Bytes of their records.
    pub held_bytes: u64,
    /// Log position of the first of them; 0: none.
    pub held_first: u64,
}

impl LoanOrder {
    /// Whether the loan was first sent by that source, or not at all yet.
    pub fn belongs_to(&self, source: &str) -> bool {
        self.source == SourceKey::default() || self.source == source_key(source)
    }

    /// Whether a recorded gap holds `sequence`.
    pub fn is_missing(&self, sequence: u64) -> bool {
        self.gaps.iter().any(|(from, to)| (*from..=*to).contains(&sequence))
    }

    pub(super) fn source(&self) -> SourceKey {
        self.source
    }

    /// Sets the source of a loan that has none; whether it did.
    pub(super) fn claim(&mut self, source: &str) -> bool {
        let free = self.source == SourceKey::default();
        if free {
            self.source = source_key(source);
        }
        free
    }

    /// Everything up to `sequence` counts as present.
    pub(super) fn cover(&mut self, sequence: u64) {
        self.base = self.base.max(sequence);
        self.gaps.retain_mut(|(from, to)| {
            *from = (*from).max(sequence.saturating_add(1));
            *from <= *to
        });
    }

    /// Takes one sequence out of the recorded gaps.
    pub(super) fn fill(&mut self, sequence: u64) {
        let Some(at) = self.gaps.iter().position(|(from, to)| (*from..=*to).contains(&sequence)) else { return };
        let (from, to) = self.gaps.remove(at);
        let parts = [(from, sequence - 1), (sequence + 1, to)];
        let rest = parts.into_iter().filter(|(from, to)| from <= to);
        self.gaps.splice(at..at, rest);
    }

    /// Adds recorded gaps.
    pub(super) fn miss(&mut self, ranges: &[(u64, u64)]) {
        self.gaps.extend_from_slice(ranges);
        self.gaps.sort_unstable();
    }
}

/// An event that a gap holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldEvent {
    /// Log position of its Held record.
    pub position: u64,
    /// Bytes of the record's body.
    pub bytes: u64,
    /// It purges the loan.
    pub purge: bool,
    /// It erases personal data: as a snapshot it covers every sequence before it.
    pub erasure: bool,
}

/// The stored row of a loan: its order and the newest chunk of positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LoanRow {
    pub(super) order: LoanOrder,
    pub(super) tail: Chunk,
}

impl LoanRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let stored = (&self.order, self.tail.number);
        let mut bytes = postcard::to_stdvec(&stored).expect("numbers and lists of numbers always encode");
        self.tail.encode(&mut bytes);
        bytes
    }

    pub(super) fn decode(loan: &str, bytes: &[u8]) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt(NAME, format!("the order of loan {loan}"));
        let ((order, number), rest) = postcard::take_from_bytes(bytes).map_err(|_| corrupt())?;
        Ok(Self { order, tail: Chunk::decode(number, rest).ok_or_else(corrupt)? })
    }

    /// Makes room for `sequence` in the newest chunk; gives back the chunk before it if it is to be stored.
    pub(super) fn advance(&mut self, sequence: u64) -> Option<Chunk> {
        let number = number_of(sequence);
        if number <= self.tail.number {
            return None;
        }
        let old = std::mem::replace(&mut self.tail, Chunk::empty(number));
        (!old.is_empty()).then_some(old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_gaps(gaps: &[(u64, u64)]) -> LoanOrder {
        LoanOrder { last: 20, gaps: gaps.to_vec(), ..LoanOrder::default() }
    }

    #[test]
    fn filling_splits_and_ends_gaps() {
        for (gaps, fill, left) in [
            (&[(4, 8)][..], 4, &[(5, 8)][..]),
            (&[(4, 8)], 8, &[(4, 7)]),
            (&[(4, 8), (10, 10)], 6, &[(4, 5), (7, 8), (10, 10)]),
            (&[(4, 8), (10, 10)], 10, &[(4, 8)]),
            (&[(4, 8)], 9, &[(4, 8)]),
        ] {
            let mut order = with_gaps(gaps);
            order.fill(fill);
            assert_eq!(order.gaps, left, "{gaps:?} without {fill}");
            assert!(!order.is_missing(fill));
        }
    }

    #[test]
    fn covering_cuts_gaps_and_never_goes_back() {
        let mut order = with_gaps(&[(2, 3), (5, 8), (10, 12)]);
        order.cover(6);
        assert_eq!((order.base, &order.gaps[..]), (6, &[(7, 8), (10, 12)][..]));
        order.cover(4);
        assert_eq!(order.base, 6);
    }

    #[test]
    fn a_loan_belongs_to_the_source_that_claimed_it() {
        let mut order = LoanOrder::default();
        assert!(order.belongs_to("/a") && order.belongs_to("/b"));
        assert!(order.claim("/a") && !order.claim("/b"));
        assert!(order.belongs_to("/a") && !order.belongs_to("/b"));
    }

    #[test]
    fn a_row_comes_back() {
        let mut row = LoanRow { order: with_gaps(&[(2, 3)]), tail: Chunk::empty(0) };
        row.order.claim("/a");
        row.tail.set(1, 77);
        let spilled = row.advance(65).unwrap();
        row.tail.set(65, 99);
        assert_eq!(spilled.get(1), Some(77));
        assert_eq!(LoanRow::decode("lr_1", &row.encode()).unwrap(), row);
        assert!(LoanRow::decode("lr_1", &[1, 2]).is_err());
    }
}
