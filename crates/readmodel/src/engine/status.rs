//! What operators see of the read models.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// One read model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelStatus {
    /// Its name.
    pub name: &'static str,
    /// Version of its rows.
    pub version: u32,
    /// Number of the build that is served, or would be.
    pub build: u64,
    /// The log position that it holds.
    pub position: u64,
    /// Number of its rows.
    pub rows: u64,
    /// Digest over its rows: equal for equal rows, on any replica.
    pub digest: [u8; 32],
    /// Bytes of its keys and values.
    pub bytes: u64,
    /// Whether it is served.
    pub state: ModelState,
    /// Another build of it, which is not served: its rows are others.
    pub kept: Option<BuildStatus>,
    /// What the operator has to know: that two builds differ, or why it was found unusable when the process started.
    pub alarm: Option<String>,
}

/// A build of a read model, kept or served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildStatus {
    /// Its number: a later build has a higher one.
    pub build: u64,
    /// Digest over its rows.
    pub digest: [u8; 32],
    /// Number of its rows.
    pub rows: u64,
    /// Bytes of its keys and values.
    pub bytes: u64,
}

/// The two builds of a read model, when one was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildsReport {
    /// The log position of both.
    pub position: u64,
    /// The one that is served now.
    pub served: BuildStatus,
    /// The other one: kept, or discarded.
    pub other: BuildStatus,
}

/// Whether a read model is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelState {
    /// It is.
    Serving,
    /// It is being rebuilt from the log; its paths answer 503.
    Rebuilding {
        /// Log positions replayed.
        done: u64,
        /// Log positions to replay.
        of: u64,
    },
}

/// What a rebuild did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RebuildReport {
    /// The read model.
    pub name: String,
    /// The log position at which both digests were taken.
    pub position: u64,
    /// Digest of the build that was replaced, and is kept if it differs; `None` when it was not at this position.
    pub old_digest: Option<[u8; 32]>,
    /// Digest of the new build.
    pub new_digest: [u8; 32],
    /// Rows of the new build.
    pub rows: u64,
    /// How long it took.
    pub took: Duration,
}

/// How far a rebuild is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    done: AtomicU64,
    of: AtomicU64,
}

impl Progress {
    pub(super) fn set(&self, done: u64, of: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.of.store(of, Ordering::Relaxed);
    }

    pub(super) fn state(&self) -> ModelState {
        ModelState::Rebuilding { done: self.done.load(Ordering::Relaxed), of: self.of.load(Ordering::Relaxed) }
    }
}
