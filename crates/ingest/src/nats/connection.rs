//! One connection: from the connect to the first thing that goes wrong.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Stop;
use continuity_events::record::SourcePosition;
use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::Receiver;

use super::api::Api;
use super::follow::Delivered;
use super::head::{Handed, Seen};
use super::open::{Opened, open};
use super::options::NatsOptions;
use super::shared::Shared;
use super::trouble::Trouble;
use crate::source::{Batch, Known, Resumed};

/// How long a batch is waited for.
const IDLE: Duration = Duration::from_millis(100);
/// Ends of batches that wait for an acknowledgement, for each stream; older ones are covered by newer ones.
const UNACKNOWLEDGED: usize = 4_096;
const ACKNOWLEDGE: &str = "+ACK";

/// A runtime that goes without waiting for anything.
struct Background(Option<Runtime>);

impl Background {
    fn new() -> Result<Self, Trouble> {
        let built = Builder::new_multi_thread().worker_threads(1).thread_name("nats").enable_all().build();
        let runtime = built.map_err(|error| Trouble::disconnected(format!("no thread for the connection: {error}")))?;
        Ok(Self(Some(runtime)))
    }

    fn block_on<F: Future>(&self, future: F) -> Option<F::Output> {
        self.0.as_ref().map(|runtime| runtime.block_on(future))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A connection that delivers.
pub(super) struct Connection {
    // Before the runtime: it is of no use without it.
    messages: Receiver<Delivered>,
    runtime: Background,
    api: Api,
    shared: Arc<Shared>,
    streams: Vec<String>,
    handed: Vec<Handed>,
    /// Sequence and reply subject of the ends of batches, for each stream.
    unacknowledged: Vec<VecDeque<(u64, String)>>,
    /// The first message, which the connect waited for.
    first: Option<Delivered>,
    /// The newest look at the streams.
    seen: Seen,
    /// It was told at all.
    told: bool,
    /// It was told that its ends were reached.
    told_end: bool,
}

impl Connection {
    /// Connects, checks the streams and goes behind the known positions.
    /// Streams that are `stuck` ended the last connection before they delivered anything.
    pub(super) fn open(options: &NatsOptions, known: &Known, stuck: &[String]) -> Result<(Self, Resumed), Trouble> {
        let runtime = Background::new()?;
        let gone = || Trouble::disconnected("no runtime");
        let opened = runtime.block_on(open(options, known, stuck)).ok_or_else(gone)??;
        let Opened { api, shared, messages, handed, seen, first, resumed } = opened;
        let streams: Vec<_> = options.streams.iter().map(|filter| filter.stream.clone()).collect();
        let unacknowledged = streams.iter().map(|_| VecDeque::new()).collect();
        let connection = Self {
            messages,
            runtime,
            api,
            shared,
            streams,
            handed,
            unacknowledged,
            first,
            seen,
            told: false,
            told_end: false,
        };
        Ok((connection, resumed))
    }

    /// See [`crate::Source::next_batch`].
    pub(super) fn next_batch(&mut self, messages: usize, bytes: usize, stop: &Stop) -> Result<Batch, Trouble> {
        let trouble = self.shared.trouble();
        if let Some(trouble @ (Trouble::Diverged(_) | Trouble::Refused(_))) = trouble {
            return Err(trouble);
        }
        let mut batch = Batch::default();
        self.fill(&mut batch, messages, bytes);
        if batch.messages.is_empty() {
            if let Some(trouble) = trouble {
                return Err(trouble);
            }
            self.wait(stop, &mut batch);
            self.fill(&mut batch, messages, bytes);
        }
        self.look(&mut batch);
        Ok(batch)
    }

    /// Everything up to there is durable here; the broker is told, if that can be done without waiting.
    pub(super) fn acknowledge(&mut self, stream: &str, sequence: u64) {
        let Some(index) = self.streams.iter().position(|name| name == stream) else { return };
        let waiting = &mut self.unacknowledged[index];
        let covered = waiting.iter().take_while(|(known, _)| *known <= sequence).count();
        if let Some((_, reply)) = waiting.drain(..covered).next_back()
            && !reply.is_empty()
            && self.api.client.publish(reply, ACKNOWLEDGE.into()).now_or_never().is_none()
        {
            tracing::debug!(stream, sequence, "an acknowledgement was left out: the connection is busy");
        }
    }

    /// The streams that delivered nothing although there was something.
    pub(super) fn stuck(&self) -> Vec<String> {
        let mut stuck = Vec::new();
        for (index, stream) in self.streams.iter().enumerate() {
            let arrived = self.shared.flows[index].arrived.lock();
            let at_end = self.seen.ends.get(index).is_none_or(|end| end.is_reached(self.handed[index]));
            if arrived.count == arrived.got && !at_end {
                stuck.push(stream.clone());
            }
        }
        stuck
    }

    fn fill(&mut self, batch: &mut Batch, messages: usize, bytes: usize) {
        let mut taken: usize = batch.messages.iter().map(|message| message.raw.len()).sum();
        let mut last: Vec<Option<(u64, String)>> = vec![None; self.streams.len()];
        while batch.messages.len() < messages && taken < bytes {
            let next = self.first.take().or_else(|| self.messages.try_recv().ok());
            let Some(delivered) = next else { break };
            taken += delivered.message.raw.len();
            self.hand_over(delivered, batch, &mut last);
        }
        for (waiting, last) in self.unacknowledged.iter_mut().zip(last) {
            waiting.extend(last);
            if waiting.len() > UNACKNOWLEDGED {
                waiting.pop_front();
            }
        }
    }

    fn hand_over(&mut self, delivered: Delivered, batch: &mut Batch, last: &mut [Option<(u64, String)>]) {
        let Delivered { stream, sequence, reply, bytes, message } = delivered;
        self.shared.flows[stream].take(bytes);
        let handed = &mut self.handed[stream];
        (handed.sequence, handed.count) = (sequence, handed.count + 1);
        last[stream] = Some((sequence, reply));
        batch.messages.push(message);
    }

    /// Waits until something comes or happens, or for a while.
    fn wait(&mut self, stop: &Stop, batch: &mut Batch) {
        let (messages, shared) = (&mut self.messages, &self.shared);
        let waited = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = stop.stopped() => None,
                message = messages.recv() => message,
                () = shared.changed.notified() => None,
                () = tokio::time::sleep(IDLE) => None,
            }
        });
        if let Some(delivered) = waited.flatten() {
            let mut last = vec![None; self.streams.len()];
            self.hand_over(delivered, batch, &mut last);
            for (waiting, last) in self.unacknowledged.iter_mut().zip(last) {
                waiting.extend(last);
            }
        }
    }

    /// Tells what was seen of the ends of the streams.
    fn look(&mut self, batch: &mut Batch) {
        if let Some(seen) = self.shared.take_seen() {
            (self.seen, self.told, self.told_end) = (seen, false, false);
        }
        let seen = &self.seen;
        batch.at_end = seen.is_reached(&self.handed);
        if batch.messages.is_empty() {
            batch.passed = passed(seen, &self.streams, &mut self.handed);
        }
        if !self.told || (batch.at_end && !self.told_end) {
            batch.head = Some(seen.head(&self.streams, &self.handed));
        }
        (self.told, self.told_end) = (true, self.told_end || batch.at_end);
        if !batch.at_end && batch.messages.is_empty() {
            self.shared.curious.notify_one();
        }
    }
}

/// Ends of streams that were reached without a message for us, as positions of their own.
fn passed(seen: &Seen, streams: &[String], handed: &mut [Handed]) -> Vec<SourcePosition> {
    let mut positions = Vec::new();
    for ((end, handed), stream) in seen.ends.iter().zip(handed).zip(streams) {
        let reached = end.is_reached(*handed);
        if let Some(point) = end.passed.filter(|point| reached && point.sequence > handed.sequence) {
            handed.sequence = point.sequence;
            let (stream, mark) = (stream.clone(), point.mark);
            positions.push(SourcePosition::Stream { stream, sequence: point.sequence, mark });
        }
    }
    positions
}
