//! Topics, records and readers for the tests of the Kafka source.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Stop, SystemClock};
use continuity_events::record::SourcePosition;
use continuity_ingest::kafka::{KafkaOptions, KafkaSource};
use continuity_ingest::{Batch, Diverged, Known, Message, Raw, Resumed, Source, SourceError};
use continuity_readmodel::ledger::{Identity, partition_name};
use continuity_tests::brokers::KafkaBroker;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(20);

fn config(broker: &KafkaBroker) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.servers()).set("message.timeout.ms", "15000");
    config
}

/// Something that an administrator does.
fn administer<T>(
    broker: &KafkaBroker,
    work: impl AsyncFnOnce(AdminClient<DefaultClientContext>, AdminOptions) -> T,
) -> T {
    let admin = config(broker).create().unwrap();
    let asked = AdminOptions::new().operation_timeout(Some(LIMIT)).request_timeout(Some(LIMIT));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(work(admin, asked))
}

/// Makes a topic.
pub(super) fn topic(broker: &KafkaBroker, name: &str, partitions: i32) {
    topic_with(broker, name, partitions, &[]);
}

/// Makes a topic with some configuration.
pub(super) fn topic_with(broker: &KafkaBroker, name: &str, partitions: i32, entries: &[(&str, &str)]) {
    let made = administer(broker, async |admin, asked| {
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let topic = entries.iter().fold(topic, |topic, (name, value)| topic.set(name, value));
        admin.create_topics([&topic], &asked).await.unwrap()
    });
    assert!(made.iter().all(Result::is_ok), "{made:?}");
}

/// Deletes a topic.
pub(super) fn delete(broker: &KafkaBroker, name: &str) {
    let deleted = administer(broker, async |admin, asked| admin.delete_topics(&[name], &asked).await.unwrap());
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
}

/// Gives a topic more partitions.
pub(super) fn grow(broker: &KafkaBroker, name: &str, partitions: usize) {
    let grown = administer(broker, async |admin, asked| {
        admin.create_partitions([&NewPartitions::new(name, partitions)], &asked).await.unwrap()
    });
    assert!(grown.iter().all(Result::is_ok), "{grown:?}");
}

/// Drops a partition's records before an offset; whether the broker can.
pub(super) fn drop_before(broker: &KafkaBroker, topic: &str, partition: i32, offset: i64) -> bool {
    administer(broker, async |admin, asked| {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(offset)).unwrap();
        match admin.delete_records(&list, &asked).await {
            Ok(dropped) => dropped.elements().iter().all(|element| element.error().is_ok()),
            Err(_) => false,
        }
    })
}

