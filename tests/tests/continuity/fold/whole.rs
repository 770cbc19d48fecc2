//! Purge, soft deletion, lists of loans, the audit log, worksheets; and a whole simulated feed.

use super::*;
use continuity_base::Timestamp;
use continuity_simulator::{Faults, Simulator};

fn other(line: &str) -> String {
    line.replace("l1", "l0")
}

#[test]
fn a_purge_removes_all_and_later_events_are_refused() {
    let mut fold = fold(Gaps::Held, &[loan(1, 1), gone(2, "loanRequest", "l1", 2), loan(3, 3)]);
    assert_eq!(fold.loan("l1").unwrap().loan_request(), Answer::Gone);
    assert_eq!(fold.loan("l1").unwrap().audit_log(), Answer::Gone);
    assert_eq!(fold.counts().refused, 1);
    fold.arrive(&loan(1, 1));
    assert_eq!(fold.counts().duplicates, 1);
    assert!(fold.loan_requests(true).is_empty());
}

#[test]
fn a_purge_with_a_wrong_version_is_a_purge() {
    let fold = fold(Gaps::Held, &[loan(1, 1), gone(2, "loanRequest", "l1", 9)]);
    assert_eq!(fold.loan("l1").unwrap().loan_request(), Answer::Gone);
}

#[test]
fn soft_deleted_loans_are_listed_only_when_asked_for() {
    let deleted = patch(2, "loanRequest", "l1", 2, r#"{"deletedAt":"2026-01-02T00:00:00Z"}"#);
    let fold = fold(Gaps::Held, &[loan(1, 1), deleted, other(&loan(1, 1))]);
    let ids = |all| fold.loan_requests(all).iter().map(|row| row.text("id").unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(false), ["l0"]);
    assert_eq!(ids(true), ["l1", "l0"]);
    assert!(matches!(fold.loan("l1").unwrap().loan_request(), Answer::Body(_)));
}

#[test]
fn audit_entries_are_derived_or_taken_as_they_are() {
    let explicit =
        r#"{"entity":"auditEntry","id":"a1","version":1,"after":{"id":"a1","occurredAt":"2025-01-01T00:00:00Z"}}"#;
    let actor = loan(3, 1).replace("\"data\"", r#""actor":"nobody","data""#);
    let fold = fold(
        Gaps::Held,
        &[
            named(
                1,
                "TaskAssigned",
                r#"{"entity":"bidQuote","id":"q","version":1,"after":{"title":"t","fileName":"f"},"reason":"r"}"#,
            ),
            event(2, explicit),
            actor,
        ],
    );
    let Answer::NotFound = fold.loan("l1").unwrap().task("x") else { panic!() };
    let served = shown(fold.loan("l1").unwrap().audit_log());
    let want = concat!(
        r#"[{"id":"e3","sequence":"3","occurredAt":"2026-01-01T00:00:03Z","action":"LOAN_REQUEST_DETAILS_CHANGED","actor":{"id":"nobody","type":"UNKNOWN"},"target":{"type":"LOAN_REQUEST","id":"l1"},"origin":"CLOUD"},"#,
        r#"{"id":"e1","sequence":"1","occurredAt":"2026-01-01T00:00:01Z","action":"TASK_ASSIGNED","target":{"type":"BID_QUOTE","id":"q","label":"t"},"reason":"r","origin":"CLOUD"},"#,
        r#"{"id":"a1","occurredAt":"2025-01-01T00:00:00Z"}]"#
    );
    assert_eq!(served, want);
}

#[test]
fn worksheets_are_listed_without_their_sheets() {
    let fold = fold(Gaps::Held, &[loan(1, 1), after(2, "worksheet", "w1", 1, r#","sheets":[{"name":"s"}],"z":1"#)]);
    let folded = fold.loan("l1").unwrap();
    assert_eq!(shown(folded.worksheets()), r#"[{"id":"w1","z":1}]"#);
    assert_eq!(shown(folded.worksheet("w1")), r#"{"id":"w1","sheets":[{"name":"s"}],"z":1}"#);
    assert_eq!(folded.worksheet("w2"), Answer::NotFound);
}

fn simulated(faults: Faults) -> Fold {
    let mut fold = Fold::new(Gaps::Held);
    let mut feed = Simulator::loans(11, Timestamp::from_micros(1_767_600_000_000_000), 30);
    for emitted in faults.over(1, feed.history()) {
        fold.arrive(&emitted.line);
    }
    fold
}

#[test]
fn a_feed_with_duplicates_and_disorder_folds_to_the_same() {
    let faults = Faults {
        duplicates: 0.05,
        reordering: 0.1,
        window: 200,
        late: 0.01,
        malformed: 0.01,
        forks: 0.01,
        ..Faults::default()
    };
    let (calm, rough) = (simulated(Faults::default()), simulated(faults));
    assert!(rough.counts().duplicates > 50 && rough.counts().refused > 10 && rough.counts().forks > 10);
    assert_eq!(calm.counts().events, rough.counts().events);
    assert_eq!((calm.counts().duplicates, calm.counts().refused), (0, 0));
    for id in calm.loan_ids() {
        let (a, b) = (calm.loan(id).unwrap(), rough.loan(id).unwrap());
        assert_eq!((a.loan_request(), a.parked()), (b.loan_request(), None));
        assert_eq!(a.audit_log(), b.audit_log());
        assert_eq!(a.guilds(), b.guilds());
    }
    assert!(calm.loan_requests(true).len() > 20);
}
