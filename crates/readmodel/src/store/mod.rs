//! One redb file: rows in named tables, and in the same transaction the log position that they hold, their number and
//! their digest. A crash leaves all of it or none.

mod batch;
mod digest;
mod memory;
mod open;
mod shelf;
mod snapshot;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use redb::{Builder, Database, WriteTransaction};
use serde::{Deserialize, Serialize};

use self::digest::Hasher;
use self::open::{create, open_existing};
use self::snapshot::{Bytes, definition};
use crate::error::StoreError;

pub(crate) use self::open::peek;

pub use self::batch::{Batch, Found, Rows};
pub use self::shelf::{DirectoryShelf, MemoryShelf, Place, Shelf};
pub use self::snapshot::{Direction, Row, Scan, Snapshot};

/// Name of a table.
pub type Table = &'static str;

/// Version of what this module keeps beside the rows.
const FORMAT: u32 = 1;
const META: Table = "continuity.meta";
const META_KEY: Bytes = b"meta";

/// How far into the log the rows of a store go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Log position; 0: nothing yet.
    pub position: u64,
    /// Chain hash of the frame that holds the position.
    pub hash: [u8; 32],
}

/// When a commit survives a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Readers see it at once; it survives from the next durable commit on. No fsync.
    Visible,
    /// It and every commit before it survive from the return on.
    Durable,
}

