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
    /// Control events logged.
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
    /// A bootstrap export has begun and not ended.
    pub snapshot_open: bool,
    /// How far that export has come; `None` when none is open.
    pub snapshot: Option<SnapshotProgress>,
    /// An operator stopped reading, and it has not been resumed.
    pub paused: Option<PausedBy>,
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
    /// Snapshots of loans logged since it began; those known before are not among them.
    pub loans_done: u64,
    /// Log position of its `SnapshotStarted`.
    pub since_position: u64,
    /// When that arrived, microseconds since the epoch.
    pub started_at: i64,
}

impl SnapshotProgress {
    /// From the data of a `SnapshotStarted`, as far as it can be read.
    pub(super) fn started(data: &str, since_position: u64, started_at: i64) -> Self {
        let data: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
        let number = |name: &str| data[name].as_u64().or_else(|| data[name].as_str()?.parse().ok());
        Self {
            id: data["snapshotId"].as_str().unwrap_or_default().to_owned(),
            loans_expected: number("loanRequests"),
            entities_expected: number("entities"),
            loans_done: 0,
            since_position,
            started_at,
        }
    }
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
