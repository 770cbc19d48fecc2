//! Appending and reading back, rolling, splitting, stopping.

use std::{sync::Arc, time::Duration};

use crate::{
    LogError, MAX_PAYLOAD_BYTES, MAX_SUBJECT_BYTES, MemoryDisk, Options, RealDisk,
    testing::{group, log_of, open, open_with, read_all, read_from, record, segments, small},
};

#[test]
fn what_is_appended_is_read_back() {
    for cache in [0, 4 << 20] {
        let disk = MemoryDisk::new();
        let options = Options { frame_cache_bytes: cache, ..small() };
        let mut opened = open_with(&disk, options, &[]).unwrap();
        let mut expected = Vec::new();
        for round in 0..20usize {
            let first = opened.writer.next_position();
            let records = group(first, &vec![round * 30; 1 + round % 5]);
            expected.extend_from_slice(&records);
            let ticket = opened.writer.append(records).unwrap();
            assert_eq!((ticket.first, ticket.last), (first, first + round as u64 % 5));
            let head = ticket.wait().unwrap();
            assert_eq!((head.position, head), (opened.writer.next_position() - 1, opened.log.head()));
        }
        assert!(segments(&disk).len() > 2);
        assert_eq!(read_all(&opened.log), expected);
        for (position, record) in (1..).zip(&expected) {
            assert_eq!(&opened.log.get(position).unwrap(), record);
            assert_eq!(read_from(&opened.log, position), expected[usize::try_from(position - 1).unwrap()..]);
        }
        let size = opened.log.size_bytes();
        drop(opened);
        let opened = open(&disk).unwrap();
        assert_eq!((opened.recovery.truncated_bytes, opened.log.size_bytes()), (0, size));
        assert_eq!(read_all(&opened.log), expected);
        let verified = opened.log.verify(&mut |_, _| {}).unwrap();
        assert_eq!((verified.head, verified.bytes), (opened.log.head(), size));
    }
}

#[test]
fn a_real_directory_serves_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let disk = || Arc::new(RealDisk::new(dir.path().join("log")).unwrap());
    let mut opened = crate::Log::open(disk(), small(), &[]).unwrap();
    let tickets: Vec<_> =
        (0..40).map(|_| opened.writer.append(group(opened.writer.next_position(), &[300, 5])).unwrap()).collect();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    let before = read_all(&opened.log);
    drop(opened);
    let opened = crate::Log::open(disk(), small(), &[]).unwrap();
    assert_eq!(before, group(1, &[300, 5].repeat(40)));
    assert_eq!(read_all(&opened.log), before);
}

#[test]
fn a_large_group_becomes_several_frames_and_a_large_record_one() {
    let disk = MemoryDisk::new();
    let mut opened = open(&disk).unwrap();
    let records = group(1, &[400, 400, 400, 20_000, 10, 10]);
    let ticket = opened.writer.append(records.clone()).unwrap();
    assert_eq!(ticket.last, 6);
    ticket.wait().unwrap();
    let mut reader = opened.log.reader(1);
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        frames.push((frame.first, frame.last));
    }
    assert_eq!(frames, [(1, 2), (3, 3), (4, 4), (5, 6)]);
    assert_eq!(read_all(&opened.log), records);
    assert_eq!(segments(&disk).len(), 3, "one frame alone may be larger than a segment");
}

#[test]
fn an_empty_group_is_durable_at_once() {
    let mut opened = open(&MemoryDisk::new()).unwrap();
    let ticket = opened.writer.append(Vec::new()).unwrap();
    assert_eq!((ticket.first, ticket.last), (1, 0));
    assert_eq!(ticket.wait().unwrap().position, 0);
    assert_eq!(opened.writer.next_position(), 1);
}

