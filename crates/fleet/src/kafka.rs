//! The control stream in a Kafka topic of one partition.
//!
//! As with `JetStream` the replica's bookmark says where to go on. No group is joined and no offset committed. A position is
//! an offset and one, so that 0 stands for nothing read.

use std::sync::Arc;
use std::time::Duration;

use continuity_auth::{MAX_MESSAGE_BYTES, Outgoing};
use futures_util::FutureExt;
use futures_util::future::join_all;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Header, Headers, Message as _, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::{Connected, Link, Message, Place, Transport, Trouble};

/// How long an answer of the brokers is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The header with a message's id.
const ID: &str = "id";
/// The one partition: an order of all messages.
const PARTITION: i32 = 0;

/// Which topic, and how it is made when it is not there.
#[derive(Clone)]
pub struct KafkaOptions {
    /// What librdkafka needs to connect: `bootstrap.servers` and all that secures the connection.
    pub properties: Vec<(String, String)>,
    /// The topic.
    pub topic: String,
    /// Brokers that keep it, when it is made.
    pub copies: i32,
}

/// A Kafka topic as the control stream.
pub struct Kafka {
    options: KafkaOptions,
    name: String,
}

/// A topic that was found, and where it is read.
pub struct KafkaLink {
    clients: Option<Clients>,
    topic: String,
    identity: String,
    next: u64,
}

#[derive(Clone)]
struct Clients {
    consumer: Arc<StreamConsumer>,
    producer: FutureProducer,
}

impl Kafka {
    /// Nothing is connected yet.
    pub fn new(options: KafkaOptions) -> Self {
        let name = format!("kafka:{}", options.topic);
        Self { options, name }
    }

    fn client<C: FromClientConfig>(&self, more: &[(&str, &str)]) -> Result<C, Trouble> {
        let mut config = ClientConfig::new();
        for (name, value) in &self.options.properties {
            config.set(name, value);
        }
        for (name, value) in more {
            config.set(*name, *value);
        }
        config.create().map_err(|error| Trouble::Refused(error.to_string()))
    }

    fn clients(&self) -> Result<Clients, Trouble> {
        let consumer = self.client(&[
            ("group.id", "continuity"),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "error"),
            ("isolation.level", "read_committed"),
            ("allow.auto.create.topics", "false"),
            ("fetch.wait.max.ms", "100"),
            ("queued.max.messages.kbytes", "4096"),
        ])?;
        let largest = (2 * MAX_MESSAGE_BYTES).to_string();
        let producer = self.client(&[
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("message.timeout.ms", "10000"),
            ("message.max.bytes", &largest),
        ])?;
        Ok(Clients { consumer: Arc::new(consumer), producer })
    }

    /// Looks for the topic, and makes it when it is not there.
    async fn find(&self, clients: &Clients) -> Result<(), Trouble> {
        let topic = self.options.topic.clone();
        let partitions = clients.partitions(&topic).await?;
        let partitions = if partitions == 0 {
            self.make().await?;
            clients.partitions(&topic).await?
        } else {
            partitions
        };
        match partitions {
            1 => self.check().await,
            0 => Err(Trouble::Unreachable(format!("the topic {topic} that was made is not there yet"))),
            _ => Err(Trouble::Refused(format!("the topic {topic} has {partitions} partitions; it has to have one"))),
        }
    }

    async fn make(&self) -> Result<(), Trouble> {
        let KafkaOptions { topic, copies, .. } = &self.options;
        let admin: AdminClient<DefaultClientContext> = self.client(&[])?;
        let wanted = NewTopic::new(topic, 1, TopicReplication::Fixed(*copies))
            .set("cleanup.policy", "delete")
            .set("retention.ms", "-1")
            .set("retention.bytes", "-1");
        let asked = AdminOptions::new().request_timeout(Some(PATIENCE));
        let made = in_time(admin.create_topics([&wanted], &asked)).await?;
        let refused = |code| Trouble::Refused(format!("the topic {topic} cannot be made: {code}"));
        made.into_iter().try_for_each(|made| made.map(drop).map_err(|(_, code)| refused(code.to_string())))
    }

    /// Whether the topic keeps everything, where that is shown.
    async fn check(&self) -> Result<(), Trouble> {
        let topic = &self.options.topic;
        let admin: AdminClient<DefaultClientContext> = self.client(&[])?;
        let asked = AdminOptions::new().request_timeout(Some(PATIENCE));
        let shown = match in_time(admin.describe_configs([&ResourceSpecifier::Topic(topic)], &asked)).await {
            Ok(mut shown) => shown.pop().and_then(Result::ok),
            Err(error) => {
                tracing::warn!(%error, topic, "whether the control stream's topic keeps everything is not known");
                None
            }
        };
        let value = |name: &str| shown.as_ref()?.get(name)?.value.clone();
        let limit = |name: &str| value(name).is_some_and(|text| text.trim().parse::<u64>().is_ok());
        let compacts = value("cleanup.policy").is_some_and(|policy| policy.contains("compact"));
        let deletes = value("cleanup.policy").is_some_and(|policy| policy.contains("delete"));
        if compacts || (deletes && (limit("retention.ms") || limit("retention.bytes"))) {
            return Err(Trouble::Refused(format!(
                "the topic {topic} drops messages (cleanup.policy, retention.ms or retention.bytes); it has to keep all"
            )));
        }
        Ok(())
    }
}

impl Transport for Kafka {
    type Link = KafkaLink;

    fn name(&self) -> &str {
        &self.name
    }

