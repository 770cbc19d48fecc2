//! The end of the log: torn, rotted, out of order; above and below the floor.

use super::*;

/// A log whose last group was written and never acknowledged: the head file and all headers stop at 7.
fn unacknowledged_last() -> (MemoryDisk, String, Vec<u64>) {
    let disk = log_of(&THREE_SEGMENTS[..7]);
    let head = disk.contents(HEAD_NAME).unwrap();
    let mut opened = open(&disk).unwrap();
    opened.writer.append(group(8, &[1100])).unwrap().wait().unwrap();
    drop(opened);
    disk.replace(HEAD_NAME, &head);
    let name = segment_name(7);
    let offsets = frame_offsets(&disk, &name);
    assert_eq!(offsets.len(), 3);
    (disk, name, offsets)
}

#[test]
fn a_torn_tail_is_cut_off() {
    let (whole, name, offsets) = unacknowledged_last();
    let bytes = whole.contents(&name).unwrap();
    let (start, end) = (usize::try_from(offsets[1]).unwrap(), usize::try_from(offsets[2]).unwrap());
    for cut in (start..end).step_by(7) {
        for length in [cut, bytes.len()] {
            let disk = whole.crash(CrashPolicy::Keep);
            let mut torn = bytes[..cut].to_vec();
            torn.resize(length, 0);
            disk.replace(&name, &torn);
            let opened = open(&disk).unwrap();
            assert!(opened.recovery.truncated_bytes <= (cut - start) as u64);
            assert_eq!(opened.recovery.truncated_bytes > 0, cut > start);
            drop(opened);
            drop(assert_whole(&disk, &expected(7, 1100)));
            assert_eq!(open(&disk).unwrap().recovery.truncated_bytes, 0, "cut off once");
        }
    }
}

#[test]
fn a_complete_frame_above_the_floor_is_kept() {
    let (disk, _, _) = unacknowledged_last();
    assert_whole(&disk, &expected(8, 1100));
}

#[test]
fn a_flipped_bit_above_the_floor_ends_the_log() {
    let (whole, name, offsets) = unacknowledged_last();
    for offset in (offsets[1]..offsets[2]).step_by(5) {
        let disk = whole.crash(CrashPolicy::Keep);
        assert!(disk.flip(&name, offset, 1 << (offset % 8)));
        let opened = open(&disk).unwrap();
        assert_eq!(opened.recovery.truncated_bytes, offsets[2] - offsets[1]);
        drop(opened);
        assert_whole(&disk, &expected(7, 1100));
    }
}

#[test]
fn a_rotted_last_acknowledged_frame_is_damage() {
    let disk = three_segments();
    let name = segment_name(7);
    let offsets = frame_offsets(&disk, &name);
    for offset in (offsets[1]..offsets[2]).step_by(5) {
        let disk = disk.crash(CrashPolicy::Keep);
        assert!(disk.flip(&name, offset, 1 << (offset % 8)));
        let message = assert_damaged(&disk, &[], (&name, offsets[1], 8));
        assert!(message.contains("head file"), "{message}");
    }
}

#[test]
fn a_missing_last_acknowledged_frame_is_damage() {
    let disk = three_segments();
    let name = segment_name(7);
    let offsets = frame_offsets(&disk, &name);
    let bytes = disk.contents(&name).unwrap();
    disk.replace(&name, &bytes[..usize::try_from(offsets[1]).unwrap()]);
    assert_damaged(&disk, &[], (&name, offsets[1], 8));
    let mut zeroed = bytes;
    zeroed[usize::try_from(offsets[1]).unwrap()..].fill(0);
    disk.replace(&name, &zeroed);
    assert_damaged(&disk, &[], (&name, offsets[1], 8));
}

