//! The control stream: what the replicas of a fleet tell each other of clients, keys and revocations, over a broker.
//!
//! A [`Follower`] sends what the control log has that others may not know, and takes in what they sent. What the messages
//! hold, and what becomes of them, is the matter of the authorization server ([`ControlStream`](continuity_auth::ControlStream));
//! how they travel is that of a [`Transport`]. Without a broker each replica works alone; what it changes meanwhile is
//! sent later.

mod board;
mod bookmark;
mod follower;
mod jetstream;
#[cfg(feature = "kafka")]
mod kafka;
pub mod metrics;
mod outbox;
#[cfg(test)]
mod testing;
mod transport;

pub use board::{Board, Health};
pub use follower::{Follower, FollowerOptions};
pub use jetstream::{JetStream, JetStreamLink, JetStreamOptions};
#[cfg(feature = "kafka")]
pub use kafka::{Kafka, KafkaLink, KafkaOptions};
pub use transport::{Connected, Link, Message, Place, Transport, Trouble};
