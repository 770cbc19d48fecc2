//! Held events become visible: their gap is filled, covered by a snapshot, or given up.

use continuity_events::record::{ClosedBy, GapOpened, Released, SourcePosition};
use continuity_log::Kind;
use continuity_readmodel::ledger::{Entry, HeldEvent, LoanOrder, partition};

use super::Decider;
use super::loan::after_purge;
use crate::IngestError;

type Held = Vec<(u64, HeldEvent)>;

impl Decider<'_> {
    /// Releases what is held at or before the loan's last sequence, and what follows it without a gap.
    pub(super) fn follow(&mut self, loan: &str) -> Result<(), IngestError> {
        let order = self.batch.order(loan)?;
        let last = order.last;
        if order.held == 0 {
            return Ok(());
        }
        let held = self.batch.held_events(loan)?;
        let mut run: Option<(u64, u64)> = None;
        for (sequence, event) in &held {
            let end = run.map_or(last, |(_, to)| to.max(last));
            if *sequence > end.saturating_add(1) {
                break;
            }
            run = Some((run.map_or(*sequence, |(from, _)| from), *sequence));
            if event.purge {
                break;
            }
        }
        run.map_or(Ok(()), |(from, to)| self.release(loan, from, to, &held))
    }

    /// Gives up the gaps of every loan of which the first held event was logged at or before `position`.
    pub(crate) fn give_up(&mut self, position: u64) -> Result<u64, IngestError> {
        let mut loans = 0;
        while let Some(loan) = self.batch.waiting_since(position)? {
            self.give_up_loan(&loan)?;
            loans += 1;
        }
        Ok(loans)
    }

    fn give_up_loan(&mut self, loan: &str) -> Result<(), IngestError> {
        let order = self.batch.order(loan)?.clone();
        let held = self.batch.held_events(loan)?;
        let held_since = self.record(order.held_first)?.arrived_at;
        let (mut previous, mut ranges) = (order.last, Vec::new());
        for (sequence, event) in &held {
            if *sequence > previous.saturating_add(1) {
                ranges.push((previous + 1, sequence - 1));
            }
            previous = *sequence;
            if event.erasure {
                ranges.clear();
            }
            if event.purge {
                break;
            }
        }
        let from = held.first().map_or(previous, |(sequence, _)| *sequence);
        tracing::warn!(loan_request.id = loan, from, to = previous, gaps = ranges.len(), "gave up waiting for a gap");
        if !ranges.is_empty() {
            self.append(Kind::GapOpened, loan, 0, &GapOpened { ranges, held_since }, Entry::GapOpened)?;
        }
        self.release(loan, from, previous, &held)
    }

    fn release(&mut self, loan: &str, from: u64, to: u64, held: &Held) -> Result<(), IngestError> {
        let erases = held.iter().any(|(sequence, event)| event.erasure && (from..=to).contains(sequence));
        let before = if erases { Some(self.batch.order(loan)?.clone()) } else { None };
        self.append(Kind::Released, loan, to, &Released { from, to }, Entry::Released)?;
        if let Some(before) = before.filter(|before| !before.gaps.is_empty()) {
            self.close_gaps(loan, &before, ClosedBy::Snapshot)?;
        }
        let purged = held.iter().find(|(sequence, event)| event.purge && (from..=to).contains(sequence));
        let Some(&(purged, _)) = purged else { return Ok(()) };
        let doomed: Held = held.iter().filter(|(sequence, _)| *sequence > to).copied().collect();
        self.after_purge(loan, purged, &doomed)
    }

    /// What a loan holds above a sequence.
    pub(super) fn held_above(&mut self, loan: &str, order: &LoanOrder, sequence: u64) -> Result<Held, IngestError> {
        if order.held == 0 {
            return Ok(Vec::new());
        }
        let mut held = self.batch.held_events(loan)?;
        held.retain(|(at, _)| *at > sequence);
        Ok(held)
    }

    /// Events that were held above what turned out to be the loan's purge are quarantined.
    pub(super) fn after_purge(&mut self, loan: &str, purged: u64, doomed: &Held) -> Result<(), IngestError> {
        for (sequence, held) in doomed {
            let received = self.received(held.position)?;
            // The newest position stands: that of the event itself is long passed. Where none is known (the source was
            // accepted anew, and nothing came yet) none may be made of it.
            let known = self.batch.newest(&partition(&received.position))?;
            let newest = known.unwrap_or(SourcePosition::Operator { at: self.now });
            let mut rejection = after_purge(purged);
            rejection.detail = format!("{}; it was held as log position {}", rejection.detail, held.position);
            tracing::warn!(loan_request.id = loan, event.sequence = sequence, "held above a purge");
            let raw = received.event.to_structured().into_bytes();
            self.quarantine(&received.event, raw, newest, &rejection)?;
        }
        Ok(())
    }
}