/// Some events, as far as the source looks at them.
pub(super) fn events(numbers: Range<usize>) -> Vec<Vec<u8>> {
    numbers.map(|number| format!(r#"{{"id":"e{number}"}}"#).into_bytes()).collect()
}

/// Publishes to a partition, and waits until the broker has everything.
pub(super) fn publish(broker: &KafkaBroker, topic: &str, partition: i32, payloads: &[Vec<u8>]) {
    let producer: BaseProducer = config(broker).create().unwrap();
    send(&producer, topic, partition, payloads);
    producer.flush(LIMIT).unwrap();
    assert_eq!(producer.in_flight_count(), 0);
}

/// Publishes in one transaction.
pub(super) fn transaction(broker: &KafkaBroker, topic: &str, payloads: &[Vec<u8>], commit: bool) {
    let mut config = config(broker);
    config.set("transactional.id", format!("test-{commit}"));
    let producer: BaseProducer = config.create().unwrap();
    producer.init_transactions(LIMIT).unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, topic, 0, payloads);
    producer.flush(LIMIT).unwrap();
    if commit { producer.commit_transaction(LIMIT).unwrap() } else { producer.abort_transaction(LIMIT).unwrap() }
}

fn send(producer: &BaseProducer, topic: &str, partition: i32, payloads: &[Vec<u8>]) {
    for payload in payloads {
        let record = BaseRecord::to(topic).partition(partition).key("LR-1").payload(payload);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
}

/// Options with short times.
pub(super) fn options(broker: &KafkaBroker, topics: &[&str]) -> KafkaOptions {
    let topics = topics.iter().map(|&topic| topic.to_owned()).collect();
    KafkaOptions {
        probe_every: Duration::from_millis(200),
        timeout: Duration::from_secs(2),
        ..KafkaOptions::new(vec![broker.servers()], topics, Arc::new(SystemClock::new()))
    }
}

/// A source with short times.
pub(super) fn source(broker: &KafkaBroker, topics: &[&str]) -> KafkaSource {
    KafkaSource::new(options(broker, topics))
}

/// A replica's log, as far as a source knows it: what was handed over, and the identities.
#[derive(Default)]
pub(super) struct Replica {
    pub(super) known: Known,
}

impl Replica {
    /// Resumes the source, and keeps the identities.
    pub(super) fn resume(&mut self, source: &mut KafkaSource) -> Result<Resumed, SourceError> {
        let resumed = source.resume(&self.known)?;
        for identity in &resumed.identities {
            self.put_identity(identity);
        }
        Ok(resumed)
    }

    /// The next batch; its positions are durable.
    pub(super) fn next(&mut self, source: &mut KafkaSource) -> Result<Batch, SourceError> {
        let batch = source.next_batch(4, 1 << 20, &Stop::new())?;
        batch.messages.iter().for_each(|message| self.put(&message.position));
        batch.passed.iter().for_each(|position| self.put(position));
        Ok(batch)
    }

    fn put(&mut self, position: &SourcePosition) {
        let name = partition_name(position);
        self.known.positions.retain(|known| partition_name(known) != name);
        self.known.positions.push(position.clone());
    }

    fn put_identity(&mut self, identity: &Identity) {
        self.known.identities.retain(|known| known.partition != identity.partition);
        if !identity.facts.is_empty() {
            self.known.identities.push(identity.clone());
        }
    }

    /// What an operator's acceptance does.
    pub(super) fn accept(&mut self, found: &Diverged) {
        for present in &found.present {
            self.known.positions.retain(|known| partition_name(known) != present.partition);
            self.put_identity(present);
        }
    }

    /// Resumes, and reads until the end is shown.
    pub(super) fn read(&mut self, source: &mut KafkaSource) -> Vec<Message> {
        self.resume(source).unwrap();
        self.read_on(source)
    }

    /// Reads until the end is shown.
    pub(super) fn read_on(&mut self, source: &mut KafkaSource) -> Vec<Message> {
        let mut messages = Vec::new();
        self.read_until(source, |batch, _| {
            messages.extend(std::mem::take(&mut batch.messages));
            batch.at_end
        });
        messages
    }

    /// Reads until that many more messages came.
    pub(super) fn read_more(&mut self, source: &mut KafkaSource, count: usize) -> Vec<Message> {
        let mut messages = Vec::new();
        self.read_until(source, |batch, _| {
            messages.extend(std::mem::take(&mut batch.messages));
            messages.len() >= count
        });
        messages
    }

    /// Reads until it is enough.
    pub(super) fn read_until(&mut self, source: &mut KafkaSource, mut enough: impl FnMut(&mut Batch, &Known) -> bool) {
        let mut quiet = 0;
        loop {
            let mut batch = self.next(source).unwrap();
            quiet = if batch.messages.is_empty() { quiet + 1 } else { 0 };
            if enough(&mut batch, &self.known) {
                return;
            }
            assert!(quiet < 300, "nothing more comes: {batch:?}");
        }
    }

    /// Reads until the source fails.
    pub(super) fn read_until_it_fails(&mut self, source: &mut KafkaSource) -> SourceError {
        for _ in 0..300 {
            if let Err(error) = self.next(source) {
                return error;
            }
        }
        panic!("the source does not fail");
    }

    /// What the source says instead of going on, disconnections aside.
    pub(super) fn diverged(&mut self, source: &mut KafkaSource) -> Diverged {
        for _ in 0..20 {
            match self.resume(source).map(|_| self.read_until_it_fails(source)) {
                Ok(SourceError::Diverged { found, .. }) | Err(SourceError::Diverged { found, .. }) => return *found,
                Ok(error) | Err(error) => assert!(matches!(error, SourceError::Disconnected { .. }), "{error}"),
            }
        }
        panic!("the source does not diverge");
    }
}

/// The bytes of messages in structured mode.
pub(super) fn bytes(messages: &[Message]) -> Vec<Vec<u8>> {
    let bytes = |message: &Message| match &message.raw {
        Raw::Structured(bytes) => bytes.clone(),
        other => panic!("not in structured mode: {other:?}"),
    };
    messages.iter().map(bytes).collect()
}
