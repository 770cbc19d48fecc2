//! What the audit log serves after a script.

use super::*;
use crate::testing::{Bench, assert_json};
use continuity_events::CloudEvent;
use continuity_readmodel::Snapshot;

/// One step of a history.
#[derive(Clone, Debug)]
enum Step {
    Event(Box<CloudEvent>),
    /// An `auditEntry` of a snapshot.
    Given(String, String),
    Clear,
    Purge,
}

use Step::{Clear, Given, Purge};

fn event(sequence: u64, name: &str, time: &str, data: &str) -> CloudEvent {
    CloudEvent {
        id: format!("e{sequence}"),
        source: "/test".to_owned(),
        event_type: format!("com.banclo.{name}"),
        subject: "loan-requests/L".to_owned(),
        time: time.to_owned(),
        sequence: Some(sequence),
        actor: None,
        attributes: Vec::new(),
        data: data.to_owned(),
    }
}

/// Jane stands for all that is personal.
const DATA: &str = r#"{"entity":"task","id":"t","version":1,"after":{"title":"Jane"},"reason":"Jane"}"#;

fn at(sequence: u64, minute: u64) -> Step {
    Step::Event(Box::new(event(sequence, "TaskStarted", &format!("2024-01-01T00:{minute:02}:00Z"), DATA)))
}

const ERASURE: &str = r#"{"entity":"erasure","participantIds":["Jane"],"legalBasis":"x","requestedAt":"2024-01-01T00:00:00Z","entities":[]}"#;

fn erasure(sequence: u64, minute: u64) -> Step {
    Step::Event(Box::new(event(sequence, "DataSubjectErased", &format!("2024-01-01T00:{minute:02}:00Z"), ERASURE)))
}

