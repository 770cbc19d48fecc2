//! Opening the control log and bringing its store up to it.

#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use continuity_base::Clock;
use continuity_log::{ChainHash, Checkpoint, Disk, Head, Kind, Log, Opened, Options, Record, Writer};
use continuity_readmodel::{Durability, Place, Store};
use parking_lot::Mutex;

use super::Control;
use super::force::InForce;
use super::projection::{self, TABLES, VERSION, store_failed};
use super::writer::{Appender, Queue, checkpoint, log_failed};
use crate::AuthError;
use crate::keys::ring::Ring;

const NAME: &str = "control";
/// There are few rows and most are read once.
const CACHE_BYTES: usize = 4 << 20;
/// Records applied in one transaction while catching up.
const BATCH: u64 = 10_000;

/// The control log, opened and checked, not yet replayed.
pub(crate) struct Opening {
    log: Log,
    writer: Writer,
    store: Store,
    head: Head,
}

impl Opening {
    /// `store_path` is the redb file; one that does not fit the log is removed and comes back from it.
    pub(crate) fn new(disk: Arc<dyn Disk>, store_path: &Path) -> Result<Self, AuthError> {
        let mut store = open_store(store_path)?;
        let at = store.checkpoint();
        let known = Checkpoint { name: NAME.to_owned(), position: at.position, hash: ChainHash(at.hash) };
        let options = Options { name: NAME, segment_bytes: 8 << 20, frame_cache_bytes: 1 << 20, ..Options::default() };
        let Opened { log, writer, recovery } = Log::open(disk, options, &[known]).map_err(log_failed)?;
        if let Some(stale) = recovery.stale.first() {
            tracing::warn!(
                store.position = stale.position,
                log.position = stale.log_position,
                cause = ?stale.cause,
                "the control store does not fit the control log: an older log was restored, or another; the store is rebuilt"
            );
            drop(store);
            remove(store_path)?;
            store = open_store(store_path)?;
        }
        Ok(Self { log, writer, store, head: recovery.head })
    }

    /// Whether nothing was ever recorded.
    pub(crate) fn is_empty(&self) -> bool {
        self.head.position == 0
    }

    /// Replays what the store lacks and starts the thread.
    pub(crate) fn finish(self, clock: Arc<dyn Clock>, ring: Ring, replica: &str) -> Result<Control, AuthError> {
        self.catch_up()?;
        let force = InForce::new(ring, replica)?;
        projection::load(&self.store.snapshot(), &force)?;
        let store = Arc::new(self.store);
        let appender = Appender {
            writer: self.writer,
            store: Arc::clone(&store),
            force: force.clone(),
            clock: Arc::clone(&clock),
            volatile: 0,
        };
        let queue = Queue::start(appender)?;
        Ok(Control { log: self.log, store, force, clock, queue, changing: Mutex::new(()) })
    }

    fn catch_up(&self) -> Result<(), AuthError> {
        let from = self.store.checkpoint().position + 1;
        let mut reader = self.log.reader(from);
        let mut batch = self.store.batch();
        let (mut since, mut head) = (0, None);
        while let Some(frame) = reader.next_frame().map_err(log_failed)? {
            let new = (frame.first..).zip(&frame.records).filter(|(position, _)| *position >= from);
            for (position, record) in new {
                check_kind(record)?;
                projection::apply(record, position, &mut batch.rows())?;
                since += 1;
            }
            head = Some(Head { position: frame.last, hash: frame.hash });
            if since >= BATCH {
                let full = std::mem::replace(&mut batch, self.store.batch());
                self.store
                    .commit(full, checkpoint(Head { position: frame.last, hash: frame.hash }), Durability::Visible)
                    .map_err(store_failed)?;
                batch = self.store.batch();
                since = 0;
            }
        }
        match head {
            Some(head) => self.store.commit(batch, checkpoint(head), Durability::Durable).map_err(store_failed),
            None => Ok(()),
        }
    }
}

fn check_kind(record: &Record) -> Result<(), AuthError> {
    match record.kind {
        Kind::Operator => Ok(()),
        other => {
            let name = other.name();
            Err(AuthError::ControlLog(format!(
                "it holds a record of kind {name}, which belongs to the replicated log; check the data directory"
            )))
        }
    }
}

fn open_store(path: &Path) -> Result<Store, AuthError> {
    Store::open(Place::file(path), NAME, VERSION, TABLES, CACHE_BYTES).map_err(store_failed)
}

fn remove(path: &Path) -> Result<(), AuthError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(AuthError::File { action: "remove", path: PathBuf::from(path), source })
        }
        _ => Ok(()),
    }
}
