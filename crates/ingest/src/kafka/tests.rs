//! The source against librdkafka's mock cluster, which fails as it is told.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Stop, SystemClock};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::*;

type Cluster = MockCluster<'static, DefaultProducerContext>;

const TOPIC: &str = "changes";

/// A cluster with one topic of `partitions`, ten records in each.
fn cluster(brokers: i32, partitions: i32) -> Cluster {
    let cluster = MockCluster::new(brokers).unwrap();
    cluster.create_topic(TOPIC, partitions, brokers.min(3)).unwrap();
    for partition in 0..partitions {
        publish(&cluster, partition, 10);
    }
    cluster
}

fn publish(cluster: &Cluster, partition: i32, count: usize) {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
    for _ in 0..count {
        let record = BaseRecord::to(TOPIC).partition(partition).key("LR-1").payload("{}");
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(20)).unwrap();
}

fn source(cluster: &Cluster, security: Security) -> KafkaSource {
    let (brokers, topics) = (vec![cluster.bootstrap_servers()], vec![TOPIC.to_owned()]);
    KafkaSource::new(KafkaOptions {
        security,
        probe_every: Duration::from_millis(100),
        timeout: Duration::from_secs(2),
        ..KafkaOptions::new(brokers, topics, Arc::new(SystemClock::new()))
    })
}

/// Reads until the end is shown.
fn read(source: &mut KafkaSource) -> usize {
    let mut count = 0;
    for _ in 0..300 {
        let batch = source.next_batch(100, 1 << 20, &Stop::new()).unwrap();
        count += batch.messages.len();
        if batch.at_end {
            return count;
        }
    }
    panic!("no end behind {count} messages");
}

fn failure(source: &mut KafkaSource) -> SourceError {
    for _ in 0..300 {
        if let Err(error) = source.next_batch(100, 1 << 20, &Stop::new()) {
            return error;
        }
    }
    panic!("it does not fail");
}

#[test]
fn every_partition_of_every_broker_is_read() {
    let cluster = cluster(3, 6);
    let mut source = source(&cluster, Security::Plaintext);
    let resumed = source.resume(&Known::default()).unwrap();
    assert_eq!(resumed.from, "the beginning of 6 partitions");
    assert_eq!(resumed.identities.len(), 6);
    assert!(resumed.identities[0].fact("cluster").is_some(), "{:?}", resumed.identities[0]);
    assert_eq!(read(&mut source), 60);
}

#[test]
fn brokers_that_go_down_are_a_disconnection_and_come_back() {
    let cluster = cluster(1, 1);
    let mut source = source(&cluster, Security::Plaintext);
    source.resume(&Known::default()).unwrap();
    read(&mut source);
    cluster.broker_down(1).unwrap();
    let error = failure(&mut source);
    assert!(matches!(error, SourceError::Disconnected { .. }), "{error}");
    let error = source.resume(&Known::default()).unwrap_err();
    assert!(matches!(error, SourceError::Disconnected { .. }), "{error}");
    let error = source.next_batch(1, 1, &Stop::new()).unwrap_err();
    assert!(error.to_string().contains("not resumed"), "{error}");
    cluster.broker_up(1).unwrap();
    source.resume(&Known::default()).unwrap();
    assert_eq!(read(&mut source), 10);
}

#[test]
fn brokers_that_answer_too_late_are_a_disconnection() {
    let cluster = cluster(3, 3);
    let mut source = source(&cluster, Security::Plaintext);
    source.resume(&Known::default()).unwrap();
    assert_eq!(read(&mut source), 30);
    // Any of them may lead all partitions.
    for broker in 1..=3 {
        cluster.broker_round_trip_time(broker, Duration::from_secs(30)).unwrap();
    }
    let error = failure(&mut source);
    assert!(matches!(error, SourceError::Disconnected { .. }), "{error}");
}

#[test]
fn a_topic_that_may_not_be_read_is_refused() {
    let cluster = cluster(1, 1);
    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    cluster.request_errors(RDKafkaApiKey::ListOffsets, &[denied; 20]);
    let error = source(&cluster, Security::Plaintext).resume(&Known::default()).unwrap_err();
    assert!(matches!(&error, SourceError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("uthoriz"), "{error}");
}

#[test]
fn an_error_that_passes_loses_nothing() {
    let cluster = cluster(1, 1);
    let mut source = source(&cluster, Security::Plaintext);
    source.resume(&Known::default()).unwrap();
    read(&mut source);
    let moved = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
    cluster.request_errors(RDKafkaApiKey::Fetch, &[moved; 2]);
    publish(&cluster, 0, 5);
    let (mut count, mut turns) = (0, 0);
    while count < 5 {
        count += source.next_batch(100, 1 << 20, &Stop::new()).unwrap().messages.len();
        turns += 1;
        assert!(turns < 300, "{count} of 5 came");
    }
}

#[test]
fn encryption_that_the_broker_does_not_speak_is_told_in_words() {
    let cluster = cluster(1, 1);
    let error = source(&cluster, Security::Tls(Tls::default())).resume(&Known::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("SSL") || text.contains("ssl"), "{text}");
}

#[test]
fn a_password_that_is_refused_is_in_no_error() {
    let cluster = cluster(1, 1);
    let sasl = Sasl::Plain { user: "replica".to_owned(), password: "hush-hush".to_owned() };
    let error = source(&cluster, Security::SaslPlaintext(sasl)).resume(&Known::default()).unwrap_err();
    assert!(!error.to_string().contains("hush-hush"), "{error}");
}

#[test]
fn a_token_that_is_not_there_is_told_in_words() {
    let cluster = cluster(1, 1);
    let sasl = Sasl::OAuthBearer { token_file: "/nonexistent/token".into() };
    let error = source(&cluster, Security::SaslPlaintext(sasl)).resume(&Known::default()).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/token"), "{error}");
}
