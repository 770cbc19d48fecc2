//! The NATS `JetStream` source: streams, each with its own pull consumer.
//!
//! The replica's log says where to go on, never the broker: at each connect a new consumer begins behind our position.
//! Before that, and at every look while connected, the stream is compared with what is remembered of it (`judge`). The
//! consumer's messages are asked for in bounded requests (`pulls`, `follow`), so that what we cannot take stays in the
//! broker. Where the streams end is asked of the streams themselves (`probe`, `head`); nothing is concluded from what was
//! delivered. The client's own reconnect is not used: a lost connection is [`SourceError::Disconnected`], and everything
//! is checked anew.

mod api;
mod connect;
mod connection;
mod consumer;
mod follow;
mod head;
mod inspect;
mod judge;
mod message;
mod open;
mod options;
mod order;
mod probe;
mod pulls;
mod retention;
mod shared;
mod trouble;

use continuity_base::Stop;
use continuity_events::record::SourcePosition;

pub use self::connect::nats_jetstream;
use self::connection::Connection;
pub use self::options::{NatsAuth, NatsOptions, NatsSecret, NatsTls, StreamFilter};
use self::trouble::Trouble;
use crate::SourceError;
use crate::source::{Batch, Known, Resumed, Source};

/// Follows `JetStream` streams.
pub struct NatsSource {
    name: String,
    options: NatsOptions,
    connection: Option<Connection>,
    /// Streams that delivered nothing before the last connection was lost.
    stuck: Vec<String>,
}

impl NatsSource {
    /// Nothing is connected before [`Source::resume`].
    pub fn new(options: NatsOptions) -> Self {
        Self { name: options.name(), options, connection: None, stuck: Vec::new() }
    }

    fn failed(&mut self, trouble: Trouble) -> SourceError {
        if let Some(connection) = self.connection.take() {
            self.stuck = connection.stuck();
        }
        trouble.of(&self.name)
    }
}

impl Source for NatsSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn resume(&mut self, known: &Known) -> Result<Resumed, SourceError> {
        self.connection = None;
        if self.options.streams.is_empty() {
            return Err(self.failed(Trouble::refused("no stream is configured")));
        }
        match Connection::open(&self.options, known, &self.stuck) {
            Ok((connection, resumed)) => {
                self.connection = Some(connection);
                Ok(resumed)
            }
            Err(trouble) => Err(self.failed(trouble)),
        }
    }

    fn next_batch(&mut self, max_messages: usize, max_bytes: usize, stop: &Stop) -> Result<Batch, SourceError> {
        let Some(connection) = &mut self.connection else {
            return Err(self.failed(Trouble::disconnected("it is not connected")));
        };
        connection.next_batch(max_messages, max_bytes, stop).map_err(|trouble| self.failed(trouble))
    }

    fn acknowledge(&mut self, position: &SourcePosition) -> Result<(), SourceError> {
        if let (Some(connection), SourcePosition::Stream { stream, sequence, .. }) = (&mut self.connection, position) {
            connection.acknowledge(stream, *sequence);
        }
        Ok(())
    }

    fn release(&mut self) {
        self.connection = None;
    }
}
