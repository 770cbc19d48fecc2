//! The writing thread: chains frames, writes them, makes them durable, and only then lets the world know.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use super::{StopOnPanic, pack::Packed};
use crate::{
    DiskFile, Frame, Head, LogError,
    format::{
        array,
        frame::{FrameHeader, finish},
    },
    head_file::HeadFile,
    metrics::timed,
    recovery::{Ready, create_segment},
    segments::Segment,
    shared::Shared,
};

/// The `head` file is synced after this many commits under load ...
const HEAD_SYNC_COMMITS: u32 = 32;
/// ... or once nothing has come for this long. Until then a power cut may leave an older head, which frame headers
/// make up for.
const HEAD_SYNC_IDLE: Duration = Duration::from_millis(10);

/// The writing thread's state.
pub(super) struct Committer {
    shared: Arc<Shared>,
    segment_bytes: u64,
    file: Arc<dyn DiskFile>,
    /// The last segment as written; as published it may be behind.
    segment: Segment,
    name: String,
    head_file: HeadFile,
    unsynced_heads: u32,
    /// The last durable position.
    durable: u64,
    /// Frames written and not yet durable.
    written: Vec<Arc<Frame>>,
    written_bytes: u64,
}

impl Committer {
    pub(super) fn new(shared: Arc<Shared>, ready: Ready, segment_bytes: u64) -> Committer {
        let durable = shared.head().position;
        let segment = ready.segments.last().cloned().unwrap_or_else(|| Segment::empty(1, Head::default().hash));
        Committer {
            shared,
            segment_bytes,
            file: ready.file,
            name: segment.name(),
            segment,
            head_file: ready.head_file,
            unsynced_heads: 0,
            durable,
            written: Vec::new(),
            written_bytes: 0,
        }
    }

    /// Commits until there are no more groups, or until the first error, after which nothing is written any more.
    pub(super) fn run(mut self, groups: &Receiver<Vec<Packed>>) {
        let _guard = StopOnPanic(Arc::clone(&self.shared));
        if let Err(error) = self.commit_all(groups) {
            self.shared.stop(&error.to_string());
        }
    }

    fn commit_all(&mut self, groups: &Receiver<Vec<Packed>>) -> Result<(), LogError> {
        loop {
            let group = if self.head_file.is_dirty() {
                match groups.recv_timeout(HEAD_SYNC_IDLE) {
                    Err(RecvTimeoutError::Timeout) => {
                        self.sync_head()?;
                        continue;
                    }
                    received => received.ok(),
                }
            } else {
                groups.recv().ok()
            };
            let Some(group) = group else { return self.sync_head() };
            self.write_group(group)?;
            // What has been packed meanwhile rides along.
            while let Ok(group) = groups.try_recv() {
                self.write_group(group)?;
            }
            self.commit()?;
        }
    }

    fn write_group(&mut self, group: Vec<Packed>) -> Result<(), LogError> {
        group.into_iter().try_for_each(|frame| self.write(frame))
    }

    fn write(&mut self, mut packed: Packed) -> Result<(), LogError> {
        let bytes = packed.bytes.len() as u64;
        if self.segment.end + bytes > self.segment_bytes && !self.segment.is_empty() {
            self.commit()?;
            self.roll()?;
        }
        let hash = finish(&mut packed.bytes, packed.first, packed.count, self.durable, self.segment.hash);
        self.file.write_at(&packed.bytes, self.segment.end).map_err(LogError::io("write", &self.name))?;
        let header = FrameHeader::decode(&array(&packed.bytes, 0)).expect("a header that was just written decodes");
        self.segment.push(&header);
        self.written_bytes += bytes;
        let frame = Frame { first: header.first, last: header.last(), hash, records: packed.records };
        self.written.push(Arc::new(frame));
        Ok(())
    }

    /// Makes durable what was written: sync, `head` file, then the readers and the tickets.
    fn commit(&mut self) -> Result<(), LogError> {
        if self.written.is_empty() {
            return Ok(());
        }
        let (synced, duration) = timed(|| self.file.sync());
        synced.map_err(LogError::io("sync", &self.name))?;
        self.head_file.write(Head { position: self.segment.last, hash: self.segment.hash })?;
        self.shared.meters.fsync.record(duration.as_secs_f64());
        self.shared.meters.records.increment(self.segment.last - self.durable);
        self.shared.meters.bytes.increment(self.written_bytes);
        self.written_bytes = 0;
        self.durable = self.segment.last;
        let mut gone = Vec::new();
        for frame in self.written.drain(..) {
            if self.shared.cache.is_on() {
                gone.extend(self.shared.cache.insert(frame));
            }
        }
        self.shared.publish(&self.segment);
        drop(gone);
        self.unsynced_heads += 1;
        if self.unsynced_heads >= HEAD_SYNC_COMMITS { self.sync_head() } else { Ok(()) }
    }

    fn sync_head(&mut self) -> Result<(), LogError> {
        self.unsynced_heads = 0;
        self.head_file.sync()
    }

    /// Seals the segment, all of which is durable, and begins the next.
    fn roll(&mut self) -> Result<(), LogError> {
        let footer = self.segment.footer().encode();
        let length = self.segment.end + footer.len() as u64;
        self.file.write_at(&footer, self.segment.end).map_err(LogError::io("write the index of", &self.name))?;
        self.file.set_length(length).map_err(LogError::io("cut", &self.name))?;
        self.file.sync().map_err(LogError::io("sync", &self.name))?;
        self.segment.footer_bytes = footer.len() as u64;
        self.shared.publish(&self.segment);
        let head = Head { position: self.segment.last, hash: self.segment.hash };
        (self.file, self.segment) = create_segment(&*self.shared.disk, head, self.segment_bytes, false)?;
        self.name = self.segment.name();
        Ok(())
    }
}
