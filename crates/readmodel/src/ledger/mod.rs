//! The ledger: which events of which loan are known, and where in the log they are.
//!
//! It is a pure fold of the log's records, kept in a store of its own, so it says the same after a restart as before.
//! Ingest asks it what an arriving event is (contract, section 6) and applies each record that it is about to append;
//! at start-up the same fold runs over what the log has beyond the store's checkpoint. The engine reads it to find the
//! bytes of a loan's events. Nothing is kept in memory per loan outside the running batch.

mod batch;
mod chunk;
mod completeness;
mod fold;
mod held;
mod order;
mod position;
mod quarantine;
mod reader;
mod source;
mod tables;
#[cfg(test)]
mod tests;

mod totals;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use continuity_events::record::DecodeError;
use continuity_log::{ChainHash, Checkpoint as LogCheckpoint, Head, Log, LogError};
use parking_lot::{Condvar, Mutex};
use thiserror::Error;

pub use self::batch::LedgerBatch;
pub use self::completeness::{Inventory, KeptResult, MARK_EVERY, Mark, OpenManifest, RESULTS_KEPT, number_at};
pub use self::fold::{Entry, is_purge};
pub use self::order::{HeldEvent, LoanOrder};
pub use self::position::partition;
pub use self::quarantine::{QuarantineEntry, QuarantineState};
pub use self::reader::LedgerReader;
pub use self::source::{Identity, OpenDivergence, partition_name};
pub use self::totals::{LoggedHeartbeat, PausedBy, SnapshotProgress, Totals};
use crate::error::StoreError;
use crate::store::{Checkpoint, DirectoryShelf, Durability, Place, Shelf, Store};

/// Control events of which the ids are remembered.
pub const CONTROL_IDS: u64 = 100_000;
/// Name of the ledger's store and of its checkpoint.
pub const NAME: &str = "ledger";
/// `action` of an operator's record that takes a quarantined record off the list; `detail` is its log position, with or
/// without the word `position` in front.
pub const DISMISS: &str = "quarantine-dismiss";
/// `action` of an operator's record that says that a quarantined record was taken in after all; `detail` as of [`DISMISS`].
pub const RETAKE: &str = "quarantine-retry";
/// `action` of an operator's record that stops reading the source, until one with [`RESUME`] follows.
pub const PAUSE: &str = "source-pause";
/// `action` of an operator's record that ends a [`PAUSE`].
pub const RESUME: &str = "source-resume";

const VERSION: u32 = 7;
const FILE: &str = "ledger.redb";
const CACHE_BYTES: usize = 32 << 20;
const CATCH_UP_RECORDS: u64 = 20_000;
const CATCH_UP_DURABLE_BATCHES: u64 = 10;

/// The ledger cannot go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Its store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A record's body does not decode.
    #[error("log position {position}: {source}")]
    Decode {
        /// Position of the record.
        position: u64,
        /// What the decoder said.
        source: DecodeError,
    },
}

/// The one writer.
#[derive(Debug)]
pub struct Ledger {
    shared: Arc<Shared>,
    totals: Totals,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    position: Mutex<u64>,
    moved: Condvar,
}

impl Ledger {
    /// Opens the ledger in `dir` and folds what the log has beyond its checkpoint. A ledger that does not fit the log
    /// is made anew from it.
    pub fn open(dir: &Path, log: &Log) -> Result<(Self, LedgerReader), LedgerError> {
        Self::open_on(Arc::new(DirectoryShelf::new(dir)?), log, CACHE_BYTES)
    }

