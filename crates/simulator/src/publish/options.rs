//! How to publish.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, SystemClock};

use super::Mode;

/// How to publish. [`Default`] is a whole feed as fast as it goes, to a stream or topics that exist.
#[derive(Clone)]
pub struct PublishOptions {
    /// What stream, subjects and topics are called.
    pub names: Names,
    /// Who asks, and whom to trust.
    pub access: Access,
    /// Whether to create the stream or the topics where they are missing.
    pub create: bool,
    /// How many partitions a topic for changes gets when it is created.
    pub partitions: i32,
    /// Structured or binary mode; files are structured always.
    pub mode: Mode,
    /// How many messages may wait for their acknowledgement.
    pub in_flight: usize,
    /// Messages a second while the feed tells its history; 0 is as fast as it goes.
    pub history_rate: f64,
    /// Messages a second after that; 0 is as fast as it goes.
    pub rate: f64,
    /// How often a `SourceHeartbeat` with the wall clock's time is mixed in.
    pub heartbeat: Option<Duration>,
    /// `source` of those heartbeats.
    pub source: String,
    /// Whether to go on with heartbeats when the feed has come to its end, until stopped.
    pub linger: bool,
    /// When a message without acknowledgement is sent again, on a connection that stands.
    pub ack_timeout: Duration,
    /// How long to wait for the broker at the beginning.
    pub connect_timeout: Duration,
    /// How long to wait for the last acknowledgements when stopped.
    pub drain: Duration,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for PublishOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PublishOptions").field("names", &self.names).field("mode", &self.mode).finish_non_exhaustive()
    }
}

impl Default for PublishOptions {
    fn default() -> Self {
        Self {
            names: Names::default(),
            access: Access::default(),
            create: false,
            partitions: 3,
            mode: Mode::Structured,
            in_flight: 1_000,
            history_rate: 0.0,
            rate: 0.0,
            heartbeat: None,
            source: "/banclo/eu-1/tenants/harbour-bank".to_owned(),
            linger: false,
            ack_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(5),
            clock: Arc::new(SystemClock::new()),
        }
    }
}

/// What stream, subjects and topics are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The `JetStream` stream.
    pub stream: String,
    /// Before the loan in NATS subjects, and the Kafka topic for events of loans.
    pub changes: String,
    /// NATS subject and Kafka topic for control events.
    pub control: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            stream: "BANCLO_CHANGES".to_owned(),
            changes: "banclo.changes".to_owned(),
            control: "banclo.control".to_owned(),
        }
    }
}

/// Who asks, beside user and password of the URL, and whom to trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// NATS: a credentials file (JWT and seed).
    pub credentials: Option<PathBuf>,
    /// Certificate authorities in PEM; asks for TLS.
    pub ca: Option<PathBuf>,
    /// Kafka: the SASL mechanism for user and password; `PLAIN` when absent.
    pub sasl_mechanism: Option<String>,
}
