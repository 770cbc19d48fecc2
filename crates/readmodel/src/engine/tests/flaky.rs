//! A shelf on which one thing goes wrong.

use std::io::{self, Error, ErrorKind};
use std::sync::Arc;

use parking_lot::Mutex;
use redb::StorageBackend;

use crate::store::{MemoryShelf, Shelf};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Its file cannot be opened.
    Open,
    /// Its file cannot be synced.
    Sync,
    /// Syncing its file panics, as redb may on a damaged one.
    Panic,
    /// No file can be renamed.
    Rename,
    /// Its file cannot be removed, or none where it has no file.
    Remove,
}

/// A shelf with a file that has, from some time on, a fault; without a name it is every file.
#[derive(Clone, Debug)]
pub(super) struct Flaky {
    inner: MemoryShelf,
    file: String,
    fault: Arc<Mutex<Option<Fault>>>,
}

impl Flaky {
    pub(super) fn new(inner: &MemoryShelf, file: &str) -> Self {
        Self { inner: inner.clone(), file: file.to_owned(), fault: Arc::default() }
    }

    pub(super) fn set(&self, fault: Fault) {
        *self.fault.lock() = Some(fault);
    }

    pub(super) fn clear(&self) {
        *self.fault.lock() = None;
    }

    fn has(&self, fault: Fault) -> io::Result<()> {
        if *self.fault.lock() == Some(fault) { Err(Error::from(ErrorKind::PermissionDenied)) } else { Ok(()) }
    }
}

impl Shelf for Flaky {
    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>> {
        let is_bad = file == self.file;
        if is_bad {
            self.has(Fault::Open)?;
        }
        Ok(Box::new(FlakyFile { inner: self.inner.open(file)?, shelf: is_bad.then(|| self.clone()) }))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.inner.list()
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        if self.file.is_empty() || self.file == file {
            self.has(Fault::Remove)?;
        }
        self.inner.remove(file)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.has(Fault::Rename)?;
        self.inner.rename(from, to)
    }

    fn size(&self, file: &str) -> u64 {
        self.inner.size(file)
    }
}

#[derive(Debug)]
struct FlakyFile {
    inner: Box<dyn StorageBackend>,
    shelf: Option<Flaky>,
}

impl StorageBackend for FlakyFile {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if let Some(shelf) = &self.shelf {
            shelf.has(Fault::Sync)?;
            assert!(shelf.has(Fault::Panic).is_ok(), "as redb on a damaged file");
        }
        self.inner.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(offset, data)
    }
}
