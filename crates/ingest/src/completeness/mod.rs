//! Completeness: whether everything is here that the producer says it had given out (contract, section 5).
//!
//! # What counts
//!
//! A manifest speaks of the source up to `at`. It is evaluated once the replica has read up to there in every partition
//! that `at` names, at one fixed place in the log: the later one of the manifest's own record and of the records at which
//! `at` was reached. A record counts as here when it stands at or before that place, and, if it came from a named
//! partition, its own position there is at or below `at`. So the answer follows from the log alone, whenever it is worked
//! out: an event that comes later is missing in this result and there in the next one.
//!
//! - A sequence of a loan is present when an event with it counts, visible or held, or when a snapshot or an erasure
//!   counts that covers it.
//! - What came from elsewhere, i.e. from a partition that `at` does not name (a bootstrap feed, an operator's repair),
//!   counts as present, and never as more than was listed: it may be newer than `at`.
//! - What was read before a part of the source was accepted as a new one counts like what is at or below `at`.
//! - A purged loan keeps its last sequence; its bytes are in the log like those of any other.
//! - A manifest whose `at` names no partition of the kind that it came from itself (one made for a stream, carried in a
//!   file) can never be reached. It is evaluated at its own place: over what was logged before it. The result says so.
//! - So is one of which a partition was replaced before `at` was reached: over what was logged before the replacement.
//!
//! # What is compared
//!
//! Presence: with the list of loans, sequence by sequence, and what is missing has names; without it the counts and the
//! digest of presence, and only holes below a loan's last event have names. Content, when the manifest has a digest of
//! it: only where presence agrees and every event is held as itself, for an event that only a snapshot covers is not here
//! to be compared.

mod auditor;
mod content;
mod list;
mod metrics;
mod place;
mod presence;
mod report;
#[cfg(test)]
mod tests;

use std::thread;
use std::time::Duration;

use continuity_base::Stop;
use continuity_events::record::{Received, decode};
use continuity_log::{Log, LogError, Record};
use continuity_readmodel::StoreError;
use continuity_readmodel::ledger::{LedgerError, LedgerReader};

pub use auditor::{Auditor, AuditorOptions, Evaluated, ReadList};
pub use metrics::describe;

use crate::IngestError;

/// Left to others between two steps of an evaluation.
const BREATH: Duration = Duration::from_millis(1);

/// Why an evaluation ended without a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The end was asked for.
    #[error("the process is ending")]
    Stopped,
    /// There is no manifest that can be evaluated.
    #[error("{0}")]
    NothingToEvaluate(String),
    /// The result could not be kept.
    #[error("the result could not be kept: {0}")]
    NotKept(#[from] crate::control::OrderError),
    /// The log or the ledger cannot be read.
    #[error(transparent)]
    Broken(#[from] IngestError),
}

impl From<StoreError> for AuditError {
    fn from(error: StoreError) -> Self {
        Self::Broken(error.into())
    }
}

impl From<LogError> for AuditError {
    fn from(error: LogError) -> Self {
        Self::Broken(error.into())
    }
}

/// What an evaluation reads from.
#[derive(Clone, Copy)]
struct Look<'a> {
    log: &'a Log,
    ledger: &'a LedgerReader,
    stop: &'a Stop,
}

impl Look<'_> {
    /// Between two steps: ends when that was asked for, else leaves room for others.
    fn breathe(&self) -> Result<(), AuditError> {
        if self.stop.is_stopped() {
            return Err(AuditError::Stopped);
        }
        thread::sleep(BREATH);
        Ok(())
    }

    /// Hands the records of `from..=to` to `each`, as long as it wants more.
    fn records(
        &self,
        from: u64,
        to: u64,
        each: &mut dyn FnMut(u64, &Record) -> Result<bool, AuditError>,
    ) -> Result<(), AuditError> {
        let mut reader = self.log.reader(from);
        while reader.position() <= to {
            let Some(frame) = reader.next_frame()? else { break };
            for (position, record) in (frame.first..).zip(&frame.records) {
                if position >= from && position <= to && !each(position, record)? {
                    return Ok(());
                }
            }
            self.breathe()?;
        }
        Ok(())
    }
}

/// The event in a record.
fn received(position: u64, record: &Record) -> Result<Received, AuditError> {
    decode(&record.payload).map_err(|source| IngestError::Ledger(LedgerError::Decode { position, source }).into())
}
