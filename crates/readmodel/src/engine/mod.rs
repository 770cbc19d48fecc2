//! One thread that folds the log into all read models, in lockstep.

mod as_of;
mod files;
mod handle;
mod history;
mod kept;
mod models;
mod open;
mod rebuild;
mod refold;
mod replay;
mod run;
mod saving;
mod status;
#[cfg(test)]
mod tests;
mod view;

use std::path::PathBuf;
use std::sync::Arc;

use continuity_base::Clock;
use continuity_log::Log;
use thiserror::Error;

pub use self::as_of::{AsOf, Point, Then};
pub use self::handle::EngineHandle;
pub use self::run::Engine;
pub use self::status::{BuildStatus, BuildsReport, ModelState, ModelStatus, RebuildReport};
pub use self::view::View;
use crate::error::StoreError;
use crate::ledger::LedgerReader;
use crate::projection::Projection;

/// What the engine needs.
pub struct EngineOptions {
    /// Directory of the read models' files; created if need be.
    pub dir: PathBuf,
    /// What is folded.
    pub log: Log,
    /// Which events of a loan are known, and where; the engine never goes beyond it.
    pub ledger: LedgerReader,
    /// The read models.
    pub projections: Vec<Box<dyn Projection>>,
    /// For durations and for the time between durable commits.
    pub clock: Arc<dyn Clock>,
    /// Bytes for the page caches of all files together; a build that is made or kept beside another has as much again as
    /// one of them.
    pub cache_bytes: usize,
    /// How much is folded before it is committed.
    pub batch: BatchLimits,
}

/// How much is folded before it is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Rows written, over all read models.
    pub rows: usize,
    /// Bytes of keys and values written, over all read models: what a batch holds in memory.
    pub bytes: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { rows: 50_000, bytes: 32 << 20 }
    }
}

/// The engine cannot go on, or a command was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] continuity_log::LogError),
    /// A record of the log does not decode; nothing was changed by it.
    #[error("log position {position} cannot be read: {cause}; run `log verify`, and start the version that wrote it")]
    Record {
        /// Its position.
        position: u64,
        /// What the decoder said.
        cause: String,
    },
    /// The ledger was opened before it had caught up with the log.
    #[error("the ledger is at log position {ledger}, but the read models are at {needed}; open the ledger first")]
    LedgerBehind {
        /// Where the ledger is.
        ledger: u64,
        /// Where it has to be.
        needed: u64,
    },
    /// No read model has this name.
    #[error("there is no read model {0}; `projection list` names them")]
    UnknownModel(String),
    /// There is nothing to go back to, or to discard.
    #[error("no other build of {0} is kept; `projection list` names those that are")]
    NothingKept(String),
    /// Somebody chose, or rebuilt, since the caller looked.
    #[error("build {asked} of {name} is not the one that is kept, that is build {kept}; look at both again")]
    OtherBuild {
        /// The read model.
        name: String,
        /// The build that was asked for.
        asked: u64,
        /// The build that is kept.
        kept: u64,
    },
    /// Another rebuild is under way; try again when it is done.
    #[error("another rebuild is under way; try again when it is done")]
    Busy,
    /// The engine has stopped.
    #[error("the engine has stopped; start the process again")]
    Stopped,
}
