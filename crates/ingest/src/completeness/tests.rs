//! Manifests over a log and a ledger in memory: what counts, and what is named.

mod auditor;
mod content;
mod places;

use continuity_base::Stop;
use continuity_events::record::{Completeness, SourcePosition};
use sha2::{Digest, Sha256};

use super::report::{Report, bounded, evaluate};
use super::{Look, place, presence};
use crate::source::{Message, Raw};
use crate::testing::{Rig, SOURCE, arrival};

/// A message of stream `A`; `script` as in [`crate::testing`].
fn message(sequence: u64, script: &str) -> Message {
    let position = SourcePosition::Stream { stream: "A".to_owned(), sequence, mark: 0 };
    Message { raw: Raw::Structured(arrival(script).into_bytes()), position }
}

/// Feeds stream `A` from `first` on, one message for each word.
fn stream(rig: &mut Rig, first: u64, script: &str) {
    for (sequence, word) in (first..).zip(script.split_whitespace()) {
        rig.take(vec![message(sequence, word)]);
    }
}

/// The line of a manifest. `loans` as in `a3 b7`; `more` is further members, each with a comma before it.
fn manifest(id: &str, at: &str, loans: &str, more: &str) -> String {
    let loans: Vec<(&str, u64)> =
        loans.split_whitespace().map(|loan| (&loan[..1], loan[1..].parse().unwrap())).collect();
    let list: Vec<String> =
        loans.iter().map(|(id, last)| format!("{{\"id\":\"{id}\",\"lastSequence\":{last}}}")).collect();
    let mut digest = [0_u8; 32];
    for (id, last) in &loans {
        let one = Sha256::digest(format!("{id}\n{last}"));
        digest.iter_mut().zip(one).for_each(|(sum, byte)| *sum ^= byte);
    }
    let events: u64 = loans.iter().map(|(_, last)| last).sum();
    let list = if more.contains("\"loans\"") { String::new() } else { format!(",\"loans\":[{}]", list.join(",")) };
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"{SOURCE}","type":"com.banclo.CompletenessManifest","subject":"control","time":"2026-03-05T10:39:44.120Z","data":{{"asOf":"2026-03-05T10:00:00Z","at":{at},"loanRequests":{},"events":{events},"digest":"{}"{list}{more}}}}}"#,
        loans.len(),
        hex(&digest),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// A manifest arrives as that message of stream `A`; its log position.
fn arrives(rig: &mut Rig, sequence: u64, line: &str) -> u64 {
    let position = SourcePosition::Stream { stream: "A".to_owned(), sequence, mark: 0 };
    rig.take(vec![Message { raw: Raw::Structured(line.as_bytes().to_vec()), position }]);
    rig.ledger.position()
}

fn try_to(rig: &Rig, manifest: u64, again: bool) -> Report {
    let (ledger, stop) = (rig.reader(), Stop::new());
    let look = Look { log: &rig.log, ledger: &ledger, stop: &stop };
    evaluate(look, manifest, again, None, &|_| Err("no blobs here".to_owned())).unwrap()
}

fn result(rig: &Rig, manifest: u64, again: bool) -> Completeness {
    match try_to(rig, manifest, again) {
        Report::Result(result) => *result,
        Report::Waiting(parts) => panic!("it waits for {parts:?}"),
    }
}

/// A result in short: the word, then what is missing, unlisted and ahead.
fn told(rig: &Rig, manifest: u64, again: bool) -> String {
    let result = result(rig, manifest, again);
    let mut words = vec![result.word().to_owned()];
    for (loan, ranges) in &result.missing {
        let ranges: Vec<String> = ranges.iter().map(|(from, to)| format!("{from}-{to}")).collect();
        words.push(format!("-{loan}{}", ranges.join(",")));
    }
    for loan in &result.unlisted {
        words.push(format!("+{loan}"));
    }
    for (loan, listed, here) in &result.ahead {
        words.push(format!("+{loan}{listed}<{here}"));
    }
    words.join(" ")
}

