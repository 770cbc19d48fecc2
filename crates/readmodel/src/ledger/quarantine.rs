//! The list of what could not be taken as an event.

use serde::{Deserialize, Serialize};

use super::batch::decode;
use super::tables;
use crate::error::StoreError;

/// One quarantined record, without its bytes: those are in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineEntry {
    /// Code of the reason.
    pub reason: String,
    /// The loan, where known; else empty.
    pub loan: String,
    /// The sequence, where known; else 0.
    pub sequence: u64,
    /// Id of the event, where known.
    pub event_id: Option<String>,
    /// Full type of the event, where known.
    pub event_type: Option<String>,
    /// Bytes kept of it.
    pub bytes: u64,
    /// When it arrived, microseconds since the Unix epoch.
    pub arrived_at: i64,
    /// What became of it.
    pub state: QuarantineState,
}

impl QuarantineEntry {
    pub(super) fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("numbers and texts always encode")
    }

    pub(super) fn decode(row: &[u8]) -> Result<Self, StoreError> {
        decode(tables::QUARANTINE, row)
    }
}

/// What became of a quarantined record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuarantineState {
    /// It waits for an operator, and counts against the bounds.
    Open,
    /// An operator took it off the list, with a reason that is in the log.
    Dismissed,
    /// Its bytes were looked at again, and taken in.
    Taken,
}
