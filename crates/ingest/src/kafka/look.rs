//! Looks at the brokers: which partitions there are, where they begin and end, single records.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;

use super::config::{self, Use};
use super::context::{Consumer, Context};
use super::message::{mark, published_at};
use super::options::KafkaOptions;

/// How long one poll waits.
const STEP: Duration = Duration::from_millis(20);
/// Steps without anything new after which a look at records is given up, times the options' time-out.
const POLLS_PER_SECOND: u64 = 50;

/// Why a look showed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Blind {
    /// The brokers cannot be reached now.
    Unreachable(String),
    /// They answer, and what they say needs somebody to change something.
    Refused(String),
    /// They say that there is no such topic.
    NoTopic,
}

impl fmt::Display for Blind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(detail) | Self::Refused(detail) => f.write_str(detail),
            Self::NoTopic => f.write_str("the brokers know no such topic"),
        }
    }
}

/// A record, as far as it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) offset: i64,
    pub(super) mark: u64,
    /// Microseconds since the epoch.
    pub(super) published_at: Option<i64>,
}

/// What a look at an offset showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// The first record at it or behind it.
    Record(Seen),
    /// No record from there to the end.
    End,
    /// The brokers have no such offset.
    OutOfRange,
}

/// Looks at the brokers with a client of its own, so that nothing that is streamed is disturbed.
pub(super) struct Looker {
    consumer: Consumer,
    context: Context,
    timeout: Duration,
}

impl Looker {
    pub(super) fn new(options: &KafkaOptions) -> Result<Self, Blind> {
        let (consumer, context) = client(options, Use::Look).map_err(Blind::Refused)?;
        Ok(Self { consumer, context, timeout: options.timeout })
    }

    /// Lets the client say what happened meanwhile, and get its token.
    pub(super) fn listen(&self) {
        for _ in 0..self.steps() {
            self.consumer.poll(if self.context.has_token() { Duration::ZERO } else { STEP });
            if self.context.has_token() || self.context.trouble().is_some() {
                break;
            }
        }
    }

    /// The cluster's id, where the brokers tell one.
    pub(super) fn cluster(&self) -> Option<String> {
        self.consumer.client().fetch_cluster_id(self.timeout).filter(|id| !id.is_empty())
    }

