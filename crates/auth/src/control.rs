//! The control log and what is folded from it.
//!
//! Clients and recorded accesses are events in a log of their own, beside the replicated one. One thread appends them,
//! many at once under one fsync, folds them into a redb store and only then answers. A change is seen by nobody before it is durable.

pub(crate) mod accesses;
pub(crate) mod clients;
#[cfg(test)]
mod convergence;
pub(crate) mod event;
pub(crate) mod force;
mod open;
mod people;
mod projection;
pub(crate) mod settings;
mod shared;
pub(crate) mod stamp;
mod writer;

use std::sync::Arc;

use continuity_base::{Clock, Timestamp};
use continuity_log::{Kind, Log, Record};
use continuity_readmodel::Store;
use parking_lot::Mutex;

use self::accesses::AccessLog;
use self::event::{By, Change, Entry};
use self::force::InForce;
use self::shared::Conflict;
use self::stamp::{ChangeId, Origin};
use self::writer::Queue;
use crate::AuthError;

pub(crate) use self::open::Opening;

/// The open control log.
pub(crate) struct Control {
    log: Log,
    store: Arc<Store>,
    force: InForce,
    clock: Arc<dyn Clock>,
    queue: Queue,
    /// Held from looking at what is in force to the change being applied, so that no change is decided on what is past.
    changing: Mutex<()>,
}

impl Control {
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) fn in_force(&self) -> &InForce {
        &self.force
    }

    /// Appends the change that `decide` makes of what is in force, if any. Blocks until it is durable and applied.
    pub(crate) fn change<D>(&self, by: &By, decide: D) -> Result<(), AuthError>
    where
        D: FnOnce(&InForce, Timestamp) -> Result<Option<Change>, AuthError>,
    {
        let _one_at_a_time = self.changing.lock();
        match decide(&self.force, self.clock.now())? {
            Some(change) => self.append_blocking(by.clone(), change),
            None => Ok(()),
        }
    }

    /// Appends what needs no decision. Durable and applied when it returns.
    pub(crate) async fn append(&self, by: By, change: Change) -> Result<(), AuthError> {
        self.queue.append(self.record(by, change)?).await
    }

    /// As [`Control::append`], but blocks, and waits for room in the queue.
    pub(crate) fn append_blocking(&self, by: By, change: Change) -> Result<(), AuthError> {
        self.queue.append_blocking(self.record(by, change)?)
    }

    fn record(&self, by: By, change: Change) -> Result<Record, AuthError> {
        let now = self.clock.now();
        let version = |()| self.force.stamps.next(now, self.force.superseded_by(&change));
        let version = change.is_shared().then_some(()).map(version).transpose()?;
        let origin = version.map(|version| Origin { version, received: false });
        Ok(record(&Entry { by, origin, change }, now))
    }

    /// Appends changes of other replicas. Blocks until they are durable and applied. None comes between the decision on a
    /// change that is made here and its record: an enabling would end a disabling that it was not decided on.
    pub(crate) fn append_received(&self, entries: &[Entry]) -> Result<(), AuthError> {
        let _one_at_a_time = self.changing.lock();
        let now = self.clock.now();
        self.queue.append_all(entries.iter().map(|entry| record(entry, now)).collect())
    }

    /// Whether the log has that shared change.
    pub(crate) fn is_known(&self, id: ChangeId) -> Result<bool, AuthError> {
        shared::is_known(&self.store.snapshot(), id)
    }

    /// How far the control stream was followed, as it was kept.
    pub(crate) fn bookmark(&self) -> Result<Option<Vec<u8>>, AuthError> {
        shared::bookmark(&self.store.snapshot())
    }

    pub(crate) fn keep_bookmark(&self, bookmark: Vec<u8>) -> Result<(), AuthError> {
        self.queue.bookmark(bookmark)
    }

    /// The newest conflicts between replicas, the newest first, and how many there ever were.
    pub(crate) fn conflicts(&self, limit: usize) -> Result<(Vec<Conflict>, u64), AuthError> {
        shared::conflicts(&self.store.snapshot(), limit)
    }

    /// The recorded reads as they are now.
    pub(crate) fn accesses(&self) -> AccessLog {
        AccessLog::new(self.store.snapshot())
    }

    pub(crate) fn why_closed(&self) -> Option<&str> {
        self.queue.why_closed()
    }

    pub(crate) fn close(&self) {
        self.queue.close();
    }
}

fn record(entry: &Entry, now: Timestamp) -> Record {
    let subject = entry.change.subject().to_owned();
    Record { kind: Kind::Operator, subject, sequence: 0, arrived_at: now.as_micros(), payload: entry.encode() }
}
