//! Snapshots of a loan.

use continuity_events::record::{ClosedBy, Received};
use continuity_events::{CloudEvent, Reason, Rejection};
use continuity_log::Kind;
use continuity_readmodel::ledger::Entry;

use super::loan::{MAX_LOAN_ID_BYTES, after_purge, foreign, too_long};
use super::{Decider, Outcome};
use crate::IngestError;

impl Decider<'_> {
    /// A snapshot is known by its id, never forks, covers every sequence up to its own, and takes no loan back.
    pub(super) fn snapshot(&mut self, received: &Received) -> Result<Outcome, IngestError> {
        let event = &received.event;
        let as_of = match event.snapshot() {
            Ok(snapshot) => snapshot.as_of_sequence,
            Err(rejection) => return self.reject(received, &rejection),
        };
        let Some(loan) = event.loan_id() else {
            return self.reject(received, &Rejection::new(Reason::BadSubject, "a snapshot without a loan"));
        };
        if loan.len() > MAX_LOAN_ID_BYTES {
            return self.reject(received, &too_long());
        }
        if let Some(rejection) = names_another_loan(event, loan) {
            return self.reject(received, &rejection);
        }
        let order = self.batch.order(loan)?.clone();
        if !order.belongs_to(&event.source) {
            return self.reject(received, &foreign());
        }
        if self.batch.knows_snapshot(&event.source, &event.id)? {
            return Ok(self.duplicate(received));
        }
        if let Some(purged) = order.purged_at.filter(|purged| as_of > *purged) {
            return self.reject(received, &after_purge(purged));
        }
        self.read(&received.position, true);
        self.append(Kind::Snapshot, loan, as_of, received, Entry::Snapshot)?;
        self.close_gaps(loan, &order, ClosedBy::Snapshot)?;
        self.follow(loan)?;
        Ok(Outcome::Taken)
    }
}

/// What is wrong with a snapshot or an erasure that tells of another loan than its subject's: its loan would be empty.
pub(super) fn names_another_loan(event: &CloudEvent, loan: &str) -> Option<Rejection> {
    let snapshot = event.snapshot().ok()?;
    let other = snapshot.entities.iter().find(|entity| entity.entity == "loanRequest" && entity.id != loan)?;
    Some(Rejection::new(Reason::BadData, format!("its loanRequest is {:?}, not the subject's loan", other.id)))
}
