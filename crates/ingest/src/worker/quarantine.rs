//! What an operator does about one quarantined record: have it looked at again, or let it rest.

use continuity_events::record::{Quarantined, SourcePosition, decode};
use continuity_log::Kind;
use continuity_readmodel::ledger::{DISMISS, LedgerError, QuarantineState, RETAKE};

use super::Worker;
use super::divergence::operator;
use super::orders::{Answer, refused};
use crate::IngestError;
use crate::control::{By, Done, HandedIn, OrderError};
use crate::decide::Outcome;
use crate::parse::{parse, unflat};
use crate::source::{Message, Raw};

impl Worker {
    /// It waits no more; its bytes stay where they are.
    pub(super) fn dismiss(&mut self, position: u64, by: &By) -> Result<Answer, IngestError> {
        if let Some(because) = self.does_not_wait(position)? {
            return Ok(refused(because));
        }
        let ((), at) = self.by_order(|decider| operator(decider, by, DISMISS, of(position)))?;
        Ok(Ok(Done::Logged(at)))
    }

    /// Its bytes are decided on like any that arrive now. Where they are still no good, nothing is written.
    pub(super) fn retake(&mut self, position: u64, by: &By) -> Result<Answer, IngestError> {
        if let Some(because) =
            self.holds.space.clone().map_or_else(|| self.does_not_wait(position), |short| Ok(Some(short)))?
        {
            return Ok(refused(because));
        }
        let record = self.parts.log.get(position).map_err(IngestError::from)?;
        let kept: Quarantined = decode(&record.payload).map_err(|source| LedgerError::Decode { position, source })?;
        // Where it was read first stays as far as the source was read; this is no news from there.
        let from = SourcePosition::Operator { at: self.parts.options.clock.now().as_micros() };
        let raw = unflat(&kept.raw).unwrap_or(Raw::Structured(kept.raw));
        let parsed = parse(Message { raw, position: from }, &self.parts.options.limits);
        if let Err(wrong) = &parsed.event {
            return Ok(refused(still(wrong.rejection.reason.code(), &wrong.rejection.detail)));
        }
        let decided = self.by_order_if(|decider| {
            if let Outcome::Paused(because) = decider.take(&mut Some(parsed))? {
                return Ok(Err(OrderError::NotApplicable(because)));
            }
            let mut counts = HandedIn::default();
            match decider.records.first() {
                None => counts.duplicates = 1,
                Some(record) if record.kind == Kind::Quarantined => {
                    let found: Quarantined =
                        decode(&record.payload).map_err(|source| LedgerError::Decode { position, source })?;
                    return Ok(Err(OrderError::NotApplicable(still(&found.reason, &found.detail))));
                }
                Some(_) => counts.appended = 1,
            }
            decider.finish()?;
            operator(decider, by, RETAKE, of(position))?;
            Ok(Ok(counts))
        })?;
        Ok(decided.map(|(counts, _)| Done::HandedIn(counts)))
    }

    /// Why nothing can be done about the record at that position.
    fn does_not_wait(&self, position: u64) -> Result<Option<String>, IngestError> {
        let before = position.saturating_sub(1);
        let found = self.parts.ledger.reader().quarantined(before, 1).map_err(LedgerError::from)?;
        Ok(match found.first().filter(|(at, _)| *at == position).map(|(_, entry)| entry.state) {
            Some(QuarantineState::Open) => None,
            Some(QuarantineState::Dismissed) => Some(format!("the event at position {position} was dismissed already")),
            Some(QuarantineState::Taken) => Some(format!("the event at position {position} was taken in already")),
            None => Some(format!("no quarantined event is at position {position}")),
        })
    }
}

/// To what an operator did it.
fn of(position: u64) -> String {
    format!("position {position}")
}

fn still(reason: &str, detail: &str) -> String {
    format!("it cannot be taken in now either ({reason}): {detail}")
}
