//! What is kept per loan and per entity between events.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Counts;
use crate::store::Table;

/// Loan id -> [`LoanRow`].
pub(super) const LOANS: Table = "loans";
/// Loan id, entity, entity id -> [`EntityState`].
pub(super) const ENTITIES: Table = "entities";
/// Position of a loan's newest event -> loan id.
pub(super) const POSITIONS: Table = "positions";
/// One row: [`Totals`].
pub(super) const TOTALS: Table = "totals";
/// The key of the one row.
pub(super) const TOTALS_KEY: &[u8] = b"totals";
/// All tables of the fold's store.
pub(crate) const TABLES: &[Table] = &[LOANS, ENTITIES, POSITIONS, TOTALS];
/// Name of the fold's store.
pub(crate) const NAME: &str = "fold";

/// The fold of one loan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LoanRow {
    /// Last visible sequence.
    pub(crate) last: u64,
    /// Log position at which its newest event became visible.
    pub(crate) position: u64,
    /// Its loanRequest is there.
    pub(crate) exists: bool,
    /// It was purged; nothing is folded any more.
    pub(crate) purged: bool,
    /// A data subject's data was erased from it.
    pub(crate) erased: bool,
    /// Missing sequences at or below `last`, as ranges, ascending.
    pub(crate) gaps: Vec<(u64, u64)>,
    /// The snapshot that the fold starts from.
    pub(crate) base: Option<Base>,
    /// The first event that cannot be folded; nothing from it on is.
    pub(crate) parked: Option<u64>,
    /// Known events from `parked` on.
    pub(crate) parked_events: u64,
    /// Entities that lack a patch.
    pub(crate) skipped: BTreeSet<(String, String)>,
}

/// The effective snapshot (or erasure) with the highest sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Base {
    /// The sequence that its state includes.
    pub(crate) as_of: u64,
    /// Log position of its bytes.
    pub(crate) position: u64,
}

impl LoanRow {
    /// Whether nothing known is missing and nothing is parked.
    pub(crate) fn complete(&self) -> bool {
        self.gaps.is_empty() && self.parked.is_none()
    }

    /// Whether a recorded gap lies below a sequence.
    pub(crate) fn gap_below(&self, sequence: u64) -> bool {
        self.gaps.first().is_some_and(|(first, _)| *first < sequence)
    }

    /// Whether a sequence lies in a recorded gap.
    pub(crate) fn is_missing(&self, sequence: u64) -> bool {
        self.gaps.iter().any(|(first, last)| (*first..=*last).contains(&sequence))
    }

    /// A missing sequence is known after all.
    pub(crate) fn fill(&mut self, sequence: u64) {
        let Some(index) = self.gaps.iter().position(|(first, last)| (*first..=*last).contains(&sequence)) else {
            return;
        };
        let (first, last) = self.gaps.remove(index);
        if sequence < last {
            self.gaps.insert(index, (sequence + 1, last));
        }
        if first < sequence {
            self.gaps.insert(index, (first, sequence - 1));
        }
    }

    /// Everything up to a sequence counts as present.
    pub(crate) fn cover(&mut self, as_of: u64) {
        self.last = self.last.max(as_of);
        self.gaps.retain(|(_, last)| *last > as_of);
        if let Some((first, _)) = self.gaps.first_mut() {
            *first = (*first).max(as_of + 1);
        }
    }

    /// The next visible sequence, above the last one; what lies between is a gap from now on.
    pub(crate) fn advance(&mut self, sequence: u64) {
        if sequence > self.last + 1 {
            self.gaps.push((self.last + 1, sequence - 1));
        }
        self.last = sequence;
    }

    /// Forgets what folding found out, and keeps what is known of the history.
    pub(crate) fn begin_again(&mut self) {
        self.exists = false;
        self.parked = None;
        self.parked_events = 0;
        self.skipped.clear();
    }
}

/// What is known of one entity of a loan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntityState {
    /// Its last version, a deletion's included.
    pub(crate) version: u64,
    /// Whether it is there.
    pub(crate) alive: bool,
    /// Whether a patch of it was skipped; the next ones are too, until its next after-image.
    pub(crate) skipping: bool,
}

/// Figures over all loans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) counts: Counts,
    /// Highest event time, as received.
    pub(crate) as_of: Option<String>,
}

impl Counts {
    /// What one loan adds to the counts.
    fn of(row: &LoanRow) -> Self {
        Self {
            loans: u64::from(row.exists),
            parked_loans: u64::from(row.parked.is_some()),
            parked_events: row.parked_events,
            incomplete_loans: u64::from(!row.complete()),
            unprojected: 0,
            skipped: row.skipped.len() as u64,
            erased_loans: u64::from(row.erased || row.purged),
        }
    }

    /// Replaces what a loan added by what it adds now.
    pub(super) fn replace(&mut self, old: Option<&LoanRow>, new: &LoanRow) {
        let (old, new) = (old.map(Self::of).unwrap_or_default(), Self::of(new));
        let change = |count: &mut u64, old: u64, new: u64| *count = (*count + new).saturating_sub(old);
        change(&mut self.loans, old.loans, new.loans);
        change(&mut self.parked_loans, old.parked_loans, new.parked_loans);
        change(&mut self.parked_events, old.parked_events, new.parked_events);
        change(&mut self.incomplete_loans, old.incomplete_loans, new.incomplete_loans);
        change(&mut self.skipped, old.skipped, new.skipped);
        change(&mut self.erased_loans, old.erased_loans, new.erased_loans);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn filling_a_gap_splits_and_closes_it() {
        let mut row = LoanRow::default();
        row.advance(1);
        row.advance(6);
        assert_eq!(row.gaps, [(2, 5)]);
        row.fill(3);
        assert_eq!(row.gaps, [(2, 2), (4, 5)]);
        assert!(row.gap_below(3) && !row.gap_below(2) && row.is_missing(4) && !row.is_missing(3));
        row.fill(2);
        row.fill(5);
        row.fill(9);
        assert_eq!(row.gaps, [(4, 4)]);
        row.fill(4);
        assert!(row.gaps.is_empty() && row.complete());
    }

    #[test]
    fn a_snapshot_covers_and_never_takes_back() {
        let mut row = LoanRow { last: 9, gaps: vec![(2, 3), (5, 7)], ..LoanRow::default() };
        row.cover(6);
        assert_eq!((row.last, row.gaps.as_slice()), (9, [(7, 7)].as_slice()));
        row.cover(12);
        assert_eq!((row.last, row.gaps.as_slice()), (12, [].as_slice()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn gaps_are_what_is_missing(steps in proptest::collection::vec((0..3_u8, 1..24_u64), 0..30)) {
            let (mut row, mut known) = (LoanRow::default(), BTreeSet::new());
            for (what, sequence) in steps {
                match what {
                    0 => {
                        row.cover(sequence);
                        known.extend(1..=sequence);
                    }
                    _ if sequence > row.last => {
                        row.advance(sequence);
                        known.insert(sequence);
                    }
                    _ => {
                        row.fill(sequence);
                        known.insert(sequence);
                    }
                }
                let missing: Vec<u64> = row.gaps.iter().flat_map(|(first, last)| *first..=*last).collect();
                let expected: Vec<u64> = (1..=row.last).filter(|s| !known.contains(s)).collect();
                prop_assert_eq!(missing, expected);
            }
        }
    }
}
