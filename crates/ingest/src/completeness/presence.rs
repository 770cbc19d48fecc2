//! Which sequences of which loans are here.

use std::collections::{BTreeMap, BTreeSet};

use continuity_readmodel::ledger::Inventory;
use sha2::{Digest, Sha256};

use super::list::List;
use super::place::{Place, Standing};
use super::{AuditError, Look};

/// Loans that are read at a time.
const PAGE: usize = 256;

/// What is here, against what is listed.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Loans here with something that counts.
    pub(super) loans: u64,
    /// Sum of their last sequences.
    pub(super) events: u64,
    /// XOR over them of the digest of id and last sequence.
    pub(super) digest: [u8; 32],
    pub(super) loans_missing: u64,
    pub(super) events_missing: u64,
    pub(super) missing: Named<Vec<(u64, u64)>>,
    pub(super) loans_unlisted: u64,
    pub(super) unlisted: BTreeSet<String>,
    pub(super) loans_ahead: u64,
    pub(super) ahead: Named<(u64, u64)>,
    /// Loans of which a snapshot or an erasure stands for events that are not here themselves.
    pub(super) covered: u64,
    /// The first log position of an event beyond what is listed of its loan.
    pub(super) first_beyond: Option<u64>,
}

/// The loans of a kind, by id, with something about each.
pub(super) type Named<T> = BTreeMap<String, T>;

/// What is here of one loan.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Loan {
    /// The last sequence here; 0: nothing.
    pub(super) last: u64,
    /// Ranges of sequences up to the listed one that are not here.
    pub(super) missing: Vec<(u64, u64)>,
    /// More is here than was given out.
    pub(super) ahead: bool,
    /// Some sequences are covered without being here themselves.
    pub(super) covered: bool,
}

impl Presence {
    /// Compares all loans. `again`: everything that came since counts as present too.
    pub(super) fn compare(
        look: Look<'_>,
        place: &Place,
        again: bool,
        list: Option<&List<'_>>,
    ) -> Result<Self, AuditError> {
        let by_then = |position| place.standing(position) != Standing::After;
        let present = |position| again || by_then(position);
        let mut given_out = |position| place.was_given_out(look, position);
        let mut presence = Self::default();
        let mut listed = list.map(List::entries).unwrap_or_default().iter().peekable();
        let mut after: Option<String> = None;
        loop {
            let page = look.ledger.inventory(after.as_deref(), PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.loan.clone());
            for inventory in &page {
                while let Some((id, last)) = listed.next_if(|(id, _)| id.as_ref() < inventory.loan.as_str()) {
                    presence.absent(id, *last);
                }
                let wanted = listed.next_if(|(id, _)| *id == inventory.loan).map_or(0, |(_, last)| *last);
                let wanted = list.map(|_| wanted);
                let loan = Loan::of(inventory, wanted, (&present, &by_then), &mut given_out)?;
                presence.add(inventory, wanted, loan);
            }
            look.breathe()?;
        }
        for (id, last) in listed {
            presence.absent(id, *last);
        }
        Ok(presence)
    }

    /// A listed loan of which nothing is known here.
    fn absent(&mut self, id: &str, last: u64) {
        if last > 0 {
            self.miss(id, vec![(1, last)]);
        }
    }

    fn add(&mut self, inventory: &Inventory, wanted: Option<u64>, loan: Loan) {
        let id = inventory.loan.as_str();
        if loan.last > 0 {
            self.loans += 1;
            self.events = self.events.saturating_add(loan.last);
            xor(&mut self.digest, &of_loan(id, loan.last));
        }
        self.covered += u64::from(loan.covered);
        if let Some(wanted) = wanted {
            let beyond = inventory.events.iter().filter(|(sequence, _)| *sequence > wanted);
            self.first_beyond = beyond.map(|(_, position)| *position).chain(self.first_beyond).min();
            if loan.ahead && wanted == 0 {
                self.loans_unlisted += 1;
                self.unlisted.insert(id.to_owned());
            } else if loan.ahead {
                self.loans_ahead += 1;
                self.ahead.insert(id.to_owned(), (wanted, loan.last));
            }
        }
        if !loan.missing.is_empty() {
            self.miss(id, loan.missing);
        }
    }

    fn miss(&mut self, id: &str, ranges: Vec<(u64, u64)>) {
        self.loans_missing += 1;
        let missing = ranges.iter().map(|(from, to)| to - from + 1).fold(0, u64::saturating_add);
        self.events_missing = self.events_missing.saturating_add(missing);
        self.missing.insert(id.to_owned(), ranges);
    }
}

