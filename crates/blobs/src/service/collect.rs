//! Removes the bytes that nobody refers to any more.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use continuity_base::Timestamp;
use tracing::{info, warn};

use super::BlobServiceError;
use super::core::{Claim, Core};
use crate::disk::{blocking, remove};
use crate::metrics;
use crate::queue::part::Part;
use crate::shelf::Digest;

/// Blobs that are looked at in one go.
const BATCH: usize = 64;
/// What could not be removed is left alone for so long.
const AGAIN: Duration = Duration::from_mins(10);
const DAY: Duration = Duration::from_hours(24);

pub(super) async fn run(core: &Arc<Core>) -> Result<Infallible, BlobServiceError> {
    // What could not be removed, until when it is left alone.
    let mut resting = HashMap::new();
    loop {
        step(core, &mut resting).await?;
        tokio::time::sleep(core.options.tick).await;
    }
}

/// Removes what may go. During a rebuild of the read model, and while a backup runs, that is nothing.
async fn step(core: &Arc<Core>, resting: &mut HashMap<Digest, Timestamp>) -> Result<(), BlobServiceError> {
    let (kept, now) = (DAY * core.options.unreferenced_days, core.now());
    let micros = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
    let until = Timestamp::from_micros(now.as_micros().saturating_sub(micros).max(0));
    resting.retain(|_, until| *until > now);
    for digest in core.index.unreferenced(until, BATCH + resting.len())? {
        if core.holds.load(Ordering::SeqCst) > 0 || core.places.references.position().is_none() {
            return Ok(());
        }
        if resting.contains_key(&digest) {
            continue;
        }
        let Some(claim) = core.claim(digest) else { continue };
        if may_go(core, &digest).await? && !forget(core, &digest, claim).await? {
            resting.insert(digest, now.plus(AGAIN));
        }
    }
    Ok(())
}

/// Asks at this moment: the index may be behind.
async fn may_go(core: &Arc<Core>, digest: &Digest) -> Result<bool, BlobServiceError> {
    let (references, digest) = (Arc::clone(&core.places.references), *digest);
    match blocking(move || Ok::<_, io::Error>(references.is_referenced(&digest))).await? {
        Ok(Some(false)) => Ok(true),
        Ok(Some(true)) => {
            // The loan that needs it is on its way to the index: it does not stand in the way of others until then.
            let now = core.now();
            core.write(move |writer| writer.change(&digest, |row| row.unreferenced_since = Some(now))).await?;
            Ok(false)
        }
        Ok(None) => Ok(false),
        Err(cause) => {
            warn!(cause, "it cannot be said whether a blob is still needed; it is kept");
            Ok(false)
        }
    }
}

/// Nothing of it is served from the first step on; the row goes last, so that a kill or a failure in between is made up
/// for.
/// `false`: it could not be removed.
async fn forget(core: &Arc<Core>, digest: &Digest, claim: Claim) -> Result<bool, BlobServiceError> {
    let (name, now) = (*digest, core.now());
    let closed = core.write(move |writer| {
        let row = writer.row(&name)?.filter(|row| !row.referenced());
        match row {
            Some(_) => writer.change(&name, |row| row.begin_again(now)).map(|row| row.is_some()),
            None => Ok(false),
        }
    });
    if !closed.await? {
        return Ok(true);
    }
    if let Err(error) = erase(core, name).await {
        warn!(blob.sha256 = hex::encode(digest), %error, "a blob that nobody refers to cannot be removed; tried again");
        return Ok(false);
    }
    core.write(move |writer| match writer.row(&name)? {
        Some(row) if !row.referenced() => writer.put(&name, None),
        _ => Ok(()),
    })
    .await?;
    metrics::collected();
    info!(blob.sha256 = hex::encode(digest), "a blob that nobody refers to was removed");
    drop(claim);
    Ok(true)
}

async fn erase(core: &Arc<Core>, digest: Digest) -> io::Result<()> {
    core.places.shelf.remove(&digest).await?;
    let core = Arc::clone(core);
    blocking(move || {
        core.quarantine.purge(&digest)?;
        remove(&core.incoming.join(Part::name(&digest)))
    })
    .await
}
