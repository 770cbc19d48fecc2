//! Reads a stream or a topic back with the brokers' own clients.

use std::collections::BTreeMap;
use std::time::Duration;

use continuity_base::{Clock, SystemClock};
use continuity_events::{CloudEvent, Limits};
use continuity_simulator::publish::{Position, Summary};
use continuity_tests::brokers::KafkaBroker;
use continuity_tests::harness::Failure;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;

/// One message as the broker has it.
pub(super) struct Arrived {
    /// Its subject, or its topic and partition.
    pub(super) place: String,
    /// Its sequence in the stream, or its offset.
    pub(super) position: u64,
    pub(super) key: Option<String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl Arrived {
    /// Whether the positions of a manifest cover it; control events need not be covered.
    pub(super) fn is_covered_by(&self, at: &Value) -> bool {
        let covered = match self.place.split_once('/') {
            Some((topic, partition)) => &at[topic][partition],
            None => &at["BANCLO_CHANGES"],
        };
        covered.as_u64().is_some_and(|last| self.position <= last)
    }

    /// The event of a message in binary mode.
    pub(super) fn binary_event(&self) -> CloudEvent {
        let nats = self.headers.contains_key("ce-id");
        let prefixed = self.headers.iter().filter(|(name, _)| name.starts_with("ce") || *name == "content-type");
        let attributes: Vec<(&str, String)> =
            prefixed.map(|(name, value)| (name.as_str(), if nats { decoded(value) } else { value.clone() })).collect();
        let attributes: Vec<(&str, &str)> = attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
        CloudEvent::parse_binary(&attributes, self.body.as_bytes(), &Limits::default()).unwrap()
    }
}

/// An event in structured mode.
pub(super) fn parsed(line: &str) -> CloudEvent {
    CloudEvent::parse_structured(line.as_bytes(), &Limits::default()).unwrap()
}

/// Percent-decoded.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(&after[..2], 16).unwrap());
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap()
}

/// How the stream was made.
pub(super) fn stream_config(url: &str) -> Result<async_nats::jetstream::stream::Config, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let context = async_nats::jetstream::new(async_nats::connect(url).await?);
        Ok(context.get_stream("BANCLO_CHANGES").await?.cached_info().config.clone())
    })
}

/// Every message of the stream, in order.
pub(super) fn nats(url: &str) -> Result<Vec<Arrived>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let context = async_nats::jetstream::new(async_nats::connect(url).await?);
        let stream = context.get_stream("BANCLO_CHANGES").await?;
        let last = stream.cached_info().state.last_sequence;
        let mut arrived = Vec::new();
        for sequence in 1..=last {
            let message = stream.get_raw_message(sequence).await?;
            let headers = message.headers.iter().map(|(name, values)| (name.to_string(), values[0].to_string()));
            arrived.push(Arrived {
                place: message.subject.to_string(),
                position: message.sequence,
                key: None,
                headers: headers.collect(),
                body: String::from_utf8(message.payload.to_vec())?,
            });
        }
        Ok(arrived)
    })
}

/// Every message of the topics, partition by partition, up to where the publisher says that it came.
pub(super) fn kafka(broker: &KafkaBroker, summary: &Summary) -> Result<Vec<Arrived>, Failure> {
    let mut arrived = Vec::new();
    for (topic, position) in &summary.positions {
        let Position::Offsets(offsets) = position else { return Err(format!("{topic} has no offsets").into()) };
        for (partition, last) in offsets {
            arrived.extend(partition_of(&broker.servers(), topic, *partition, *last)?);
        }
    }
    Ok(arrived)
}

fn partition_of(servers: &str, topic: &str, partition: i32, last: i64) -> Result<Vec<Arrived>, Failure> {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", servers).set("group.id", "reads-back").create()?;
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
    consumer.assign(&assignment)?;
    let clock = SystemClock::new();
    let mut arrived: Vec<Arrived> = Vec::new();
    while arrived.last().is_none_or(|message| message.position < last.unsigned_abs()) {
        if clock.monotonic() > Duration::from_mins(1) {
            return Err(format!("{topic}/{partition} gave {} messages, not up to {last}", arrived.len()).into());
        }
        let Some(message) = consumer.poll(Duration::from_millis(200)) else { continue };
        let message = message?;
        let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let headers = message.headers().into_iter().flat_map(Headers::iter);
        arrived.push(Arrived {
            place: format!("{topic}/{partition}"),
            position: message.offset().unsigned_abs(),
            key: text(message.key()),
            headers: headers.map(|header| (header.key.to_owned(), text(header.value).unwrap_or_default())).collect(),
            body: text(message.payload()).unwrap_or_default(),
        });
    }
    Ok(arrived)
}
