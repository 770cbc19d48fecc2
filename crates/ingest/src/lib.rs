//! From the source to the log: validation, duplicates, order and gaps, quarantine.
//!
//! Data runs one way: a [`Source`] hands over raw messages, a thread beside it parses them, the [`Ingester`] decides
//! what each one is (contract, section 6), appends records to the log, waits for the disk, commits the ledger, and only
//! then acknowledges. Nothing that arrives is dropped: it is appended, recognised as a duplicate, or quarantined.

mod bootstrap;
pub mod completeness;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod control;
mod decide;
mod error;
mod file;
mod flight;
mod gaps;
mod gate;
mod ingester;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod metrics;
mod nats;
mod options;
mod parse;
mod reader;
mod schedule;
mod simulated;
mod source;
mod space;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod worker;

pub use bootstrap::{Bootstrap, BootstrapOptions, Fetch, FetchProgress, FoundSnapshot, find_snapshot};
pub use error::{Diverged, IngestError, SourceError};
pub use file::{FileOptions, FileSource};
pub use ingester::Ingester;
pub use nats::{NatsAuth, NatsOptions, NatsSecret, NatsSource, NatsTls, StreamFilter, nats_jetstream};
pub use options::{HeldLimits, IngestOptions, QuarantineLimits};
pub use schedule::{Schedule, Window};
pub use simulated::{Lines, Simulated, SimulatedOptions};
pub use source::{Batch, Known, Message, Raw, Resumed, Retention, Source, SourceHead};
