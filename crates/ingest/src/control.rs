//! Orders to a running ingester, from operators and from what checks it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use continuity_events::record::{Completeness, Divergence};

/// Orders that wait for the ingester, at most.
const WAITING: usize = 16;

/// Who gives an order, and why; both stand in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What an ingester can be told.
#[derive(Debug)]
pub enum Order {
    /// Read nothing from the source until told otherwise, over restarts too.
    Pause(By),
    /// Read again.
    Resume(By),
    /// Read now, whatever the schedule says, until the source's end was reached once.
    SyncNow,
    /// Take the diverged source as it is.
    Accept(By),
    /// Take these events (structured mode, one each) as if they had come from the source.
    HandIn(Vec<Vec<u8>>, By),
    /// Take the quarantined record at this log position off the list of those that wait. Its bytes stay in the log.
    Dismiss(u64, By),
    /// Look once more at the bytes that were quarantined at this log position, and take them in if they are good now.
    Retake(u64, By),
    /// Keep this result.
    Record(Box<Completeness>),
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is durable in the log up to this position.
    Logged(u64),
    /// Reading begins.
    Reading,
    /// These divergences were accepted, by partition.
    Accepted(Vec<(String, Divergence)>),
    /// What became of the events that were handed in.
    HandedIn(HandedIn),
}

/// What became of events that were handed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandedIn {
    /// Loan events and snapshots appended.
    pub appended: u64,
    /// Known already.
    pub duplicates: u64,
    /// Quarantined.
    pub quarantined: u64,
}

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// There is nothing to carry out.
    #[error("{0}")]
    NotApplicable(String),
    /// The ingester is gone, or its log takes nothing.
    #[error("ingest does not run: {0}")]
    NotRunning(String),
}

/// An order and where its answer goes.
#[derive(Debug)]
pub(crate) struct Ordered {
    pub(crate) order: Order,
    pub(crate) answer: SyncSender<Result<Done, OrderError>>,
}

/// Gives orders to an ingester; clones share it.
#[derive(Clone, Debug)]
pub struct IngestControl {
    orders: SyncSender<Ordered>,
}

impl IngestControl {
    /// A control and the end that the ingester listens to.
    pub(crate) fn new() -> (Self, Receiver<Ordered>) {
        let (orders, listen) = sync_channel(WAITING);
        (Self { orders }, listen)
    }

    /// Gives an order and waits until it is carried out and durable. Blocks: not for an asynchronous thread.
    pub fn give(&self, order: Order) -> Result<Done, OrderError> {
        let gone = || OrderError::NotRunning("the process is ending".to_owned());
        let (answer, answered) = sync_channel(1);
        self.orders.send(Ordered { order, answer }).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}