/// How a store was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Nothing was there; it is empty.
    Created,
    /// As it was left.
    Existing,
    /// What was there could not be used and was removed; it is empty.
    Replaced {
        /// Why, for the operator.
        why: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Meta {
    format: u32,
    name: String,
    version: u32,
    checkpoint: Checkpoint,
    digest: [u8; 32],
    rows: u64,
    row_bytes: u64,
}

/// A store that is open for writing. One writer at a time; readers take a [`Snapshot`].
pub struct Store {
    database: Arc<Database>,
    place: Place,
    tables: &'static [Table],
    opened: Opened,
    meta: Mutex<Meta>,
    current: RwLock<Snapshot>,
}

impl Store {
    /// Opens the store, or creates it empty. One of another name, version or set of tables, or a damaged one, is
    /// replaced by an empty one: everything in it comes back from the log.
    /// `cache_bytes` bounds redb's page cache.
    pub fn open(
        place: Place,
        name: &str,
        version: u32,
        tables: &'static [Table],
        cache_bytes: usize,
    ) -> Result<Self, StoreError> {
        let empty = Meta {
            format: FORMAT,
            name: name.to_owned(),
            version,
            checkpoint: Checkpoint::default(),
            digest: [0; 32],
            rows: 0,
            row_bytes: 0,
        };
        let mut builder = Builder::new();
        builder.set_cache_size(cache_bytes);
        let existed = place.size() > 0;
        let opened = if existed { open_existing(&builder, &place, &empty, tables)? } else { Err(Opened::Created) };
        let (database, meta, opened) = match opened {
            Ok((database, meta)) => (database, meta, Opened::Existing),
            Err(why) => {
                place.wipe()?;
                let database = create(&builder, &place, &empty, tables)?;
                (database, empty, why)
            }
        };
        let database = Arc::new(database);
        let current = RwLock::new(Snapshot::open(&database, tables, meta.clone())?);
        Ok(Self { database, place, tables, opened, meta: Mutex::new(meta), current })
    }

    /// How it was found when it was opened.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// How far into the log the committed rows go.
    pub fn checkpoint(&self) -> Checkpoint {
        self.meta.lock().checkpoint
    }

    /// Digest over all committed rows: equal for equal rows, however they came about.
    pub fn digest(&self) -> [u8; 32] {
        self.meta.lock().digest
    }

    /// Number of committed rows in all tables.
    pub fn rows(&self) -> u64 {
        self.meta.lock().rows
    }

    /// Bytes of the keys and values of all committed rows.
    pub fn row_bytes(&self) -> u64 {
        self.meta.lock().row_bytes
    }

    /// Bytes of the file, free pages included.
    pub fn file_bytes(&self) -> u64 {
        self.place.size()
    }

    /// Begins a batch over the committed state. Batches of one store must not overlap.
    pub fn batch(&self) -> Batch {
        Batch::new(self.snapshot(), self.tables)
    }

    /// Commits the batch together with the position that it brings the store to.
    ///
    /// After an error the state of the store is unknown: it must not be used again before it was reopened.
    pub fn commit(&self, batch: Batch, checkpoint: Checkpoint, durability: Durability) -> Result<(), StoreError> {
        let mut meta = self.meta.lock();
        let mut next = Meta { checkpoint, ..meta.clone() };
        let writes = batch.finish()?;
        let failed = |e: redb::Error| StoreError::redb(&next.name.clone(), e);
        let mut txn = self.database.begin_write().map_err(|e| failed(e.into()))?;
        let level =
            if durability == Durability::Durable { redb::Durability::Immediate } else { redb::Durability::None };
        txn.set_durability(level).map_err(|e| failed(e.into()))?;
        txn.set_quick_repair(durability == Durability::Durable);
        write_all(&txn, writes, &mut next)?;
        write_meta(&txn, &next)?;
        txn.commit().map_err(|e| StoreError::redb(&next.name, e))?;
        *self.current.write() = Snapshot::open(&self.database, self.tables, next.clone())?;
        *meta = next;
        Ok(())
    }

    /// Makes what is committed durable. There was nothing to commit between the store's own checkpoint and `at`; when it
    /// is beyond `at`, it keeps its own.
    pub(crate) fn persist(&self, at: Checkpoint) -> Result<(), StoreError> {
        let own = self.checkpoint();
        let at = if own.position > at.position { own } else { at };
        self.commit(self.batch(), at, Durability::Durable)
    }

    /// The committed state.
    pub fn snapshot(&self) -> Snapshot {
        self.current.read().clone()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meta = self.meta.lock();
        write!(f, "Store({} at {})", meta.name, meta.checkpoint.position)
    }
}

fn write_all(
    txn: &WriteTransaction,
    writes: impl Iterator<Item = (Table, batch::Overlay)>,
    meta: &mut Meta,
) -> Result<(), StoreError> {
    let mut hasher = Hasher::from(meta.digest);
    for (table, rows) in writes.filter(|(_, rows)| !rows.is_empty()) {
        write_table(txn, table, &rows, meta, &mut hasher).map_err(|e| StoreError::redb(&meta.name, e))?;
    }
    meta.digest = hasher.sum();
    Ok(())
}

fn write_table(
    txn: &WriteTransaction,
    table: Table,
    rows: &batch::Overlay,
    meta: &mut Meta,
    hasher: &mut Hasher,
) -> Result<(), redb::Error> {
    let mut open = txn.open_table(definition(table))?;
    for (key, value) in rows {
        let key = key.as_slice();
        let old = match value {
            Some(value) => open.insert(key, value.as_slice())?,
            None => open.remove(key)?,
        };
        if let Some(old) = old {
            hasher.toggle(table, key, old.value());
            meta.rows -= 1;
            meta.row_bytes -= (key.len() + old.value().len()) as u64;
        }
        if let Some(value) = value {
            hasher.toggle(table, key, value);
            meta.rows += 1;
            meta.row_bytes += (key.len() + value.len()) as u64;
        }
    }
    Ok(())
}

fn write_meta(txn: &WriteTransaction, meta: &Meta) -> Result<(), StoreError> {
    let write = || -> Result<(), redb::Error> {
        txn.open_table(definition(META))?.insert(META_KEY, encode(meta).as_slice())?;
        Ok(())
    };
    write().map_err(|e| StoreError::redb(&meta.name, e))
}

fn encode(meta: &Meta) -> Vec<u8> {
    postcard::to_stdvec(meta).expect("a plain struct of numbers and a text always encodes")
}
