//! What becomes of a record.

use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

use super::*;

const MAX: usize = 1_000;

fn record(offset: i64, payload: Option<&[u8]>, headers: &[(&str, &str)]) -> OwnedMessage {
    let mut owned = OwnedHeaders::new();
    for (key, value) in headers {
        owned = owned.insert(Header { key, value: Some(*value) });
    }
    let headers = (!headers.is_empty()).then_some(owned);
    let payload = payload.map(<[u8]>::to_vec);
    let time = Timestamp::CreateTime(1_700_000_000_000);
    OwnedMessage::new(payload, Some(b"LR-1".to_vec()), "t".to_owned(), time, 0, offset, headers)
}

fn attribute<'a>(raw: &'a Raw, wanted: &str) -> Option<&'a str> {
    let Raw::Binary { attributes, .. } = raw else { panic!("not in binary mode: {raw:?}") };
    attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
}

#[test]
fn the_mode_is_what_the_headers_say() {
    let structured = Raw::Structured(b"{}".to_vec());
    assert_eq!(raw(&record(1, Some(b"{}"), &[]), MAX), structured);
    assert_eq!(raw(&record(1, Some(b"{}"), &[("trace", "7")]), MAX), structured, "other headers say nothing");
    let typed = [("Content-Type", "application/CloudEvents+json; charset=utf-8"), ("ce_id", "e1")];
    assert_eq!(raw(&record(1, Some(b"{}"), &typed), MAX), structured);
    let binary = raw(&record(1, Some(b"{}"), &[("ce_id", "e1"), ("content-type", "application/json")]), MAX);
    assert_eq!(
        (attribute(&binary, "ce_id"), attribute(&binary, "content-type")),
        (Some("e1"), Some("application/json"))
    );
}

#[test]
fn a_tombstone_shows_its_key() {
    let tombstone = raw(&record(1, None, &[]), MAX);
    assert_eq!(attribute(&tombstone, "kafka-key"), Some("LR-1"));
    assert!(attribute(&tombstone, "kafka-payload").is_some_and(|text| text.contains("tombstone")));
    assert_eq!(raw(&record(1, Some(b""), &[]), MAX), Raw::Structured(Vec::new()), "empty is not null");
}

#[test]
fn a_message_beyond_the_bound_is_cut() {
    let long = vec![b'x'; MAX + 1];
    let Raw::Oversize { prefix, length, sha256 } = raw(&record(1, Some(&long), &[]), MAX) else { panic!("whole") };
    assert_eq!((prefix.len(), length), (MAX + 1, MAX as u64 + 1));
    assert_eq!(sha256, <[u8; 32]>::from(Sha256::digest(&long)));
    let longer = vec![b'x'; KEPT_BYTES * 2];
    let Raw::Oversize { prefix, .. } = raw(&record(1, Some(&longer), &[]), MAX) else { panic!("whole") };
    assert_eq!(prefix.len(), KEPT_BYTES);
}

#[test]
fn the_mark_tells_records_apart() {
    let first = record(1, Some(b"{}"), &[]);
    assert_eq!(mark(&first), mark(&record(1, Some(b"{}"), &[("a", "b")])));
    let mut others = vec![record(2, Some(b"{}"), &[]), record(1, Some(b"{ }"), &[]), record(1, None, &[])];
    others.push(record(1, Some(b""), &[]));
    others.push(first.clone().set_key(Some(b"LR-2".to_vec())));
    others.push(first.clone().set_timestamp(Timestamp::CreateTime(1_700_000_000_001)));
    let mut marks: Vec<u64> = others.iter().chain([&first]).map(mark).collect();
    marks.sort_unstable();
    marks.dedup();
    assert_eq!(marks.len(), 7);
    assert!(!marks.contains(&0));
}
