//! The rows of the control store.

use continuity_log::Kind;
use continuity_readmodel::{Checkpoint, Durability, Place, Store};
use serde_json::{Value, json};

use super::*;

fn access(loan: &str, item: Option<&str>) -> Change {
    Change::AccessRecorded(AccessRecorded {
        id: "a1".to_owned(),
        loan: loan.to_owned(),
        task: "task-1".to_owned(),
        item: item.map(str::to_owned),
        action: "TASK_FORM_DATA_READ".to_owned(),
        client_id: "client-1".to_owned(),
        client_name: item.map(|_| "Reporting".to_owned()),
        scope: "tasks:read".to_owned(),
        request_id: "r1".to_owned(),
    })
}

/// A store with these changes at positions 1, 2, ... and at the given times.
fn store(changes: Vec<(i64, Change)>) -> Store {
    let store = Store::open(Place::memory(), "control", VERSION, TABLES, 1 << 20).unwrap();
    let mut batch = store.batch();
    for (position, (at, change)) in (1..).zip(changes) {
        let payload = Entry { actor: "test".to_owned(), change }.encode();
        let record = Record { kind: Kind::Operator, subject: String::new(), sequence: 0, arrived_at: at, payload };
        apply(&record, position, &mut batch.rows()).unwrap();
    }
    store.commit(batch, Checkpoint::default(), Durability::Visible).unwrap();
    store
}

#[test]
fn an_access_is_served_as_an_audit_entry() {
    let at = 1_795_370_400_123_456;
    let entries =
        accesses(&store(vec![(at, access("lr-1", None)), (at, access("lr-1", Some("i1")))]).snapshot(), "lr-1");
    let entries = entries.unwrap();
    let json: Vec<Value> = entries.iter().map(|entry| serde_json::from_str(&entry.json).unwrap()).collect();
    let expected = json!({
        "id": "a1", "occurredAt": "2026-11-22T18:00:00.123Z", "action": "TASK_FORM_DATA_READ",
        "actor": { "id": "client-1", "type": "API_CLIENT" }, "target": { "type": "TASK", "id": "task-1" }, "origin": "REPLICA",
    });
    assert_eq!(json[0], expected);
    assert_eq!(json[1]["target"], json!({ "type": "TASK_ITEM", "id": "i1" }));
    assert_eq!(json[1]["actor"]["displayName"], "Reporting");
    assert_eq!((entries[0].occurred_at.as_str(), entries[0].sequence), ("2026-11-22T18:00:00.123Z", 1));
}

#[test]
fn accesses_are_those_of_the_loan_in_order_of_time() {
    let changes = vec![
        (30, access("lr-1", None)),
        (-10, access("lr-1", None)),
        (20, access("lr-12", None)),
        (30, access("lr-1", None)),
        (5, access("", None)),
    ];
    let store = store(changes);
    let sequences = |loan: &str| -> Vec<u64> {
        accesses(&store.snapshot(), loan).unwrap().iter().map(|entry| entry.sequence).collect()
    };
    assert_eq!(sequences("lr-1"), [2, 1, 4]);
    assert_eq!(sequences("lr-12"), [3]);
    assert_eq!(sequences("lr-"), [] as [u64; 0]);
    assert_eq!(sequences(""), [5]);
}

#[test]
fn a_record_that_does_not_decode_fails() {
    let store = store(Vec::new());
    let mut batch = store.batch();
    let record = Record { kind: Kind::Operator, subject: String::new(), sequence: 0, arrived_at: 0, payload: vec![9] };
    assert!(apply(&record, 1, &mut batch.rows()).is_err());
}
