//! Logs written by earlier versions decode for ever, and `FORMAT.md` says what they are made of.

use std::{fmt::Write, fs, path::PathBuf, sync::Arc};

use crate::{
    ChainHash, Compression, Disk, Kind, Log, MemoryDisk, Options, Record, format,
    format::{body, footer, frame, head, segment},
    testing::small,
    verify,
};

fn directory(version: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(version)
}

/// A checked-in log, copied to where a test may open it.
fn fixture(version: &str) -> MemoryDisk {
    let disk = MemoryDisk::new();
    for entry in fs::read_dir(directory(version).join("log")).unwrap() {
        let entry = entry.unwrap();
        disk.replace(entry.file_name().to_str().unwrap(), &fs::read(entry.path()).unwrap());
    }
    disk
}

/// One line for each record: position, kind, sequence, arrival, subject, payload.
fn describe(log: &Log) -> String {
    let mut lines = String::new();
    for position in 1..=log.head().position {
        let Record { kind, subject, sequence, arrived_at, payload } = log.get(position).unwrap();
        let payload = String::from_utf8(payload).unwrap();
        writeln!(lines, "{position}\t{}\t{sequence}\t{arrived_at}\t{subject}\t{payload}", kind.name()).unwrap();
    }
    lines
}

#[test]
fn version_1_decodes_for_ever() {
    let disk = fixture("v1");
    let offline: Arc<dyn Disk> = Arc::new(disk.clone());
    let verified = verify(&offline, &[], &mut |_, _| {}).unwrap();
    assert_eq!((verified.segments, verified.incomplete_bytes), (3, 0));
    let opened = crate::testing::open(&disk).unwrap();
    let expected = fs::read_to_string(directory("v1").join("expected.tsv")).unwrap();
    assert_eq!(describe(&opened.log), expected);
    let hash = fs::read_to_string(directory("v1").join("head.txt")).unwrap();
    assert_eq!(format!("{} {}\n", verified.head.position, verified.head.hash), hash);
}

/// The groups of the fixture: every kind, no subject, no payload, one record, many, well and badly compressible.
fn groups() -> Vec<Vec<Record>> {
    let mut number = 0;
    let mut record = |kind: Kind, payload: String| {
        number += 1;
        let subject =
            if kind == Kind::Synchronised { String::new() } else { format!("loan-requests/L-{}", number % 3) };
        let sequence = if subject.is_empty() { 0 } else { number };
        let arrived_at = 1_763_800_000_000_000 + i64::try_from(number).unwrap() * 1_234_567;
        Record { kind, subject, sequence, arrived_at, payload: payload.into_bytes() }
    };
    let noise = |seed: u64, length| {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes.iter().map(|byte| char::from(b'!' + byte % 90)).collect::<String>()
    };
    let mut groups: Vec<Vec<Record>> =
        Kind::ALL.into_iter().map(|kind| vec![record(kind, format!("\"{}\"", kind.name()))]).collect();
    groups.push(vec![record(Kind::Event, String::new())]);
    groups.push(
        (0..20).map(|n| record(Kind::Event, format!("{{\"amount\":{n},\"note\":\"{}\"}}", "so ".repeat(30)))).collect(),
    );
    groups
        .extend((0..6).map(|n| vec![record(Kind::Snapshot, noise(n, 700)), record(Kind::Event, noise(n + 100, 400))]));
    groups
}

#[test]
#[ignore = "writes the fixture of the present version, once"]
fn write_the_fixture() {
    let disk = MemoryDisk::new();
    let mut opened = crate::testing::open(&disk).unwrap();
    for group in groups() {
        opened.writer.append(group).unwrap().wait().unwrap();
    }
    let head = opened.log.head();
    fs::create_dir_all(directory("v1").join("log")).unwrap();
    fs::write(directory("v1").join("expected.tsv"), describe(&opened.log)).unwrap();
    fs::write(directory("v1").join("head.txt"), format!("{} {}\n", head.position, head.hash)).unwrap();
    drop(opened);
    for name in disk.list().unwrap() {
        fs::write(directory("v1").join("log").join(&name), disk.contents(&name).unwrap()).unwrap();
    }
}

fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

/// The first bytes of a log with one uncompressed record, as the document shows them.
fn example() -> String {
    let disk = MemoryDisk::new();
    let options = Options { compression: Compression::None, ..small() };
    let mut opened = crate::testing::open_with(&disk, options, &[]).unwrap();
    let subject = "loan-requests/1".to_owned();
    let record =
        Record { kind: Kind::Event, subject, sequence: 7, arrived_at: 1_763_800_000_000_000, payload: b"{}".to_vec() };
    opened.writer.append(vec![record]).unwrap().wait().unwrap();
    let bytes = disk.contents(&format::segment_name(1)).unwrap();
    let end = usize::try_from(opened.log.size_bytes()).unwrap();
    let mut dump = String::new();
    for (row, bytes) in bytes[..end].chunks(16).enumerate() {
        writeln!(dump, "{:04x}  {}", row * 16, hex(bytes, " ")).unwrap();
    }
    dump
}

#[test]
fn the_format_document_agrees_with_the_code() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("FORMAT.md");
    let document = fs::read_to_string(path).unwrap();
    let magic = |bytes: &[u8]| hex(bytes, "");
    let mut facts = vec![
        format!("version {}", format::VERSION),
        format!("segment header: {} bytes", segment::SEGMENT_HEADER_BYTES),
        format!("frame header: {} bytes", frame::FRAME_HEADER_BYTES),
        format!("body header: {} bytes", body::BODY_HEADER_BYTES),
        format!("footer header: {} bytes", footer::FOOTER_HEADER_BYTES),
        format!("footer entry: {} bytes", footer::FOOTER_ENTRY_BYTES),
        format!("footer trailer: {} bytes", footer::FOOTER_TRAILER_BYTES),
        format!("head slot: {} bytes, the second at byte {}", head::SLOT_BYTES, head::SLOT_DISTANCE),
        format!("`{}`", magic(&segment::SEGMENT_MAGIC)),
        format!("`{}`", magic(&frame::FRAME_MAGIC)),
        format!("`{}`", magic(&footer::FOOTER_MAGIC)),
        format!("`{}`", magic(&footer::FOOTER_END_MAGIC)),
        format!("`{}`", magic(&head::HEAD_MAGIC)),
        format!("{} = none, {} = zstd", body::CODEC_NONE, body::CODEC_ZSTD),
        format!("{} bytes unpacked", body::MAX_UNPACKED_BYTES),
        format!("payload of at most {} bytes", crate::MAX_PAYLOAD_BYTES),
        format!("subject of at most {} bytes", crate::MAX_SUBJECT_BYTES),
        format!("`{}`", format::segment_name(4711)),
        example(),
    ];
    facts.extend(Kind::ALL.into_iter().map(|kind| format!("| {} | {} |", kind as u8, kind.name())));
    for fact in facts {
        assert!(document.contains(&fact), "FORMAT.md does not say:\n{fact}");
    }
    assert_eq!(ChainHash::START.to_string(), "0".repeat(64));
}
