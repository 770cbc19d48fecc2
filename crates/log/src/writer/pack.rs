//! The packing thread: groups become frames, but for their headers.

use std::sync::{
    Arc,
    mpsc::{Receiver, SyncSender},
};

use super::{Group, StopOnPanic};
use crate::{LogError, Options, Record, format::body::BodyEncoder, shared::Shared};

/// A frame without its header.
pub(super) struct Packed {
    pub(super) first: u64,
    pub(super) count: u32,
    /// Room for the header, then the body.
    pub(super) bytes: Vec<u8>,
    /// What the frame holds, for readers that follow the head; empty where nothing is cached.
    pub(super) records: Vec<Record>,
}

/// The packing thread's state.
pub(super) struct Packer {
    shared: Arc<Shared>,
    encoder: BodyEncoder,
    frame_bytes: usize,
    next: u64,
}

impl Packer {
    pub(super) fn new(options: &Options, shared: Arc<Shared>, next: u64) -> Result<Packer, LogError> {
        let encoder =
            BodyEncoder::new(options.compression).map_err(LogError::io("set up the compression of", "segments"))?;
        Ok(Packer { shared, encoder, frame_bytes: options.frame_bytes, next })
    }

    /// Packs until there are no more groups or the writing thread is gone.
    pub(super) fn run(mut self, groups: &Receiver<Group>, packed: &SyncSender<Vec<Packed>>) {
        let _guard = StopOnPanic(Arc::clone(&self.shared));
        while let Ok(group) = groups.recv() {
            let frames = match self.pack(group) {
                Ok(frames) => frames,
                Err(error) => return self.shared.stop(&error.to_string()),
            };
            if packed.send(frames).is_err() {
                return;
            }
        }
    }

    fn pack(&mut self, group: Group) -> Result<Vec<Packed>, LogError> {
        debug_assert_eq!(group.first, self.next, "groups arrive in the order of their positions");
        let mut frames = Vec::with_capacity(1);
        let mut rest = group.records;
        while !rest.is_empty() {
            let later = rest.split_off(self.fitting(&rest));
            frames.push(self.frame(rest)?);
            rest = later;
        }
        Ok(frames)
    }

    /// How many of the records go into one frame: at least one.
    fn fitting(&self, records: &[Record]) -> usize {
        let mut bytes = 0;
        let over = records.iter().position(|record| {
            bytes += record.payload.len();
            bytes > self.frame_bytes
        });
        over.unwrap_or(records.len()).max(1)
    }

    fn frame(&mut self, mut records: Vec<Record>) -> Result<Packed, LogError> {
        let bytes = self.encoder.frame(&records).map_err(LogError::io("compress records for", "segments"))?;
        let first = self.next;
        let count = u32::try_from(records.len()).expect("a group of 2^32 records does not fit the memory");
        self.next += u64::from(count);
        if !self.shared.cache.is_on() {
            records = Vec::new();
        }
        Ok(Packed { first, count, bytes, records })
    }
}
