//! Following topics that are as they should be.

use std::collections::BTreeMap;
use std::time::Duration;

use continuity_base::{Clock, Stop, SystemClock};
use continuity_events::record::SourcePosition;
use continuity_ingest::{Message, Raw, Source, SourceError};
use continuity_tests::brokers::KafkaBroker;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::support::{Replica, bytes, events, grow, options, publish, source, topic, transaction};

/// Payloads by partition, in the order in which they came.
fn by_partition(messages: &[Message]) -> BTreeMap<i32, Vec<Vec<u8>>> {
    let mut found: BTreeMap<i32, Vec<Vec<u8>>> = BTreeMap::new();
    for message in messages {
        let SourcePosition::Topic { partition, .. } = message.position else { panic!("{message:?}") };
        found.entry(partition).or_default().extend(bytes(std::slice::from_ref(message)));
    }
    found
}

#[test]
fn all_partitions_are_read_and_resumed() {
    let broker = KafkaBroker::start().unwrap();
    topic(&broker, "changes", 3);
    for partition in 0..3 {
        publish(&broker, "changes", partition, &events(0..20));
    }
    let (mut replica, mut reader) = (Replica::default(), source(&broker, &["changes"]));
    let first = replica.read(&mut reader);
    assert_eq!(by_partition(&first), (0..3).map(|partition| (partition, events(0..20))).collect());
    publish(&broker, "changes", 1, &events(20..25));
    // Another process goes on behind what is durable.
    let mut reader = source(&broker, &["changes"]);
    assert_eq!(by_partition(&replica.read(&mut reader)), BTreeMap::from([(1, events(20..25))]));
    let identity = &replica.known.identities[0];
    assert_eq!(identity.fact("kind"), Some("kafka"));
    assert!(identity.fact("first").is_some(), "{identity:?}");
}

#[test]
fn several_topics_are_one_source() {
    let broker = KafkaBroker::start().unwrap();
    for name in ["loans", "controls"] {
        topic(&broker, name, 1);
        publish(&broker, name, 0, &events(0..5));
    }
    let (mut replica, mut reader) = (Replica::default(), source(&broker, &["loans", "controls"]));
    assert_eq!(reader.name(), "kafka:loans,controls");
    assert_eq!(replica.read(&mut reader).len(), 10);
}

#[test]
fn what_is_published_later_comes_and_the_head_says_so() {
    let broker = KafkaBroker::start().unwrap();
    topic(&broker, "changes", 1);
    let (mut replica, mut reader) = (Replica::default(), source(&broker, &["changes"]));
    assert!(replica.read(&mut reader).is_empty());
    publish(&broker, "changes", 0, &events(0..10));
    assert_eq!(bytes(&replica.read_more(&mut reader, 10)), events(0..10));
    let mut numbers = Vec::new();
    replica.read_until(&mut reader, |batch, _| {
        numbers.extend(batch.head.iter().map(|head| (head.number, head.behind, head.asked_at.is_some())));
        numbers.len() >= 2
    });
    assert_eq!(numbers.last(), Some(&(10, 0, true)));
}

#[test]
fn aborted_records_are_hidden_and_markers_at_the_end_are_passed() {
    let broker = KafkaBroker::start().unwrap();
    topic(&broker, "changes", 1);
    transaction(&broker, "changes", &events(0..5), true);
    transaction(&broker, "changes", &events(5..8), false);
    let (mut replica, mut reader) = (Replica::default(), source(&broker, &["changes"]));
    assert_eq!(bytes(&replica.read(&mut reader)), events(0..5));
    // The end stays reached for a new connection, too.
    let mut reader = source(&broker, &["changes"]);
    assert!(replica.read(&mut reader).is_empty());
    publish(&broker, "changes", 0, &events(8..9));
    assert_eq!(bytes(&replica.read_more(&mut reader, 1)), events(8..9));
}

#[test]
fn partitions_that_are_added_are_read_from_their_beginning() {
    let broker = KafkaBroker::start().unwrap();
    topic(&broker, "changes", 1);
    publish(&broker, "changes", 0, &events(0..5));
    let (mut replica, mut reader) = (Replica::default(), source(&broker, &["changes"]));
    assert_eq!(replica.read(&mut reader).len(), 5);
    grow(&broker, "changes", 3);
    publish(&broker, "changes", 2, &events(5..9));
    let more = replica.read_more(&mut reader, 4);
    assert_eq!(by_partition(&more), BTreeMap::from([(2, events(5..9))]));
}

