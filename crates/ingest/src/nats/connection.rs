//! One connection: from the connect to the first thing that goes wrong.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Stop;
use continuity_events::record::SourcePosition;
use continuity_readmodel::ledger::Identity;
use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::api::Api;
use super::connect::connect;
use super::consumer::{self, Consumer};
use super::follow::{Delivered, Follower};
use super::head::{Handed, Seen};
use super::inspect::{self, Inspected};
use super::judge::{self, CREATED, Point, Remembered};
use super::options::{NatsOptions, StreamFilter};
use super::probe::{Probed, Prober};
use super::pulls::{Plan, ROOM};
use super::retention;
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
    pub(super) fn open(options: &NatsOptions, known: &Known) -> Result<(Self, Resumed), Trouble> {
        let runtime = Background::new()?;
        let gone = || Trouble::disconnected("no runtime");
        let opened = runtime.block_on(start(options, known)).ok_or_else(gone)??;
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
            && self.api.client.publish(reply, ACKNOWLEDGE.into()).now_or_never().is_none()
        {
            tracing::debug!(stream, sequence, "an acknowledgement was left out: the connection is busy");
        }
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

/// What came out of a connect.
struct Opened {
    api: Api,
    shared: Arc<Shared>,
    messages: Receiver<Delivered>,
    handed: Vec<Handed>,
    seen: Seen,
    first: Option<Delivered>,
    resumed: Resumed,
}

async fn start(options: &NatsOptions, known: &Known) -> Result<Opened, Trouble> {
    let shared = Arc::new(Shared::new(options.streams.len()));
    let client = connect(options, &shared).await?;
    let complaint = Arc::clone(&shared.complaint);
    let api = Api::new(client, options.domain.as_deref(), options.probe_timeout, complaint);
    let remembered: Vec<_> = options.streams.iter().map(|filter| remembered(known, &filter.stream)).collect();
    let inspected = inspect_all(&api, options, known, &remembered).await?;
    let resumed = resumed(options, &remembered, &inspected);
    let plan = plan(options);
    let (out, mut messages) = channel(options.streams.len() * (ROOM * plan.messages + 1));
    let mut followers = Vec::new();
    for (index, filter) in options.streams.iter().enumerate() {
        let point = remembered[index].point;
        shared.flows[index].arrived.lock().point = point;
        let consumer = consumer::create(&api, filter, point.map_or(0, |point| point.sequence)).await?;
        shared.flows[index].arrived.lock().consumer.clone_from(&consumer.name);
        let created = inspected[index].info.created.clone();
        followers.push((follower(options, &api, &shared, index, created, &out), consumer));
    }
    let seen = run(options, &api, &shared, followers).await?;
    let handed = |remembered: &Remembered| Handed { sequence: sequence(remembered), count: 0 };
    let handed: Vec<_> = remembered.iter().map(handed).collect();
    let mut first = None;
    if !seen.is_reached(&handed) {
        // Whoever calls next_batch is to find what is there.
        first = tokio::time::timeout(options.probe_timeout, messages.recv()).await.ok().flatten();
    }
    Ok(Opened { api, shared, messages, handed, seen, first, resumed })
}

/// Starts the tasks, and looks at the streams for the first time.
async fn run(
    options: &NatsOptions,
    api: &Api,
    shared: &Arc<Shared>,
    followers: Vec<(Follower, Consumer)>,
) -> Result<Seen, Trouble> {
    let probed = |follower: &Follower| Probed {
        filter: follower.filter.clone(),
        created: follower.created.clone(),
        compared: 0,
        overdue: None,
        noted: options.clock.monotonic(),
    };
    let streams = followers.iter().map(|(follower, _)| probed(follower)).collect();
    let (api, clock) = (api.clone(), Arc::clone(&options.clock));
    let mut prober = Prober { api, shared: Arc::clone(shared), streams, every: options.probe_every, clock };
    let seen = prober.look().await?;
    let runtime = tokio::runtime::Handle::current();
    for (follower, consumer) in followers {
        runtime.spawn(follower.run(consumer));
    }
    runtime.spawn(prober.run());
    Ok(seen)
}

fn follower(
    options: &NatsOptions,
    api: &Api,
    shared: &Arc<Shared>,
    index: usize,
    created: String,
    out: &Sender<Delivered>,
) -> Follower {
    let filter: StreamFilter = options.streams[index].clone();
    let (api, shared, plan, out) = (api.clone(), Arc::clone(shared), plan(options), out.clone());
    Follower { api, shared, index, filter, created, plan, max_message_bytes: options.max_message_bytes, out }
}

/// What may be asked for of each stream.
fn plan(options: &NatsOptions) -> Plan {
    let share = options.max_bytes_in_flight / options.streams.len().max(1);
    Plan {
        messages: options.fetch_messages.max(1),
        bytes: (share / ROOM).max(4 << 10),
        expires: options.probe_every.max(Duration::from_secs(1)),
        grace: options.probe_timeout,
    }
}

fn remembered(known: &Known, stream: &str) -> Remembered {
    let point = known.positions.iter().find_map(|position| match position {
        SourcePosition::Stream { stream: name, sequence, mark } if name == stream => {
            Some(Point { sequence: *sequence, mark: *mark })
        }
        _ => None,
    });
    let created = known.identity(stream).and_then(|identity| identity.fact(CREATED)).map(str::to_owned);
    Remembered { created, point, unread: point.map(|point| point.sequence + 1) }
}

fn sequence(remembered: &Remembered) -> u64 {
    remembered.point.map_or(0, |point| point.sequence)
}

/// Every stream, if none is another one than the one that was read.
async fn inspect_all(
    api: &Api,
    options: &NatsOptions,
    known: &Known,
    remembered: &[Remembered],
) -> Result<Vec<Inspected>, Trouble> {
    let mut configured = Vec::new();
    let mut infos = Vec::new();
    for filter in &options.streams {
        let info = api.stream(&filter.stream).await?;
        let absent = || Identity { partition: filter.stream.clone(), facts: Vec::new() };
        configured.push(info.as_ref().map_or_else(absent, |info| judge::identity(&filter.stream, info)));
        infos.push(info);
    }
    if infos.iter().all(Option::is_some) {
        judge::renamed(&known.identities, &configured)?;
    }
    let mut inspected = Vec::new();
    for ((filter, remembered), info) in options.streams.iter().zip(remembered).zip(infos) {
        inspected.push(inspect::inspect_as(api, &filter.stream, remembered, info).await?);
    }
    Ok(inspected)
}

fn resumed(options: &NatsOptions, remembered: &[Remembered], inspected: &[Inspected]) -> Resumed {
    let mut resumed = Resumed::default();
    let (mut from, mut kept) = (Vec::new(), Vec::new());
    for ((filter, remembered), Inspected { info, found }) in options.streams.iter().zip(remembered).zip(inspected) {
        let name = &filter.stream;
        from.push(match remembered.point {
            Some(_) => format!("{name} behind {}", judge::point(remembered)),
            None => format!("{name} from its beginning"),
        });
        resumed.warnings.extend(judge::surprises(name, remembered, info, *found));
        let limits = retention::limits(name, info);
        resumed.warnings.extend(limits.warnings);
        kept.push(limits.retention);
        resumed.identities.push(judge::identity(name, info));
    }
    resumed.from = from.join(", ");
    resumed.retention = Some(retention::shortest(kept));
    resumed
}
