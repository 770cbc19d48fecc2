//! The baselines: the brokers' own clients, which take every message and drop it.

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use continuity_base::Clock;
use futures_util::StreamExt;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::cost::{Cost, Meter};

/// Fetches 1,000, acknowledges the last, drops them.
pub(crate) fn nats(url: &str, stream: &str, messages: u64, clock: &dyn Clock) -> Cost {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let meter = Meter::start(std::process::id(), clock);
        let context = jetstream::new(async_nats::connect(url).await.expect("the server answers"));
        let stream = context.get_stream(stream).await.expect("the stream is there");
        let config =
            pull::Config { deliver_policy: DeliverPolicy::All, ack_policy: AckPolicy::All, ..pull::Config::default() };
        let consumer = stream.create_consumer(config).await.expect("a consumer");
        let mut taken = 0;
        while taken < messages {
            let mut batch = consumer.fetch().max_messages(1_000).messages().await.expect("a batch");
            let mut last = None;
            while let Some(message) = batch.next().await {
                last = Some(message.expect("a message"));
                taken += 1;
            }
            if let Some(last) = last {
                last.ack().await.expect("the acknowledgement is taken");
            }
        }
        meter.stop(taken)
    })
}

/// Takes every message of these topics' partitions from their beginning, and drops it.
pub(crate) fn kafka(servers: &str, topics: &[&str], messages: u64, clock: &dyn Clock) -> Cost {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
    let meter = Meter::start(std::process::id(), clock);
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers).set("group.id", "bare").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let mut assigned = TopicPartitionList::new();
    for topic in topics {
        let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).expect("the broker answers");
        for partition in metadata.topics().iter().flat_map(rdkafka::metadata::MetadataTopic::partitions) {
            assigned.add_partition_offset(topic, partition.id(), Offset::Beginning).expect("an offset");
        }
    }
    consumer.assign(&assigned).expect("the partitions are assigned");
    let mut taken = 0;
    while taken < messages {
        if let Some(message) = consumer.poll(PATIENCE) {
            message.expect("a message");
            taken += 1;
        }
    }
    meter.stop(taken)
}
