//! What is known of every blob: a redb file that can be derived anew from the read models and the shelf.
//!
//! One row a digest; every order that somebody reads in (what is due, what waits longest, what was verified longest ago,
//! what nobody refers to, what is in trouble) is a table of keys, written with the row in one transaction by
//! [`Writer::put`] alone. So they cannot disagree.

mod open;
mod read;
pub(crate) mod row;
pub(crate) mod tally;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, RwLock};
use redb::{Database, Durability, TableDefinition};
use thiserror::Error;

use open::Look;
pub(crate) use row::{Row, State};
use tally::Tally;
pub(crate) use write::Writer;

use crate::shelf::Digest;

type Ordered = TableDefinition<'static, (i64, &'static Digest), ()>;

const BLOBS: TableDefinition<&Digest, &[u8]> = TableDefinition::new("blobs");
const DUE: Ordered = TableDefinition::new("due");
const WAITING: Ordered = TableDefinition::new("waiting");
const VERIFIED: Ordered = TableDefinition::new("verified");
const UNREFERENCED: Ordered = TableDefinition::new("unreferenced");
const TROUBLED: TableDefinition<&Digest, ()> = TableDefinition::new("troubled");
/// What a loan holds, with a mark of the reference by which it does.
const OF_LOAN: TableDefinition<(&str, &Digest), u64> = TableDefinition::new("of_loan");
/// What a loan held once, until the loan is purged.
const FORMER: TableDefinition<(&str, &Digest), ()> = TableDefinition::new("former");
const HOLDERS: TableDefinition<(&Digest, &str), ()> = TableDefinition::new("holders");
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

/// The layout of rows and tables. Another one is thrown away and derived anew.
const FORMAT: u64 = 2;

/// The index cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IndexError {
    /// Another process, or an earlier service of this one, has it open.
    #[error("the blob index {} is in use; stop the other process of this data directory", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Reading or writing it failed.
    #[error(
        "the blob index {} cannot be used: {cause}; look at the disk; the file can be deleted while the replica is \
         stopped, it is derived anew",
        path.display()
    )]
    Store {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
}

/// The open index. One transaction writes at a time.
pub(crate) struct Index {
    path: PathBuf,
    /// `None` only while it is opened again.
    database: RwLock<Option<Database>>,
    /// An operation failed: redb gives no further answers before the file was opened again.
    broken: AtomicBool,
    tally: Mutex<Tally>,
    /// Held from before a write transaction until the tally is that of what was committed.
    writing: Mutex<()>,
}

impl Index {
    /// Opens the file, or makes it; one that cannot be read is derived anew. Blocks, and counts all rows.
    ///
    /// References of another `version`, or up to a position behind `head`, the last of the log, are read from the
    /// beginning: the read model, or the log, is another one than it was.
    pub(crate) fn open(path: &Path, version: u32, head: Option<u64>) -> Result<Arc<Self>, IndexError> {
        let (database, tally) = open::database(path, Look::Rows)?;
        let index = Self {
            path: path.to_owned(),
            database: RwLock::new(Some(database)),
            broken: AtomicBool::new(false),
            tally: Mutex::new(tally),
            writing: Mutex::default(),
        };
        index.write(|writer| writer.expect_references(version.into(), head))?;
        Ok(Arc::new(index))
    }

    /// Fails from here on, until it is mended.
    #[cfg(test)]
    pub(crate) fn fail(&self) {
        *self.database.write() = None;
        self.broken.store(true, Ordering::SeqCst);
    }

    /// Opens the file again after a failure, e.g. on a disk that was full; blocks until readers are done.
    pub(crate) fn mend(&self) -> Result<(), IndexError> {
        if !self.broken.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut database = self.database.write();
        *database = None;
        let (opened, tally) = open::database(&self.path, Look::Everything)?;
        (*database, *self.tally.lock()) = (Some(opened), tally);
        self.broken.store(false, Ordering::SeqCst);
        Ok(())
    }

    pub(crate) fn tally(&self) -> Tally {
        *self.tally.lock()
    }

    /// All of `change`, durable when this returns; nothing of it after an error.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut Writer<'_>) -> Result<T, Fault>) -> Result<T, IndexError> {
        self.transact(Durability::Immediate, change)
    }

    /// Like [`Self::write`], but it becomes durable with the next durable write: for what may be forgotten.
    pub(crate) fn touch<T>(&self, change: impl FnOnce(&mut Writer<'_>) -> Result<T, Fault>) -> Result<T, IndexError> {
        self.transact(Durability::None, change)
    }

    fn transact<T>(
        &self,
        durability: Durability,
        change: impl FnOnce(&mut Writer<'_>) -> Result<T, Fault>,
    ) -> Result<T, IndexError> {
        let attempt = || -> Result<T, Fault> {
            let _doubt = Doubt(&self.broken);
            let _writing = self.writing.lock();
            let database = self.database.read();
            let mut transaction = database.as_ref().ok_or_else(closed)?.begin_write()?;
            transaction.set_durability(durability)?;
            let mut tally = self.tally();
            let result = change(&mut Writer::new(&transaction, &mut tally)?)?;
            transaction.commit()?;
            *self.tally.lock() = tally;
            Ok(result)
        };
        attempt().map_err(|fault| self.failed(fault))
    }

    fn failed(&self, fault: Fault) -> IndexError {
        self.broken.store(true, Ordering::SeqCst);
        IndexError::Store { path: self.path.clone(), cause: fault.0 }
    }
}

/// Redb panics over a damaged file: then it is to be looked at as a whole.
struct Doubt<'a>(&'a AtomicBool);

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

fn closed() -> Fault {
    Fault("it is being opened again".to_owned())
}

/// What a step of reading or writing says when it fails.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(error.into().to_string())
    }
}

fn encode(row: &Row) -> Result<Vec<u8>, Fault> {
    postcard::to_stdvec(row).map_err(|error| Fault(error.to_string()))
}

fn decode(bytes: &[u8]) -> Result<Row, Fault> {
    postcard::from_bytes(bytes).map_err(|error| Fault(format!("a row cannot be read: {error}")))
}
