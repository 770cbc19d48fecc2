//! Either broker, for what is asked of both.

use std::path::Path;

use super::{KafkaBroker, KafkaKind, NATS, NatsServer, Proxy};
use crate::harness::Failure;

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// NATS, of the newest version.
    Nats,
    /// Whatever Kafka the set-up could have.
    Kafka,
}

/// A running broker.
#[derive(Debug)]
pub enum Broker {
    /// NATS.
    Nats(NatsServer),
    /// Kafka.
    Kafka(KafkaBroker),
}

impl Broker {
    /// Starts one.
    pub fn start(sort: Sort) -> Result<Self, Failure> {
        Ok(match sort {
            Sort::Nats => Self::Nats(NatsServer::start(NATS)?),
            Sort::Kafka => Self::Kafka(KafkaBroker::start()?),
        })
    }

    /// A proxy in front of it.
    pub fn proxy(&self) -> Result<Proxy, Failure> {
        match self {
            Self::Nats(server) => Proxy::start(server.port()),
            Self::Kafka(broker) => Proxy::for_kafka(broker.port()),
        }
    }

    /// The scheme of its URLs.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Nats(_) => "nats",
            Self::Kafka(_) => "kafka",
        }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        match self {
            Self::Nats(server) => server.url(),
            Self::Kafka(broker) => broker.url(),
        }
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(&mut self) -> Result<(), Failure> {
        match self {
            Self::Nats(server) => server.kill(),
            Self::Kafka(broker) => broker.kill(),
        }
    }

    /// Starts it again on the same store and port.
    pub fn restart(&mut self) -> Result<(), Failure> {
        match self {
            Self::Nats(server) => server.restart(),
            Self::Kafka(broker) => broker.restart(),
        }
    }

    /// Stops it where it stands.
    pub fn freeze(&self) -> Result<(), Failure> {
        match self {
            Self::Nats(server) => server.freeze(),
            Self::Kafka(broker) => broker.freeze(),
        }
    }

    /// Lets it go on.
    pub fn thaw(&self) -> Result<(), Failure> {
        match self {
            Self::Nats(server) => server.thaw(),
            Self::Kafka(broker) => broker.thaw(),
        }
    }

    /// Whether what it acknowledges outlives kill -9 at once.
    pub fn keeps_over_kill(&self) -> bool {
        !matches!(self, Self::Kafka(broker) if broker.kind() == KafkaKind::Noida)
    }

    /// Waits until what it acknowledged so far outlives kill -9.
    pub fn settle(&self) -> Result<(), Failure> {
        match self {
            Self::Nats(_) => Ok(()),
            Self::Kafka(broker) => broker.settle(),
        }
    }

    /// Copies its store, settled, to the folder `to`.
    pub fn copy_store(&self, to: &Path) -> Result<(), Failure> {
        match self {
            Self::Nats(server) => server.copy_store(to),
            Self::Kafka(broker) => broker.copy_store(to),
        }
    }

    /// kill -9, and starts it on a copy of the folder `from`.
    pub fn start_on(&mut self, from: &Path) -> Result<(), Failure> {
        match self {
            Self::Nats(server) => server.start_on(from),
            Self::Kafka(broker) => broker.start_on(from),
        }
    }
}
