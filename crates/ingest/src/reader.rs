//! The thread beside the ingester: it reads the source and parses what comes.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use continuity_base::{Stop, Timestamp};
use continuity_events::record::SourcePosition;
use continuity_readmodel::ledger::partition;
use parking_lot::Mutex;

use crate::parse::{Parsed, parse};
use crate::source::{Known, Resumed, Source, SourceHead};
use crate::{IngestOptions, SourceError};

/// Batches that are parsed ahead.
pub(crate) const AHEAD: usize = 2;
const LOOK: Duration = Duration::from_millis(50);

/// What the reader tells the ingester, in order.
pub(crate) enum Delivery {
    /// The source is connected.
    Resumed(Resumed),
    /// Messages, and perhaps the source's end.
    Batch(ParsedBatch),
    /// The source failed; the reader waits to be told where to resume.
    Failed(SourceError),
}

/// A parsed batch.
pub(crate) struct ParsedBatch {
    pub(crate) messages: Vec<Parsed>,
    pub(crate) passed: Vec<SourcePosition>,
    /// When reading it began: an end that it shows was seen no earlier, unless it says otherwise itself.
    pub(crate) at: Timestamp,
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

    fn take(&self) -> HashMap<Vec<u8>, SourcePosition> {
        std::mem::take(&mut self.0.lock())
    }
}

/// What the reader works with.
pub(crate) struct Reader<'a> {
    pub(crate) source: Box<dyn Source>,
    pub(crate) options: &'a IngestOptions,
    pub(crate) stop: &'a Stop,
    pub(crate) acknowledgements: &'a Acknowledgements,
    /// Where to resume: once at the start and once after each failure.
    pub(crate) resume: Receiver<Known>,
    pub(crate) deliveries: SyncSender<Delivery>,
}

impl Reader<'_> {
    /// Until the stop is asked for or the ingester is gone.
    pub(crate) fn run(mut self) {
        loop {
            let known = match self.resume.recv_timeout(LOOK) {
                Ok(known) => known,
                Err(RecvTimeoutError::Timeout) if !self.stop.is_stopped() => continue,
                Err(_) => break,
            };
            let outcome = self.connected(&known);
            match outcome {
                Ok(()) => break,
                Err(error) => {
                    if !self.deliver(Delivery::Failed(error)) {
                        break;
                    }
                }
            }
        }
        // The ingester has added its last ones before it asked for the end.
        if let Err(error) = self.acknowledge() {
            tracing::debug!(%error, "the last acknowledgement did not get through; the source will repeat itself");
        }
    }

    /// Reads until the source fails, or the end is asked for.
    fn connected(&mut self, known: &Known) -> Result<(), SourceError> {
        let resumed = self.source.resume(known)?;
        if !self.deliver(Delivery::Resumed(resumed)) {
            return Ok(());
        }
        while !self.stop.is_stopped() {
            self.acknowledge()?;
            let at = self.options.clock.now();
            let (messages, bytes) = (self.options.batch_messages, self.options.batch_bytes);
            let batch = self.source.next_batch(messages, bytes, self.stop)?;
            if batch.messages.is_empty() && batch.passed.is_empty() && batch.head.is_none() {
                continue;
            }
            let (passed, at_end, head) = (batch.passed, batch.at_end, batch.head);
            let parsed = batch.messages.into_iter().map(|message| parse(message, &self.options.limits)).collect();
            let batch = ParsedBatch { messages: parsed, passed, at, at_end, head };
            if !self.deliver(Delivery::Batch(batch)) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn acknowledge(&mut self) -> Result<(), SourceError> {
        self.acknowledgements.take().values().try_for_each(|position| self.source.acknowledge(position))
    }

    /// Waits for room; `false` when the ingester is gone.
    fn deliver(&self, delivery: Delivery) -> bool {
        self.deliveries.send(delivery).is_ok()
    }
}
