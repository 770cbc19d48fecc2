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
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", servers).set("group.id", "witness").create()?;
    let mut places = BTreeSet::new();
    let metadata = consumer.fetch_metadata(Some(TOPIC), PATIENCE)?;
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions()).map(|partition| partition.id());
    for partition in partitions {
        let (_, end) = consumer.fetch_watermarks(TOPIC, partition, PATIENCE)?;
        let mut assigned = TopicPartitionList::new();
        assigned.add_partition_offset(TOPIC, partition, Offset::Beginning)?;
        consumer.assign(&assigned)?;
        let mut next = 0;
        while next < end {
            let message = consumer.poll(PATIENCE).ok_or("the broker has nothing more before its end")??;
            places.extend(message.payload().and_then(place));
            next = message.offset() + 1;
        }
    }
    Ok(places)
}
