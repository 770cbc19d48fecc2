//! Publishing a feed: to NATS `JetStream`, to Kafka, or to a file, as the event contract says (section 1, Transport).
//!
//! [`publish`] behaves as the outbox of a platform does: what the broker has not acknowledged is sent again, for as long as
//! it takes, so a broker that is killed loses nothing that this producer has made. At most [`PublishOptions::in_flight`]
//! messages wait for their acknowledgement. It blocks: run it on a thread.

// What only brokers need is dead in a build without any.
#![cfg_attr(not(any(test, feature = "nats", feature = "kafka")), expect(dead_code, reason = "for brokers alone"))]

mod driver;
mod file;
#[cfg(feature = "kafka")]
mod kafka;
mod message;
#[cfg(feature = "nats")]
mod nats;
mod options;
mod percent;
mod position;
mod target;

pub use driver::{publish, publish_watched};
pub use message::Mode;
pub use options::{Access, Names, PublishOptions};
pub use position::{Position, Positions};
pub use target::{Servers, Target};

use std::time::Duration;

use continuity_base::Stop;
use message::Message;

/// Why publishing ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// It cannot work as asked for: a wrong URL, credentials, a missing stream. Change what was asked for.
    #[error("cannot publish to {to}: {detail}")]
    Refused {
        /// The target, without a password.
        to: String,
        /// What is wrong, and what helps.
        detail: String,
    },
    /// Nobody answered in the time that [`PublishOptions::connect_timeout`] allows. Start the broker, then try again.
    #[error("{to} does not answer: {detail}")]
    Unreachable {
        /// The target, without a password.
        to: String,
        /// What the attempt said.
        detail: String,
    },
    /// The broker takes no message as large as this one. Raise its limit.
    #[error("the message {id} has {size} bytes; the broker takes at most {limit}")]
    TooLarge {
        /// The event's id.
        id: String,
        /// Its size in bytes.
        size: usize,
        /// The broker's limit in bytes.
        limit: usize,
    },
    /// A file could not be written.
    #[error("cannot write {path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// All messages handed over, faults and control events included.
    pub messages: u64,
    /// Those of them that were acknowledged; all, unless it was stopped.
    pub acknowledged: u64,
    /// True events, snapshots included.
    pub events: u64,
    /// Events that were told once more.
    pub duplicates: u64,
    /// Broken lines.
    pub malformed: u64,
    /// Second events for a sequence.
    pub forks: u64,
    /// `CompletenessManifest`s.
    pub manifests: u64,
    /// `SourceHeartbeat`s of the wall clock.
    pub heartbeats: u64,
    /// Bytes of the bodies.
    pub bytes: u64,
    /// How often a message was sent again because its acknowledgement did not come.
    pub repeated: u64,
    /// How many of the repetitions the broker had already (NATS: `Nats-Msg-Id` within the stream's window).
    pub deduplicated: u64,
    /// Where the last acknowledged messages are.
    pub positions: Positions,
    /// How many loans the feed has created.
    pub loans: u64,
    /// Whether it ended because it was stopped.
    pub stopped: bool,
    /// How long it took.
    pub took: Duration,
}

/// What was acknowledged so far.
#[derive(Clone, Debug, Default)]
struct Acknowledged {
    messages: u64,
    repeated: u64,
    deduplicated: u64,
    positions: Positions,
}

/// A way to carry messages. Not thread-safe, and blocking.
trait Publisher {
    /// Hands over a message, without waiting for an acknowledgement. It is sent again until it is acknowledged. Who calls
    /// sees to it that no more than [`PublishOptions::in_flight`] are on their way, give or take heartbeats.
    fn publish(&mut self, message: Message) -> Result<(), PublishError>;
    /// Takes acknowledgements and sends again what needs it, for as long as `wait`; shorter once nothing is in flight.
    fn tend(&mut self, wait: Duration) -> Result<(), PublishError>;
    /// How many messages are not acknowledged yet.
    fn in_flight(&self) -> usize;
    /// What was acknowledged so far.
    fn acknowledged(&self) -> &Acknowledged;
    /// The largest body that can be carried, in bytes.
    fn largest(&self) -> usize;
    /// Why the newest message that was not taken was not, in the broker's words; none while everything goes well.
    fn last_answer(&self) -> Option<String> {
        None
    }
}

#[cfg_attr(not(any(feature = "nats", feature = "kafka")), expect(unused_variables, reason = "for brokers alone"))]
fn connect(to: &Target, options: &PublishOptions, stop: &Stop) -> Result<Box<dyn Publisher>, PublishError> {
    match to {
        #[cfg(feature = "nats")]
        Target::Nats(servers) => Ok(Box::new(nats::NatsPublisher::connect(to, servers, options, stop)?)),
        #[cfg(feature = "kafka")]
        Target::Kafka(servers) => Ok(Box::new(kafka::KafkaPublisher::connect(to, servers, options, stop)?)),
        Target::File(path) => Ok(Box::new(file::FilePublisher::open(path)?)),
        #[cfg(not(all(feature = "nats", feature = "kafka")))]
        other => {
            let feature = if matches!(other, Target::Nats(_)) { "nats" } else { "kafka" };
            let detail = format!("this build has no {feature}; build it with the feature `{feature}`");
            Err(PublishError::Refused { to: other.to_string(), detail })
        }
    }
}
