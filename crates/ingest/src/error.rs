//! What can go wrong, by what the caller has to do about it.

use continuity_events::record::Divergence;
use continuity_log::LogError;
use continuity_readmodel::StoreError;
use continuity_readmodel::ledger::{Identity, LedgerError};

/// Why a source does not deliver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The source cannot be reached now; ingest tries again by itself.
    #[error("the source {source_name} cannot be reached: {detail}; ingest tries again by itself")]
    Disconnected {
        /// The source.
        source_name: String,
        /// What happened.
        detail: String,
    },
    /// The source cannot be followed as it is configured, whatever is retried; a change to it or to the configuration is
    /// needed.
    #[error("the source {source_name} cannot be followed: {detail}; ingest looks again by itself")]
    Refused {
        /// The source.
        source_name: String,
        /// What is wrong with it, and what to change.
        detail: String,
    },
    /// The source's history no longer contains what the replica has from it.
    #[error(
        "the source {source_name} diverged ({}) at {}: {}. The replica keeps what it has and takes nothing further; put \
         the source's history back, or take it as it is with `continuity source accept --reason`",
        found.cause.name(), found.point, found.detail
    )]
    Diverged {
        /// The source.
        source_name: String,
        /// What was found.
        found: Box<Diverged>,
    },
}

/// How a source turned out not to be, or no longer to hold, what was read from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diverged {
    /// In what way.
    pub cause: Divergence,
    /// The part of the source that differs: a stream, a topic's partition, a file.
    pub partition: String,
    /// The last point that both are known to share, in words.
    pub point: String,
    /// What differs, in words.
    pub detail: String,
    /// Every part that is read from its beginning again when an operator accepts the divergence, with the facts of its
    /// present identity; without facts when it has none, or is no longer there.
    pub present: Vec<Identity>,
}

/// Why ingest ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The log takes no more records, or cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The ledger cannot be read or written, or does not agree with the log.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect in what reads the source.
    #[error("the thread that reads the source panicked, as the log says: restart, and report it")]
    Reader,
    /// The operating system gives no thread.
    #[error("ingest cannot start its reader thread: {0}; look at the limits of the system")]
    Thread(#[from] std::io::Error),
}