    /// The numbers of the topic's partitions.
    pub(super) fn partitions(&self, topic: &str) -> Result<Vec<i32>, Blind> {
        let metadata = self.consumer.fetch_metadata(Some(topic), self.timeout).map_err(|e| self.blind(&e))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic).ok_or(Blind::NoTopic)?;
        if let Some(error) = found.error() {
            return Err(self.blind(&KafkaError::MetadataFetch(error.into())));
        }
        let mut partitions: Vec<i32> =
            found.partitions().iter().map(rdkafka::metadata::MetadataPartition::id).collect();
        partitions.sort_unstable();
        if partitions.is_empty() { Err(Blind::NoTopic) } else { Ok(partitions) }
    }

    /// The first offset that the partition has, and the one behind its last committed record.
    pub(super) fn watermarks(&self, topic: &str, partition: i32) -> Result<(i64, i64), Blind> {
        let (low, high) = self.consumer.fetch_watermarks(topic, partition, self.timeout).map_err(|e| self.blind(&e))?;
        self.context.answered();
        Ok((low.max(0), high.max(0)))
    }

    /// The first record at or behind an offset of each partition; a partition of which nothing came is left out.
    pub(super) fn first_at(&self, topic: &str, offsets: &[(i32, i64)]) -> Result<BTreeMap<i32, At>, Blind> {
        let mut found = BTreeMap::new();
        self.read(topic, offsets, |partition, at| {
            found.entry(partition).or_insert(at);
            true
        })?;
        Ok(found)
    }

    /// The last record of a partition from `from` up to and including `to`.
    pub(super) fn last_up_to(&self, topic: &str, partition: i32, from: i64, to: i64) -> Result<Option<Seen>, Blind> {
        let mut last = None;
        self.read(topic, &[(partition, from)], |_, at| match at {
            At::Record(seen) if seen.offset <= to => {
                last = Some(seen);
                seen.offset == to
            }
            _ => true,
        })?;
        Ok(last)
    }

    /// Reads each partition from its offset until `take` has enough of it.
    fn read(&self, topic: &str, offsets: &[(i32, i64)], mut take: impl FnMut(i32, At) -> bool) -> Result<(), Blind> {
        let mut wanted: Vec<i32> = offsets.iter().map(|(partition, _)| *partition).collect();
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            let added = list.add_partition_offset(topic, *partition, Offset::Offset(*offset));
            added.map_err(|e| self.blind(&e))?;
        }
        self.consumer.assign(&list).map_err(|e| self.blind(&e))?;
        let outcome = self.take_all(&mut wanted, &mut take);
        // What came after what was wanted is let go.
        let released = self.consumer.unassign();
        outcome?;
        released.map_err(|e| self.blind(&e))
    }

    fn take_all(&self, wanted: &mut Vec<i32>, take: &mut impl FnMut(i32, At) -> bool) -> Result<(), Blind> {
        let mut idle = 0;
        while !wanted.is_empty() {
            let (partition, at) = match self.consumer.poll(STEP) {
                None if idle < self.steps() => {
                    idle += 1;
                    continue;
                }
                None => return Err(Blind::Unreachable(self.said("no record came in time"))),
                Some(Ok(record)) => {
                    let seen =
                        Seen { offset: record.offset(), mark: mark(&record), published_at: published_at(&record) };
                    (record.partition(), At::Record(seen))
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => (partition, At::End),
                Some(Err(error)) => match error.rdkafka_error_code() {
                    // The brokers do not say of which partition; only a look at one can tell.
                    Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => match wanted[..] {
                        [only] => (only, At::OutOfRange),
                        _ => return Ok(()),
                    },
                    Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownPartition) => {
                        return Err(Blind::NoTopic);
                    }
                    _ => {
                        idle += 1;
                        continue;
                    }
                },
            };
            idle = 0;
            if wanted.contains(&partition) && take(partition, at) {
                wanted.retain(|other| *other != partition);
            }
        }
        Ok(())
    }

    fn steps(&self) -> u64 {
        let millis = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        (millis.saturating_mul(POLLS_PER_SECOND) / 1_000).max(1)
    }

    /// What an error means for us; its own words are completed by what was heard meanwhile.
    fn blind(&self, error: &KafkaError) -> Blind {
        self.listen_once();
        let detail = self.said(&error.to_string());
        match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownPartition,
            ) => Blind::NoTopic,
            Some(
                RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
                | RDKafkaErrorCode::InvalidTopic,
            ) => Blind::Refused(detail),
            _ if self.context.is_refused() => Blind::Refused(detail),
            _ => Blind::Unreachable(detail),
        }
    }

    /// The reason of an error comes on another way, often a moment later.
    fn listen_once(&self) {
        const STEPS: usize = 15;
        for _ in 0..STEPS {
            let polled = self.consumer.poll(if self.context.trouble().is_none() { STEP } else { Duration::ZERO });
            if polled.is_none() && self.context.trouble().is_some() {
                break;
            }
        }
    }

    fn said(&self, what: &str) -> String {
        self.context.trouble().map_or_else(|| what.to_owned(), |heard| format!("{what}; {heard}"))
    }
}

/// A new client; an error names the property that is wrong and nothing of its value.
pub(super) fn client(options: &KafkaOptions, purpose: Use) -> Result<(Consumer, Context), String> {
    let config = config::client(options, purpose)?;
    let context = Context::new(options);
    let consumer: Consumer = config.create_with_context(context.clone()).map_err(|error| match error {
        KafkaError::ClientConfig(_, why, name, _) => format!("the property {name} is not right: {why}"),
        other => other.to_string(),
    })?;
    Ok((consumer, context))
}
