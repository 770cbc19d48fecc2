//! Figures over the whole ledger, kept with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{NAME, tables};
use crate::error::StoreError;
use crate::store::Snapshot;

/// Figures over all loans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Loans known.
    pub loans: u64,
    /// Loan events logged, held ones included.
    pub events: u64,
    /// Snapshots logged.
    pub snapshots: u64,
    /// Control events logged, without heartbeats.
    pub controls: u64,
    /// Events now held back.
    pub held: u64,
    /// Bytes of their records.
    pub held_bytes: u64,
    /// Loans that hold some.
    pub held_loans: u64,
    /// Recorded gaps now open (ranges of missing sequences).
    pub gaps_open: u64,
    /// Loans with at least one.
    pub incomplete_loans: u64,
    /// Quarantined records that wait for an operator.
    pub quarantined: u64,
    /// Bytes kept of them.
    pub quarantined_bytes: u64,
    /// All quarantined records ever, by reason.
    pub quarantined_by_reason: BTreeMap<String, u64>,
    /// Duplicates dropped.
    pub duplicates: u64,
    /// Forks found.
    pub forks: u64,
    /// The source was caught up with once.
    pub synchronised: bool,
    /// When that was recorded last, microseconds since the epoch: the first time, and once in each window of a schedule.
    pub synchronised_at: Option<i64>,
    /// How far the bootstrap export has come that has begun and is not whole; `None` when there is none.
    pub snapshot: Option<SnapshotProgress>,
    /// An operator stopped reading, and it has not been resumed.
    pub paused: Option<PausedBy>,
    /// When the platform was last known to be alive, by the newest heartbeat logged, and the `at` of that.
    pub heartbeat: Option<LoggedHeartbeat>,
    /// Ids of control events remembered so far, forgotten ones included.
    pub(super) control_ids: u64,
}

/// How far a bootstrap export has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotProgress {
    /// `snapshotId` of the export; empty when it says none.
    pub id: String,
    /// Loans that it announced.
    pub loans_expected: Option<u64>,
    /// Entities that it announced.
    pub entities_expected: Option<u64>,
    /// Snapshots of loans that came since it began, refused ones included.
    pub loans_done: u64,
    /// Its `SnapshotCompleted` came. What is still missing may come behind it.
    pub ended: bool,
    /// Log position of its `SnapshotStarted`.
    pub since_position: u64,
    /// When that arrived, microseconds since the epoch.
    pub started_at: i64,
    /// How many ids of control events had been remembered by then: what has a higher number came with the export.
    pub(super) control_ids: u64,
}

impl SnapshotProgress {
    /// From the data of a `SnapshotStarted`, as far as it can be read.
    pub fn started(data: &str) -> Self {
        let (id, loans_expected, entities_expected) = announced(data);
        Self { id, loans_expected, entities_expected, ..Self::default() }
    }

    /// A loan came.
    pub fn add_loan(&mut self) {
        self.loans_done += 1;
    }

    /// A `SnapshotCompleted` with that data came: it ends the export if it is of the same `snapshotId`. What it announces
    /// counts for more than what was announced at the beginning.
    pub fn complete(&mut self, data: &str) {
        let (id, loans, entities) = announced(data);
        if id == self.id {
            self.ended = true;
            self.loans_expected = loans.or(self.loans_expected);
            self.entities_expected = entities.or(self.entities_expected);
        }
    }

    /// Whether it ended and every loan came that it announced. One that announced no number is taken at its word.
    pub fn is_whole(&self) -> bool {
        self.ended && self.loans_missing() == 0
    }

    /// Loans announced that did not come yet.
    pub fn loans_missing(&self) -> u64 {
        self.loans_expected.map_or(0, |expected| expected.saturating_sub(self.loans_done))
    }
}

/// `snapshotId` and the numbers of loans and entities; numbers may be decimal strings.
fn announced(data: &str) -> (String, Option<u64>, Option<u64>) {
    let data: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
    let number = |name: &str| data[name].as_u64().or_else(|| data[name].as_str()?.parse().ok());
    let id = data["snapshotId"].as_str().unwrap_or_default().to_owned();
    (id, number("loanRequests"), number("entities"))
}

/// The newest heartbeat in the log. Not every one is logged: see the ingest's `progress_every`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedHeartbeat {
    /// When it was sent, by the platform's clock, microseconds since the epoch; `None`: it does not say so legibly.
    pub at: Option<i64>,
    /// When it arrived, by ours.
    pub arrived_at: i64,
}

/// Who stopped reading the source, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PausedBy {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Since when, microseconds since the epoch.
    pub since: i64,
}

impl Totals {
    pub(super) const KEY: &[u8] = b"totals";

    pub(super) fn read(snapshot: &Snapshot) -> Result<Self, StoreError> {
        let Some(row) = snapshot.get(tables::TOTALS, Self::KEY)? else { return Ok(Self::default()) };
        postcard::from_bytes(&row).map_err(|_| StoreError::corrupt(NAME, "the totals"))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("numbers and short texts always encode")
    }
}
