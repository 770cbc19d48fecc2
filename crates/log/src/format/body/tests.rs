//! Round trips and refusals of bodies.

use super::*;

fn records(payloads: &[&[u8]]) -> Vec<Record> {
    let record = |(number, payload): (usize, &&[u8])| Record {
        kind: Kind::ALL[number % Kind::ALL.len()],
        subject: if number.is_multiple_of(3) { String::new() } else { format!("loan-requests/{number}") },
        sequence: number as u64,
        arrived_at: 1_700_000_000_000_000 - 7 * i64::try_from(number).unwrap(),
        payload: payload.to_vec(),
    };
    payloads.iter().enumerate().map(record).collect()
}

/// The body alone.
fn body(records: &[Record], compression: Compression) -> Vec<u8> {
    BodyEncoder::new(compression).unwrap().frame(records).unwrap().split_off(FRAME_HEADER_BYTES)
}

fn decode(body: &[u8], count: u32) -> Result<Vec<Record>, BodyError> {
    BodyDecoder::default().records(body, count)
}

#[test]
fn bodies_round_trip_compressed_or_not() {
    let long = "the same words again and again ".repeat(300);
    let noise: Vec<u8> = (0..4000u32).flat_map(|n| blake3::hash(&n.to_le_bytes()).as_bytes()[..2].to_vec()).collect();
    let records = records(&[long.as_bytes(), b"", &noise, long.as_bytes(), b"{}"]);
    for compression in [Compression::None, Compression::Zstd(1), Compression::Zstd(-3)] {
        for some in [&records[..], &records[..1], &records[1..2], &records[2..3]] {
            assert_eq!(decode(&body(some, compression), u32::try_from(some.len()).unwrap()).unwrap(), some);
        }
    }
    assert!(body(&records, Compression::Zstd(1)).len() < body(&records, Compression::None).len());
}

#[test]
fn extreme_arrival_times_survive() {
    let mut extreme = records(&[b"a", b"b", b"c"]);
    extreme[0].arrived_at = i64::MIN;
    extreme[1].arrived_at = i64::MAX;
    assert_eq!(decode(&body(&extreme, Compression::None), 3).unwrap(), extreme);
}

#[test]
fn what_a_body_cannot_be_is_refused() {
    let good = body(&records(&[b"one", b"two"]), Compression::None);
    assert!(decode(&good, 2).is_ok());
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        decode(&bytes, 2).unwrap_err()
    };
    assert!(matches!(refused(&|bytes| bytes.truncate(10)), BodyError::Malformed(_)));
    assert!(matches!(refused(&|bytes| bytes[4] = 255), BodyError::Malformed(_)));
    assert!(matches!(refused(&|bytes| bytes[8] ^= 1), BodyError::Malformed(_)));
    assert!(matches!(refused(&|bytes| bytes[0] = CODEC_ZSTD), BodyError::Malformed(_)));
    assert!(matches!(refused(&|bytes| bytes[0] = 9), BodyError::Unsupported(_)));
    assert!(matches!(decode(&good, 3).unwrap_err(), BodyError::Malformed(_)));
}

/// A body of any shape that the format allows.
fn body_of(groups: Vec<(Group, &[u8])>, records: Vec<Entry<'_>>) -> Vec<u8> {
    let mut bytes = vec![0; BODY_HEADER_BYTES];
    let mut metadata = Metadata { arrived_at: 10, groups: Vec::new(), records };
    for (group, stored) in groups {
        metadata.groups.push(group);
        bytes.extend_from_slice(stored);
    }
    let metadata = postcard::to_allocvec(&metadata).unwrap();
    put(&mut bytes, 4, &u32::try_from(metadata.len()).unwrap().to_le_bytes());
    put(&mut bytes, 8, &u32::try_from(metadata.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&metadata);
    bytes
}

fn group(stored: &[u8]) -> (Group, &[u8]) {
    let length = u32::try_from(stored.len()).unwrap();
    (Group { codec: CODEC_NONE, unpacked: length, stored: length, cipher: 0, key_id: vec![], nonce: vec![] }, stored)
}

fn entry(group: u32, length: u32) -> Entry<'static> {
    Entry { kind: 1, subject: "s", sequence: 1, arrived_after: 1, group, length }
}

#[test]
fn any_number_of_groups_is_read() {
    let records = vec![entry(1, 2), entry(0, 1), entry(1, 3), entry(0, 0)];
    let bytes = body_of(vec![group(b"a"), group(b"bbccc"), group(b"")], records);
    let payloads: Vec<_> = decode(&bytes, 4).unwrap().into_iter().map(|record| record.payload).collect();
    assert_eq!(payloads, [&b"bb"[..], b"a", b"ccc", b""]);
}

#[test]
fn groups_and_records_must_agree() {
    for (groups, records) in [
        (vec![group(b"abc")], vec![entry(0, 2)]),
        (vec![group(b"abc")], vec![entry(0, 4)]),
        (vec![group(b"abc")], vec![entry(1, 3)]),
        (vec![], vec![entry(0, 0)]),
        (vec![group(b"abc"), group(b"d")], vec![entry(0, 3)]),
    ] {
        assert!(matches!(decode(&body_of(groups, records), 1), Err(BodyError::Malformed(_))));
    }
    let mut long = group(b"abc");
    long.0.stored = 4;
    assert!(matches!(decode(&body_of(vec![long], vec![entry(0, 3)]), 1), Err(BodyError::Malformed(_))));
    let mut short = group(b"abc");
    (short.0.stored, short.0.unpacked) = (2, 2);
    assert!(matches!(decode(&body_of(vec![short], vec![entry(0, 2)]), 1), Err(BodyError::Malformed(_))));
}

#[test]
fn what_later_versions_may_write_is_unsupported_and_not_damage() {
    let mut sealed = group(b"abc");
    (sealed.0.cipher, sealed.0.key_id, sealed.0.nonce) = (1, vec![7; 16], vec![9; 12]);
    let mut kind = entry(0, 3);
    kind.kind = 200;
    let mut codec = group(b"abc");
    codec.0.codec = 7;
    for (group, entry) in [(sealed, entry(0, 3)), (group(b"abc"), kind), (codec, entry(0, 3))] {
        assert!(matches!(decode(&body_of(vec![group], vec![entry]), 1), Err(BodyError::Unsupported(_))));
    }
}

#[test]
fn a_compressed_group_cannot_claim_another_size() {
    let packed = zstd::bulk::compress(&[7; 5000], 1).unwrap();
    for (unpacked, good) in [(5000, true), (4999, false), (5001, false), (u32::MAX, false)] {
        let stored = u32::try_from(packed.len()).unwrap();
        let group = Group { codec: CODEC_ZSTD, unpacked, stored, cipher: 0, key_id: vec![], nonce: vec![] };
        let bytes = body_of(vec![(group, &packed)], vec![entry(0, unpacked)]);
        assert_eq!(decode(&bytes, 1).is_ok(), good, "{unpacked}");
    }
}