#[test]
fn a_flipped_bit_before_a_valid_frame_is_damage_even_without_a_head_file() {
    let disk = log_of(&[200; 6]);
    disk.remove(HEAD_NAME).unwrap();
    let name = segment_name(1);
    let offsets = frame_offsets(&disk, &name);
    for offset in (offsets[1]..offsets[4]).step_by(11) {
        let disk = disk.crash(CrashPolicy::Keep);
        assert!(disk.flip(&name, offset, 1 << (offset % 8)));
        let frame = offsets.partition_point(|start| *start <= offset) - 1;
        let message = assert_damaged(&disk, &[], (&name, offsets[frame], frame as u64 + 1));
        assert!(message.contains("later frame"), "{message}");
    }
}

#[test]
fn a_sound_frame_of_another_log_is_damage() {
    let (disk, other) = (log_of(&[200; 4]), log_of(&[201, 200, 200, 200]));
    let name = segment_name(1);
    let (here, there) = (frame_offsets(&disk, &name), frame_offsets(&other, &name));
    let range = |offsets: &[u64]| usize::try_from(offsets[2]).unwrap()..usize::try_from(offsets[3]).unwrap();
    let mut bytes = disk.contents(&name).unwrap();
    bytes[range(&here)].copy_from_slice(&other.contents(&name).unwrap()[range(&there)]);
    disk.replace(&name, &bytes);
    assert_damaged(&disk, &[], (&name, here[2], 3));
}

#[test]
fn the_checkpoint_of_a_read_model_is_a_witness_too() {
    let (disk, name, offsets) = unacknowledged_last();
    let hash = open(&disk).unwrap().log.head().hash;
    let (disk, name) = (unacknowledged_last().0, name);
    assert!(disk.flip(&name, offsets[1] + 100, 4));
    let message = assert_damaged(&disk, &[checkpoint(8, hash)], (&name, offsets[1], 8));
    assert!(message.contains("checkpoint of loan-requests"), "{message}");
}

#[test]
fn a_flipped_bit_in_a_sealed_segment_is_found_when_read_and_by_verify() {
    let disk = three_segments();
    let name = segment_name(4);
    let offsets = frame_offsets(&disk, &name);
    for offset in (offsets[1]..offsets[2]).step_by(13) {
        let disk = disk.crash(CrashPolicy::Keep);
        assert!(disk.flip(&name, offset, 1 << (offset % 8)));
        let opened = open(&disk).unwrap();
        let mut reader = opened.log.reader(1);
        for position in 1..=4 {
            assert_eq!(reader.next_frame().unwrap().unwrap().first, position);
        }
        let errors = [
            reader.next_frame().unwrap_err(),
            reader.next_frame().unwrap_err(),
            opened.log.get(5).unwrap_err(),
            opened.log.hash_at(5).unwrap_err(),
            opened.log.verify(&mut |_, _| {}).unwrap_err(),
        ];
        for error in errors {
            let place = |error: &LogError| match error {
                LogError::Damaged { segment, offset, position, .. } => (segment.clone(), *offset, *position),
                other => panic!("{other}"),
            };
            assert_eq!(place(&error), (name.clone(), offsets[1], 5));
        }
    }
}

#[test]
fn an_unfinished_segment_file_is_begun_again() {
    for bytes in [&[][..], &[0; 64], &[0; 4096], b"CTYLOG\r\n\x01\0", &[7; 300]] {
        let disk = three_segments();
        disk.remove(&segment_name(7)).unwrap();
        disk.remove(HEAD_NAME).unwrap();
        disk.replace(&segment_name(7), bytes);
        assert_whole(&disk, &expected(6, 1100));
    }
}

#[test]
fn a_rotted_header_of_a_segment_with_acknowledged_frames_is_damage() {
    let disk = three_segments();
    assert!(disk.flip(&segment_name(7), 30, 1));
    assert_damaged(&disk, &[], (&segment_name(7), 0, 7));
    disk.remove(HEAD_NAME).unwrap();
    assert_damaged(&disk, &[], (&segment_name(7), 0, 7));
}
