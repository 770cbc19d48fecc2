//! Round trips and refusals of every piece of the format.

use super::{
    body::BodyEncoder,
    footer::{Entry, FOOTER_TRAILER_BYTES, Footer},
    frame::{FrameHeader, check, finish},
    head::Slot,
    segment::{HeaderError, SegmentHeader},
    *,
};
use crate::{ChainHash, Compression, Head, Kind, Record};

fn records(payloads: &[&[u8]]) -> Vec<Record> {
    let record = |(number, payload): (usize, &&[u8])| Record {
        kind: Kind::ALL[number % Kind::ALL.len()],
        subject: if number % 3 == 0 { String::new() } else { format!("loan-requests/{number}") },
        sequence: number as u64,
        arrived_at: 1_700_000_000_000_000 - 7 * i64::try_from(number).unwrap(),
        payload: payload.to_vec(),
    };
    payloads.iter().enumerate().map(record).collect()
}

fn frame(records: &[Record], compression: Compression) -> Vec<u8> {
    let mut frame = BodyEncoder::new(compression).unwrap().frame(records).unwrap();
    finish(&mut frame, 5, u32::try_from(records.len()).unwrap(), 3, ChainHash([7; 32]));
    frame
}

#[test]
fn segment_names_are_their_first_position() {
    assert_eq!(segment_name(1), "00000000000000000001.seg");
    assert_eq!(segment_first(&segment_name(u64::MAX)), Some(u64::MAX));
    for other in ["head", "1.seg", "00000000000000000000.seg", "+0000000000000000001.seg", "00000000000000000001.seg~"]
    {
        assert_eq!(segment_first(other), None, "{other}");
    }
}

#[test]
fn segment_header_round_trip_and_refusals() {
    let header = SegmentHeader { first: 77, previous: ChainHash([9; 32]) };
    assert_eq!(SegmentHeader::decode(&header.encode()), Ok(header));
    for byte in 0..64 {
        let mut bytes = header.encode();
        bytes[byte] ^= 4;
        assert_eq!(SegmentHeader::decode(&bytes), Err(HeaderError::Invalid), "byte {byte}");
    }
    let mut later = header.encode();
    later[8] = 2;
    let crc = crc32c::crc32c(&later[..60]);
    put(&mut later, 60, &crc.to_le_bytes());
    assert_eq!(SegmentHeader::decode(&later), Err(HeaderError::Version(2)));
}

#[test]
fn footer_round_trip_and_refusals() {
    let entries = vec![Entry { position: 10, offset: 64 }, Entry { position: 20, offset: 640 }];
    let footer = Footer { first: 10, last: 29, end: 1000, frames: 4, hash: ChainHash([1; 32]), entries };
    let bytes = footer.encode();
    let trailer = array::<FOOTER_TRAILER_BYTES>(&bytes, bytes.len() - FOOTER_TRAILER_BYTES);
    assert_eq!(Footer::length(&trailer), Some(bytes.len()));
    assert_eq!(Footer::decode(&bytes), Some(footer));
    for byte in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[byte] ^= 1;
        assert_eq!(Footer::decode(&bytes), None, "byte {byte}");
    }
    assert_eq!(Footer::decode(&bytes[16..]), None);
    assert_eq!(Footer::decode(&[]), None);
}

#[test]
fn head_slot_round_trip_and_refusals() {
    let slot = Slot { generation: 3, head: Head { position: 12, hash: ChainHash([5; 32]) } };
    assert_eq!(Slot::decode(&slot.encode()), Some(slot));
    assert_eq!(Slot::decode(&[0; 64]), None);
    for byte in 0..64 {
        let mut bytes = slot.encode();
        bytes[byte] ^= 128;
        assert_eq!(Slot::decode(&bytes), None, "byte {byte}");
    }
}

#[test]
fn every_flipped_bit_of_a_frame_is_noticed() {
    let frame = frame(&records(&[b"one", b"two", b""]), Compression::Zstd(1));
    let header = FrameHeader::decode(&array(&frame, 0)).unwrap();
    assert_eq!((header.first, header.last(), header.durable), (5, 7, 3));
    assert_eq!(header.frame_bytes(), frame.len() as u64);
    check(&frame, &header).unwrap();
    for bit in 0..frame.len() * 8 {
        let mut frame = frame.clone();
        frame[bit / 8] ^= 1 << (bit % 8);
        let noticed = match FrameHeader::decode(&array(&frame, 0)) {
            None => true,
            Some(header) => header.frame_bytes() != frame.len() as u64 || check(&frame, &header).is_err(),
        };
        assert!(noticed, "bit {bit}");
    }
}