#[test]
fn too_large_records_are_refused_before_anything_is_appended() {
    let mut opened = open(&MemoryDisk::new()).unwrap();
    let mut long_subject = record(1, 1);
    long_subject.subject = "x".repeat(MAX_SUBJECT_BYTES + 1);
    let mut long_payload = record(1, 1);
    long_payload.payload = vec![0; MAX_PAYLOAD_BYTES + 1];
    for bad in [long_subject, long_payload] {
        let refused = opened.writer.append(vec![record(1, 1), bad]).map(|ticket| ticket.last);
        assert!(matches!(refused, Err(LogError::TooLarge { .. })));
    }
    assert_eq!((opened.writer.next_position(), opened.log.head().position), (1, 0));
}

#[test]
fn dropping_the_writer_finishes_what_was_handed_over() {
    let disk = MemoryDisk::new();
    let mut opened = open(&disk).unwrap();
    let ticket = opened.writer.append(group(1, &[100; 9])).unwrap();
    drop(opened.writer);
    assert_eq!(ticket.wait().unwrap().position, 9);
    assert_eq!(opened.log.wait_beyond(9, Duration::from_millis(1)).position, 9);
    assert_eq!(opened.log.stopped(), None);
}

#[test]
fn positions_outside_the_log_are_said_to_be() {
    let opened = open(&log_of(&[10, 10])).unwrap();
    for position in [0, 3, u64::MAX] {
        assert!(matches!(opened.log.get(position), Err(LogError::OutOfRange { head: 2, .. })));
        assert!(matches!(opened.log.hash_at(position), Err(LogError::OutOfRange { head: 2, .. })));
    }
    assert_eq!(opened.log.hash_at(2).unwrap(), opened.log.head().hash);
    assert!(opened.log.reader(3).next_frame().unwrap().is_none());
    assert_eq!(opened.log.reader(0).next_frame().unwrap().unwrap().first, 1);
}

#[test]
fn readers_follow_the_writer_and_never_pass_the_head() {
    let disk = MemoryDisk::new();
    let options = Options { frame_cache_bytes: 2000, ..small() };
    let mut opened = open_with(&disk, options, &[]).unwrap();
    let log = &opened.log;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(move || {
                let mut reader = log.reader(1);
                while reader.position() <= 600 {
                    let head = log.wait_beyond(reader.position() - 1, Duration::from_secs(10));
                    assert!(head.position >= reader.position(), "the writer goes on");
                    while let Some(frame) = reader.next_frame().unwrap() {
                        assert!(frame.last <= log.head().position);
                        let expected: Vec<_> = (frame.first..=frame.last).map(|n| record(n, 90)).collect();
                        assert_eq!(frame.records, expected);
                    }
                }
            });
        }
        for _ in 0..200 {
            let first = opened.writer.next_position();
            drop(opened.writer.append(group(first, &[90; 3])).unwrap());
        }
    });
}

#[test]
fn the_first_error_stops_the_writer_for_good() {
    type Fault = (&'static str, fn(&MemoryDisk));
    let faults: [Fault; 3] = [
        ("sync", |disk| disk.fail_sync(0)),
        ("write", |disk| disk.fail_write(0)),
        ("storage space", |disk| disk.limit(9000)),
    ];
    for (expected, fault) in faults {
        let disk = MemoryDisk::new();
        let mut opened = open(&disk).unwrap();
        opened.writer.append(group(1, &[100, 100])).unwrap().wait().unwrap();
        fault(&disk);
        let error = loop {
            let first = opened.writer.next_position();
            match opened.writer.append(group(first, &[900])).and_then(super::Ticket::wait) {
                Ok(head) => assert!(head.position < 20, "the fault comes"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains(expected) && error.contains("restart"), "{error}");
        let head = opened.log.head();
        let again = opened.writer.append(group(99, &[1])).map(|ticket| ticket.last);
        assert!(matches!(again, Err(LogError::WriterStopped { .. })));
        assert!(opened.log.stopped().is_some());
        assert_eq!(read_all(&opened.log).len() as u64, head.position, "what is durable stays readable");
        drop(opened);
        disk.limit(u64::MAX);
        assert!(open(&disk).unwrap().log.head().position >= head.position);
    }
}
