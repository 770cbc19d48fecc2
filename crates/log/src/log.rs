//! The handle of an open log.

use std::{sync::Arc, time::Duration};

use crate::{
    ChainHash, Checkpoint, Disk, Head, LogError, Options, Reader, Record, Verified, Writer,
    cache::FrameCache,
    format::body::BodyDecoder,
    metrics::Meters,
    recovery::examine,
    segments::SegmentSize,
    shared::Shared,
    verify::verify_segments,
    walk::{Walk, decode},
};

/// An open log: a handle for reading, cheap to clone.
#[derive(Clone)]
pub struct Log {
    pub(crate) shared: Arc<Shared>,
}

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
    /// Bytes of incomplete frames that no one was promised, and that were cut off.
    pub truncated_bytes: u64,
    /// Frames read and checked in full: those of the last segment.
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

impl Log {
    /// Opens the log on `disk`, or creates it, and starts its writer.
    ///
    /// The caller makes sure that no other process has it open. The last segment is read and checked in full, of the
    /// others the headers and indexes; `checkpoints` are compared with the chain. Fails with
    /// [`LogError::Damaged`], having changed nothing, when something durable is missing or not what was written.
    pub fn open(disk: Arc<dyn Disk>, options: Options, checkpoints: &[Checkpoint]) -> Result<Opened, LogError> {
        let examined = examine(&*disk, checkpoints)?;
        let recovery = examined.recovery.clone();
        let ready = examined.repair(&*disk, options.segment_bytes)?;
        let cache = FrameCache::new(options.frame_cache_bytes);
        let segments = ready.segments.clone();
        let shared = Arc::new(Shared::new(disk, cache, Meters::new(options.name), recovery.head, segments));
        let writer = Writer::start(Arc::clone(&shared), ready, options)?;
        Ok(Opened { log: Log { shared }, writer, recovery })
    }

    /// The durable end of the log.
    pub fn head(&self) -> Head {
        self.shared.head()
    }

    /// Blocks until the durable head is beyond `position`, the writer has stopped after an error, or `timeout` has
    /// passed; returns the head then.
    pub fn wait_beyond(&self, position: u64, timeout: Duration) -> Head {
        self.shared.wait_beyond(position, timeout)
    }

    /// Why the writer has stopped, if it has after an error.
    pub fn stopped(&self) -> Option<Arc<str>> {
        self.shared.stopped()
    }

    /// A reader whose first frame holds `from` (1 = everything). `from` may lie beyond the head.
    pub fn reader(&self, from: u64) -> Reader {
        Reader::new(Arc::clone(&self.shared), from.max(1))
    }

    /// The record at `position`, at most the head's; through the frame cache.
    pub fn get(&self, position: u64) -> Result<Record, LogError> {
        let frame = self.frame(position)?;
        let at = usize::try_from(position - frame.first).unwrap_or(usize::MAX);
        frame.records.get(at).cloned().ok_or(LogError::OutOfRange { position, head: self.head().position })
    }

    /// The frame that holds `position`; through the frame cache.
    pub fn frame(&self, position: u64) -> Result<Arc<Frame>, LogError> {
        self.check_range(position)?;
        if let Some(frame) = self.shared.cache.holding(position) {
            return Ok(frame);
        }
        let place = self.shared.locate(position)?;
        let mut walk = Walk::at(&*self.shared.disk, &place)?;
        let header = walk.find(position, place.end)?;
        let frame = Arc::new(decode(&mut BodyDecoder::default(), &walk, &header)?);
        if self.shared.cache.is_on() {
            self.shared.cache.insert(Arc::clone(&frame));
        }
        Ok(frame)
    }

    /// The hash of the frame that holds `position`.
    pub fn hash_at(&self, position: u64) -> Result<ChainHash, LogError> {
        self.check_range(position)?;
        if let Some(frame) = self.shared.cache.holding(position) {
            return Ok(frame.hash);
        }
        let place = self.shared.locate(position)?;
        Ok(Walk::at(&*self.shared.disk, &place)?.find(position, place.end)?.hash)
    }

    /// Reads everything up to the head from the disk, checks every frame's checksum, hash, place in the chain and
    /// contents, and the indexes; tells `progress` the position reached and the last one, a few times a segment.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, LogError> {
        let (segments, head) = self.shared.snapshot();
        verify_segments(&*self.shared.disk, segments, head, progress)
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> Vec<SegmentSize> {
        self.shared.sizes()
    }

    /// Bytes of the log's segments, without what is only reserved.
    pub fn size_bytes(&self) -> u64 {
        self.shared.size_bytes()
    }

    fn check_range(&self, position: u64) -> Result<(), LogError> {
        let head = self.head().position;
        if (1..=head).contains(&position) { Ok(()) } else { Err(LogError::OutOfRange { position, head }) }
    }
}
