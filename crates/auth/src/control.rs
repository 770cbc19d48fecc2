//! The control log and what is folded from it.
//!
//! Clients and recorded accesses are events in a log of their own, beside the replicated one. One thread appends them,
//! many at once under one fsync, folds them into a redb store and only then answers. A change is seen by nobody before it is durable.

pub(crate) mod accesses;
pub(crate) mod clients;
pub(crate) mod event;
mod open;
mod projection;
mod writer;

use std::sync::Arc;

use continuity_base::{Clock, Timestamp};
use continuity_log::{Kind, Log, Record};
use continuity_readmodel::Store;
use parking_lot::Mutex;

use self::accesses::AccessLog;
use self::clients::Clients;
use self::event::{Change, Entry};
use self::writer::Queue;
use crate::AuthError;

pub(crate) use self::open::Opening;

/// The open control log.
pub(crate) struct Control {
    log: Log,
    store: Arc<Store>,
    clients: Arc<Clients>,
    clock: Arc<dyn Clock>,
    queue: Queue,
    /// Held from looking at the clients to the change being applied, so that no change is decided on what is past.
    changing: Mutex<()>,
}

impl Control {
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) fn clients(&self) -> &Arc<Clients> {
        &self.clients
    }

    /// Appends the change that `decide` makes of the present clients, if any. Blocks until it is durable and applied.
    pub(crate) fn change<D>(&self, actor: &str, decide: D) -> Result<(), AuthError>
    where
        D: FnOnce(&Clients, Timestamp) -> Result<Option<Change>, AuthError>,
    {
        let _one_at_a_time = self.changing.lock();
        let now = self.clock.now();
        match decide(&self.clients, now)? {
            Some(change) => self.queue.append_blocking(record(actor, change, now)),
            None => Ok(()),
        }
    }

    /// Appends what needs no decision. Durable and applied when it returns.
    pub(crate) async fn append(&self, actor: &str, change: Change) -> Result<(), AuthError> {
        self.queue.append(record(actor, change, self.clock.now())).await
    }

    /// As [`Control::append`], but blocks, and waits for room in the queue.
    pub(crate) fn append_blocking(&self, actor: &str, change: Change) -> Result<(), AuthError> {
        self.queue.append_blocking(record(actor, change, self.clock.now()))
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

fn record(actor: &str, change: Change, now: Timestamp) -> Record {
    let subject = change.subject().to_owned();
    let payload = Entry { actor: actor.to_owned(), change }.encode();
    Record { kind: Kind::Operator, subject, sequence: 0, arrived_at: now.as_micros(), payload }
}
