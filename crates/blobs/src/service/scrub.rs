//! Looks again at what is stored: every blob within a set number of days, suspects at once, and all when somebody wants it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Timestamp;
use tracing::warn;

use super::core::{Core, hash, unreadable};
use super::{BlobService, BlobServiceError};
use crate::disk::blocking;
use crate::index::State;
use crate::queue::evidence;
use crate::shelf::Digest;
use crate::{OpenBlob, metrics};

const DAY: Duration = Duration::from_hours(24);
/// A blob that could not be read is left alone for so long.
const AGAIN: Duration = Duration::from_hours(1);
/// With so many that are damaged or cannot be read it may be the store that fails: looking at all at once is given up,
/// before more is taken for lost.
const MOST_BAD: u64 = 100;

/// Everything that was stored when somebody wanted it is hashed again, now. Forgotten when the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scrub {
    /// When it was wanted: what was verified before is hashed again.
    pub since: Timestamp,
    /// Stored blobs then, those that no loan refers to any more included.
    pub of: u64,
    /// Whose bytes are what they should be.
    pub good: u64,
    /// Whose are not; they are fetched again.
    pub damaged: u64,
    /// Which could not be read at this time; they are tried again within the hour.
    pub unreadable: u64,
    /// Whether it is over.
    pub is_done: bool,
    /// Whether it was given up: too many are damaged or cannot be read, or the service cannot work.
    pub is_given_up: bool,
}

/// What a look at one blob found.
#[derive(Clone, Copy)]
enum Outcome {
    Good,
    Damaged,
    Unreadable,
}

impl BlobService {
    /// Has everything that is stored hashed again, as fast as scrubbing may read; `None` while that is under way already.
    pub fn scrub(&self) -> Result<Option<Scrub>, BlobServiceError> {
        let (of, last) = self.core.index.kept()?;
        // Behind all that was verified, also where the clock went back since.
        let since = last.map_or(self.core.now(), |last| self.core.now().max(last.plus(Duration::from_micros(1))));
        let mut scrub = self.core.scrub.lock();
        if scrub.is_some_and(|scrub| !scrub.is_done) {
            return Ok(None);
        }
        let (good, damaged, unreadable) = (0, 0, 0);
        *scrub = Some(Scrub { since, of, good, damaged, unreadable, is_done: false, is_given_up: false });
        Ok(*scrub)
    }

    /// How far the last one is.
    pub fn scrubbed(&self) -> Option<Scrub> {
        *self.core.scrub.lock()
    }
}

impl Core {
    /// The one that is under way.
    fn scrub_wanted(&self) -> Option<Scrub> {
        self.scrub.lock().filter(|scrub| !scrub.is_done)
    }

    /// Ends the one that is under way: the service cannot work.
    pub(super) fn scrub_gives_up(&self) {
        if let Some(scrub) = self.scrub_wanted() {
            self.scrub_ends(scrub.since, true);
        }
    }

    fn scrub_found(&self, outcome: Outcome) {
        if let Some(scrub) = self.scrub.lock().as_mut().filter(|scrub| !scrub.is_done) {
            match outcome {
                Outcome::Good => scrub.good += 1,
                Outcome::Damaged => scrub.damaged += 1,
                Outcome::Unreadable => scrub.unreadable += 1,
            }
        }
    }

    fn scrub_ends(&self, since: Timestamp, is_given_up: bool) {
        if let Some(scrub) = self.scrub.lock().as_mut().filter(|scrub| scrub.since == since) {
            (scrub.is_done, scrub.is_given_up) = (true, is_given_up);
        }
    }
}

pub(super) async fn run(core: &Arc<Core>) -> Result<Infallible, BlobServiceError> {
    let mut turn = Turn { last: core.now(), unreadable: HashMap::new(), wanted: None };
    loop {
        match turn.next(core)? {
            Some(digest) => {
                if let Some(outcome) = check(core, digest, &mut turn).await? {
                    core.scrub_found(outcome);
                }
            }
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
    /// Since when somebody wants everything hashed again.
    wanted: Option<Timestamp>,
}

impl Turn {
    fn next(&mut self, core: &Core) -> Result<Option<Digest>, BlobServiceError> {
        let suspect = core.suspects.lock().iter().next().copied();
        if let Some(suspect) = suspect {
            core.suspects.lock().remove(&suspect);
            return Ok(Some(suspect));
        }
        let (now, all) = (core.now(), core.index.tally().of(State::Available).count.max(1));
        let wanted = core.scrub_wanted();
        let since = wanted.map(|scrub| scrub.since);
        if since.is_some() && since != self.wanted {
            // Whoever wants it wants to know of these, too.
            self.unreadable.clear();
        }
        self.wanted = since;
        self.unreadable.retain(|_, until| *until > now);
        // A clock that went back hides nothing that somebody wants hashed.
        let until = since.map_or(now, |since| since.max(now));
        let oldest = core.index.verified(until, self.unreadable.len() + 1)?;
        let oldest = oldest.into_iter().find(|(_, digest)| !self.unreadable.contains_key(digest));
        if let Some(scrub) = wanted {
            let left = oldest.filter(|(verified_at, _)| *verified_at < scrub.since);
            let is_given_up = left.is_some() && scrub.damaged + scrub.unreadable >= MOST_BAD;
            match left {
                Some((_, digest)) if !is_given_up => return Ok(Some(digest)),
                _ => core.scrub_ends(scrub.since, is_given_up),
            }
        }
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

/// Nothing where there was nothing to look at.
async fn check(core: &Arc<Core>, digest: Digest, turn: &mut Turn) -> Result<Option<Outcome>, BlobServiceError> {
    let Some(_claim) = core.claim(digest) else {
        // Somebody fetches or removes it: it is looked at once that is done. All loops share a task, so let them go on.
        tokio::time::sleep(core.options.tick).await;
        return Ok(None);
    };
    let Some(row) = core.available(&digest)? else { return Ok(None) };
    let blob = core.places.shelf.open(&digest).await;
    let found = match blob {
        Ok(Some(blob)) => look(core, blob).await,
        Ok(None) => Ok(Err("it is gone from the store".to_owned())),
        Err(error) => Err(error),
    };
    let outcome = match found {
        Ok(Ok(found)) if found == (row.stored.unwrap_or(found.0), digest) => {
            passed(core, digest).await?;
            Outcome::Good
        }
        Ok(Ok((size, sha256))) => {
            let reason = format!("its {size} stored bytes have the SHA-256 {}", hex::encode(sha256));
            repair(core, digest, &reason, Some((size, sha256))).await?;
            Outcome::Damaged
        }
        Ok(Err(reason)) => {
            repair(core, digest, &reason, None).await?;
            Outcome::Damaged
        }
        Err(error) => {
            warn!(blob.sha256 = hex::encode(digest), %error, "a stored blob cannot be read; looked at again later");
            metrics::verified("error");
            turn.unreadable.insert(digest, core.now().plus(AGAIN));
            Outcome::Unreadable
        }
    };
    Ok(Some(outcome))
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
    // Whatever the clock does: what was looked at because somebody wanted it is not left to be looked at.
    let since = core.scrub_wanted().map(|scrub| scrub.since);
    let (index, now) = (Arc::clone(&core.index), since.map_or(core.now(), |since| since.max(core.now())));
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
