//! Missing and foreign files: segments, the `head` file, restored copies.

use super::*;

#[test]
fn a_missing_segment_is_damage() {
    for (gone, first) in [(0, 1), (1, 4), (2, 7)] {
        let disk = three_segments();
        disk.remove(&segments(&disk)[gone]).unwrap();
        let message = assert_damaged(&disk, &[], (&segment_name(first), 0, first));
        assert!(message.contains("missing"), "{message}");
    }
}

#[test]
fn all_segments_missing_is_damage_while_anything_remembers_them() {
    let disk = three_segments();
    let head = open(&disk).unwrap().log.head();
    for name in segments(&disk) {
        disk.remove(&name).unwrap();
    }
    assert_damaged(&disk, &[], (&segment_name(1), 0, 1));
    disk.remove(HEAD_NAME).unwrap();
    assert_damaged(&disk, &[checkpoint(3, head.hash)], (&segment_name(1), 0, 1));
    assert_eq!(open(&disk).unwrap().log.head(), Head::default(), "nobody remembers: a new log");
}

#[test]
fn a_lost_head_file_is_made_anew() {
    let disk = three_segments();
    disk.remove(HEAD_NAME).unwrap();
    drop(assert_whole(&disk, &expected(8, 1100)));
    assert!(disk.contents(HEAD_NAME).is_some());
}

#[test]
fn a_rotted_head_file_is_made_anew() {
    let disk = three_segments();
    let length = disk.contents(HEAD_NAME).unwrap().len();
    disk.replace(HEAD_NAME, &vec![0xA5; length]);
    assert_whole(&disk, &expected(8, 1100));
}

#[test]
fn a_stale_head_file_hides_nothing() {
    let disk = log_of(&THREE_SEGMENTS[..2]);
    let stale = disk.contents(HEAD_NAME).unwrap();
    for position in 3..=8 {
        let mut opened = open(&disk).unwrap();
        opened.writer.append(group(position, &[1100])).unwrap().wait().unwrap();
    }
    disk.replace(HEAD_NAME, &stale);
    assert_whole(&disk, &expected(8, 1100));
}

#[test]
fn the_head_file_of_another_log_is_damage() {
    let disk = three_segments();
    let other = log_of(&[7; 5]);
    disk.replace(HEAD_NAME, &other.contents(HEAD_NAME).unwrap());
    let error = open(&disk).err().unwrap();
    assert!(matches!(&error, LogError::Damaged { segment, position: 5, .. } if segment == HEAD_NAME), "{error}");
}

#[test]
fn a_segment_of_another_log_is_damage() {
    for (number, first) in [(1, 4), (2, 7)] {
        let disk = three_segments();
        let other = log_of(&[1150; 8]);
        let name = &segments(&disk)[number];
        disk.replace(name, &other.contents(name).unwrap());
        assert_damaged(&disk, &[], (name, 0, first));
    }
}

#[test]
fn a_checkpoint_ahead_of_a_restored_older_log_is_stale() {
    let disk = three_segments();
    let backup = disk.crash(CrashPolicy::Keep);
    let mut opened = open(&disk).unwrap();
    opened.writer.append(group(9, &[10, 10])).unwrap().wait().unwrap();
    let ahead = checkpoint(10, opened.log.head().hash);
    let level = Checkpoint { name: "tasks".into(), position: 8, hash: opened.log.hash_at(8).unwrap() };
    let opened = open_with(&backup, small(), &[ahead.clone(), level.clone()]).unwrap();
    let [stale] = &opened.recovery.stale[..] else { panic!("{:?}", opened.recovery.stale) };
    assert_eq!((stale.name.as_str(), stale.cause), ("loan-requests", StaleCause::BeyondLog));
    assert_eq!((stale.position, stale.log_position), (10, 8));
    drop(opened);
    backup.remove(HEAD_NAME).unwrap();
    let message =
        assert_damaged(&backup, &[ahead, level], (&segment_name(7), frame_offsets(&backup, &segment_name(7))[2], 9));
    assert!(message.contains("checkpoint of loan-requests"), "{message}");
}

#[test]
fn a_checkpoint_beyond_a_torn_log_is_damage_not_an_older_log() {
    let disk = three_segments();
    let name = segment_name(7);
    let mut bytes = disk.contents(&name).unwrap();
    let offsets = frame_offsets(&disk, &name);
    bytes[usize::try_from(offsets[2]).unwrap()] = 1;
    disk.replace(&name, &bytes);
    assert_damaged(&disk, &[checkpoint(9, ChainHash::START)], (&name, offsets[2], 9));
}

#[test]
fn a_checkpoint_of_another_history_is_stale() {
    let disk = three_segments();
    for position in [1, 4, 8] {
        let hash = open(&disk).unwrap().log.hash_at(position).unwrap();
        let opened = open_with(&disk, small(), &[checkpoint(position, hash)]).unwrap();
        assert_eq!(opened.recovery.stale, []);
        drop(opened);
        let opened = open_with(&disk, small(), &[checkpoint(position, ChainHash([1; 32]))]).unwrap();
        let [stale] = &opened.recovery.stale[..] else { panic!("{:?}", opened.recovery.stale) };
        assert_eq!((stale.cause, stale.position, stale.log_position), (StaleCause::HashDiffers, position, 8));
    }
    assert_eq!(open_with(&disk, small(), &[checkpoint(0, ChainHash::START)]).unwrap().recovery.stale, []);
}

#[test]
fn a_later_format_is_refused_and_not_called_damage() {
    for first in [1, 7] {
        let disk = three_segments();
        let mut bytes = disk.contents(&segment_name(first)).unwrap();
        bytes[8] = 2;
        let crc = crc32c::crc32c(&bytes[..60]);
        bytes[60..64].copy_from_slice(&crc.to_le_bytes());
        disk.replace(&segment_name(first), &bytes);
        let error = open(&disk).err().unwrap();
        assert!(matches!(&error, LogError::Unsupported { what, .. } if what.contains('2')), "{error}");
    }
}

#[test]
fn a_rotted_index_is_made_up_for_by_reading_the_segment() {
    for position in [1, 4] {
        let disk = three_segments();
        let name = segment_name(position);
        let end = disk.contents(&name).unwrap().len() as u64;
        assert!(disk.flip(&name, end - 20, 1));
        let opened = open(&disk).unwrap();
        assert_eq!(read_all(&opened.log), expected(8, 1100));
        let error = opened.log.verify(&mut |_, _| {}).unwrap_err();
        assert!(matches!(&error, LogError::Damaged { segment, .. } if *segment == name), "{error}");
    }
}

#[test]
fn a_sealed_last_segment_gets_a_successor() {
    let disk = three_segments();
    disk.remove(&segment_name(7)).unwrap();
    disk.remove(HEAD_NAME).unwrap();
    assert_whole(&disk, &expected(6, 1100));
    assert_eq!(segments(&disk).len(), 3);
}
