//! Looks at the streams now and then: the proof of life, where they end, and whether they still are what was read.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Timestamp};

use super::api::{Api, ConsumerInfo, StreamInfo};
use super::head::{End, Seen};
use super::inspect;
use super::judge::{Point, Remembered};
use super::message;
use super::options::StreamFilter;
use super::retention;
use super::shared::{Arrived, Shared, Watch};
use super::trouble::Trouble;

/// The shortest time between two looks.
const REST: Duration = Duration::from_millis(100);
/// The message at the point is compared at every look when it is no larger than this, else once.
const SMALL: usize = 256 << 10;
/// How often it is noted that a filtered stream was passed without a message for us. Without that, a stream that drops
/// other messages by age would seem to have lost some of ours.
const PASS_EVERY: Duration = Duration::from_mins(1);

/// Looks at the streams of one connection.
pub(super) struct Prober {
    pub(super) api: Api,
    pub(super) shared: Arc<Shared>,
    pub(super) streams: Vec<Probed>,
    pub(super) every: Duration,
    /// For so long the server may leave requests for messages that it has unanswered.
    pub(super) patience: Duration,
    pub(super) clock: Arc<dyn Clock>,
}

/// One stream that is looked at.
pub(super) struct Probed {
    pub(super) filter: StreamFilter,
    /// When it was created.
    pub(super) created: String,
    /// The last message that was compared.
    pub(super) compared: u64,
    /// A message that should have come, at the last look.
    pub(super) overdue: Option<u64>,
    /// When it was last noted that messages were passed.
    pub(super) noted: Duration,
    /// Since when messages are there and none comes although there is room, and how many had come then.
    pub(super) starved: Option<(Duration, u64)>,
}

/// How far a consumer is.
#[derive(Clone, Copy, Debug)]
struct Flowing {
    /// Messages that it has still to deliver.
    pending: u64,
    /// Messages that it delivered and that did not arrive yet, where that is known.
    under_way: Option<u64>,
    /// Messages that arrived since the connect.
    count: u64,
}

impl Prober {
    /// Until the connection ends.
    pub(super) async fn run(mut self) {
        let _watch = Watch(Arc::clone(&self.shared), "looking at the streams");
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                () = self.shared.curious.notified() => {}
            }
            match self.look().await {
                Ok(seen) => self.shared.see(seen),
                Err(trouble) => return self.shared.fail(trouble),
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// One look at all streams.
    pub(super) async fn look(&mut self) -> Result<Seen, Trouble> {
        let mut seen = Seen { asked_at: self.clock.now(), ..Seen::default() };
        let now = self.clock.monotonic();
        for (index, stream) in self.streams.iter_mut().enumerate() {
            let (info, mut end, flowing) = stream.look(&self.api, &self.shared, index).await?;
            if stream.starves(flowing, self.shared.flows[index].waiting() == (0, 0), now, self.patience) {
                return Err(self.api.starved(&stream.filter.stream, self.patience));
            }
            end.passed = stream.passed(&self.api, end, now).await?;
            let clock = info.ts.as_deref().and_then(timestamp);
            if index == 0 {
                seen.source_clock = clock;
            }
            let newest = timestamp(&info.state.last_ts).filter(|_| info.state.last_seq > 0);
            seen.published_at = seen.published_at.max(newest);
            let kept = retention::limits(&stream.filter.stream, &info).retention;
            seen.retention = seen.retention.tighter(kept);
            seen.ends.push(end);
        }
        Ok(seen)
    }
}

impl Probed {
    async fn look(&mut self, api: &Api, shared: &Shared, index: usize) -> Result<(StreamInfo, End, Flowing), Trouble> {
        let name = &self.filter.stream;
        let flow = &shared.flows[index];
        let before = {
            let mut arrived = flow.arrived.lock();
            let before = arrived.clone();
            arrived.jump = None;
            before
        };
        let info = api.stream(name).await?;
        let consumer = api.consumer(name, &before.consumer).await?;
        let after = flow.arrived.lock().clone();
        let under_way = consumer.as_ref().filter(|_| after.consumer == before.consumer);
        let under_way = under_way.map(|consumer| consumer.delivered.consumer_seq.saturating_sub(after.delivered));
        let inspected = inspect::inspect_as(api, name, &self.remembered(&before, &after, under_way), info).await?;
        self.compared = before.sequence();
        let info = inspected.info;
        let last = info.state.last_seq;
        let pending = consumer.as_ref().map_or(1, |consumer: &ConsumerInfo| consumer.num_pending);
        let mut reached_at = last;
        if under_way == Some(0) && pending == 0 && after.sequence() < last {
            let next = api.next(&self.filter, after.sequence() + 1).await?;
            match next.map(|stored| stored.sequence).filter(|sequence| *sequence <= last) {
                None => {
                    self.overdue = None;
                    reached_at = after.sequence();
                    let mut arrived = flow.arrived.lock();
                    arrived.cleared = arrived.cleared.max(last);
                }
                Some(sequence) if flow.arrived.lock().sequence() >= sequence => self.overdue = None,
                Some(sequence) if self.overdue == Some(sequence) => {
                    let detail = format!("{name}: message {sequence} is there and is not delivered");
                    return Err(Trouble::disconnected(detail));
                }
                Some(sequence) => self.overdue = Some(sequence),
            }
        } else {
            self.overdue = None;
        }
        let to_come = pending + under_way.unwrap_or(0);
        let end = End { last, reached_at, to_come, arrived: after.count, passed: None };
        Ok((info, end, Flowing { pending, under_way, count: after.count }))
    }

    /// Whether messages have been there for too long, and room for them, and none came: a user that may not ask for
    /// messages is told so by nothing else.
    fn starves(&mut self, flowing: Flowing, room: bool, now: Duration, patience: Duration) -> bool {
        let starved = room && flowing.pending > 0 && flowing.under_way == Some(0);
        self.starved = match self.starved {
            Some((since, count)) if starved && count == flowing.count => Some((since, count)),
            _ => starved.then_some((now, flowing.count)),
        };
        self.starved.is_some_and(|(since, _)| now.saturating_sub(since) >= patience)
    }

    /// The end of a filtered stream, now and then, when nothing up to it is for us.
    async fn passed(&mut self, api: &Api, end: End, now: Duration) -> Result<Option<Point>, Trouble> {
        let due = now.saturating_sub(self.noted) >= PASS_EVERY;
        if !due || self.filter.subjects.is_empty() || end.reached_at == end.last {
            return Ok(None);
        }
        self.noted = now;
        let stored = api.message(&self.filter.stream, end.last).await?;
        Ok(Some(Point { sequence: end.last, mark: stored.map_or(0, |stored| stored.mark) }))
    }

    /// What is known of the stream: of what arrived before it was asked, and of what is certain not to have come.
    fn remembered(&self, before: &Arrived, after: &Arrived, under_way: Option<u64>) -> Remembered {
        let compared = before.bytes > SMALL && self.compared == before.sequence();
        let point = before.point.map(|mut point| {
            if compared {
                point.mark = 0;
            }
            point
        });
        let next = after.sequence().max(after.cleared) + 1;
        let unread = before.jump.map(|jump| jump + 1).or((under_way == Some(0)).then_some(next));
        let unread = unread.map(|unread| unread.max(before.cleared + 1));
        Remembered { created: Some(self.created.clone()), next: None, point, unread }
    }
}

fn timestamp(rfc3339: &str) -> Option<Timestamp> {
    message::nanos(rfc3339).map(|nanos| Timestamp::from_micros(nanos.div_euclid(1_000)))
}
