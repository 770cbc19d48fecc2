//! The fetch queue: what is due is fetched, a few at a time, what somebody asked for first.

pub(crate) mod evidence;
mod fetch;
mod outcome;
pub(crate) mod pace;
pub(crate) mod part;
pub(crate) mod quarantine;

use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Timestamp;
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::FuturesUnordered;

use crate::Reference;
use crate::index::{Row, State};
use crate::origin::LOCAL;
use crate::service::BlobServiceError;
use crate::service::core::Core;
use crate::shelf::Digest;

/// Due blobs of one authority that are held ready, at most.
const STAGED: usize = 1_024;
/// With fewer ready ones in all, the index is asked for more, so many at a time.
const LOW: usize = 64;
const LOOK: usize = 2_048;
/// What somebody waits for is not kept back longer than this after a try.
const ASKED: Duration = Duration::from_secs(5);

/// A fetch that ended.
pub(crate) struct Done {
    digest: Digest,
    authority: String,
    /// Until when the authority wants to be left alone.
    busy_until: Option<Timestamp>,
}

type Fetch = BoxFuture<'static, Result<Done, BlobServiceError>>;

/// Fetches until it is dropped; parts stay for the next time.
pub(crate) async fn run(core: &Arc<Core>) -> Result<Infallible, BlobServiceError> {
    let (mut queue, mut running) = (Queue::default(), FuturesUnordered::<Fetch>::new());
    loop {
        while running.len() < core.options.parallel.max(1) {
            let Some(fetch) = queue.next(core)? else { break };
            running.push(fetch);
        }
        tokio::select! {
            Some(done) = running.next() => queue.done(done?),
            () = core.wake.notified() => queue.rests = false,
            () = tokio::time::sleep(core.options.tick) => queue.rests = false,
        }
    }
}

#[derive(Default)]
struct Queue {
    staged: HashMap<String, VecDeque<Digest>>,
    /// What is staged or running.
    known: HashSet<Digest>,
    running: HashMap<String, usize>,
    busy: HashMap<String, Timestamp>,
    /// The due one that was looked at last.
    looked_at: Option<(Timestamp, Digest)>,
    /// All were looked at in vain: it waits until something changes, or for a tick.
    rests: bool,
}

impl Queue {
    fn next(&mut self, core: &Arc<Core>) -> Result<Option<Fetch>, BlobServiceError> {
        let now = core.now();
        self.busy.retain(|_, until| *until > now);
        if let Some(fetch) = self.asked(core, now)? {
            return Ok(Some(fetch));
        }
        if !(core.options.open)(now) {
            return Ok(None);
        }
        if !self.rests && self.staged_with_room(core) < LOW {
            self.fill(core, now)?;
        }
        self.ready(core, now)
    }

    /// Something that somebody asked for.
    fn asked(&mut self, core: &Arc<Core>, now: Timestamp) -> Result<Option<Fetch>, BlobServiceError> {
        let wanted: Vec<_> = core.wanted.lock().iter().copied().collect();
        for digest in wanted {
            let row = core.index.row(&digest)?.filter(|row| row.referenced() && row.state != State::Available);
            let Some(row) = row else {
                core.wanted.lock().remove(&digest);
                continue;
            };
            let due = row.next_due <= now || row.tried_at.is_none_or(|tried| tried.plus(ASKED) <= now);
            let authority = authority(core, &row);
            if due
                && self.has_room(core, &authority)
                && let Some(fetch) = self.start(core, digest, authority)
            {
                core.wanted.lock().remove(&digest);
                return Ok(Some(fetch));
            }
        }
        Ok(None)
    }

    /// Something whose turn it is.
    fn ready(&mut self, core: &Arc<Core>, now: Timestamp) -> Result<Option<Fetch>, BlobServiceError> {
        loop {
            let ready = self.staged.iter().filter(|(authority, _)| self.has_room(core, authority));
            let fewest = ready.min_by_key(|(authority, _)| self.running.get(*authority).copied());
            let Some(authority) = fewest.map(|(authority, _)| authority.clone()) else { return Ok(None) };
            let digest = self.staged.get_mut(&authority).and_then(VecDeque::pop_front);
            let Some(digest) = digest else {
                self.staged.remove(&authority);
                continue;
            };
            self.known.remove(&digest);
            // It may have been fetched meanwhile, or let go of.
            let row = core.index.row(&digest)?;
            let due = |row: &Row| row.referenced() && row.state != State::Available && row.next_due <= now;
            if row.as_ref().is_some_and(due)
                && let Some(fetch) = self.start(core, digest, authority)
            {
                return Ok(Some(fetch));
            }
        }
    }

    fn staged_with_room(&self, core: &Core) -> usize {
        let ready = self.staged.iter().filter(|(authority, _)| self.has_room(core, authority));
        ready.map(|(_, staged)| staged.len()).sum()
    }

    /// Looks at the next due ones, round and round: those of an authority that is full or wants to be left alone do not
    /// keep others from their turn.
    fn fill(&mut self, core: &Core, now: Timestamp) -> Result<(), BlobServiceError> {
        let due = core.index.due(self.looked_at, now, LOOK)?;
        self.looked_at = if due.len() < LOOK { None } else { due.last().copied() };
        let mut found = false;
        for (_, digest) in due {
            if self.known.contains(&digest) {
                continue;
            }
            let Some(row) = core.index.row(&digest)? else { continue };
            let staged = self.staged.entry(authority(core, &row)).or_default();
            if staged.len() < STAGED {
                staged.push_back(digest);
                self.known.insert(digest);
                found = true;
            }
        }
        self.rests = !found && self.looked_at.is_none();
        Ok(())
    }

    fn has_room(&self, core: &Core, authority: &str) -> bool {
        let running = self.running.get(authority).copied().unwrap_or(0);
        running < core.options.per_authority.max(1) && !self.busy.contains_key(authority)
    }

    /// `None` while somebody else works on it: it comes up again.
    fn start(&mut self, core: &Arc<Core>, digest: Digest, authority: String) -> Option<Fetch> {
        let claim = core.claim(digest)?;
        self.known.insert(digest);
        *self.running.entry(authority.clone()).or_default() += 1;
        let core = Arc::clone(core);
        let fetch = async move {
            let busy_until = fetch::run(&core, digest, &authority).await?;
            drop(claim);
            Ok(Done { digest, authority, busy_until })
        };
        Some(fetch.boxed())
    }

    fn done(&mut self, done: Done) {
        self.known.remove(&done.digest);
        if let Some(running) = self.running.get_mut(&done.authority) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(&done.authority);
            }
        }
        if let Some(until) = done.busy_until {
            self.busy.insert(done.authority, until);
        }
    }
}

fn authority(core: &Core, row: &Row) -> String {
    Reference::parse(row.usable()).map_or_else(|_| LOCAL.to_owned(), |read| core.places.origin.authority(&read))
}