    async fn connect(&self, known: &Place) -> Result<Connected<KafkaLink>, Trouble> {
        let (clients, topic) = (Some(self.clients()?), self.options.topic.clone());
        let mut link = KafkaLink { clients, topic, identity: String::new(), next: 1 };
        self.find(link.clients()?).await?;
        let (low, high) = link.clients()?.watermarks(&link.topic).await?;
        link.identity = link.clients()?.identity(&link.topic, low).await?;
        let same = known.stream == link.identity && known.position <= high && link.holds(known).await?;
        link.read_from(if same { known.next } else { low + 1 })?;
        let stream = link.identity.clone();
        Ok(Connected { link, stream, same })
    }
}

impl Clients {
    /// How many the topic has; 0 when there is none of that name.
    async fn partitions(&self, topic: &str) -> Result<usize, Trouble> {
        let (clients, topic) = (self.clone(), topic.to_owned());
        blocking(move || {
            let metadata = clients.consumer.fetch_metadata(Some(&topic), PATIENCE)?;
            let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
            Ok(found.map_or(0, |found| found.partitions().len()))
        })
        .await
    }

    /// Offsets of the first message and behind the last one.
    async fn watermarks(&self, topic: &str) -> Result<(u64, u64), Trouble> {
        let (clients, topic) = (self.clone(), topic.to_owned());
        let (low, high) = blocking(move || clients.consumer.fetch_watermarks(&topic, PARTITION, PATIENCE)).await?;
        Ok((u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(0)))
    }

    /// Another one once messages were taken out of it. A topic that was made anew is known by its messages.
    async fn identity(&self, topic: &str, low: u64) -> Result<String, Trouble> {
        let clients = self.clone();
        let cluster = blocking(move || Ok(clients.consumer.client().fetch_cluster_id(PATIENCE))).await?;
        let cluster = cluster.ok_or_else(|| Trouble::Unreachable("it does not say which cluster it is".to_owned()))?;
        Ok(format!("{cluster} {topic} {low}"))
    }
}

impl KafkaLink {
    fn clients(&self) -> Result<&Clients, Trouble> {
        self.clients.as_ref().ok_or(Trouble::Changed)
    }

    fn read_from(&mut self, position: u64) -> Result<(), Trouble> {
        let offset = i64::try_from(position.saturating_sub(1)).map_err(unreachable)?;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, PARTITION, Offset::Offset(offset)).map_err(unreachable)?;
        self.clients()?.consumer.assign(&list).map_err(unreachable)?;
        self.next = position;
        Ok(())
    }

    /// Whether the message is there that was read last.
    async fn holds(&mut self, known: &Place) -> Result<bool, Trouble> {
        if known.position == 0 {
            return Ok(true);
        }
        self.read_from(known.position)?;
        let first = self.next(1, PATIENCE).await?;
        let first =
            first.first().ok_or_else(|| Trouble::Unreachable("it does not give what was read last".to_owned()))?;
        Ok(first.position == known.position && first.id == known.id)
    }
}

impl Link for KafkaLink {
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Message>, Trouble> {
        let consumer = &self.clients()?.consumer;
        let Ok(first) = tokio::time::timeout(wait, consumer.recv()).await else { return Ok(Vec::new()) };
        let mut messages = vec![message(&first.map_err(unreachable)?)];
        while messages.len() < most
            && let Some(next) = consumer.recv().now_or_never()
        {
            messages.push(message(&next.map_err(unreachable)?));
        }
        self.next = messages.last().map_or(self.next, |last| last.position + 1);
        Ok(messages)
    }

    async fn publish(&mut self, messages: &[Outgoing]) -> Result<(), Trouble> {
        let producer = &self.clients()?.producer;
        let sends = messages.iter().map(|message| {
            let headers = OwnedHeaders::new().insert(Header { key: ID, value: Some(&message.id) });
            let record = FutureRecord::<str, [u8]>::to(&self.topic);
            producer.send(record.partition(PARTITION).payload(&message.bytes).headers(headers), PATIENCE)
        });
        let stored = join_all(sends).await;
        stored.into_iter().try_for_each(|stored| stored.map(drop).map_err(|(error, _)| unreachable(error)))
    }

    async fn end(&mut self) -> Result<u64, Trouble> {
        let clients = self.clients()?;
        let (low, high) = clients.watermarks(&self.topic).await?;
        if clients.identity(&self.topic, low).await? != self.identity || high + 1 < self.next {
            return Err(Trouble::Changed);
        }
        Ok(high)
    }
}

impl Drop for KafkaLink {
    /// Clients that wait for brokers when they are closed do so where nobody waits for them.
    fn drop(&mut self) {
        let clients = self.clients.take();
        let spawned = std::thread::Builder::new().name("kafka-close".to_owned()).spawn(move || drop(clients));
        if let Err(error) = spawned {
            tracing::warn!(%error, "no thread to close a Kafka client on; it was closed here");
        }
    }
}

fn message(record: &BorrowedMessage<'_>) -> Message {
    let headers = record.headers();
    let id = headers.and_then(|all| all.iter().find(|header| header.key == ID)).and_then(|header| header.value);
    Message {
        position: u64::try_from(record.offset()).unwrap_or(0) + 1,
        id: id.map(|id| String::from_utf8_lossy(id).into_owned()).unwrap_or_default(),
        bytes: record.payload().unwrap_or_default().to_vec(),
    }
}

/// The client's own time-out begins only once it is connected.
async fn in_time<T>(asked: impl Future<Output = Result<T, KafkaError>>) -> Result<T, Trouble> {
    match tokio::time::timeout(2 * PATIENCE, asked).await {
        Ok(answer) => answer.map_err(unreachable),
        Err(_) => Err(Trouble::Unreachable("it does not answer".to_owned())),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, Trouble> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer.map_err(unreachable),
        Err(error) => Err(unreachable(error)),
    }
}

fn unreachable(error: impl std::fmt::Display) -> Trouble {
    Trouble::Unreachable(error.to_string())
}
