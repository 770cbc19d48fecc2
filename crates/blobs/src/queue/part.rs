//! The file of a blob that is on its way, and the hash of what it holds.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::disk::{blocking, remove};
use crate::index::Index;
use crate::shelf::Digest;

/// Bytes that are collected before they are written: few visits of a blocking thread, constant memory.
const BUFFER: usize = 256 * 1024;

/// A part file. Its methods that touch the disk run on a blocking thread.
pub(crate) struct Part {
    path: PathBuf,
    file: File,
    hash: Sha256,
    length: u64,
    buffer: Vec<Bytes>,
    buffered: usize,
    /// Nobody can open the index anew, and with it this file, while a write of a dropped fetch is still under way.
    index: Arc<Index>,
}

impl Part {
    /// The name of the part file of a digest.
    pub(crate) fn name(digest: &Digest) -> String {
        format!("{}.part", hex::encode(digest))
    }

    /// The digest of a part file's name.
    fn digest(path: &Path) -> Option<Digest> {
        let mut digest = [0; 32];
        let name = path.file_name()?.to_str()?.strip_suffix(".part")?;
        hex::decode_to_slice(name, &mut digest).is_ok().then_some(digest)
    }

    /// Opens the file, or makes it, and hashes what it holds.
    pub(crate) async fn open(path: PathBuf, index: Arc<Index>) -> io::Result<Self> {
        blocking(move || {
            let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(&path)?;
            let (length, hash) = hash(&mut file)?;
            Ok(Self { path, file, hash, length, buffer: Vec::new(), buffered: 0, index })
        })
        .await
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that came, written or not.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Throws away what is there.
    pub(crate) async fn clear(mut self) -> io::Result<Self> {
        blocking(move || {
            self.file.set_len(0)?;
            (self.hash, self.length) = (Sha256::new(), 0);
            Ok(self)
        })
        .await
    }

    /// Bytes that wait to be written.
    pub(crate) fn buffered(&self) -> u64 {
        self.buffered as u64
    }

    /// Whether those are written with these.
    pub(crate) fn is_full(&self, bytes: &Bytes) -> bool {
        self.buffered + bytes.len() >= BUFFER
    }

    /// Adds bytes.
    pub(crate) async fn push(mut self, bytes: Bytes) -> io::Result<Self> {
        self.length += bytes.len() as u64;
        self.buffered += bytes.len();
        self.buffer.push(bytes);
        if self.buffered < BUFFER { Ok(self) } else { self.flush().await }
    }

    /// Writes and hashes what was collected.
    pub(crate) async fn flush(mut self) -> io::Result<Self> {
        blocking(move || {
            for bytes in self.buffer.drain(..) {
                self.file.write_all(&bytes)?;
                self.hash.update(&bytes);
            }
            self.buffered = 0;
            Ok(self)
        })
        .await
    }

    /// Makes the bytes durable; the digest of all of them. The caller has flushed.
    pub(crate) async fn finish(self) -> io::Result<Digest> {
        blocking(move || {
            self.file.sync_all()?;
            // Held until here, see the field.
            drop(self.index);
            Ok(self.hash.finalize().into())
        })
        .await
    }
}

/// Removes the part files below `incoming` whose digest `goes`. Blocks.
pub(crate) fn remove_those<E: From<io::Error>>(
    incoming: &Path,
    mut goes: impl FnMut(&Digest) -> Result<bool, E>,
) -> Result<(), E> {
    for entry in fs::read_dir(incoming)? {
        let path = entry?.path();
        if let Some(digest) = Part::digest(&path)
            && goes(&digest)?
        {
            remove(&path)?;
        }
    }
    Ok(())
}

fn hash(file: &mut File) -> io::Result<(u64, Sha256)> {
    let (mut length, mut hash) = (0, Sha256::new());
    let mut piece = vec![0; BUFFER];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((length, hash));
        }
        hash.update(&piece[..read]);
        length += read as u64;
    }
}
