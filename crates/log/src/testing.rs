//! What the tests of this crate share: small logs on a disk in memory, and records that say which they are.

use std::sync::Arc;

use crate::{Checkpoint, Compression, Kind, Log, LogError, MemoryDisk, Opened, Options, Record};

/// Small segments and frames, so that a few records make many of both.
pub(crate) fn small() -> Options {
    Options {
        name: "test",
        segment_bytes: 4096,
        frame_bytes: 1024,
        compression: Compression::Zstd(1),
        frame_cache_bytes: 0,
    }
}

/// The record that belongs at `position`, with `size` bytes of payload that hardly compress.
pub(crate) fn record(position: u64, size: usize) -> Record {
    let mut payload = vec![0; size];
    blake3::Hasher::new().update(&position.to_le_bytes()).finalize_xof().fill(&mut payload);
    Record {
        kind: Kind::ALL[usize::try_from(position).unwrap() % Kind::ALL.len()],
        subject: format!("loan-requests/{}", position % 7),
        sequence: position / 7,
        arrived_at: 1_763_800_000_000_000 + i64::try_from(position).unwrap() * 1_000,
        payload,
    }
}

/// The records from `first` on, of these sizes.
pub(crate) fn group(first: u64, sizes: &[usize]) -> Vec<Record> {
    (first..).zip(sizes).map(|(position, size)| record(position, *size)).collect()
}

pub(crate) fn open(disk: &MemoryDisk) -> Result<Opened, LogError> {
    open_with(disk, small(), &[])
}

pub(crate) fn open_with(disk: &MemoryDisk, options: Options, checkpoints: &[Checkpoint]) -> Result<Opened, LogError> {
    Log::open(Arc::new(disk.clone()), options, checkpoints)
}

/// A closed log with one frame for each of `sizes`.
pub(crate) fn log_of(sizes: &[usize]) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let mut opened = open(&disk).unwrap();
    for size in sizes {
        let position = opened.writer.next_position();
        opened.writer.append(group(position, &[*size])).unwrap().wait().unwrap();
    }
    disk
}

/// Everything a reader from the start sees; checks that positions are dense.
pub(crate) fn read_all(log: &Log) -> Vec<Record> {
    read_from(log, 1)
}

/// Everything a reader from `first` on sees.
pub(crate) fn read_from(log: &Log, first: u64) -> Vec<Record> {
    let mut reader = log.reader(first);
    let mut next = first;
    let mut all = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        assert!(frame.first <= next && frame.last >= next && (frame.first == next || all.is_empty()));
        assert_eq!(frame.records.len() as u64, frame.last - frame.first + 1);
        all.extend_from_slice(&frame.records[usize::try_from(next - frame.first).unwrap()..]);
        next = frame.last + 1;
    }
    assert_eq!(next, log.head().position.max(first - 1) + 1);
    all
}

/// The names of the disk's segments, in order.
pub(crate) fn segments(disk: &MemoryDisk) -> Vec<String> {
    use crate::Disk;
    let mut names = disk.list().unwrap();
    names.retain(|name| crate::format::segment_first(name).is_some());
    names.sort();
    names
}
