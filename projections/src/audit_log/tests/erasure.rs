//! After an erasure nothing of the data subject is served.

use super::*;

/// The ids of the entries that still speak of Jane, newest first.
fn check(steps: &[Step], expected: &[&str]) {
    let snapshot = bench(steps).snapshot();
    let speaking = shown(&snapshot, None).into_iter().filter(|(_, json)| json.contains("Jane"));
    let ids: Vec<_> = speaking.map(|(key, _)| ids::id_of(&key).unwrap().into_owned()).collect();
    assert_eq!(ids, expected, "{steps:?}");
}

#[test]
fn entries_below_it_are_redacted_and_others_are_not() {
    check(&[at(1, 1), at(2, 2), erasure(3, 3), at(4, 4)], &["e4"]);
    check(&[erasure(3, 3), at(4, 4), at(2, 2)], &["e4"]);
    check(&[recorded(1, "x", 1), erasure(2, 2), recorded(3, "y", 3)], &["y"]);
    check(&[erasure(2, 2), recorded(1, "x", 1)], &[]);
}

#[test]
fn what_is_left_says_who_did_what_and_when() {
    let mut named = event(1, "TaskStarted", "2024-01-01T00:01:00Z", DATA);
    named.actor = Some(r#"{"id":"c","type":"CLIENT","displayName":"Jane"}"#.to_owned());
    let bench = bench(&[Step::Event(Box::new(named)), erasure(2, 2)]);
    assert_json(
        served(&bench.snapshot()),
        concat!(
            r#"[{"id":"e2","sequence":"2","occurredAt":"2024-01-01T00:02:00Z","action":"DATA_SUBJECT_ERASED","#,
            r#""target":{"type":"ERASURE"},"origin":"CLOUD"},"#,
            r#"{"id":"e1","sequence":"1","occurredAt":"2024-01-01T00:01:00Z","action":"TASK_STARTED","#,
            r#""actor":{"id":"c","type":"CLIENT"},"target":{"type":"TASK","id":"t"},"origin":"CLOUD"}]"#,
        ),
    );
}

#[test]
fn entries_of_snapshots_are_redacted_too() {
    check(&[given("old", 1, 1), erasure(3, 3)], &[]);
    check(&[erasure(3, 3), Clear, given("old", 1, 1), given("new", 4, 4)], &["new"]);
    check(&[erasure(3, 3), given("undated", 0, 1)], &[]);
}

#[test]
fn the_highest_erasure_counts() {
    for steps in [[at(2, 2), erasure(1, 1), erasure(4, 4)], [erasure(4, 4), erasure(1, 1), at(2, 2)]] {
        check(&steps, &[]);
    }
}

#[test]
fn it_is_remembered_through_refolds_until_the_purge() {
    check(&[given("old", 1, 1), erasure(3, 3), Clear, Clear, at(2, 2), given("old", 1, 1)], &[]);
    assert_eq!(bench(&[at(1, 1), erasure(3, 3), Purge]).rows(), 0);
}

#[test]
fn entries_stay_packed() {
    let mut steps: Vec<_> = (1..=800).map(|sequence| at(sequence, sequence % 60)).collect();
    steps.push(erasure(801, 1));
    let bench = bench(&steps);
    assert_eq!(total(&bench.snapshot(), "L").unwrap(), 801);
    assert!((20..120).contains(&bench.rows()), "{} rows", bench.rows());
}
