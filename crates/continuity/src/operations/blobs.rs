//! The bytes of documents and attachments: how far they are, which are in trouble, and trying again.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use continuity_api::blob_lag;
use serde_json::{Value, json};

use super::Operations;
use crate::control::Reply;

/// How often it is looked how far the hashing is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The figures of all, or of one loan.
pub(super) fn status(on: &Operations, loan: Option<&str>) -> Result<Value> {
    let following = on.following()?;
    let Some(loan) = loan else {
        let lag = following.blobs.lag()?;
        let mut status = blob_lag::lag(&lag, following.clock.now());
        status.insert("failing".to_owned(), json!(lag.failing));
        return Ok(Value::Object(status));
    };
    if !on.engine.view().loan(loan)?.exists {
        bail!("there is no loan {loan}");
    }
    Ok(Value::Object(blob_lag::loan(&following.blobs.loan(loan)?)))
}

/// At most `limit` of those in trouble.
pub(super) fn list(on: &Operations, limit: u64) -> Result<Value> {
    let failures = on.following()?.blobs.failures(usize::try_from(limit).unwrap_or(usize::MAX))?;
    Ok(failures.iter().map(blob_lag::failure).collect())
}

/// Fetches one again, now.
pub(super) fn retry(on: &Operations, sha256: &str) -> Result<Value> {
    if !on.following()?.blobs.retry(digest(sha256)?)? {
        bail!("no loan refers to a blob {sha256}");
    }
    Ok(json!({"sha256": sha256}))
}

/// Hashes a stored one again, now.
pub(super) fn verify(on: &Operations, sha256: &str) -> Result<Value> {
    if !on.following()?.blobs.suspect(digest(sha256)?) {
        bail!("no bytes of a blob {sha256} are stored");
    }
    Ok(json!({"sha256": sha256}))
}

/// Hashes all stored ones again, now.
pub(super) fn scrub(on: &Operations, out: &mut dyn FnMut(Reply)) -> Result<Value> {
    let blobs = &on.following()?.blobs;
    let Some(mut scrub) = blobs.scrub()? else { bail!("all stored files are being hashed already") };
    while !scrub.is_done {
        out(Reply::Progress { done: scrub.good + scrub.damaged + scrub.unreadable, of: scrub.of });
        if on.stop.is_stopped() {
            bail!("the replica stops; hash them again once it runs");
        }
        thread::sleep(LOOK_EVERY);
        scrub = blobs.scrubbed().filter(|now| now.since == scrub.since).context("another one was begun meanwhile")?;
    }
    Ok(json!({
        "good": scrub.good,
        "damaged": scrub.damaged,
        "unreadable": scrub.unreadable,
        "givenUp": scrub.is_given_up,
    }))
}

fn digest(sha256: &str) -> Result<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(sha256, &mut digest)
        .with_context(|| format!("{sha256:?} is no SHA-256 in hexadecimal digits"))?;
    Ok(digest)
}
