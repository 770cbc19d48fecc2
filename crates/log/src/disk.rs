//! The seam between the log and the disk.
//!
//! The log asks little: a flat directory of files, positioned reads and writes, and to be told when bytes are
//! durable. [`RealDisk`] is a directory; [`MemoryDisk`] forgets, tears and fails on demand, for tests.
//! [`conformance`] holds what each of them must do.

pub mod conformance;
mod memory;
mod real;

use std::{io, sync::Arc};

pub use memory::{CrashPolicy, MemoryDisk};
pub use real::RealDisk;

/// A directory of files.
///
/// Contract: names are plain file names. A file that was created, or a removal, survives a crash only once
/// [`sync_directory`](Disk::sync_directory) has returned. All methods may be called from several threads.
pub trait Disk: Send + Sync {
    /// The names of all files, in no particular order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Opens an existing file for reading and writing; `NotFound` when there is none.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Creates an empty file; `AlreadyExists` when there is one.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Removes a file; `NotFound` when there is none. Open handles stay usable.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the set of names durable.
    fn sync_directory(&self) -> io::Result<()>;
}

/// An open file.
///
/// Contract: a write is visible to reads through any handle once it has returned; it survives a crash only once a
/// [`sync`](DiskFile::sync) that began later has returned. Before that any subset of it may survive. After an error
/// of `sync` nothing is known about the writes before it, and it must not be called again to find out.
pub trait DiskFile: Send + Sync {
    /// The file's length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Fills `buffer` from `offset`; `UnexpectedEof` when the file ends before.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`; the file grows, filled with zeros, where needed.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Reserves space so that the file is at least `length` bytes long; what is new reads as zeros.
    fn allocate(&self, length: u64) -> io::Result<()>;
    /// Cuts or extends the file to `length`; what is new reads as zeros.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Returns once all bytes written before, and the length, are durable.
    fn sync(&self) -> io::Result<()>;
}