impl Loan {
    /// What is here of a loan of which `wanted` is listed; 0 when it is not in the list, `None` without one: then up to
    /// what was there in time. `present` says whether a record counts, `by_then` whether it was there in time, `given_out`
    /// whether it proves that more was given out than listed.
    pub(super) fn of(
        inventory: &Inventory,
        wanted: Option<u64>,
        (present, by_then): (&dyn Fn(u64) -> bool, &dyn Fn(u64) -> bool),
        given_out: &mut dyn FnMut(u64) -> Result<bool, AuditError>,
    ) -> Result<Self, AuditError> {
        let in_time = || {
            let events = inventory.events.iter().filter(|(_, position)| by_then(*position)).map(|(at, _)| *at);
            let covers = inventory.covers.iter().filter(|(position, _)| by_then(*position)).map(|(_, to)| *to);
            events.chain(covers).max().unwrap_or(0)
        };
        let most = wanted.unwrap_or_else(in_time);
        let covers = inventory.covers.iter().filter(|(position, _)| present(*position)).map(|(_, to)| *to);
        let covered = covers.max().unwrap_or(0).min(most);
        let here = || inventory.events.iter().filter(|(at, position)| *at <= most && present(*position));
        let mut last = here().next_back().map_or(0, |(sequence, _)| *sequence).max(covered);
        let end = wanted.unwrap_or(last);
        let (mut missing, mut next, mut count) = (Vec::new(), covered.saturating_add(1), 0);
        for (sequence, _) in here() {
            count += 1;
            if *sequence > next {
                missing.push((next, sequence - 1));
            }
            next = next.max(sequence.saturating_add(1));
        }
        if next <= end {
            missing.push((next, end));
        }
        let mut ahead = false;
        if wanted.is_some() {
            let events = inventory.events.iter().map(|(sequence, position)| (*sequence, *position));
            let covers = inventory.covers.iter().map(|(position, sequence)| (*sequence, *position));
            let mut beyond: Vec<_> = events.chain(covers).filter(|(sequence, _)| *sequence > most).collect();
            beyond.sort_unstable();
            while let Some((sequence, position)) = beyond.pop() {
                if given_out(position)? {
                    (ahead, last) = (true, sequence);
                    break;
                }
            }
        }
        let gone = missing.iter().map(|(from, to)| to - from + 1).fold(0, u64::saturating_add);
        Ok(Self { last, missing, ahead, covered: count < end.saturating_sub(gone) })
    }
}

/// What a loan and its last sequence are in the digest of presence.
pub(super) fn of_loan(id: &str, last: u64) -> [u8; 32] {
    Sha256::digest(format!("{id}\n{last}")).into()
}

pub(super) fn xor(sum: &mut [u8; 32], digest: &[u8; 32]) {
    sum.iter_mut().zip(digest).for_each(|(sum, byte)| *sum ^= byte);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events 1, 2, 3, 5, 6, 9 at log positions ten times as far, and a snapshot as of 3 at 35.
    fn inventory() -> Inventory {
        let events = [1, 2, 3, 5, 6, 9].map(|sequence| (sequence, sequence * 10)).to_vec();
        Inventory { loan: "a".to_owned(), events, covers: Vec::new() }
    }

    fn of(inventory: &Inventory, wanted: Option<u64>, through: u64) -> Loan {
        let in_time = |position| position <= through;
        Loan::of(inventory, wanted, (&in_time, &in_time), &mut |position| Ok(in_time(position))).unwrap()
    }

    #[test]
    fn holes_tails_and_late_events_are_missing() {
        let loan = of(&inventory(), Some(10), 1_000);
        assert_eq!((loan.last, loan.missing, loan.ahead), (9, vec![(4, 4), (7, 8), (10, 10)], false));
        let loan = of(&inventory(), Some(6), 55);
        assert_eq!((loan.last, loan.missing), (5, vec![(4, 4), (6, 6)]));
        let loan = of(&inventory(), Some(3), 9);
        assert_eq!((loan.last, loan.missing), (0, vec![(1, 3)]));
        let loan = of(&inventory(), None, 65);
        assert_eq!((loan.last, loan.missing), (6, vec![(4, 4)]));
    }

    #[test]
    fn more_than_listed_is_ahead_when_it_was_given_out() {
        let loan = of(&inventory(), Some(5), 1_000);
        assert_eq!((loan.last, loan.missing, loan.ahead), (9, vec![(4, 4)], true));
        let loan = of(&inventory(), Some(5), 55);
        assert_eq!((loan.last, loan.ahead), (5, false));
        let loan = of(&inventory(), Some(0), 1_000);
        assert_eq!((loan.last, loan.missing, loan.ahead), (9, vec![], true));
    }

    #[test]
    fn a_cover_counts_from_its_own_place_on_and_only_up_to_what_is_listed() {
        let covered = Inventory { covers: vec![(35, 4), (70, 8)], ..inventory() };
        let loan = of(&covered, Some(9), 60);
        assert_eq!((loan.last, &loan.missing[..], loan.covered), (6, &[(7, 9)][..], true));
        let loan = of(&covered, Some(9), 90);
        assert_eq!((loan.last, &loan.missing[..], loan.covered), (9, &[][..], true));
        let only = Inventory { events: Vec::new(), ..covered };
        let loan = of(&only, Some(6), 90);
        assert_eq!((loan.last, loan.ahead), (8, true));
        let present = |_| true;
        let loan = Loan::of(&only, Some(6), (&present, &present), &mut |_| Ok(false)).unwrap();
        assert_eq!((loan.last, loan.missing, loan.ahead, loan.covered), (6, vec![], false, true));
    }

    #[test]
    fn what_is_whole_is_not_covered() {
        let events = (1..=4).map(|sequence| (sequence, sequence)).collect();
        let whole = Inventory { loan: "a".to_owned(), events, covers: vec![(9, 3)] };
        assert_eq!(of(&whole, Some(4), 10), Loan { last: 4, ..Loan::default() });
    }
}
