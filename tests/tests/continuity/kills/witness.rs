//! What a broker holds in the end, as its own client reads it.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull;
use continuity_tests::brokers::Broker;
use continuity_tests::harness::Failure;
use continuity_tests::json::Json;
use futures_util::StreamExt;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

/// A loan and a sequence.
pub(super) type Place = (String, u64);

/// The loan events in the broker.
pub(super) async fn held_by(broker: &Broker) -> Result<BTreeSet<Place>, Failure> {
    match broker {
        Broker::Nats(server) => nats(&server.url()).await,
        Broker::Kafka(server) => {
            let servers = server.servers();
            tokio::task::spawn_blocking(move || kafka(&servers)).await?
        }
    }
}

/// The loan and the sequence of a line, if it is an event of a loan.
pub(super) fn place(line: &[u8]) -> Option<Place> {
    let event = Json::parse(std::str::from_utf8(line).ok()?).ok()?;
    let loan = event.text("subject")?.strip_prefix("loan-requests/")?.to_owned();
    Some((loan, event.text("sequence")?.parse().ok()?))
}

async fn nats(url: &str) -> Result<BTreeSet<Place>, Failure> {
    let context = jetstream::new(async_nats::connect(url).await?);
    let mut stream = context.get_stream("BANCLO_CHANGES").await?;
    let last = stream.info().await?.state.last_sequence;
    let config = pull::OrderedConfig::default();
    let mut messages = stream.create_consumer(config).await?.messages().await?;
    let mut places = BTreeSet::new();
    while let Some(message) = messages.next().await {
        let message = message?;
        places.extend(place(&message.payload));
        if message.info()?.stream_sequence >= last {
            break;
        }
    }
    Ok(places)
}

fn kafka(servers: &str) -> Result<BTreeSet<Place>, Failure> {
    const TOPIC: &str = "banclo.changes";
    const PATIENCE: Duration = Duration::from_secs(20);
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers).set("group.id", "witness").set("enable.partition.eof", "true");
    let consumer: BaseConsumer = config.create()?;
    let mut places = BTreeSet::new();
    let metadata = consumer.fetch_metadata(Some(TOPIC), PATIENCE)?;
    let mut assigned = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(rdkafka::metadata::MetadataTopic::partitions) {
        assigned.add_partition_offset(TOPIC, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&assigned)?;
    let mut ended = BTreeSet::new();
    while ended.len() < assigned.count() {
        match consumer.poll(PATIENCE).ok_or("the broker shows neither a message nor an end")? {
            Ok(message) => places.extend(message.payload().and_then(place)),
            Err(KafkaError::PartitionEOF(partition)) => {
                ended.insert(partition);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(places)
}
