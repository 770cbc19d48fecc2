//! The read-model engine: it folds the log into read models, each in a redb store of its own.
//!
//! [`ledger`] says which events of a loan are known, `fold` decides what of them is folded, the [`Projection`]s turn
//! that into rows, a [`Store`] keeps the rows of one read model with the log position that they hold, and the
//! [`Engine`] drives all of it on one thread and publishes a [`View`] after each commit.

mod engine;
mod error;
mod fold;
mod key;
pub mod ledger;
pub mod metrics;
mod projection;
mod store;
mod sync;

pub use engine::{
    AsOf, BatchLimits, BuildStatus, BuildsReport, Engine, EngineError, EngineHandle, EngineOptions, ModelState,
    ModelStatus, Point, RebuildReport, Then, View,
};
pub use error::StoreError;
pub use fold::{Counts, LoanState};
pub use key::{Key, KeyReader, prefix_end};
pub use projection::{AUDIT_ENTRY, AppendedEvent, ChangeForm, EntityChange, Projection, Spec};
pub use store::{
    Batch, Checkpoint, Direction, DirectoryShelf, Durability, Found, MemoryShelf, Opened, Place, Row, Rows, Scan,
    Shelf, Snapshot, Store, Table,
};
pub use sync::{
    BootstrapShown, ClockStep, CompletenessSummary, ExportSeen, Fault, FaultKind, HeadSeen, HeadShown, HeartbeatShown,
    Outage, Pause, PauseCause, RetentionSeen, SourceState, SyncBoard, SyncBounds, SyncCounters, SyncSnapshot, Why, eta,
};