/// Feeds the script, then a manifest of what it lists at the script's end; what is told of it.
fn case(script: &str, loans: &str) -> String {
    let mut rig = Rig::new();
    stream(&mut rig, 1, script);
    let end = script.split_whitespace().count() as u64;
    let at = arrives(&mut rig, end + 1, &manifest("m", &format!("{{\"A\":{end}}}"), loans, ""));
    told(&rig, at, false)
}

#[test]
fn what_is_missing_is_named() {
    for (script, loans, expected) in [
        ("a1 a2 b1", "a2 b1", "complete"),
        ("", "", "complete"),
        ("a1 a3 b1", "a3 b1", "incomplete -a2-2"),
        ("a1 a2 b1", "a4 b1", "incomplete -a3-4"),
        ("a1 b1", "a1 b1 c5", "incomplete -c1-5"),
        ("b1 c1", "a2 b1 c1 d1", "incomplete -a1-2 -d1-1"),
        ("a3 a5 b2", "a6 b2", "incomplete -a1-2,4-4,6-6 -b1-1"),
        ("a1 b1 b2", "a1", "different +b"),
        ("a1 a2 a3 b1", "a1 b1", "different +a1<3"),
        ("a1 a3 b1", "a1", "different +b +a1<3"),
        ("a1 c1", "a2 b1", "incomplete -a2-2 -b1-1 +c"),
    ] {
        assert_eq!(case(script, loans), expected, "{script} against {loans}");
    }
}

#[test]
fn duplicates_forks_and_refused_events_are_not_present() {
    assert_eq!(case("a1 a1 a2 a1 a2", "a2"), "complete");
    assert_eq!(case("a1 a2 a2y junk", "a2"), "complete");
    assert_eq!(case("a1 a2f", "a2"), "incomplete -a2-2");
    assert_eq!(case("hb a1 hb c:SourceRecovered", "a1"), "complete");
}

#[test]
fn snapshots_erasures_and_purges_keep_what_they_stand_for() {
    assert_eq!(case("a@4 a5", "a5"), "complete");
    assert_eq!(case("a1 a@4 a7", "a7"), "incomplete -a5-6");
    assert_eq!(case("a1 a5e a6", "a6"), "complete");
    assert_eq!(case("a1 a2 a3p b1", "a3 b1"), "complete");
    assert_eq!(case("a1 a3p", "a3"), "incomplete -a2-2");
    assert_eq!(case("a@4", "a3"), "different +a3<4");
}

#[test]
fn given_up_gaps_are_missing_until_the_late_event_comes() {
    let mut rig = Rig::new();
    stream(&mut rig, 1, "a1 a3 b1");
    rig = rig.play("wait");
    let first = arrives(&mut rig, 4, &manifest("m1", "{\"A\":3}", "a3 b1", ""));
    assert_eq!(told(&rig, first, false), "incomplete -a2-2");
    stream(&mut rig, 5, "a2 a4");
    assert_eq!(told(&rig, first, false), "incomplete -a2-2", "what came later is not counted");
    assert_eq!(told(&rig, first, true), "complete");
    let next = arrives(&mut rig, 7, &manifest("m2", "{\"A\":6}", "a4 b1", ""));
    assert_eq!(told(&rig, next, false), "complete");
    rig = rig.without_ledger();
    assert_eq!(told(&rig, first, false), "incomplete -a2-2", "the answer follows from the log alone");
}

