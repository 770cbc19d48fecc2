//! The control log, record by record: who did what, when, from where and why.

use continuity_base::Timestamp;
use continuity_log::Record;
use serde::Serialize;

use crate::client::rfc3339;
use crate::{Auth, AuthError, ControlRecord};

/// Changes that tell of reads.
const READS: [&str; 3] = ["AccessRecorded", "DocumentRead", "ReadsRecorded"];

/// A record of the control log where it stands. Of a read it says that it happened: which loan was read, and by whom, is
/// told by the access audit, within what its reader may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlRecordAt {
    /// Its position, from 1 on.
    pub position: u64,
    /// When it was written.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub record: ControlRecord,
}

impl ControlRecordAt {
    /// Reads a record of that position.
    pub fn read(position: u64, record: &Record) -> Result<Self, AuthError> {
        let at = Timestamp::from_micros(record.arrived_at);
        Ok(Self { position, at, record: ControlRecord::read(&record.payload)? })
    }

    fn without_reads(mut self) -> Self {
        if READS.contains(&self.record.change) {
            self.record.subject.clear();
            self.record.about.clear();
        }
        self
    }
}

impl Auth {
    /// The records behind a position, the oldest first, `limit` at most.
    pub fn control_records(&self, after: u64, limit: usize) -> Result<Vec<ControlRecordAt>, AuthError> {
        let unreadable = |error: continuity_log::LogError| AuthError::Unreadable(error.to_string());
        let log = self.control_log();
        let last = log.head().position.min(after.saturating_add(u64::try_from(limit).unwrap_or(u64::MAX)));
        let read = |position| {
            let record = ControlRecordAt::read(position, &log.get(position).map_err(unreadable)?);
            record.map(ControlRecordAt::without_reads)
        };
        (after.saturating_add(1)..=last).map(read).collect()
    }
}
