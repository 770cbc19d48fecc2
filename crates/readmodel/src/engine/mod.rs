//! One thread that folds the log into all read models, in lockstep.

mod handle;
mod status;
mod view;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use continuity_base::{Clock, Stop};
use continuity_log::{Checkpoint as LogCheckpoint, Log};
use thiserror::Error;

pub use self::handle::EngineHandle;
pub use self::status::{ModelState, ModelStatus, RebuildReport};
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
    /// Bytes for the page caches of all files together.
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
    /// No read model has this name.
    #[error("there is no read model {0}; `projection list` names them")]
    UnknownModel(String),
}

/// The engine; [`Engine::run`] is its thread.
pub struct Engine {}

impl Engine {
    /// Opens all read models and brings them to one position.
    pub fn open(_options: EngineOptions) -> Result<(EngineHandle, Self), EngineError> {
        todo!()
    }

    /// Follows the log until it is stopped; the last commit is durable.
    pub fn run(self, _stop: Stop) -> Result<(), EngineError> {
        todo!()
    }

    /// How far the read models in a directory are: to be given to `Log::open`, so that it knows what was durable.
    pub fn checkpoints(_dir: &Path) -> Vec<LogCheckpoint> {
        todo!()
    }
}