    /// As [`Ledger::open`], anywhere, with a bound on the store's page cache.
    #[expect(clippy::needless_pass_by_value, reason = "a handle, given away as to the other stores")]
    pub fn open_on(shelf: Arc<dyn Shelf>, log: &Log, cache_bytes: usize) -> Result<(Self, LedgerReader), LedgerError> {
        let open = || Store::open(Place::on(Arc::clone(&shelf), FILE), NAME, VERSION, tables::ALL, cache_bytes);
        let mut store = open()?;
        if !fits(&store, log)? {
            tracing::warn!(log.position = log.head().position, "the ledger does not fit the log: it is made anew");
            drop(store);
            shelf.remove(FILE).map_err(|source| StoreError::Io { path: FILE.into(), source })?;
            store = open()?;
        }
        let totals = Totals::read(&store.snapshot())?;
        let position = Mutex::new(store.checkpoint().position);
        let shared = Arc::new(Shared { store, position, moved: Condvar::new() });
        let mut ledger = Self { shared, totals };
        ledger.catch_up(log)?;
        let reader = ledger.reader();
        Ok((ledger, reader))
    }

    /// The checkpoint of the ledger in `dir`, to be shown to the log when it is opened; `None` when there is none.
    pub fn checkpoint_in(dir: &Path) -> Result<Option<LogCheckpoint>, LedgerError> {
        let path = dir.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let store = Store::open(Place::file(&path), NAME, VERSION, tables::ALL, CACHE_BYTES)?;
        let Checkpoint { position, hash } = store.checkpoint();
        Ok(Some(LogCheckpoint { name: NAME.to_owned(), position, hash: ChainHash(hash) }))
    }

    /// A handle for reading.
    pub fn reader(&self) -> LedgerReader {
        LedgerReader::new(Arc::clone(&self.shared))
    }

    /// The last log position that is in the ledger.
    pub fn position(&self) -> u64 {
        *self.shared.position.lock()
    }

    /// Begins a batch. There is one at a time.
    pub fn begin(&mut self) -> LedgerBatch {
        LedgerBatch::new(self.shared.store.batch(), self.totals.clone(), self.position())
    }

    /// Commits a batch that holds every record up to `head`, which must be durable in the log. Readers see it at once;
    /// it survives a crash once a commit was `durable`, and comes back from the log before that.
    pub fn commit(&mut self, batch: LedgerBatch, head: Head, durable: bool) -> Result<(), LedgerError> {
        let (rows, totals) = batch.finish()?;
        let checkpoint = Checkpoint { position: head.position, hash: head.hash.0 };
        let durability = if durable { Durability::Durable } else { Durability::Visible };
        self.shared.store.commit(rows, checkpoint, durability)?;
        self.totals = totals;
        *self.shared.position.lock() = head.position;
        self.shared.moved.notify_all();
        Ok(())
    }

    /// Figures over everything committed.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    fn catch_up(&mut self, log: &Log) -> Result<(), LedgerError> {
        let mut reader = log.reader(self.position() + 1);
        let mut batches = 0;
        loop {
            let mut batch = self.begin();
            let start = self.position();
            let mut head = None;
            while let Some(frame) = reader.next_frame()? {
                for (position, record) in (frame.first..).zip(&frame.records).skip_while(|(p, _)| *p <= start) {
                    batch.apply(position, record)?;
                }
                head = Some(Head { position: frame.last, hash: frame.hash });
                if frame.last - start >= CATCH_UP_RECORDS {
                    break;
                }
            }
            let Some(head) = head else { return Ok(()) };
            batches += 1;
            let at_end = head.position >= log.head().position;
            self.commit(batch, head, at_end || batches % CATCH_UP_DURABLE_BATCHES == 0)?;
        }
    }
}

impl Shared {
    fn wait_beyond(&self, position: u64, timeout: Duration) -> u64 {
        let mut current = self.position.lock();
        self.moved.wait_while_for(&mut current, |now| *now <= position, timeout);
        *current
    }
}

/// Whether the log holds the store's checkpoint.
fn fits(store: &Store, log: &Log) -> Result<bool, LedgerError> {
    let Checkpoint { position, hash } = store.checkpoint();
    if position == 0 {
        return Ok(true);
    }
    if position > log.head().position {
        return Ok(false);
    }
    Ok(log.hash_at(position)? == ChainHash(hash))
}
