//! The client that streams, from one resume to the next error.

mod records;

use std::time::Duration;

use continuity_base::Stop;
use continuity_events::record::SourcePosition;
use rdkafka::consumer::Consumer as _;
use rdkafka::{Offset, TopicPartitionList};

use super::check::Report;
use super::commit::Commits;
use super::config::Use;
use super::context::{Consumer, Context};
use super::keys::Keys;
use super::known::KnownParts;
use super::look::{Looker, client};
use super::options::KafkaOptions;
use super::parts::Parts;
use super::probe::{Prober, patience};
use crate::SourceError;
use crate::source::{Batch, Message};

/// How long one wait for messages is; the stop is looked at in between.
const STEP: Duration = Duration::from_millis(20);
/// Waits before an empty batch is returned.
const STEPS: u32 = 5;
/// Waits for the first record of a partition that has some: the client is still connecting.
const FIRST_STEPS: u32 = 100;

/// A connection.
pub(super) struct Connection {
    name: String,
    options: KafkaOptions,
    consumer: Consumer,
    context: Context,
    prober: Prober,
    known: KnownParts,
    parts: Parts,
    keys: Keys,
    commits: Commits,
    /// A message that did not fit into the batch before.
    pending: Option<Message>,
    /// A record or a partition's end came.
    begun: bool,
    /// A partition's end was reached since markers were last looked for.
    ended: bool,
    /// The first report was not handed over yet.
    fresh_head: bool,
    /// Nothing is taken before the look with this number.
    hold: Option<u64>,
    /// When the brokers last showed that they are sound, by the monotonic clock.
    sound_at: Duration,
}

impl Connection {
    /// Begins to stream behind the known positions of sound topics.
    pub(super) fn open(
        name: &str,
        options: &KafkaOptions,
        looker: Looker,
        known: KnownParts,
        report: &Report,
    ) -> Result<Self, SourceError> {
        let failed = |detail: String| SourceError::Disconnected { source_name: name.to_owned(), detail };
        let (consumer, context) = client(options, Use::Stream)
            .map_err(|detail| SourceError::Refused { source_name: name.to_owned(), detail })?;
        let prober = Prober::start(name, options, looker, known.clone())
            .map_err(|error| failed(format!("no thread to look at the brokers on: {error}")))?;
        let mut connection = Self {
            name: name.to_owned(),
            sound_at: options.clock.monotonic(),
            options: options.clone(),
            consumer,
            context,
            prober,
            known,
            parts: Parts::default(),
            keys: Keys::new(),
            commits: Commits::default(),
            pending: None,
            begun: false,
            ended: false,
            fresh_head: true,
            hold: None,
        };
        connection.add(report)?;
        connection.parts.ends(report);
        connection.tell_prober();
        Ok(connection)
    }

    /// Where delivery begins, in words.
    pub(super) fn from(&self) -> String {
        let positions = self.parts.all().filter(|reading| reading.point.is_some()).count();
        let count = self.parts.all().count();
        match (count, self.parts.all().next()) {
            (1, Some(only)) => format!("offset {} of {}", only.next, only.part.name()),
            _ if positions == 0 => format!("the beginning of {count} partitions"),
            _ if positions == count => format!("the positions of {count} partitions"),
            _ => format!("the positions of {positions} partitions, and the beginning of {} more", count - positions),
        }
    }

    /// Begins to read the partitions that are not read yet.
    fn add(&mut self, report: &Report) -> Result<(), SourceError> {
        let added = self.parts.add(report, &self.known);
        if added.is_empty() {
            return Ok(());
        }
        let mut list = TopicPartitionList::with_capacity(added.len());
        for (part, point) in &added {
            let offset = point.map_or(Offset::Beginning, |point| Offset::Offset(point.offset.saturating_add(1)));
            list.add_partition_offset(&part.topic, part.partition, offset).map_err(|error| self.lost(&error))?;
        }
        self.consumer.incremental_assign(&list).map_err(|error| self.lost(&error))
    }

    pub(super) fn next_batch(&mut self, messages: usize, bytes: usize, stop: &Stop) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        self.take_report(&mut batch)?;
        self.fill(&mut batch, messages, bytes, stop)?;
        self.pass_markers(&mut batch)?;
        if self.fresh_head {
            self.fresh_head = false;
            batch.head = Some(self.parts.head());
        } else if let Some(head) = &mut batch.head {
            *head = self.parts.head();
        }
        batch.at_end = self.pending.is_none() && self.parts.at_end();
        self.tell_prober();
        self.commits.send(&self.consumer, &self.context, &*self.options.clock);
        Ok(batch)
    }

    /// Notes that everything up to the position is durable.
    pub(super) fn acknowledge(&mut self, position: &SourcePosition) {
        if self.options.commit_group.is_some() {
            self.commits.add(position);
            self.commits.send(&self.consumer, &self.context, &*self.options.clock);
        }
    }

    /// What the prober saw since.
    fn take_report(&mut self, batch: &mut Batch) -> Result<(), SourceError> {
        let now = self.options.clock.monotonic();
        let Some(outcome) = self.prober.take() else {
            let silent = now.saturating_sub(self.sound_at);
            if silent > patience(&self.options) {
                let detail = format!("the brokers were not seen for {} s", silent.as_secs());
                return Err(self.failed(detail));
            }
            return Ok(());
        };
        let report = outcome.result?;
        self.sound_at = now;
        self.context.answered();
        if self.hold.is_some_and(|number| outcome.number >= number) {
            self.hold = None;
        }
        self.add(&report)?;
        batch.passed.extend(self.parts.ends(&report));
        batch.head = Some(self.parts.head());
        Ok(())
    }

    /// Takes what there is, within the bounds; waits a little when there is nothing.
    fn fill(&mut self, batch: &mut Batch, messages: usize, bytes: usize, stop: &Stop) -> Result<(), SourceError> {
        let (mut taken, mut waits) = (0, 0);
        let most = if self.begun || self.parts.behind() == 0 { STEPS } else { FIRST_STEPS };
        if let Some(message) = self.pending.take() {
            taken += message.raw.len();
            batch.messages.push(message);
        }
        while batch.messages.len() < messages.max(1) && (taken < bytes || batch.messages.is_empty()) {
            if stop.is_stopped() {
                return Ok(());
            }
            if self.hold.is_some() && self.wait_for_a_look(batch, stop)? {
                return Ok(());
            }
            let wait = if batch.messages.is_empty() { STEP } else { Duration::ZERO };
            let polled = self.consumer.poll(wait).map(|polled| polled.map(|record| self.received(&record)));
            let message = match polled {
                None if !batch.messages.is_empty() || waits + 1 >= most => return Ok(()),
                None => {
                    waits += 1;
                    continue;
                }
                Some(Ok(received)) => self.took(received)?,
                Some(Err(error)) => {
                    self.heard(&error)?;
                    continue;
                }
            };
            if !batch.messages.is_empty() && taken.saturating_add(message.raw.len()) > bytes {
                self.pending = Some(message);
                return Ok(());
            }
            taken = taken.saturating_add(message.raw.len());
            batch.messages.push(message);
        }
        Ok(())
    }
}
