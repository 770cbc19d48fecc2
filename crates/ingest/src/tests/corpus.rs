//! Malformed and odd input: each line ends appended, held, as a duplicate or in quarantine with the documented reason,
//! nothing panics, and the counts add up.

use std::fmt::Write as _;

use continuity_base::Stop;
use continuity_events::record::{Quarantined, decode};
use continuity_log::Kind;

use crate::testing::{Rig, SOURCE, event, line, short};
use crate::{FileOptions, FileSource, Source};

const APPENDED: &str = "appended";
const DUPLICATE: &str = "duplicate";
const HELD: &str = "held";
const CONTROL: &str = "control";

/// A name, a line as it arrives, and what becomes of it. Each line is the first of its feed but for one event, `a1`.
type Case = (&'static str, Vec<u8>, &'static str);

/// `a2` with a part of its text replaced.
fn with(from: &str, to: &str) -> Vec<u8> {
    let line = event("a", 2);
    assert!(line.contains(from), "{from} is not in {line}");
    line.replacen(from, to, 1).into_bytes()
}

/// `a2` with other `data`.
fn data(data: &str) -> Vec<u8> {
    line("a", 2, "a-2", SOURCE, "CommentAdded", data).into_bytes()
}

/// `a2` with an after-image of which one member is `value`.
fn value(value: &str) -> Vec<u8> {
    data(&format!(r#"{{"entity":"comment","id":"c2","version":1,"after":{{"id":"c2","x":{value}}}}}"#))
}

fn nested(depth: usize) -> String {
    format!("{}0{}", "[".repeat(depth), "]".repeat(depth))
}

fn not_json() -> Vec<Case> {
    let cut = event("a", 2);
    vec![
        ("a cut line", cut.as_bytes()[..cut.len() / 2].to_vec(), "not-json"),
        ("plain text", b"hello".to_vec(), "not-json"),
        ("a closing brace", b"}".to_vec(), "not-json"),
        ("not UTF-8", b"{\"id\":\"\xff\xfe\"}".to_vec(), "not-json"),
        ("an overlong UTF-8 zero", b"{\"id\":\"\xc0\x80\"}".to_vec(), "not-json"),
        ("a surrogate in UTF-8", b"{\"id\":\"\xed\xa0\x80\"}".to_vec(), "not-json"),
        ("a raw NUL", b"{\"id\":\"\x00\"}".to_vec(), "not-json"),
        ("NUL bytes", vec![0; 64], "not-json"),
        ("a raw tab in a text", value("\"a\tb\""), "not-json"),
        ("two events on a line", [event("a", 2), event("a", 3)].concat().into_bytes(), "not-json"),
        ("a trailing comma", with("}}}", "},}}"), "not-json"),
        ("single quotes", b"{'id':'x'}".to_vec(), "not-json"),
        ("a comment", with("{", "{/* */"), "not-json"),
        ("NaN", value("NaN"), "not-json"),
        ("a leading zero", value("007"), "not-json"),
        ("a leading plus", value("+7"), "not-json"),
        ("a bad escape", value(r#""\x""#), "not-json"),
        ("a UTF-16 file", "{\"id\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect(), "not-json"),
    ]
}

fn json_that_is_refused() -> Vec<Case> {
    vec![
        ("a lone high surrogate", value(r#""\ud800""#), "lone-surrogate"),
        ("a lone low surrogate", value(r#""\udc00x""#), "lone-surrogate"),
        ("a reversed pair", value(r#""\udc00\ud800""#), "lone-surrogate"),
        (
            "a lone surrogate as a name",
            data(r#"{"entity":"c","id":"c","version":1,"after":{"\ud800":1}}"#),
            "lone-surrogate",
        ),
        ("a duplicate attribute", with(r#""id":"a-2""#, r#""id":"a-2","id":"a-2""#), "duplicate-member"),
        ("a duplicate member", value(r#"{"y":1,"y":1}"#), "duplicate-member"),
        ("a duplicate, escaped", value(r#"{"y":1,"\u0079":1}"#), "duplicate-member"),
        ("depth 65", value(&nested(62)), "too-deep"),
        ("depth 100,000", value(&nested(100_000)), "too-deep"),
        ("100,000 open objects", "{\"a\":".repeat(100_000).into_bytes(), "too-deep"),
        ("10 MB", value(&format!("\"{}\"", "x".repeat(10_000_000))), "too-large"),
    ]
}

fn envelopes() -> Vec<Case> {
    vec![
        ("an array", b"[1]".to_vec(), "not-cloudevents"),
        ("a number", b"42".to_vec(), "not-cloudevents"),
        ("null", b"null".to_vec(), "not-cloudevents"),
        ("an empty object", b"{}".to_vec(), "not-cloudevents"),
        ("version 0.3", with(r#""specversion":"1.0""#, r#""specversion":"0.3""#), "not-cloudevents"),
        ("no id", with(r#""id":"a-2","#, ""), "missing-attribute"),
        ("no source", with(&format!(r#""source":"{SOURCE}","#), ""), "missing-attribute"),
        ("no type", with(r#""type":"com.banclo.CommentAdded","#, ""), "missing-attribute"),
        ("no time", with(r#""time":"2026-03-05T10:39:44.120Z","#, ""), "missing-attribute"),
        ("no sequence", with(r#""sequence":"2","#, ""), "missing-attribute"),
        ("no subject", with(r#""subject":"loan-requests/a","#, ""), "missing-attribute"),
        ("an empty id", with(r#""id":"a-2""#, r#""id":"""#), "bad-attribute"),
        ("a numeric id", with(r#""id":"a-2""#, r#""id":7"#), "bad-attribute"),
        ("a type of null", with(r#""type":"com.banclo.CommentAdded""#, r#""type":null"#), "missing-attribute"),
        ("an actor object", with(r#""time""#, r#""actor":{"id":"u"},"time""#), "bad-attribute"),
        ("a subject of another kind", with("loan-requests/a", "tasks/a"), "bad-subject"),
        ("a subject without id", with("loan-requests/a", "loan-requests/"), "bad-subject"),
        (
            "an id of 2,000 bytes",
            with("loan-requests/a", &format!("loan-requests/{}", "a".repeat(2_000))),
            "bad-subject",
        ),
        ("a local time", with("44.120Z", "44.120"), "bad-time"),
        ("a 13th month", with("2026-03-05", "2026-13-05"), "bad-time"),
        ("a numeric time", with(r#""2026-03-05T10:39:44.120Z""#, "1"), "bad-time"),
        ("sequence 0", with(r#""sequence":"2""#, r#""sequence":"0""#), "bad-sequence"),
        ("sequence 02", with(r#""sequence":"2""#, r#""sequence":"02""#), "bad-sequence"),
        ("sequence -2", with(r#""sequence":"2""#, r#""sequence":"-2""#), "bad-sequence"),
        ("sequence 2.0", with(r#""sequence":"2""#, r#""sequence":"2.0""#), "bad-sequence"),
        ("a sequence of 20 digits", with(r#""sequence":"2""#, r#""sequence":"10000000000000000000""#), "bad-sequence"),
        ("a numeric sequence", with(r#""sequence":"2""#, r#""sequence":2"#), "bad-sequence"),
    ]
}

fn bodies() -> Vec<Case> {
    vec![
        ("no data", with(r#","data":{"entity":"comment","id":"c2","version":1,"after":{"id":"c2"}}"#, ""), "bad-data"),
        ("data as text", data("\"x\""), "bad-data"),
        ("data as array", data("[]"), "bad-data"),
        ("no entity", data(r#"{"id":"c2","version":1,"after":{}}"#), "bad-data"),
        ("no entity id", data(r#"{"entity":"comment","version":1,"after":{}}"#), "bad-data"),
        ("no version", data(r#"{"entity":"comment","id":"c2","after":{}}"#), "bad-data"),
        ("version 0", data(r#"{"entity":"comment","id":"c2","version":0,"after":{}}"#), "bad-data"),
        ("version as text", data(r#"{"entity":"comment","id":"c2","version":"1","after":{}}"#), "bad-data"),
        ("neither after nor patch", data(r#"{"entity":"comment","id":"c2","version":1}"#), "bad-data"),
        (
            "after and patch",
            data(r#"{"entity":"comment","id":"c2","version":2,"after":{},"patch":{},"baseVersion":1}"#),
            "bad-data",
        ),
        ("a patch without base", data(r#"{"entity":"comment","id":"c2","version":2,"patch":{}}"#), "bad-data"),
        ("after as array", data(r#"{"entity":"comment","id":"c2","version":1,"after":[]}"#), "bad-data"),
        ("parent as text", data(r#"{"entity":"comment","id":"c2","parent":"x","version":1,"after":{}}"#), "bad-data"),
        (
            "a snapshot without entities",
            line("a", 2, "s", SOURCE, "LoanRequestSnapshot", r#"{"asOfSequence":2}"#).into_bytes(),
            "bad-data",
        ),
    ]
}

fn odd_but_fine() -> Vec<Case> {
    vec![
        ("a redelivery", event("a", 1).into_bytes(), DUPLICATE),
        ("the same with spaces around", format!("  {}\t ", event("a", 1)).into_bytes(), DUPLICATE),
        ("another source", with(SOURCE, "/banclo/foreign"), "foreign-source"),
        ("other data", event("a", 1).replace("\"id\":\"c1\"}", "\"id\":\"c1\" }").into_bytes(), "fork"),
        ("another id", event("a", 1).replace("\"a-1\"", "\"a-1b\"").into_bytes(), "fork"),
        ("a far sequence", with(r#""sequence":"2""#, r#""sequence":"9999999999999999999""#), HELD),
        ("a huge integer", value(&"9".repeat(5_000)), APPENDED),
        ("a huge exponent", value("1e999999999"), APPENDED),
        ("minus zero", value("-0"), APPENDED),
        ("an escaped NUL", value(r#""\u0000""#), APPENDED),
        ("a pair of surrogates", value(r#""\ud83d\ude00""#), APPENDED),
        ("a noncharacter", value(r#""\uffff""#), APPENDED),
        ("depth 64", value(&nested(61)), APPENDED),
        ("an unknown entity", data(r#"{"entity":"spaceship","id":"c2","version":1,"after":{}}"#), APPENDED),
        ("an unknown type", with("CommentAdded", "CommentTeleported"), APPENDED),
        ("a type of another family", with("com.banclo.CommentAdded", "org.example.x"), APPENDED),
        ("a version out of order", data(r#"{"entity":"comment","id":"c1","version":77,"after":{}}"#), APPENDED),
        (
            "wrong types in the after-image",
            data(r#"{"entity":"task","id":"c2","version":1,"after":{"id":7,"title":[]}}"#),
            APPENDED,
        ),
        ("an offset", with("44.120Z", "44.120+05:30"), APPENDED),
        ("nanoseconds", with("44.120Z", "44.123456789Z"), APPENDED),
        ("unknown attributes", with(r#""time""#, r#""x":1,"y":{"z":[]},"time""#), APPENDED),
        ("a carriage return", format!("{}\r", event("a", 2)).into_bytes(), APPENDED),
        ("NUL in the loan's id", with("loan-requests/a", "loan-requests/\\u0000"), HELD),
        ("a slash in the loan's id", with("loan-requests/a", "loan-requests/a/b"), HELD),
        ("a loan's event under control", with("loan-requests/a", "control"), "bad-subject"),
        (
            "an unknown control event",
            event("a", 2).replace("loan-requests/a", "control").replace("CommentAdded", "SourceYawned").into_bytes(),
            CONTROL,
        ),
    ]
}

fn corpus() -> Vec<Case> {
    [not_json(), json_that_is_refused(), envelopes(), bodies(), odd_but_fine()].concat()
}

/// What became of the line behind `a1`.
fn outcome(rig: &Rig) -> String {
    let records = rig.records();
    match records.get(1) {
        None => "nothing".to_owned(),
        Some(record) => match record.kind {
            Kind::Event => APPENDED.to_owned(),
            Kind::Held => HELD.to_owned(),
            Kind::Control => CONTROL.to_owned(),
            Kind::SourceProgress => DUPLICATE.to_owned(),
            Kind::Quarantined => decode::<Quarantined>(&record.payload).unwrap().reason,
            _ => short(record),
        },
    }
}

/// The lines of a feed file as the file source hands them over.
fn through_a_file(bytes: &[u8]) -> Vec<crate::Message> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("corpus.ndjson");
    std::fs::write(&path, bytes).unwrap();
    let mut source = FileSource::new(FileOptions { follow: false, ..FileOptions::new(path) });
    source.resume(&crate::Known::default()).unwrap();
    let mut messages = Vec::new();
    loop {
        let batch = source.next_batch(1_000, usize::MAX, &Stop::new()).unwrap();
        messages.extend(batch.messages);
        if batch.at_end {
            return messages;
        }
    }
}

#[test]
fn each_case_ends_as_documented() {
    let corpus = corpus();
    assert!(corpus.len() >= 60, "{} cases", corpus.len());
    let mut wrong = String::new();
    for (name, line, expected) in corpus {
        let mut rig = Rig::new();
        let feed = [event("a", 1).as_bytes(), b"\n", &line, b"\n"].concat();
        rig.take(through_a_file(&feed));
        let found = outcome(&rig);
        if found != expected {
            writeln!(wrong, "{name}: {found}, expected {expected}").unwrap();
        }
        if let Some(record) = rig.records().get(1).filter(|record| record.kind == Kind::Quarantined) {
            let body: Quarantined = decode(&record.payload).unwrap();
            assert!(body.raw == line, "{name}: the raw bytes are kept");
            assert!(!body.detail.is_empty(), "{name}: the operator is told what is wrong");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn all_of_it_in_one_feed_adds_up() {
    let feed: Vec<u8> = corpus().into_iter().flat_map(|(_, line, _)| [line, b"\n".to_vec()].concat()).collect();
    let mut rig = Rig::new();
    let messages = through_a_file(&feed);
    let count = messages.len() as u64;
    assert_eq!(count, corpus().len() as u64);
    rig.take(messages);
    let totals = rig.ledger.totals();
    assert_eq!(totals.events + totals.controls + totals.duplicates + totals.quarantined, count, "{totals:?}");
    assert_eq!(totals.quarantined_by_reason.values().sum::<u64>(), totals.quarantined);
    let totals = totals.clone();
    assert_eq!(rig.without_ledger().ledger.totals(), &totals, "counted from the log alone");
}
