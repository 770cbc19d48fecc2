//! Events of a loan: in order, ahead, late, duplicate, fork.

use continuity_events::record::{ClosedBy, GapClosed, Received};
use continuity_events::{Reason, Rejection, Role};
use continuity_log::Kind;
use continuity_readmodel::ledger::{Entry, LoanOrder, is_purge};

use super::snapshot::names_another_loan;
use super::{Decider, Outcome};
use crate::IngestError;

/// The longest id of a loan: it is a part of keys and of record headers.
pub(super) const MAX_LOAN_ID_BYTES: usize = 1_024;

impl Decider<'_> {
    pub(super) fn loan(&mut self, received: &Received) -> Result<Outcome, IngestError> {
        let event = &received.event;
        let (Some(loan), Some(sequence)) = (event.loan_id(), event.sequence) else {
            return self.reject(received, &Rejection::new(Reason::BadSubject, "no loan or no sequence"));
        };
        if loan.len() > MAX_LOAN_ID_BYTES {
            return self.reject(received, &too_long());
        }
        let erasure = event.role() == Role::Erasure;
        if let Some(rejection) = erasure.then(|| names_another_loan(event, loan)).flatten() {
            return self.reject(received, &rejection);
        }
        let order = self.batch.order(loan)?.clone();
        if !order.belongs_to(&event.source) {
            return self.reject(received, &foreign());
        }
        if let Some(position) = self.batch.position_of(loan, sequence)? {
            return self.known(received, position);
        }
        if let Some(purged) = order.purged_at.filter(|purged| sequence > *purged) {
            return self.reject(received, &after_purge(purged));
        }
        if sequence > order.last.saturating_add(1) {
            return self.hold(received, loan, sequence, &order);
        }
        // An erasure that a snapshot went past is no news of the loan's state, and still of what may be shown of before it.
        if sequence <= order.last && !order.is_missing(sequence) && !erasure {
            return Ok(self.duplicate(received));
        }
        self.show(received, loan, sequence, &order)?;
        Ok(Outcome::Taken)
    }

    /// The sequence is logged or held already, at `position`.
    fn known(&mut self, received: &Received, position: u64) -> Result<Outcome, IngestError> {
        let logged = self.received(position)?.event;
        if logged.id == received.event.id && logged.data == received.event.data {
            return Ok(self.duplicate(received));
        }
        let differs = if logged.id == received.event.id { "the same id and other data" } else { "another id" };
        let detail = format!("log position {position} holds the same subject and sequence with {differs}");
        self.reject(received, &Rejection::new(Reason::Fork, detail))
    }

    fn hold(
        &mut self,
        received: &Received,
        loan: &str,
        sequence: u64,
        order: &LoanOrder,
    ) -> Result<Outcome, IngestError> {
        let bytes = received.event.data.len() as u64;
        if let Some(full) = self.held_full(loan, order, bytes) {
            return Ok(Outcome::Paused(full));
        }
        self.read(&received.position, true);
        self.append(Kind::Held, loan, sequence, received, Entry::Held)?;
        Ok(Outcome::Taken)
    }

    fn held_full(&self, loan: &str, order: &LoanOrder, bytes: u64) -> Option<String> {
        let (totals, limits) = (self.batch.totals(), &self.bounds.held);
        if order.held >= limits.loan_events || order.held_bytes + bytes > limits.loan_bytes {
            let (events, bytes) = (order.held, order.held_bytes);
            return Some(format!(
                "loan {loan} waits for sequence {} and holds back {events} events, {bytes} bytes: it may hold no more \
                 until the gap is filled or given up",
                order.last.saturating_add(1)
            ));
        }
        let full = totals.held >= limits.events || totals.held_bytes + bytes > limits.bytes;
        full.then(|| {
            let (loans, events, bytes) = (totals.held_loans, totals.held, totals.held_bytes);
            format!(
                "{loans} loans wait for gaps and hold back {events} events, {bytes} bytes: no more may be held until \
                 gaps are filled or given up"
            )
        })
    }

    /// Appends an event that is in order or late, and what follows from it.
    fn show(&mut self, received: &Received, loan: &str, sequence: u64, before: &LoanOrder) -> Result<(), IngestError> {
        let doomed = if is_purge(&received.event) { self.held_above(loan, before, sequence)? } else { Vec::new() };
        self.read(&received.position, true);
        self.append(Kind::Event, loan, sequence, received, Entry::Event)?;
        if !before.gaps.is_empty() {
            let erasure = received.event.role() == Role::Erasure;
            self.close_gaps(loan, before, if erasure { ClosedBy::Snapshot } else { ClosedBy::Late })?;
        }
        self.after_purge(loan, sequence, &doomed)?;
        self.follow(loan)
    }

    /// Says which recorded gaps of a loan an event or snapshot closed, once none is left or a snapshot covers some.
    pub(super) fn close_gaps(&mut self, loan: &str, before: &LoanOrder, by: ClosedBy) -> Result<(), IngestError> {
        let after = self.batch.order(loan)?;
        let ranges = without(&before.gaps, &after.gaps);
        let last_one = after.gaps.is_empty();
        if ranges.is_empty() || (by == ClosedBy::Late && !last_one) {
            return Ok(());
        }
        self.append(Kind::GapClosed, loan, 0, &GapClosed { ranges, by }, Entry::GapClosed)
    }
}

pub(super) fn too_long() -> Rejection {
    Rejection::new(Reason::BadSubject, format!("the loan's id has more than {MAX_LOAN_ID_BYTES} bytes"))
}

pub(super) fn foreign() -> Rejection {
    Rejection::new(Reason::ForeignSource, "the loan belongs to the source that sent it first")
}

pub(super) fn after_purge(purged: u64) -> Rejection {
    Rejection::new(Reason::AfterPurge, format!("the loan was purged at sequence {purged}"))
}

/// The parts of `before` that are not in `after`; both ascending, `after` within `before`.
fn without(before: &[(u64, u64)], after: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut gone = Vec::new();
    for &(from, to) in before {
        let mut start = from;
        for &(left, right) in after.iter().filter(|(left, right)| *left >= from && *right <= to) {
            if start < left {
                gone.push((start, left - 1));
            }
            start = right + 1;
        }
        if start <= to {
            gone.push((start, to));
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn what_was_closed_is_the_difference() {
        assert_eq!(without(&[(2, 9), (11, 11)], &[(2, 3), (6, 9)]), [(4, 5), (11, 11)]);
        assert_eq!(without(&[(2, 9)], &[]), [(2, 9)]);
        assert_eq!(without(&[(2, 9)], &[(2, 9)]), []);
        assert_eq!(without(&[(2, 9)], &[(5, 9)]), [(2, 4)]);
    }
}
