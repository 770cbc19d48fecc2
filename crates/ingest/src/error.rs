//! What can go wrong, by what the caller has to do about it.

use continuity_log::LogError;
use continuity_readmodel::StoreError;
use continuity_readmodel::ledger::LedgerError;

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
    /// The source's history no longer contains what the replica has from it.
    #[error(
        "the source {source_name} diverged at {point}: {detail}. The replica keeps what it has and takes nothing \
         further; put the source's history back, or start a new data directory from it"
    )]
    Diverged {
        /// The source.
        source_name: String,
        /// The last point that both are known to share.
        point: String,
        /// What differs.
        detail: String,
    },
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
    /// The operating system gives no thread.
    #[error("ingest cannot start its reader thread: {0}; look at the limits of the system")]
    Thread(#[from] std::io::Error),
}
