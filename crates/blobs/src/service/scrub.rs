//! Looks again at what is stored: every blob within a set number of days, suspects at once.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Timestamp;
use tracing::warn;

use super::BlobServiceError;
use super::core::{Core, hash, unreadable};
use crate::disk::blocking;
use crate::index::State;
use crate::queue::evidence;
use crate::shelf::Digest;
use crate::{OpenBlob, metrics};

const DAY: Duration = Duration::from_hours(24);
/// A blob that could not be read is left alone for so long.
const AGAIN: Duration = Duration::from_hours(1);
pub(super) async fn run(core: &Arc<Core>) -> Result<Infallible, BlobServiceError> {
    let mut turn = Turn { last: core.now(), unreadable: HashMap::new() };
    loop {
        match turn.next(core)? {
            Some(digest) => check(core, digest, &mut turn).await?,
            None => tokio::time::sleep(core.options.tick).await,
        }
    }
}

/// Whose turn it is.
struct Turn {
    /// When the last one had its turn.
    last: Timestamp,
    /// What could not be read, until when it is left alone.
    unreadable: HashMap<Digest, Timestamp>,
}

impl Turn {
    fn next(&mut self, core: &Core) -> Result<Option<Digest>, BlobServiceError> {
        let suspect = core.suspects.lock().iter().next().copied();
        if let Some(suspect) = suspect {
            core.suspects.lock().remove(&suspect);
            return Ok(Some(suspect));
        }
        let (now, all) = (core.now(), core.index.tally().of(State::Available).count.max(1));
        self.unreadable.retain(|_, until| *until > now);
        let oldest = core.index.verified(now, self.unreadable.len() + 1)?;
        let oldest = oldest.into_iter().find(|(_, digest)| !self.unreadable.contains_key(digest));
        let Some((verified_at, digest)) = oldest else { return Ok(None) };
        // Spread over the time that there is; what is late goes at once.
        let within = DAY * core.options.scrub_days;
        let share = within / u32::try_from(all).unwrap_or(u32::MAX);
        if now < self.last.plus(share) && now < verified_at.plus(within) {
            return Ok(None);
        }
        self.last = now;
        Ok(Some(digest))
    }
}

async fn check(core: &Arc<Core>, digest: Digest, turn: &mut Turn) -> Result<(), BlobServiceError> {
    let Some(_claim) = core.claim(digest) else {
        // Somebody fetches or removes it: it is looked at once that is done. All loops share a task, so let them go on.
        tokio::time::sleep(core.options.tick).await;
        return Ok(());
    };
    let Some(row) = core.available(&digest)? else { return Ok(()) };
    let blob = core.places.shelf.open(&digest).await;
    let found = match blob {
        Ok(Some(blob)) => look(core, blob).await,
        Ok(None) => Ok(Err("it is gone from the store".to_owned())),
        Err(error) => Err(error),
    };
    match found {
        Ok(Ok(found)) if found == (row.stored.unwrap_or(found.0), digest) => passed(core, digest).await,
        Ok(Ok((size, sha256))) => {
            let reason = format!("its {size} stored bytes have the SHA-256 {}", hex::encode(sha256));
            repair(core, digest, &reason, Some((size, sha256))).await
        }
        Ok(Err(reason)) => repair(core, digest, &reason, None).await,
        Err(error) => {
            warn!(blob.sha256 = hex::encode(digest), %error, "a stored blob cannot be read; looked at again later");
            metrics::verified("error");
            turn.unreadable.insert(digest, core.now().plus(AGAIN));
            Ok(())
        }
    }
}

/// What is there; the inner error: the bytes cannot be had any more.
async fn look(core: &Core, blob: OpenBlob) -> io::Result<Result<(u64, Digest), String>> {
    match hash(blob, &core.scrub_pace).await {
        Ok(found) => Ok(Ok(found)),
        Err(error) if unreadable(&error) => Ok(Err(format!("it cannot be read back: {error}"))),
        Err(error) => Err(error),
    }
}

async fn passed(core: &Arc<Core>, digest: Digest) -> Result<(), BlobServiceError> {
    metrics::verified("ok");
    let (index, now) = (Arc::clone(&core.index), core.now());
    blocking(move || {
        index.touch(|writer| writer.change(&digest, |row| row.verified_at = Some(now)))?;
        Ok(())
    })
    .await
}

/// Puts the evidence aside and has the bytes fetched again.
async fn repair(
    core: &Arc<Core>,
    digest: Digest,
    reason: &str,
    found: Option<(u64, Digest)>,
) -> Result<(), BlobServiceError> {
    metrics::verified("damaged");
    // Not served from here on, whatever happens to index and evidence.
    core.bad.lock().insert(digest);
    let noted = core.damaged(&digest, reason);
    if let Err(error) = evidence::stored(core, &digest, reason, found).await {
        warn!(blob.sha256 = hex::encode(digest), %error, "the damaged bytes could not be put aside");
    }
    if let Err(error) = core.places.shelf.remove(&digest).await {
        warn!(blob.sha256 = hex::encode(digest), %error, "the damaged bytes stay; the queue looks at them again");
    }
    Ok(noted?)
}
