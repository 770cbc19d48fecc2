//! Against librdkafka's own mock of a cluster: what arrives is what was told.

use std::collections::{BTreeMap, BTreeSet};

use continuity_base::Timestamp;
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Headers;
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};

use super::*;
use crate::publish::{Mode, Position, Summary, publish};
use crate::{Emitted, Simulator};

fn feed(loans: u64) -> Vec<Emitted> {
    Simulator::loans(7, Timestamp::from_micros(1_767_600_000_000_000), loans).history().collect()
}

struct Read {
    key: Option<String>,
    headers: BTreeMap<String, String>,
    body: String,
}

fn read(servers: &str, topic: &str, positions: &BTreeMap<i32, i64>) -> Vec<Read> {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", servers).set("group.id", "test").create().unwrap();
    let mut assignment = TopicPartitionList::new();
    for partition in positions.keys() {
        assignment.add_partition_offset(topic, *partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&assignment).unwrap();
    let expected: i64 = positions.values().map(|last| last + 1).sum();
    let mut lines = Vec::new();
    let clock = continuity_base::SystemClock::new();
    while i64::try_from(lines.len()).unwrap() < expected {
        assert!(clock.monotonic() < Duration::from_mins(1), "only {} of {expected} came", lines.len());
        let Some(message) = consumer.poll(Duration::from_millis(200)) else { continue };
        let message = message.unwrap();
        let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        let headers = message.headers().into_iter().flat_map(Headers::iter);
        lines.push(Read {
            key: text(message.key()),
            headers: headers.map(|header| (header.key.to_owned(), text(header.value).unwrap())).collect(),
            body: text(message.payload()).unwrap(),
        });
    }
    lines
}

fn offsets(summary: &Summary, topic: &str) -> BTreeMap<i32, i64> {
    match &summary.positions[topic] {
        Position::Offsets(offsets) => offsets.clone(),
        other => panic!("{other:?}"),
    }
}

fn cluster() -> (MockCluster<'static, rdkafka::producer::DefaultProducerContext>, Target) {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("banclo.changes", 3, 1).unwrap();
    cluster.create_topic("banclo.control", 1, 1).unwrap();
    let target = Target::parse(&format!("kafka://{}", cluster.bootstrap_servers())).unwrap();
    (cluster, target)
}

#[test]
fn every_event_arrives_once_under_its_loan() {
    let (cluster, target) = cluster();
    let feed = feed(6);
    let options = PublishOptions { in_flight: 64, ..PublishOptions::default() };
    let summary = publish(feed.iter().cloned(), &target, &options, &Stop::new()).unwrap();
    assert_eq!((summary.events, summary.acknowledged, summary.repeated), (feed.len() as u64, feed.len() as u64, 0));
    let lines = read(&cluster.bootstrap_servers(), "banclo.changes", &offsets(&summary, "banclo.changes"));
    let sent: BTreeSet<&str> = feed.iter().map(|emitted| emitted.line.as_str()).collect();
    assert_eq!(lines.len(), feed.len());
    for line in &lines {
        assert!(sent.contains(line.body.as_str()));
        let subject = serde_json::from_str::<serde_json::Value>(&line.body).unwrap()["subject"].clone();
        assert_eq!(subject, format!("loan-requests/{}", line.key.as_ref().unwrap()));
        assert_eq!(line.headers["content-type"], "application/cloudevents+json");
    }
}

#[test]
fn binary_mode_puts_attributes_into_headers() {
    let (cluster, target) = cluster();
    let feed = feed(2);
    let options = PublishOptions { mode: Mode::Binary, ..PublishOptions::default() };
    let summary = publish(feed.iter().cloned(), &target, &options, &Stop::new()).unwrap();
    let sent: BTreeMap<String, serde_json::Value> = feed
        .iter()
        .map(|emitted| serde_json::from_str(&emitted.line).unwrap())
        .map(|event: serde_json::Value| (event["id"].as_str().unwrap().to_owned(), event))
        .collect();
    for line in read(&cluster.bootstrap_servers(), "banclo.changes", &offsets(&summary, "banclo.changes")) {
        let event = &sent[&line.headers["ce_id"]];
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line.body).unwrap(), event["data"]);
        assert_eq!(
            (&event["subject"], &event["time"]),
            (&line.headers["ce_subject"].as_str().into(), &line.headers["ce_time"].as_str().into())
        );
        assert_eq!(event["actor"].as_str(), line.headers.get("ce_actor").map(String::as_str));
        assert_eq!(line.headers["content-type"], "application/json");
    }
}

#[test]
fn what_the_broker_refuses_for_now_is_sent_again() {
    let (summary, feed) = refused(&[RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION; 5]);
    assert_eq!((summary.acknowledged, summary.repeated), (feed, 0), "librdkafka sees to that");
    // The errors are met in their order: the last one is seen here, so the first ones were met.
    let mut errors = vec![RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION; 5];
    errors.push(GIVEN_UP);
    let (summary, feed) = refused(&errors);
    assert!(summary.acknowledged == feed && summary.repeated > 0, "{summary:?}");
}

#[test]
fn what_librdkafka_gives_up_is_sent_again() {
    let (summary, feed) = refused(&[GIVEN_UP; 3]);
    assert!(summary.acknowledged == feed && summary.repeated > 0, "{summary:?}");
}

/// librdkafka does not try again after this one.
const GIVEN_UP: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD;

/// What came of a feed when the first requests were answered so, and how many events it has. All of them arrived.
fn refused(errors: &[RDKafkaRespErr]) -> (Summary, u64) {
    let (cluster, target) = cluster();
    cluster.request_errors(RDKafkaApiKey::Produce, errors);
    let feed = feed(1);
    let summary = publish(feed.iter().cloned(), &target, &PublishOptions::default(), &Stop::new()).unwrap();
    let lines = read(&cluster.bootstrap_servers(), "banclo.changes", &offsets(&summary, "banclo.changes"));
    let (sent, came): (BTreeSet<&str>, BTreeSet<&str>) = (
        feed.iter().map(|emitted| emitted.line.as_str()).collect(),
        lines.iter().map(|line| line.body.as_str()).collect(),
    );
    assert!(sent == came, "{} of {} arrived", came.len(), sent.len());
    (summary, feed.len() as u64)
}

#[test]
fn a_topic_that_is_not_there_is_named() {
    let cluster = MockCluster::new(1).unwrap();
    let target = Target::parse(&format!("kafka://{}", cluster.bootstrap_servers())).unwrap();
    let outcome = publish(feed(1).into_iter(), &target, &PublishOptions::default(), &Stop::new());
    assert!(
        matches!(&outcome, Err(PublishError::Refused { detail, .. }) if detail.contains("banclo.changes")),
        "{outcome:?}"
    );
}

#[test]
fn a_broker_that_is_not_there_is_waited_for_only_so_long() {
    let target = Target::parse("kafka://127.0.0.1:1").unwrap();
    let options = PublishOptions { connect_timeout: Duration::from_millis(100), ..PublishOptions::default() };
    let outcome = publish(feed(1).into_iter(), &target, &options, &Stop::new());
    assert!(matches!(outcome, Err(PublishError::Unreachable { .. })), "{outcome:?}");
}
