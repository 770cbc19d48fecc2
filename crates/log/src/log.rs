//! The handles.

use std::{sync::Arc, time::Duration};

use crate::{ChainHash, Checkpoint, Disk, Head, LogError, Options, Record};

/// An open log: a handle for reading, cheap to clone.
#[derive(Clone)]
pub struct Log {}

/// What [`Log::open`] returns.
pub struct Opened {
    /// For reading.
    pub log: Log,
    /// For writing: there is one.
    pub writer: Writer,
    /// What was found.
    pub recovery: Recovery,
}

/// What opening found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The end of the log.
    pub head: Head,
    /// Bytes of unacknowledged, incomplete frames that were cut off.
    pub truncated_bytes: u64,
    /// Frames read and checked in full.
    pub frames_checked: u64,
    /// Checkpoints that do not fit the log: their owners must rebuild.
    pub stale: Vec<StaleCheckpoint>,
}

/// A checkpoint that does not fit the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleCheckpoint {
    /// Whose.
    pub name: String,
    /// The position it names.
    pub position: u64,
    /// The last position of the log.
    pub log_position: u64,
    /// Why it does not fit.
    pub cause: StaleCause,
}

/// Why a checkpoint does not fit the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleCause {
    /// An older log was restored: the checkpoint lies beyond its end.
    BeyondLog,
    /// The log holds another frame at the checkpoint's position.
    HashDiffers,
}

/// A frame: the records of one group commit, or a part of a large one.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// Position of the first record.
    pub first: u64,
    /// Position of the last record.
    pub last: u64,
    /// The chain's hash after this frame.
    pub hash: ChainHash,
    /// The records, dense from `first`.
    pub records: Vec<Record>,
}

/// What [`Log::verify`] read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The end of the log.
    pub head: Head,
    /// Segments read.
    pub segments: u64,
    /// Frames read.
    pub frames: u64,
    /// Bytes read.
    pub bytes: u64,
}

impl Log {
    /// Opens or creates the log on `disk`.
    pub fn open(_disk: Arc<dyn Disk>, _options: Options, _checkpoints: &[Checkpoint]) -> Result<Opened, LogError> {
        todo!()
    }
    /// The durable end.
    pub fn head(&self) -> Head {
        todo!()
    }
    /// Blocks until the durable head is beyond `position`, or `timeout` has passed; returns the head then.
    pub fn wait_beyond(&self, _position: u64, _timeout: Duration) -> Head {
        todo!()
    }
    /// A reader whose first frame holds `from` (1 = everything).
    pub fn reader(&self, _from: u64) -> Reader {
        todo!()
    }
    /// The record at `position`.
    pub fn get(&self, _position: u64) -> Result<Record, LogError> {
        todo!()
    }
    /// The hash of the frame that holds `position`.
    pub fn hash_at(&self, _position: u64) -> Result<ChainHash, LogError> {
        todo!()
    }
    /// Reads and checks everything; tells `progress` the position reached and the last one.
    pub fn verify(&self, _progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, LogError> {
        todo!()
    }
    /// Bytes of the log's files, without what is only reserved.
    pub fn size_bytes(&self) -> u64 {
        todo!()
    }
}

/// Reads frames in order, never past the durable head.
pub struct Reader {}

impl Reader {
    /// The next frame, or `None` at the durable head: call again later.
    pub fn next_frame(&mut self) -> Result<Option<Arc<Frame>>, LogError> {
        todo!()
    }
}

/// The one writer of a log.
pub struct Writer {}

impl Writer {
    /// The position that the next record will get.
    pub fn next_position(&self) -> u64 {
        todo!()
    }
    /// Hands a group to the writer thread; blocks while two groups are waiting.
    pub fn append(&mut self, _records: Vec<Record>) -> Result<Ticket, LogError> {
        todo!()
    }
}

/// A group on its way to the disk.
pub struct Ticket {
    /// Position of its first record.
    pub first: u64,
    /// Position of its last record.
    pub last: u64,
}

impl Ticket {
    /// Returns once the group is durable.
    pub fn wait(self) -> Result<Head, LogError> {
        todo!()
    }
}
