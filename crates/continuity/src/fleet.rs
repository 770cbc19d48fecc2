//! The control stream: from the configuration to what follows it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use continuity_api::{ControlStreamHealth, ControlStreamProbe};
use continuity_auth::Auth;
use continuity_base::{Clock, Stop};
use continuity_fleet::{Board, Follower, FollowerOptions, Health, JetStream, JetStreamOptions, Transport};
use continuity_ingest::nats_jetstream;

use crate::config::{Config, SourceUrl};
use crate::sources;

/// What follows the stream.
pub(crate) struct Fleet {
    board: Board,
    following: Pin<Box<dyn Future<Output = ()> + Send>>,
    stop: Stop,
}

impl Fleet {
    fn over(transport: impl Transport, options: FollowerOptions) -> Self {
        let (follower, stop) = (Follower::new(transport, options), Stop::new());
        Self { board: follower.board(), following: Box::pin(follower.run(stop.clone())), stop }
    }

    /// Follows until it is stopped.
    pub(crate) async fn run(self, until: Stop) {
        let stop = self.stop;
        let stopped = async {
            until.stopped().await;
            stop.stop();
        };
        tokio::join!(self.following, stopped);
    }
}

/// Follows the stream that is configured; nothing where this replica is alone. Nothing is connected yet.
pub(crate) async fn open(auth: &Auth, config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Fleet>> {
    let settings = &config.auth.control_stream;
    if !settings.is_on() {
        return Ok(None);
    }
    let options = FollowerOptions {
        stream: auth.control_stream(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        reconnect_most: Duration::from_secs(settings.reconnect_most_seconds),
        clock: Arc::clone(clock),
    };
    match SourceUrl::parse(&settings.url, "auth.control_stream.url").map_err(anyhow::Error::msg)? {
        SourceUrl::Nats { servers, tls } => {
            let access = sources::nats_access(servers, tls, &settings.nats.access(), clock);
            let context = nats_jetstream(&access).await.context("auth.control_stream cannot be used")?;
            let (stream, subject) = (settings.nats.stream.clone(), settings.nats.subject.clone());
            let stream = JetStreamOptions { stream, subject, copies: usize::from(settings.copies) };
            Ok(Some(Fleet::over(JetStream::new(context, stream), options)))
        }
        SourceUrl::Kafka { brokers } => kafka(&brokers, config, options).map(Some),
        SourceUrl::File(_) => bail!("auth.control_stream.url has to name brokers"),
    }
}

#[cfg(feature = "kafka")]
fn kafka(brokers: &[String], config: &Config, options: FollowerOptions) -> Result<Fleet> {
    use continuity_fleet::{Kafka, KafkaOptions};
    let settings = &config.auth.control_stream;
    let properties = sources::kafka_access(brokers, &settings.kafka.access());
    let topic = KafkaOptions {
        properties: properties.context("auth.control_stream cannot be used")?,
        topic: settings.kafka.topic.clone(),
        copies: i32::from(settings.copies),
    };
    Ok(Fleet::over(Kafka::new(topic), options))
}

/// This build cannot use Kafka.
#[cfg(not(feature = "kafka"))]
fn kafka(_: &[String], _: &Config, _: FollowerOptions) -> Result<Fleet> {
    Err(anyhow::Error::msg(sources::NO_KAFKA))
}

/// How it goes, for the API.
pub(crate) fn probe(fleet: Option<&Fleet>) -> ControlStreamProbe {
    let board = fleet.map(|fleet| fleet.board.clone());
    Arc::new(move || board.as_ref().map(health))
}

fn health(board: &Board) -> ControlStreamHealth {
    let Health { connected, refused, since, waiting, behind, refused_messages, later_messages } = board.health();
    ControlStreamHealth { connected, refused, since, waiting, behind, refused_messages, later_messages }
}
