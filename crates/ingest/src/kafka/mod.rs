//! Kafka: every partition of some topics, assigned here and resumed from the positions in the replica's own log.
//!
//! - **No group.** Nothing is ever rebalanced: partitions are assigned, not subscribed to. Offsets are committed to a
//!   group only where one is configured, as a favour to tools that show lag, and never read.
//! - **Committed records only.** Aborted transactions are not seen. They, transaction markers and compaction leave holes
//!   in the offsets, which mean nothing: order and completeness are by `sequence`. Markers and holes at the end are
//!   passed, so that the end is reached; the position behind them keeps the mark of the newest record.
//! - **Two clients.** One streams; another one, on a thread of its own, looks every few seconds at where the partitions
//!   begin and end and whether the records that were read last are still the same. When the streaming client loses a
//!   connection nothing more is taken until such a look has shown that the brokers still hold what was read: what came
//!   back may have been restored from an older copy.
//! - **Identity.** The cluster's id, and the oldest record that each partition had when it was first seen. A topic's own
//!   id is not shown by the client library; a topic that was made anew is known by its records.
//! - **Compaction** (`cleanup.policy` with `compact`) keeps the newest record of each key, here of each loan: it destroys
//!   history, so such a topic is refused unless the configuration insists.
//! - **Tombstones** delete by key; events are never deleted, so they go to quarantine, with their key.

mod check;
mod close;
mod commit;
mod config;
mod connection;
mod context;
mod keys;
mod known;
mod look;
mod message;
mod options;
mod parts;
mod probe;
mod retention;
#[cfg(test)]
mod tests;
mod token;
mod verdict;

use continuity_base::Stop;
use continuity_events::record::SourcePosition;

use self::check::Check;
use self::connection::Connection;
use self::known::KnownParts;
use self::look::Looker;
use crate::SourceError;
use crate::source::{Batch, Known, Resumed, Source};

pub use self::config::connection;
pub use self::options::{KafkaOptions, Sasl, Security, Tls};

/// Reads topics of Kafka.
pub struct KafkaSource {
    name: String,
    options: KafkaOptions,
    connection: Option<Connection>,
    closing: close::Closing,
}

impl KafkaSource {
    /// Nothing is connected before [`Source::resume`].
    pub fn new(options: KafkaOptions) -> Self {
        let name = format!("kafka:{}", options.topics.join(","));
        Self { name, options, connection: None, closing: close::Closing::default() }
    }

    fn connect(&mut self, known: &Known) -> Result<Resumed, SourceError> {
        let mut known = KnownParts::of(known);
        let looker = Looker::new(&self.options).map_err(|blind| check::failure(&self.name, &blind))?;
        let check = Check {
            name: &self.name,
            topics: &self.options.topics,
            known: &known,
            compaction: self.options.allow_compaction,
            thorough: true,
            idle: &std::collections::BTreeMap::new(),
        };
        let report = check.run(&looker, &*self.options.clock)?;
        let kept = retention::look(&self.name, &self.options, &looker, &report)?;
        let identities: Vec<_> = report.parts.values().map(|part| part.identity.clone()).collect();
        for (part, seen) in &report.parts {
            known.identities.insert(part.clone(), seen.identity.clone());
        }
        let connection = Connection::open(&self.name, &self.options, looker, known, &report)?;
        let from = connection.from();
        self.connection = Some(connection);
        Ok(Resumed { from, warnings: kept.warnings, identities, retention: kept.retention })
    }

    /// Closes what is open, off this thread: a client whose brokers do not answer may take its time.
    fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.closing.close(connection);
        }
    }
}

impl Source for KafkaSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn resume(&mut self, known: &Known) -> Result<Resumed, SourceError> {
        self.disconnect();
        if !self.closing.is_done() {
            let detail = "the connection before is still being closed".to_owned();
            return Err(SourceError::Disconnected { source_name: self.name.clone(), detail });
        }
        self.connect(known)
    }

    fn next_batch(&mut self, max_messages: usize, max_bytes: usize, stop: &Stop) -> Result<Batch, SourceError> {
        let Some(connection) = &mut self.connection else {
            let detail = "it was not resumed after an error".to_owned();
            return Err(SourceError::Disconnected { source_name: self.name.clone(), detail });
        };
        let outcome = connection.next_batch(max_messages, max_bytes, stop);
        if outcome.is_err() {
            self.disconnect();
        }
        outcome
    }

    fn acknowledge(&mut self, position: &SourcePosition) -> Result<(), SourceError> {
        if let Some(connection) = &mut self.connection {
            connection.acknowledge(position);
        }
        Ok(())
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        self.disconnect();
    }
}