fn recorded(sequence: u64, id: &str, minute: u64) -> Step {
    let after = format!(r#"{{"id":"{id}","occurredAt":"2024-01-01T00:{minute:02}:00Z","by":"Jane, e{sequence}"}}"#);
    let data = format!(r#"{{"entity":"auditEntry","id":"{id}","version":1,"after":{after}}}"#);
    Step::Event(Box::new(event(sequence, "AuditEntryRecorded", "2024-06-01T00:00:00Z", &data)))
}

fn given(id: &str, sequence: u64, minute: u64) -> Step {
    let json = format!(
        r#"{{"id":"{id}","sequence":"{sequence}","occurredAt":"2024-01-01T00:{minute:02}:00.000Z","from":"Jane's snapshot"}}"#
    );
    Given(id.to_owned(), json)
}

fn run(model: &dyn Projection, rows: &mut Rows<'_>, step: &Step) {
    match step {
        Step::Event(event) => {
            let change = event.change().ok();
            let sequence = event.sequence.unwrap();
            let appended = AppendedEvent { loan: "L", sequence, position: sequence, event, change: change.as_ref() };
            model.appended(&appended, rows).unwrap();
        }
        Given(id, json) => {
            let change = EntityChange {
                loan: "L",
                entity: "auditEntry",
                id,
                parent: None,
                version: 1,
                form: ChangeForm::After(json),
                sequence: 99,
                position: 99,
                from_snapshot: true,
            };
            model.apply(&change, rows).unwrap();
        }
        Clear => model.clear("L", rows).unwrap(),
        Purge => model.purge("L", rows).unwrap(),
    }
}

fn bench(steps: &[Step]) -> Bench {
    let mut bench = Bench::new(projection());
    for step in steps {
        bench.commit(|model, rows| run(model, rows, step));
    }
    bench
}

/// Key and JSON of the entries, newest first.
fn shown(snapshot: &Snapshot, after: Option<&[u8]>) -> Vec<(Vec<u8>, String)> {
    let entries = entries(snapshot, "L", after).unwrap();
    entries.map(Result::unwrap).map(|entry| (entry.key, entry.json)).collect()
}

fn served(snapshot: &Snapshot) -> String {
    let entries: Vec<_> = shown(snapshot, None).into_iter().map(|(_, json)| json).collect();
    format!("[{}]", entries.join(","))
}

/// The one entry of one event.
fn check_entry(event: &CloudEvent, expected: &str) {
    let bench = bench(&[Step::Event(Box::new(event.clone()))]);
    assert_json(served(&bench.snapshot()), &format!("[{expected}]"));
}

/// The ids served, newest first.
fn check_ids(steps: &[Step], expected: &[&str]) {
    let snapshot = bench(steps).snapshot();
    let ids = shown(&snapshot, None).into_iter().map(|(key, _)| ids::id_of(&key).unwrap().into_owned());
    assert_eq!(ids.collect::<Vec<_>>(), expected, "{steps:?}");
    assert_eq!(total(&snapshot, "L").unwrap(), expected.len() as u64);
}

#[test]
fn an_entry_says_all_that_the_event_said() {
    let data = r#"{"entity":"taskItem","id":"i","parent":{"taskId":"t"},"version":1,
        "after":{"fileName":"a \"b\".pdf","title":null},"changes":[{"field":"x","from":1.50,"to":null}],"reason":"be\ncause"}"#;
    let mut full = event(7, "TaskItemAttached", "2024-01-01T00:00:00.5+01:00", data);
    full.actor = Some(r#"{"id":"u","type":"USER"}"#.to_owned());
    check_entry(
        &full,
        concat!(
            r#"{"id":"e7","sequence":"7","occurredAt":"2024-01-01T00:00:00.5+01:00","action":"TASK_ITEM_ATTACHED","#,
            r#""actor":{"id":"u","type":"USER"},"target":{"type":"TASK_ITEM","id":"i","label":"a \"b\".pdf"},"#,
            r#""changes":[{"field":"x","from":1.50,"to":null}],"reason":"be\ncause","origin":"CLOUD"}"#,
        ),
    );
}

#[test]
fn unknown_names_and_entities_have_entries_too() {
    let mut strange =
        event(1, "HologramMade", "2024-01-01T00:00:00Z", r#"{"entity":"holoGram","id":"h","version":1,"after":null}"#);
    strange.actor = Some("robot".to_owned());
    check_entry(
        &strange,
        concat!(
            r#"{"id":"e1","sequence":"1","occurredAt":"2024-01-01T00:00:00Z","action":"HOLOGRAM_MADE","#,
            r#""actor":{"id":"robot","type":"UNKNOWN"},"target":{"type":"HOLO_GRAM","id":"h"},"origin":"CLOUD"}"#,
        ),
    );
}

#[test]
fn erasures_have_entries_and_snapshots_have_none() {
    check_entry(
        &event(3, "DataSubjectErased", "2024-01-01T00:00:00Z", ERASURE),
        concat!(
            r#"{"id":"e3","sequence":"3","occurredAt":"2024-01-01T00:00:00Z","action":"DATA_SUBJECT_ERASED","#,
            r#""target":{"type":"ERASURE"},"origin":"CLOUD"}"#,
        ),
    );
    let snapshot = event(3, "LoanRequestSnapshot", "2024-01-01T00:00:00Z", r#"{"asOfSequence":3,"entities":[]}"#);
    check_ids(&[Step::Event(Box::new(snapshot))], &[]);
}

#[test]
fn recorded_entries_are_their_after_image_alone() {
    let bench = bench(&[recorded(5, "x", 30)]);
    assert_json(served(&bench.snapshot()), r#"[{"id":"x","occurredAt":"2024-01-01T00:30:00Z","by":"Jane, e5"}]"#);
}

#[test]
fn newest_first_by_instant_then_sequence() {
    check_ids(&[at(2, 10), at(10, 10), at(9, 10), at(1, 11), recorded(11, "x", 9)], &["e1", "e10", "e9", "e2", "x"]);
}

#[test]
fn entries_are_one_per_id_and_the_events_own_wins() {
    for steps in [[given("e1", 1, 5), at(1, 10)], [at(1, 10), given("e1", 1, 5)]] {
        check_ids(&steps, &["e1"]);
        assert!(!served(&bench(&steps).snapshot()).contains("snapshot"), "{steps:?}");
    }
    for steps in [[recorded(3, "x", 1), recorded(2, "x", 2)], [recorded(2, "x", 2), recorded(3, "x", 1)]] {
        check_ids(&steps, &["x"]);
        assert!(served(&bench(&steps).snapshot()).contains("e3"), "{steps:?}");
    }
    check_ids(&[given("x", 1, 1), recorded(2, "x", 2), given("x", 1, 1)], &["x"]);
    check_ids(&[recorded(2, "e1", 2), at(1, 1)], &["e1"]);
    check_ids(&[given("y", 0, 1), given("y", 0, 2)], &["y"]);
}

#[test]
fn a_refold_keeps_what_was_logged_and_a_purge_nothing() {
    let history = [given("old", 1, 1), at(2, 2), recorded(3, "x", 3), given("older", 1, 0)];
    check_ids(&history, &["x", "e2", "old", "older"]);
    let cleared = [&history[..], &[Clear]].concat();
    check_ids(&cleared, &["x", "e2"]);
    check_ids(&[&cleared[..], &[given("old", 1, 1)]].concat(), &["x", "e2", "old"]);
    let purged = bench(&[&history[..], &[Purge]].concat());
    assert_eq!((served(&purged.snapshot()).as_str(), purged.rows()), ("[]", 0));
}

#[test]
fn entries_are_packed() {
    let steps: Vec<_> = (1..=800).map(|sequence| at(sequence, sequence % 60)).collect();
    let bench = bench(&steps);
    assert_eq!(total(&bench.snapshot(), "L").unwrap(), 800);
    assert!((20..120).contains(&bench.rows()), "{} rows for 800 entries", bench.rows());
}

#[test]
fn other_loans_are_left_alone() {
    let snapshot = bench(&[at(1, 1)]).snapshot();
    for loan in ["", "K", "LL", "M"] {
        assert!(entries(&snapshot, loan, None).unwrap().next().is_none());
        assert_eq!(total(&snapshot, loan).unwrap(), 0);
    }
}

mod completeness;
mod erasure;
mod model;
