//! Where stores live: a directory, or memory.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use super::memory::{Fuse, MemoryBackend, MemoryFile};
use crate::error::StoreError;

/// A flat directory of store files.
pub trait Shelf: Send + Sync + fmt::Debug + 'static {
    /// Opens a file for reading and writing, creating it if need be.
    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>>;
    /// The names of all files, in no particular order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Removes a file, durably when it returns; one that is not there is no error.
    fn remove(&self, file: &str) -> io::Result<()>;
    /// Renames a file, replacing one of the new name; durable when it returns.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Size of a file in bytes; 0 when it is not there.
    fn size(&self, file: &str) -> u64;
}

/// Where one store is: a file on a shelf.
#[derive(Clone, Debug)]
pub struct Place {
    shelf: Arc<dyn Shelf>,
    file: String,
}

impl Place {
    /// A file of the file system; its directory must exist.
    pub fn file(path: &Path) -> Self {
        let named = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = named.unwrap_or(Path::new(".")).to_path_buf();
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self { shelf: Arc::new(DirectoryShelf(directory)), file }
    }

    /// Memory of its own, gone with the store.
    pub fn memory() -> Self {
        Self::on(Arc::new(MemoryShelf::default()), "store")
    }

    /// A file on a shelf.
    pub fn on(shelf: Arc<dyn Shelf>, file: &str) -> Self {
        Self { shelf, file: file.to_owned() }
    }

    pub(super) fn size(&self) -> u64 {
        self.shelf.size(&self.file)
    }

    pub(super) fn wipe(&self) -> Result<(), StoreError> {
        let failed = |source| StoreError::Io { path: PathBuf::from(&self.file), source };
        self.shelf.remove(&self.file).map_err(failed)
    }

    pub(super) fn backend(&self) -> io::Result<impl StorageBackend + use<>> {
        self.shelf.open(&self.file).map(Boxed)
    }
}

/// A directory of the file system.
#[derive(Clone, Debug)]
pub struct DirectoryShelf(PathBuf);

impl DirectoryShelf {
    /// The directory; it is created if need be.
    pub fn new(directory: &Path) -> Result<Self, StoreError> {
        let made = fs::create_dir_all(directory);
        made.map_err(|source| StoreError::Io { path: directory.to_path_buf(), source })?;
        Ok(Self(directory.to_path_buf()))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}

impl Shelf for DirectoryShelf {
    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>> {
        let path = self.0.join(file);
        let is_new = !path.exists();
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        if is_new {
            self.sync()?;
        }
        FileBackend::new(opened).map(|backend| Box::new(backend) as Box<dyn StorageBackend>).map_err(io::Error::other)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.0)?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        match fs::remove_file(self.0.join(file)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => self.sync(),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))?;
        self.sync()
    }

    fn size(&self, file: &str) -> u64 {
        fs::metadata(self.0.join(file)).map_or(0, |data| data.len())
    }
}

/// Files in memory, shared by the clones of the shelf. It can stop as a machine does that loses power.
#[derive(Clone, Debug, Default)]
pub struct MemoryShelf {
    files: Arc<Mutex<BTreeMap<String, Arc<MemoryFile>>>>,
    fuse: Fuse,
}

impl MemoryShelf {
    /// An empty shelf that lasts.
    pub fn new() -> Self {
        Self::default()
    }

    /// A shelf on which everything fails after `syncs` more syncs of any file; [`MemoryShelf::survivors`] then holds
    /// what was synced.
    #[must_use]
    pub fn with_fuse(self, syncs: u64) -> Self {
        Self { fuse: Fuse::new(syncs), files: self.files }
    }

    /// The number of syncs so far, over all files.
    pub fn syncs(&self) -> u64 {
        self.fuse.used()
    }

    /// Puts a copy of another shelf's file here.
    #[cfg(test)]
    pub(crate) fn copy(&self, from: &Self, file: &str, to: &str) {
        let copied = from.files.lock()[file].survivor();
        self.files.lock().insert(to.to_owned(), Arc::new(copied));
    }

    /// What a restart finds: of each file what was synced last.
    #[must_use]
    pub fn survivors(&self) -> Self {
        let files = self.files.lock();
        let kept = files.iter().map(|(name, file)| (name.clone(), Arc::new(file.survivor()))).collect();
        Self { files: Arc::new(Mutex::new(kept)), fuse: Fuse::default() }
    }
}

impl Shelf for MemoryShelf {
    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>> {
        self.fuse.check()?;
        let opened = Arc::clone(self.files.lock().entry(file.to_owned()).or_default());
        Ok(Box::new(MemoryBackend::new(opened, self.fuse.clone())))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files.lock().keys().cloned().collect())
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        self.fuse.check()?;
        self.fuse.use_one();
        self.files.lock().remove(file);
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.fuse.check()?;
        self.fuse.use_one();
        let mut files = self.files.lock();
        let moved = files.remove(from).ok_or(ErrorKind::NotFound)?;
        files.insert(to.to_owned(), moved);
        Ok(())
    }

    fn size(&self, file: &str) -> u64 {
        self.files.lock().get(file).map_or(0, |file| file.len())
    }
}

/// redb takes backends by type; this gives it one that is known at run time only.
#[derive(Debug)]
struct Boxed(Box<dyn StorageBackend>);

impl StorageBackend for Boxed {
    fn len(&self) -> Result<u64, io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.0.write(offset, data)
    }

    fn close(&self) -> Result<(), io::Error> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}