#[test]
fn headers_and_tombstones_are_handed_over() {
    let broker = KafkaBroker::start().unwrap();
    topic(&broker, "changes", 1);
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", broker.servers()).create().unwrap();
    let headers =
        rdkafka::message::OwnedHeaders::new().insert(rdkafka::message::Header { key: "ce_id", value: Some("e1") });
    let binary = BaseRecord::to("changes").key("LR-1").payload(r#"{"entity":"task"}"#).headers(headers);
    producer.send(binary).map_err(|(error, _)| error).unwrap();
    producer.send(BaseRecord::<str, [u8]>::to("changes").key("LR-1")).map_err(|(error, _)| error).unwrap();
    producer.flush(Duration::from_secs(10)).unwrap();
    let messages = Replica::default().read(&mut source(&broker, &["changes"]));
    let shown: Vec<String> = messages.iter().map(|message| format!("{:?}", message.raw)).collect();
    assert!(matches!(&messages[0].raw, Raw::Binary { attributes, .. } if attributes[0].0 == "ce_id"), "{shown:?}");
    assert!(shown[1].contains("kafka-key") && shown[1].contains("LR-1") && shown[1].contains("tombstone"), "{shown:?}");
}

#[test]
fn durable_offsets_are_committed_to_a_group_as_a_favour() {
    let broker = KafkaBroker::start().unwrap();
    topic(&broker, "changes", 1);
    publish(&broker, "changes", 0, &events(0..5));
    let group = Some("replica".to_owned());
    let mut reader = continuity_ingest::kafka::KafkaSource::new(continuity_ingest::kafka::KafkaOptions {
        commit_group: group,
        ..options(&broker, &["changes"])
    });
    let mut replica = Replica::default();
    replica.read(&mut reader);
    reader.acknowledge(&replica.known.positions[0]).unwrap();
    let tool: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", broker.servers()).set("group.id", "replica").create().unwrap();
    let mut asked = TopicPartitionList::new();
    asked.add_partition("changes", 0);
    let mut committed = Offset::Invalid;
    for _ in 0..50 {
        replica.next(&mut reader).unwrap();
        let offsets = tool.committed_offsets(asked.clone(), Duration::from_secs(5)).unwrap();
        committed = offsets.elements()[0].offset();
        if committed == Offset::Offset(5) {
            return;
        }
    }
    panic!("committed is {committed:?}");
}

#[test]
fn a_frozen_broker_is_a_disconnection_in_time() {
    /// Shorter than the 3 s for which clients that are closing are waited for, far longer than it takes.
    const CLOSING: Duration = Duration::from_millis(2_500);
    let broker = KafkaBroker::start().unwrap();
    topic(&broker, "changes", 1);
    publish(&broker, "changes", 0, &events(0..5));
    let (mut replica, mut reader) = (Replica::default(), source(&broker, &["changes"]));
    replica.read(&mut reader);
    broker.freeze().unwrap();
    let clock = SystemClock::new();
    let error = replica.read_until_it_fails(&mut reader);
    assert!(matches!(error, SourceError::Disconnected { .. }), "{error}");
    // A look every 0.2 s, an answer within 2 s; and what a loaded machine adds.
    assert!(clock.monotonic() < Duration::from_secs(10), "{:?}", clock.monotonic());
    assert!(replica.resume(&mut reader).is_err());
    let closing = SystemClock::new();
    drop(reader);
    assert!(closing.monotonic() < CLOSING, "closing waits: {:?}", closing.monotonic());
    broker.thaw().unwrap();
    publish(&broker, "changes", 0, &events(5..6));
    assert_eq!(bytes(&replica.read(&mut source(&broker, &["changes"]))), events(5..6));
}

#[test]
fn a_broker_that_comes_back_is_read_on() {
    let mut broker = KafkaBroker::start().unwrap();
    topic(&broker, "changes", 1);
    publish(&broker, "changes", 0, &events(0..5));
    let (mut replica, mut reader) = (Replica::default(), source(&broker, &["changes"]));
    replica.read(&mut reader);
    broker.settle().unwrap();
    broker.kill().unwrap();
    let error = replica.read_until_it_fails(&mut reader);
    assert!(matches!(error, SourceError::Disconnected { .. }), "{error}");
    let error = replica.resume(&mut reader).unwrap_err();
    assert!(matches!(error, SourceError::Disconnected { .. }), "{error}");
    broker.restart().unwrap();
    publish(&broker, "changes", 0, &events(5..8));
    assert_eq!(bytes(&replica.read(&mut reader)), events(5..8));
}

#[test]
fn a_stop_returns_at_once() {
    let broker = KafkaBroker::start().unwrap();
    topic(&broker, "changes", 1);
    let mut reader = source(&broker, &["changes"]);
    Replica::default().read(&mut reader);
    let stop = Stop::new();
    stop.stop();
    // The quickest of many: a loaded machine may stop anybody for a while. Without the stop each takes 100 ms at least.
    let quickest = (0..50).map(|_| {
        let clock = SystemClock::new();
        reader.next_batch(10, 1 << 20, &stop).unwrap();
        clock.monotonic()
    });
    let quickest = quickest.min().unwrap();
    assert!(quickest < Duration::from_millis(90), "{quickest:?}");
}
