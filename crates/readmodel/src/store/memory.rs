//! Files in memory that remember what was synced, and a fuse that stops them all.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use redb::StorageBackend;

/// After a number of syncs nothing works any more. Without one it lasts for ever.
#[derive(Clone, Debug, Default)]
pub(super) struct Fuse {
    limit: Option<u64>,
    used: Arc<AtomicU64>,
}

impl Fuse {
    pub(super) fn new(syncs: u64) -> Self {
        Self { limit: Some(syncs), used: Arc::default() }
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::SeqCst)
    }

    /// An error once the fuse has blown.
    pub(super) fn check(&self) -> io::Result<()> {
        match self.limit {
            Some(limit) if self.used() >= limit => Err(io::Error::other("the power is gone")),
            _ => Ok(()),
        }
    }

    pub(super) fn use_one(&self) {
        self.used.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Debug, Default)]
pub(super) struct MemoryFile(Mutex<Content>);

#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    /// What to do, last first, to get back to the state of the last sync.
    undo: Vec<Undo>,
}

#[derive(Debug)]
enum Undo {
    Write { offset: usize, old: Vec<u8> },
    Length(Vec<u8>, usize),
}

impl MemoryFile {
    pub(super) fn len(&self) -> u64 {
        self.0.lock().bytes.len() as u64
    }

    /// The file as of its last sync.
    pub(super) fn survivor(&self) -> Self {
        let content = self.0.lock();
        let mut bytes = content.bytes.clone();
        for step in content.undo.iter().rev() {
            match step {
                Undo::Write { offset, old } => bytes[*offset..*offset + old.len()].copy_from_slice(old),
                Undo::Length(cut, length) => {
                    bytes.truncate(*length);
                    bytes.extend_from_slice(cut);
                }
            }
        }
        Self(Mutex::new(Content { bytes, undo: Vec::new() }))
    }
}

#[derive(Debug)]
pub(super) struct MemoryBackend {
    file: Arc<MemoryFile>,
    fuse: Fuse,
}

impl MemoryBackend {
    pub(super) fn new(file: Arc<MemoryFile>, fuse: Fuse) -> Self {
        Self { file, fuse }
    }
}

fn span(offset: u64, len: usize, of: usize) -> io::Result<std::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(io::Error::other)?;
    match start.checked_add(len) {
        Some(end) if end <= of => Ok(start..end),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

impl StorageBackend for MemoryBackend {
    fn len(&self) -> Result<u64, io::Error> {
        self.fuse.check()?;
        Ok(self.file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.fuse.check()?;
        let content = self.file.0.lock();
        let span = span(offset, out.len(), content.bytes.len())?;
        out.copy_from_slice(&content.bytes[span]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.fuse.check()?;
        let len = usize::try_from(len).map_err(io::Error::other)?;
        let mut content = self.file.0.lock();
        let kept = len.min(content.bytes.len());
        if self.fuse.limit.is_some() {
            let cut = content.bytes[kept..].to_vec();
            content.undo.push(Undo::Length(cut, kept));
        }
        content.bytes.resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.fuse.check()?;
        self.fuse.use_one();
        self.file.0.lock().undo.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.fuse.check()?;
        let mut content = self.file.0.lock();
        let span = span(offset, data.len(), content.bytes.len())?;
        if self.fuse.limit.is_some() {
            let old = content.bytes[span.clone()].to_vec();
            content.undo.push(Undo::Write { offset: span.start, old });
        }
        content.bytes[span].copy_from_slice(data);
        Ok(())
    }
}
