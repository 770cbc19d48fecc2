//! What a try comes to, in the index.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Timestamp;
use tracing::warn;

use super::pace::backoff;
use crate::Reference;
use crate::disk::blocking;
use crate::index::{Row, State};
use crate::origin::{FetchError, LOCAL};
use crate::service::BlobServiceError;
use crate::service::core::{Core, alarm};
use crate::shelf::Digest;
use crate::{metrics, references::Referenced};

/// Found missing, or its reference not accepted, so often in a row, it is given up but for a try a day.
const MISSING: u32 = 8;
const DAY: Duration = Duration::from_hours(24);
/// The same of files of a feed: it costs little to look whether they have come.
const MISSING_HERE: u32 = 3;
const AGAIN_HERE: Duration = Duration::from_mins(10);
/// The wait for room on the disk.
const FULL: Duration = Duration::from_secs(30);
/// The wait for an authority that is busy and does not say for how long, and the longest that is believed.
const BUSY: Duration = Duration::from_secs(5);
const BUSIEST: Duration = Duration::from_hours(1);
/// Loans that are asked for another reference, and references tried in one round.
const OTHERS: u32 = 8;

/// Tries in vain that are not worth a word.
const FEW: u32 = 4;

/// Why a try brought nothing.
pub(super) enum Failure {
    /// The origin said so.
    Origin(FetchError),
    /// The configuration does not let it in.
    Refused(String),
    /// The disk is full, but for what is kept free.
    NoRoom(String),
    /// Wrong bytes came; they were put aside.
    Wrong(String),
    /// Something here, or a stream that was cut off.
    Retry(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Retry(format!("the disk or the store here does not do its work: {error}"))
    }
}

impl From<BlobServiceError> for Failure {
    fn from(error: BlobServiceError) -> Self {
        Self::Retry(error.to_string())
    }
}

impl Failure {
    fn name(&self) -> &'static str {
        match self {
            Self::Origin(FetchError::Missing(_)) => "missing",
            Self::Origin(FetchError::Expired(_)) => "expired",
            Self::Origin(FetchError::Busy { .. }) => "busy",
            Self::Origin(FetchError::Refused(_)) | Self::Refused(_) => "refused",
            Self::Origin(FetchError::Failed(_)) | Self::Retry(_) => "failed",
            Self::NoRoom(_) => "no-room",
            Self::Wrong(_) => "damaged",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Origin(error) => error.to_string(),
            Self::Refused(reason) | Self::NoRoom(reason) | Self::Wrong(reason) | Self::Retry(reason) => reason.clone(),
        }
    }

    /// Whether another loan's reference may do better.
    fn is_of_reference(&self) -> bool {
        use FetchError::{Expired, Missing, Refused};
        matches!(self, Self::Wrong(_) | Self::Origin(Missing(_) | Expired(_) | Refused(_)))
    }
}

/// The bytes are on the shelf. Where nobody needs them any more, they are taken away again.
pub(super) async fn arrived(
    core: &Arc<Core>,
    digest: Digest,
    size: u64,
    outcome: &'static str,
) -> Result<(), BlobServiceError> {
    core.bad.lock().remove(&digest);
    let now = core.now();
    let change = core.write(move |writer| {
        writer.change(&digest, |row| {
            (row.state, row.stored, row.verified_at) = (State::Available, Some(size), Some(now));
            (row.attempts, row.missing, row.others) = (0, 0, 0);
            (row.error, row.tag) = (None, None);
        })
    });
    if change.await?.is_none() {
        let gone = core.places.shelf.remove(&digest).await;
        gone.inspect_err(|cause| warn!(%cause, "bytes that nobody refers to stay until the next start")).ok();
    }
    metrics::fetched(outcome);
    Ok(())
}

/// Nothing came: when it is tried again, and until when the authority is left alone.
pub(super) async fn failed(
    core: &Arc<Core>,
    digest: Digest,
    authority: &str,
    failure: Failure,
) -> Result<Option<Timestamp>, BlobServiceError> {
    metrics::fetched(failure.name());
    let (core, here) = (Arc::clone(core), authority == LOCAL);
    blocking(move || {
        let Some(row) = core.index.row(&digest)? else { return Ok(None) };
        let other = if failure.is_of_reference() && row.others < OTHERS { other(&core, &digest, &row)? } else { None };
        let (now, unit) = (core.now(), rand::random());
        let mut busy_until = None;
        let after = core.index.write(|writer| {
            writer.change(&digest, |row| {
                row.error = Some(failure.text());
                row.tried_at = Some(now);
                match other {
                    Some(other) => {
                        (row.reference, row.renewed, row.next_due, row.tag) = (other, None, now, None);
                        row.others += 1;
                    }
                    None => busy_until = wait(row, &failure, here, now, unit),
                }
            })
        })?;
        if let Failure::Wrong(reason) = &failure {
            alarm(&digest, reason);
        } else if after.is_some_and(|row| row.attempts >= FEW && row.attempts.is_power_of_two()) {
            warn!(
                blob.sha256 = hex::encode(digest),
                reason = failure.text(),
                "a blob still does not come; it is tried on"
            );
        }
        Ok(busy_until)
    })
    .await
}

fn wait(row: &mut Row, failure: &Failure, here: bool, now: Timestamp, unit: f64) -> Option<Timestamp> {
    row.others = 0;
    if let Failure::Origin(FetchError::Busy { retry_after, .. }) = failure {
        row.attempts = row.attempts.saturating_add(1);
        row.next_due = now.plus(retry_after.unwrap_or(BUSY).min(BUSIEST));
        return Some(row.next_due);
    }
    if matches!(failure, Failure::NoRoom(_)) {
        row.next_due = now.plus(FULL);
        return None;
    }
    row.attempts = row.attempts.saturating_add(1);
    match failure {
        Failure::Origin(FetchError::Missing(_) | FetchError::Expired(_)) => {
            row.missing = row.missing.saturating_add(1);
            if row.missing >= if here { MISSING_HERE } else { MISSING } {
                row.state = State::Failed;
            }
        }
        Failure::Origin(FetchError::Refused(_)) | Failure::Refused(_) => row.state = State::Failed,
        Failure::Wrong(_) => {
            (row.state, row.tag) = (State::Damaged, None);
        }
        Failure::Origin(_) | Failure::Retry(_) | Failure::NoRoom(_) => row.missing = 0,
    }
    let again = match row.state {
        State::Failed if here => AGAIN_HERE,
        State::Failed => DAY,
        _ => backoff(row.attempts, unit),
    };
    row.next_due = now.plus(again);
    None
}

/// The reference of another loan to the same bytes, the next one in turn; `None` when the round is over.
fn other(core: &Core, digest: &Digest, row: &Row) -> Result<Option<String>, BlobServiceError> {
    let mut all = Vec::new();
    for loan in core.index.holders(digest, OTHERS as usize)? {
        // What cannot be read now is no reason to fail: the reference at hand is tried again.
        let Ok(Referenced::These(references)) = core.places.references.of_loan(&loan) else { continue };
        let same = |json: &String| Reference::parse(json).is_ok_and(|read| read.sha256 == *digest);
        all.extend(references.into_iter().filter(same));
    }
    all.sort_unstable();
    all.dedup();
    if row.others as usize + 1 >= all.len() {
        return Ok(None);
    }
    let next = all.iter().find(|json| **json > row.reference).or_else(|| all.first());
    Ok(next.filter(|json| **json != row.reference).cloned())
}
