//! The connect: who is there, is it still what was read, and where to begin.

use std::sync::Arc;
use std::time::Duration;

use continuity_events::record::SourcePosition;
use continuity_readmodel::ledger::Identity;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::api::Api;
use super::connect::connect;
use super::consumer::{self, Consumer};
use super::follow::{Delivered, Follower};
use super::head::{Handed, Seen};
use super::inspect::{self, Inspected};
use super::judge::{self, CREATED, NEXT, Point, Remembered};
use super::options::NatsOptions;
use super::probe::{Probed, Prober};
use super::pulls::{Plan, ROOM};
use super::retention;
use super::shared::Shared;
use super::trouble::Trouble;
use crate::source::{Known, Resumed, Retention};

/// What came out of a connect.
pub(super) struct Opened {
    pub(super) api: Api,
    pub(super) shared: Arc<Shared>,
    pub(super) messages: Receiver<Delivered>,
    pub(super) handed: Vec<Handed>,
    pub(super) seen: Seen,
    pub(super) first: Option<Delivered>,
    pub(super) resumed: Resumed,
}

/// Connects, checks the streams, and starts to follow them behind the known positions. Of the streams that are `stuck`
/// the next message is got by itself.
pub(super) async fn open(options: &NatsOptions, known: &Known, stuck: &[String]) -> Result<Opened, Trouble> {
    let shared = Arc::new(Shared::new(options.streams.len()));
    let client = connect(options, &shared).await?;
    let complaint = Arc::clone(&shared.complaint);
    let api = Api::new(client, options.domain.as_deref(), options.probe_timeout, complaint);
    let remembered: Vec<_> = options.streams.iter().map(|filter| remembered(known, &filter.stream)).collect();
    let inspected = inspect_all(&api, options, known, &remembered).await?;
    for ((filter, remembered), Inspected { info, .. }) in options.streams.iter().zip(&remembered).zip(&inspected) {
        judge::refiltered(filter, known.identity(&filter.stream), remembered, info)?;
    }
    let resumed = resumed(options, &remembered, &inspected);
    let plan = plan(options);
    let (out, mut messages) = channel(options.streams.len() * (ROOM * plan.messages + 1));
    let mut followers = Vec::new();
    for (index, filter) in options.streams.iter().enumerate() {
        let point = remembered[index].point;
        shared.flows[index].arrived.lock().point = point;
        let created = inspected[index].info.created.clone();
        let follower = follower(options, &api, &shared, index, created, &out);
        if stuck.contains(&filter.stream) {
            follower.get_next().await?;
        }
        let from = shared.flows[index].arrived.lock().sequence();
        let consumer = consumer::create(&api, filter, from).await?;
        shared.flows[index].arrived.lock().consumer.clone_from(&consumer.name);
        followers.push((follower, consumer));
    }
    let seen = run(options, &api, &shared, followers).await?;
    let handed = |remembered: &Remembered| Handed { sequence: sequence(remembered), count: 0 };
    let handed: Vec<_> = remembered.iter().map(handed).collect();
    let mut first = None;
    if !seen.is_reached(&handed) {
        // Whoever calls next_batch is to find what is there.
        first = tokio::select! {
            biased;
            message = messages.recv() => message,
            () = shared.changed.notified() => None,
            () = tokio::time::sleep(options.probe_timeout) => None,
        };
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
        starved: None,
    };
    let streams = followers.iter().map(|(follower, _)| probed(follower)).collect();
    let (api, clock) = (api.clone(), Arc::clone(&options.clock));
    let plan = plan(options);
    let patience = (plan.expires + plan.grace) * 3;
    let mut prober = Prober { api, shared: Arc::clone(shared), streams, every: options.probe_every, patience, clock };
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
    let filter = options.streams[index].clone();
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
    let fact = |name| known.identity(stream).and_then(|identity| identity.fact(name));
    let (created, next) = (fact(CREATED).map(str::to_owned), fact(NEXT).and_then(|next| next.parse().ok()));
    Remembered { created, next, point, unread: point.map(|point| point.sequence + 1) }
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
        resumed.identities.push(judge::followed(filter, remembered, info));
    }
    resumed.from = from.join(", ");
    resumed.retention = Some(kept.into_iter().fold(Retention::default(), Retention::tighter));
    resumed
}