#[test]
fn without_a_list_counts_and_digests_speak() {
    let run = |script: &str, loans: &str| {
        let mut rig = Rig::new();
        stream(&mut rig, 1, script);
        let blob = r#","loans":{"blobId":"b","fetch":{"kind":"OBJECT_STORE"}}"#;
        let at = arrives(&mut rig, 50, &manifest("m", "{\"A\":49}", loans, blob));
        result(&rig, at, false)
    };
    let whole = run("a1 a2 b1", "a2 b1");
    assert!(
        whole.complete && !whole.listed && whole.note.contains("a blob that is not here: no blobs here"),
        "{whole:?}"
    );
    let hole = run("a1 a3 b1", "a3 b1");
    assert_eq!((hole.word(), hole.presence, hole.events_missing), ("incomplete", true, 1));
    assert_eq!(hole.missing, [("a".to_owned(), vec![(2, 2)])]);
    let mut rig = Rig::new();
    stream(&mut rig, 1, "a1 a3 b1");
    let line = manifest("m", "{\"A\":3}", "a3 b1", ",\"loans\":null");
    let at = arrives(&mut rig, 4, &line);
    assert_eq!(told(&rig, at, false), "incomplete -a2-2");
    stream(&mut rig, 5, "a2 a4 b2 c1");
    assert_eq!(told(&rig, at, true), "complete", "what was filled since counts, what followed does not");
    let tail = run("a1 a2 b1", "a4 b1 c2");
    assert_eq!((tail.word(), tail.loans_missing, tail.events_missing, tail.missing.len()), ("incomplete", 1, 4, 0));
}

#[test]
fn a_manifest_that_contradicts_itself_is_said_to() {
    let mut rig = Rig::new();
    stream(&mut rig, 1, "a1 a2");
    let line = manifest("m", "{\"A\":2}", "a2", "").replace("\"events\":2", "\"events\":3");
    let at = arrives(&mut rig, 3, &line);
    let found = result(&rig, at, false);
    assert_eq!((found.word(), found.loans_missing), ("different", 0));
    assert_eq!(found.note, "the manifest contradicts itself: it lists 1 loans with 2 events, and says 1 with 3");
    let broken = manifest("n", "{\"A\":2}", "a2", "").replace("\"lastSequence\":2", "\"lastSequence\":null");
    let at = arrives(&mut rig, 4, &broken);
    let found = result(&rig, at, false);
    assert!(!found.listed && found.note.starts_with("an entry of the list of loans has no lastSequence"), "{found:?}");
    let at = arrives(&mut rig, 5, &manifest("o", "{\"A\":true}", "a2", ""));
    let found = result(&rig, at, false);
    assert!(!found.complete && found.note.contains("data.at.A is not a stream sequence"), "{found:?}");
}

#[test]
fn a_record_names_so_many_and_says_that_there_are_more() {
    let loans: Vec<_> = (0..1_001).map(|number| format!(",{{\"id\":\"z{number:04}\",\"lastSequence\":1}}")).collect();
    let loans = loans.concat();
    let mut rig = Rig::new();
    stream(&mut rig, 1, "a1");
    let line = manifest("m", "{\"A\":1}", "a1", &format!(",\"loans\":[{{\"id\":\"a\",\"lastSequence\":1}}{loans}]"));
    let at = arrives(&mut rig, 2, &line);
    let whole = result(&rig, at, true);
    assert_eq!((whole.loans_missing, whole.missing.len()), (1_001, 1_001));
    let kept = bounded(&whole);
    assert_eq!((kept.loans_missing, kept.missing.len()), (1_001, 1_000));
    assert!(kept.note.ends_with("`continuity completeness --again` names every loan and range"), "{}", kept.note);
    let holes = Completeness { missing: vec![("a".to_owned(), vec![(1, 1); 101])], ..Completeness::default() };
    assert_eq!((bounded(&holes).missing[0].1.len(), bounded(&holes).note.is_empty()), (100, false));
    let few = Completeness { missing: vec![("a".to_owned(), vec![(1, 1); 100])], ..holes };
    assert_eq!(bounded(&few), few);
}

#[test]
fn an_evaluation_ends_when_it_is_asked_to() {
    let mut rig = Rig::new();
    stream(&mut rig, 1, "a1 a2");
    let at = arrives(&mut rig, 3, &manifest("m", "{\"A\":2}", "a2", ""));
    let (ledger, stop) = (rig.reader(), Stop::new());
    stop.stop();
    let look = Look { log: &rig.log, ledger: &ledger, stop: &stop };
    let outcome = evaluate(look, at, false, None, &|_| Err(String::new()));
    assert!(matches!(outcome, Err(super::AuditError::Stopped)));
}
