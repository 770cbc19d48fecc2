//! Each kind of loss and damage, and what opening makes of it.

use crate::{
    ChainHash, Checkpoint, CrashPolicy, Disk, Head, LogError, MemoryDisk, Opened, Record, StaleCause,
    format::{head::HEAD_NAME, segment_name},
    testing::{group, log_of, open, open_with, read_all, record, segments, small},
};

mod crashes;
mod files;
mod tail;

/// Sizes that make a log of two sealed segments and an open one: frames 1-3, 4-6, 7-8.
const THREE_SEGMENTS: [usize; 8] = [1100; 8];

fn three_segments() -> MemoryDisk {
    let disk = log_of(&THREE_SEGMENTS);
    assert_eq!(segments(&disk), [segment_name(1), segment_name(4), segment_name(7)]);
    disk
}

fn expected(count: u64, size: usize) -> Vec<Record> {
    (1..=count).map(|position| record(position, size)).collect()
}

/// The bytes at which the frames of a segment begin, and where the last one ends.
fn frame_offsets(disk: &MemoryDisk, name: &str) -> Vec<u64> {
    let bytes = disk.contents(name).unwrap();
    let mut offsets = vec![64];
    loop {
        let at = usize::try_from(offsets[offsets.len() - 1]).unwrap();
        let header = bytes
            .get(at..at + 96)
            .and_then(|header| crate::format::frame::FrameHeader::decode(&crate::format::array(header, 0)));
        let Some(header) = header else { return offsets };
        offsets.push(offsets[offsets.len() - 1] + header.frame_bytes());
    }
}

fn checkpoint(position: u64, hash: ChainHash) -> Checkpoint {
    Checkpoint { name: "loan-requests".to_owned(), position, hash }
}

/// Opening must fail, change nothing, and name this place.
fn assert_damaged(disk: &MemoryDisk, checkpoints: &[Checkpoint], place: (&str, u64, u64)) -> String {
    let before: Vec<_> = disk.list().unwrap().into_iter().map(|name| (disk.contents(&name), name)).collect();
    let error = open_with(disk, small(), checkpoints).err().expect("damage stops the opening");
    let after: Vec<_> = disk.list().unwrap().into_iter().map(|name| (disk.contents(&name), name)).collect();
    assert!(before == after, "nothing is changed");
    let message = error.to_string();
    match error {
        LogError::Damaged { segment, offset, position, .. } => {
            assert_eq!((segment.as_str(), offset, position), place, "{message}");
        }
        other => panic!("{other}"),
    }
    let offline: std::sync::Arc<dyn Disk> = std::sync::Arc::new(disk.clone());
    assert_eq!(crate::verify(&offline, checkpoints, &mut |_, _| {}).unwrap_err().to_string(), message);
    assert!(message.contains("verify") && message.contains("restore") && message.contains("source"), "{message}");
    message
}

/// Opening must find all of `records`, and writing must go on behind them.
fn assert_whole(disk: &MemoryDisk, records: &[Record]) -> Opened {
    let mut opened = open(disk).unwrap();
    assert!(read_all(&opened.log) == records, "other records than expected");
    assert_eq!(opened.log.verify(&mut |_, _| {}).unwrap().head, opened.recovery.head);
    let next = opened.writer.next_position();
    assert_eq!(next, records.len() as u64 + 1);
    opened.writer.append(group(next, &[50])).unwrap().wait().unwrap();
    assert_eq!(opened.log.get(next).unwrap(), record(next, 50));
    opened
}

#[test]
fn a_new_log_is_empty() {
    let disk = MemoryDisk::new();
    let opened = open(&disk).unwrap();
    assert_eq!((opened.recovery.head, opened.recovery.truncated_bytes), (Head::default(), 0));
    drop(opened);
    assert_whole(&disk, &[]);
}

#[test]
fn a_log_closed_cleanly_opens_as_it_was() {
    let disk = three_segments();
    let opened = open(&disk).unwrap();
    assert_eq!((opened.recovery.frames_checked, opened.recovery.truncated_bytes), (2, 0));
    drop(opened);
    assert_whole(&disk, &expected(8, 1100));
}

#[test]
fn what_a_killed_process_left_in_the_page_cache_is_synced_before_it_counts() {
    let disk = log_of(&[100; 3]);
    let mut opened = open(&disk).unwrap();
    disk.fail_sync(0);
    opened.writer.append(group(4, &[100])).unwrap().wait().unwrap_err();
    drop(opened);
    disk.mend();
    assert_eq!(open(&disk).unwrap().log.head().position, 4);
    assert_whole(&disk.crash(CrashPolicy::Lose), &expected(4, 100));
}

#[test]
fn files_of_others_are_left_alone() {
    let disk = three_segments();
    disk.replace("notes.txt", b"hello");
    disk.replace("00000000000000000004.seg.bak", b"hello");
    assert_whole(&disk, &expected(8, 1100));
    assert_eq!(disk.contents("notes.txt").unwrap(), b"hello");
}
