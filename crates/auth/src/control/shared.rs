//! What the control store knows of changes that replicas share: which ones it has, what lost, and how far the control
//! stream was followed.

use continuity_base::Timestamp;
use continuity_readmodel::{Direction, Rows, Snapshot, Table};
use serde::{Deserialize, Serialize};

use super::projection::{decode, get, put, store_failed};
use super::stamp::{ChangeId, Lost, Stamp};
use crate::AuthError;
use crate::metrics::CONTROL_CONFLICTS;

/// Id of a shared change -> its position in the control log.
pub(super) const KNOWN: Table = "shared-changes";
/// One row: the latest time of a shared change.
pub(super) const LATEST: Table = "latest-change";
/// One row: how far the control stream was followed. It is not in the log: without it the stream is read again.
pub(super) const BOOKMARK: Table = "control-stream";
/// Position -> [`Conflict`].
pub(super) const CONFLICTS: Table = "conflicts";
const ONE: &[u8] = b"";

/// Two changes that were made on two replicas without knowledge of each other, of which one does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Conflict {
    /// The client or key.
    pub(crate) subject: String,
    pub(crate) lost: Lost,
}

/// Enters a shared change; false when it was known.
pub(super) fn note(stamp: &Stamp, position: u64, rows: &mut Rows<'_>) -> Result<bool, AuthError> {
    let id = stamp.id.as_bytes();
    if get::<u64>(rows, KNOWN, id)?.is_some() {
        return Ok(false);
    }
    put(rows, KNOWN, id.to_vec(), &position);
    let latest = get::<Timestamp>(rows, LATEST, ONE)?.map_or(stamp.at, |latest| latest.max(stamp.at));
    put(rows, LATEST, ONE.to_vec(), &latest);
    Ok(true)
}

pub(super) fn note_conflict(subject: &str, lost: &Lost, position: u64, rows: &mut Rows<'_>) {
    let conflict = Conflict { subject: subject.to_owned(), lost: lost.clone() };
    put(rows, CONFLICTS, position.to_be_bytes().to_vec(), &conflict);
}

/// Says that a change did not take effect, once it is known.
pub(super) fn tell_conflict(subject: &str, lost: &Lost) {
    ::metrics::counter!(CONTROL_CONFLICTS).increment(1);
    tracing::warn!(
        subject,
        what = lost.what,
        lost.replica = lost.loser.replica,
        lost.at = %lost.loser.at,
        kept.replica = lost.winner.replica,
        kept.at = %lost.winner.at,
        "two replicas changed the same without knowing of each other: one change does not count; look whether it has to be \
         made again"
    );
}

pub(super) fn put_bookmark(bookmark: Vec<u8>, rows: &mut Rows<'_>) {
    rows.put(BOOKMARK, ONE.to_vec(), bookmark);
}

pub(super) fn latest(snapshot: &Snapshot) -> Result<Option<Timestamp>, AuthError> {
    let row = snapshot.get(LATEST, ONE).map_err(store_failed)?;
    row.map(|row| decode(LATEST, &row)).transpose()
}

pub(super) fn bookmark(snapshot: &Snapshot) -> Result<Option<Vec<u8>>, AuthError> {
    Ok(snapshot.get(BOOKMARK, ONE).map_err(store_failed)?.map(|row| row.to_vec()))
}

pub(super) fn is_known(snapshot: &Snapshot, id: ChangeId) -> Result<bool, AuthError> {
    Ok(snapshot.get(KNOWN, id.as_bytes()).map_err(store_failed)?.is_some())
}

/// The newest conflicts, the newest first, and how many there are.
pub(super) fn conflicts(snapshot: &Snapshot, limit: usize) -> Result<(Vec<Conflict>, u64), AuthError> {
    let rows = snapshot.scan_prefix(CONFLICTS, &[], Direction::Backward).map_err(store_failed)?;
    let rows = rows.take(limit).map(|row| decode(CONFLICTS, &row.map_err(store_failed)?.1));
    Ok((rows.collect::<Result<_, _>>()?, snapshot.count(CONFLICTS).map_err(store_failed)?))
}
