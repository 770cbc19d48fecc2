//! One entry for the fuzzer and for the property test: any bytes in the place of the log's files.
//!
//! Whatever the bytes are, reading them must end in records or in an error that says what is wrong; and what opens
//! must be whole.

use std::sync::Arc;

use crate::{
    ChainHash, Disk, Log, LogError, MemoryDisk, Options, Verified,
    format::{
        frame::{FRAME_HEADER_BYTES, finish},
        head::HEAD_NAME,
        segment::SegmentHeader,
        segment_name,
    },
    verify,
};

/// Reads `input` as files of a log. The first byte says which part of the files the rest is.
///
/// # Panics
/// When something that must hold does not.
pub fn read(input: &[u8]) {
    let Some((mode, bytes)) = input.split_first() else { return };
    let disk = MemoryDisk::new();
    let header = SegmentHeader { first: 1, previous: ChainHash::START }.encode();
    match mode % 4 {
        0 => disk.replace(&segment_name(1), bytes),
        1 => disk.replace(&segment_name(1), &[&header, bytes].concat()),
        2 => disk.replace(&segment_name(1), &[&header[..], &frame(bytes)].concat()),
        _ => {
            disk.replace(&segment_name(1), &header);
            disk.replace(HEAD_NAME, bytes);
        }
    }
    let offline = check(&disk);
    if mode & 0x80 != 0 {
        open_and_append(&disk, offline.ok());
    }
}

/// `bytes` as the body of a frame that checks out.
fn frame(bytes: &[u8]) -> Vec<u8> {
    let (count, body) = bytes.split_first().unwrap_or((&0, &[]));
    let mut frame = [&[0; FRAME_HEADER_BYTES], body].concat();
    finish(&mut frame, 1, u32::from(*count).max(1), 0, ChainHash::START);
    frame
}

fn check(disk: &MemoryDisk) -> Result<Verified, LogError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let verified = verify(&disk, &[], &mut |position, of| assert!(position <= of));
    if let Err(error) = &verified {
        let known = matches!(error, LogError::Damaged { .. } | LogError::Unsupported { .. });
        assert!(known, "no other error can come from bytes: {error}");
    }
    verified
}

/// Opening goes as verifying went, and what is appended then is read back.
fn open_and_append(disk: &MemoryDisk, offline: Option<Verified>) {
    let options = Options { name: "fuzz", segment_bytes: 4096, frame_cache_bytes: 0, ..Options::default() };
    let Ok(opened) = Log::open(Arc::new(disk.clone()), options, &[]) else {
        assert!(offline.is_none(), "what verifies opens");
        return;
    };
    let Some(verified) = offline else { return };
    assert_eq!(opened.recovery.head, verified.head);
    let mut writer = opened.writer;
    let record =
        crate::Record { kind: crate::Kind::Event, subject: "s".into(), sequence: 1, arrived_at: 2, payload: vec![3] };
    let head = writer.append(vec![record.clone()]).and_then(crate::Ticket::wait).expect("a memory disk can be written");
    assert_eq!(opened.log.get(head.position).expect("what was appended is there"), record);
    drop(writer);
    assert_eq!(check(disk).expect("what was opened is whole").head, head);
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::testing::{log_of, segments};

    /// A sound segment with some bytes changed, cut out, put in or doubled.
    fn spoilt() -> impl Strategy<Value = Vec<u8>> {
        let edit = (any::<prop::sample::Index>(), 0..4u8, any::<u8>(), 0..200usize);
        (vec(0..120usize, 1..8), vec(edit, 0..4), 0..2u8).prop_map(|(sizes, edits, open)| {
            let disk = log_of(&sizes);
            let mut bytes = disk.contents(&segments(&disk)[0]).unwrap();
            for (place, kind, value, length) in edits {
                let at = place.index(bytes.len());
                let end = bytes.len().min(at + length);
                match kind {
                    0 => bytes[at] ^= value,
                    1 => bytes[at..end].fill(value),
                    2 => drop(bytes.drain(at..end)),
                    _ => {
                        let copy = bytes[at..end].to_vec();
                        bytes.splice(at..at, copy);
                    }
                }
                if bytes.is_empty() {
                    break;
                }
            }
            bytes.insert(0, open << 7);
            bytes
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_are_too_strange(bytes in vec(any::<u8>(), 0..600)) {
            read(&bytes);
        }

        #[test]
        fn no_spoilt_segment_is_too_strange(bytes in spoilt()) {
            read(&bytes);
        }
    }
}
