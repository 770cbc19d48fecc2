//! The thread beside the ingester: it reads the source and parses what comes.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use continuity_base::{Stop, Timestamp};
use continuity_events::record::SourcePosition;
use continuity_readmodel::ledger::partition;
use parking_lot::Mutex;

use crate::gate::Gate;
use crate::parse::{Parsed, parse};
use crate::source::{Known, Resumed, Source, SourceHead};
use crate::{IngestOptions, SourceError};

/// Batches that are parsed ahead.
pub(crate) const AHEAD: usize = 2;
const LOOK: Duration = Duration::from_millis(50);
/// A rest of at least this is told of.
const LONG: Duration = Duration::from_secs(1);

/// Where and under which number to connect.
pub(crate) struct Connect {
    pub(crate) connection: u64,
    pub(crate) known: Known,
}

/// What the reader tells the ingester, in order; with the number of the connection that it comes from.
pub(crate) struct Delivery {
    pub(crate) connection: u64,
    pub(crate) what: Delivered,
}

/// See [`Delivery`].
pub(crate) enum Delivered {
    /// The source is connected.
    Resumed(Resumed),
    /// Messages, and perhaps the source's end.
    Batch(ParsedBatch),
    /// The bandwidth lets nothing more be read until then, on the monotonic clock.
    Rests(Duration),
    /// The source failed; the reader waits to be told where to resume.
    Failed(SourceError),
}

/// A parsed batch.
pub(crate) struct ParsedBatch {
    pub(crate) messages: Vec<Parsed>,
    pub(crate) passed: Vec<SourcePosition>,
    /// When reading it began: an end that it shows was seen no earlier, unless it says otherwise itself.
    pub(crate) at: Timestamp,
    /// The same on the monotonic clock.
    pub(crate) since: Duration,
    pub(crate) at_end: bool,
    pub(crate) head: Option<SourceHead>,
}

/// Positions that are durable and not yet acknowledged, by partition; bounded by the number of partitions.
#[derive(Default)]
pub(crate) struct Acknowledgements(Mutex<HashMap<Vec<u8>, SourcePosition>>);

impl Acknowledgements {
    /// Everything of its partition up to `position` is durable.
    pub(crate) fn add(&self, position: SourcePosition) {
        self.0.lock().insert(partition(&position), position);
    }

    /// What was noted so far is of a source that is no longer the same.
    pub(crate) fn forget(&self) {
        self.0.lock().clear();
    }

    fn take(&self) -> HashMap<Vec<u8>, SourcePosition> {
        std::mem::take(&mut self.0.lock())
    }
}

/// What the reader works with.
pub(crate) struct Reader {
    pub(crate) source: Box<dyn Source>,
    pub(crate) options: IngestOptions,
    pub(crate) stop: Stop,
    pub(crate) gate: Arc<Gate>,
    pub(crate) acknowledgements: Arc<Acknowledgements>,
    /// Where to resume: at the start, after each failure, and whenever the gate was opened anew.
    pub(crate) connects: Receiver<Connect>,
    pub(crate) deliveries: SyncSender<Delivery>,
}

impl Reader {
    /// Until the stop is asked for or the ingester is gone.
    pub(crate) fn run(mut self) {
        loop {
            let connect = match self.connects.recv_timeout(LOOK) {
                Ok(connect) => connect,
                Err(RecvTimeoutError::Timeout) if !self.stop.is_stopped() => continue,
                Err(_) => break,
            };
            let connection = connect.connection;
            if !self.gate.serves(connection) {
                continue;
            }
            match self.serve(&connect) {
                Ok(()) if self.stop.is_stopped() => break,
                Ok(()) => self.release(),
                Err(error) => {
                    self.deliver(connection, Delivered::Failed(error));
                }
            }
        }
        // The ingester has added its last ones before it asked for the end.
        self.acknowledge_last();
    }

    /// Reads until the source fails, the gate is closed, or the end is asked for.
    fn serve(&mut self, connect: &Connect) -> Result<(), SourceError> {
        let connection = connect.connection;
        let resumed = self.source.resume(&connect.known)?;
        if !self.deliver(connection, Delivered::Resumed(resumed)) {
            return Ok(());
        }
        while !self.stop.is_stopped() && self.gate.serves(connection) {
            self.acknowledge()?;
            let (at, since) = (self.options.clock.now(), self.options.clock.monotonic());
            let bytes = self.gate.batch_bytes(self.options.batch_bytes);
            let batch = self.source.next_batch(self.options.batch_messages, bytes, &self.stop)?;
            if batch.messages.is_empty() && batch.passed.is_empty() && batch.head.is_none() {
                continue;
            }
            let read: u64 = batch.messages.iter().map(|message| message.raw.len() as u64).sum();
            let (passed, at_end, head) = (batch.passed, batch.at_end, batch.head);
            let parsed = batch.messages.into_iter().map(|message| parse(message, &self.options.limits)).collect();
            let batch = ParsedBatch { messages: parsed, passed, at, since, at_end, head };
            let until = self.gate.spend(read, self.options.clock.monotonic());
            if !self.deliver(connection, Delivered::Batch(batch)) {
                return Ok(());
            }
            self.rest(connection, until);
        }
        Ok(())
    }

    /// Keeps to the bandwidth: nothing more is read before `until`.
    fn rest(&self, connection: u64, until: Duration) {
        let clock = &self.options.clock;
        if until.saturating_sub(clock.monotonic()) >= LONG && !self.deliver(connection, Delivered::Rests(until)) {
            return;
        }
        while !self.stop.is_stopped() && self.gate.serves(connection) {
            let rest = until.saturating_sub(clock.monotonic());
            if rest.is_zero() {
                return;
            }
            thread::sleep(rest.min(LOOK));
        }
    }

    /// The connection was given up from this side.
    fn release(&mut self) {
        self.acknowledge_last();
        self.source.release();
    }

    fn acknowledge_last(&mut self) {
        if let Err(error) = self.acknowledge() {
            tracing::debug!(%error, "the last acknowledgement did not get through; the source will repeat itself");
        }
    }

    fn acknowledge(&mut self) -> Result<(), SourceError> {
        self.acknowledgements.take().values().try_for_each(|position| self.source.acknowledge(position))
    }

    /// Waits for room; `false` when the ingester is gone.
    fn deliver(&self, connection: u64, what: Delivered) -> bool {
        self.deliveries.send(Delivery { connection, what }).is_ok()
    }
}
