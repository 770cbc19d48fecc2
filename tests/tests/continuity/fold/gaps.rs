//! Missing events: held back, released, late; parked loans; snapshots that repair.

use super::*;

fn numbers(fold: &Fold) -> (String, bool) {
    let folded = fold.loan("l1").unwrap();
    (shown(folded.loan_request()), folded.is_complete())
}

fn request(n: &str) -> String {
    format!(r#"{{"id":"l1","n":{n},"createdAt":"2026-01-01T00:00:01Z"}}"#)
}

#[test]
fn held_events_are_not_shown_until_the_missing_one_comes() {
    let mut fold = fold(Gaps::Held, &[loan(1, 1), loan(3, 3)]);
    assert_eq!(numbers(&fold), (request("1"), true));
    fold.arrive(&loan(2, 2));
    assert_eq!(numbers(&fold), (request("3"), true));
}

#[test]
fn released_events_are_shown_and_the_loan_is_incomplete_until_the_late_one() {
    let mut fold = fold(Gaps::Released, &[loan(1, 1), loan(3, 3)]);
    assert_eq!(numbers(&fold), (request("3"), false));
    fold.arrive(&loan(2, 2));
    assert_eq!(numbers(&fold), (request("3"), true));
}

#[test]
fn behind_a_gap_a_patch_on_another_version_is_skipped_until_the_next_after_image() {
    let lines = [
        loan(1, 1),
        patch(3, "loanRequest", "l1", 3, r#"{"n":3}"#),
        patch(4, "loanRequest", "l1", 4, r#"{"m":4}"#),
        patch(5, "loanRequest", "l1", 2, r#"{"o":5}"#),
    ];
    let mut fold = fold(Gaps::Released, &lines);
    assert_eq!(numbers(&fold), (request("1"), false));
    assert_eq!(fold.loan("l1").unwrap().skipped(), [("loanRequest".to_owned(), "l1".to_owned())]);
    fold.arrive(&loan(6, 9));
    assert_eq!(numbers(&fold), (request("9"), false));
    assert!(fold.loan("l1").unwrap().skipped().is_empty());
}

#[test]
fn without_a_gap_what_does_not_fit_parks_the_loan_but_not_its_audit_log() {
    for bad in [
        patch(2, "loanRequest", "l1", 3, "{}"),
        loan(2, 3),
        patch(2, "task", "t1", 1, "{}"),
        after(2, "loanRequest", "l2", 1, ""),
    ] {
        let fold = fold(Gaps::Held, &[loan(1, 1), bad, loan(3, 2)]);
        let folded = fold.loan("l1").unwrap();
        assert_eq!((folded.parked(), folded.is_complete()), (Some(2), false));
        assert_eq!(shown(folded.loan_request()), request("1"));
        assert_eq!(ids(folded.audit_log()), ["e3", "e2", "e1"]);
    }
}

#[test]
fn an_unknown_entity_never_parks() {
    let fold = fold(Gaps::Held, &[loan(1, 1), after(2, "policy", "p1", 7, ""), loan(3, 2)]);
    assert_eq!(fold.loan("l1").unwrap().parked(), None);
    assert_eq!(ids(fold.loan("l1").unwrap().audit_log()), ["e3", "e2", "e1"]);
}

fn snapshot(as_of: u64, n: u64, version: u64) -> String {
    let data = format!(
        r#"{{"asOfSequence":{as_of},"entities":[{{"entity":"loanRequest","id":"l1","version":{version},"after":{{"id":"l1","n":{n},"createdAt":"2026-01-01T00:00:01Z"}}}},
        {{"entity":"auditEntry","id":"e2","version":1,"after":{{"id":"e2","sequence":"2","occurredAt":"2026-01-01T00:00:02Z"}}}}]}}"#
    );
    named(as_of, "LoanRequestSnapshot", &data.replace('\n', " "))
}

#[test]
fn a_snapshot_covers_what_is_missing_and_what_comes_late_is_a_duplicate() {
    let mut fold = fold(Gaps::Held, &[loan(1, 1), after(2, "task", "t1", 1, ""), loan(4, 3), snapshot(3, 33, 2)]);
    assert_eq!(numbers(&fold), (request("3"), true));
    assert_eq!(ids(fold.loan("l1").unwrap().plain("task")), Vec::<String>::new());
    assert_eq!(ids(fold.loan("l1").unwrap().audit_log()), ["e4", "e2", "e1"]);
    fold.arrive(&loan(3, 2));
    assert_eq!(fold.counts().duplicates, 1);
}

#[test]
fn a_snapshot_of_what_is_known_changes_nothing_and_one_over_a_parked_event_settles_it() {
    let known = fold(Gaps::Held, &[loan(1, 1), loan(2, 2), snapshot(1, 99, 1)]);
    assert_eq!(numbers(&known), (request("2"), true));
    let parked = fold(Gaps::Held, &[loan(1, 1), loan(2, 7), snapshot(2, 22, 7), loan(3, 8)]);
    assert_eq!(numbers(&parked), (request("8"), true));
}

#[test]
fn below_a_snapshot_the_version_of_what_it_does_not_list_is_unknown() {
    let fold = fold(Gaps::Held, &[snapshot(3, 1, 1), after(4, "task", "t1", 5, ""), after(5, "task", "t1", 6, "")]);
    assert_eq!(fold.loan("l1").unwrap().parked(), None);
    assert_eq!(ids(fold.loan("l1").unwrap().plain("task")), ["t1"]);
}
