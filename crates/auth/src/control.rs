//! The control log and what is folded from it.
//!
//! Clients and recorded accesses are events in a log of their own, beside the replicated one. One thread appends them,
//! many at once under one fsync, folds them into a redb store and only then answers. A change is seen by nobody before it is durable.

pub(crate) mod accesses;
pub(crate) mod clients;
pub(crate) mod event;
pub(crate) mod force;
mod open;
mod projection;
pub(crate) mod settings;
mod writer;

use std::sync::Arc;

use continuity_base::{Clock, Timestamp};
use continuity_log::{Kind, Log, Record};
use continuity_readmodel::Store;
use parking_lot::Mutex;

use self::accesses::AccessLog;
use self::event::{By, Change, Entry};
use self::force::InForce;
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
        let now = self.clock.now();
        match decide(&self.force, now)? {
            Some(change) => self.queue.append_blocking(record(by.clone(), change, now)),
            None => Ok(()),
        }
    }

    /// Appends what needs no decision. Durable and applied when it returns.
    pub(crate) async fn append(&self, by: By, change: Change) -> Result<(), AuthError> {
        self.queue.append(record(by, change, self.clock.now())).await
    }

    /// As [`Control::append`], but blocks, and waits for room in the queue.
    pub(crate) fn append_blocking(&self, by: By, change: Change) -> Result<(), AuthError> {
        self.queue.append_blocking(record(by, change, self.clock.now()))
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

fn record(by: By, change: Change, now: Timestamp) -> Record {
    let subject = change.subject().to_owned();
    let payload = Entry { by, change }.encode();
    Record { kind: Kind::Operator, subject, sequence: 0, arrived_at: now.as_micros(), payload }
}
