//! Recorded reads: what is stored of them, and in which order they come back.

use continuity_log::{Kind, Record};
use continuity_readmodel::{Checkpoint, Durability, Place as StorePlace, Store};
use serde_json::{Value, json};

use super::*;
use crate::control::event::{By, Change, Entry};
use crate::control::projection::{TABLES, VERSION, apply};

/// 2026-11-22T18:00:00.123456Z
const AT: i64 = 1_795_370_400_123_456;

fn task(loan: &str, item: Option<&str>) -> Change {
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

fn counted(loan: Option<&str>, endpoint: &str, count: u64) -> CountedRead {
    CountedRead {
        client_id: "client-1".to_owned(),
        client_name: Some("Reporting".to_owned()),
        loan: loan.map(str::to_owned),
        endpoint: endpoint.to_owned(),
        count,
    }
}

fn reads(from: i64, reads: Vec<CountedRead>) -> Change {
    Change::ReadsRecorded(ReadsRecorded { id: [7; 16], from, seconds: 60, reads })
}

/// A log with these changes at positions 1, 2, ... and at the given times, in microseconds.
fn log(changes: Vec<(i64, Change)>) -> AccessLog {
    let store = Store::open(StorePlace::memory(), "control", VERSION, TABLES, 1 << 20).unwrap();
    let mut batch = store.batch();
    for (position, (at, change)) in (1..).zip(changes) {
        let payload = Entry { by: By::actor("test"), origin: None, change }.encode();
        let record = Record { kind: Kind::Operator, subject: String::new(), sequence: 0, arrived_at: at, payload };
        apply(&record, position, &mut batch.rows()).unwrap();
    }
    store.commit(batch, Checkpoint::default(), Durability::Visible).unwrap();
    AccessLog::new(store.snapshot())
}

fn of_loan(loan: &str) -> AccessRange {
    AccessRange { loan: Some(loan.to_owned()), ..AccessRange::default() }
}

fn all(accesses: Accesses) -> Vec<AccessEntry> {
    accesses.collect::<Result<_, _>>().unwrap()
}

fn positions(accesses: Accesses) -> Vec<u64> {
    all(accesses).iter().map(AccessEntry::position).collect()
}

fn shown(entry: &AccessEntry) -> Value {
    serde_json::from_str(&entry.json()).unwrap()
}

#[test]
fn a_sensitive_read_is_served_as_an_audit_entry() {
    let document = Change::DocumentRead(DocumentRead {
        id: "a2".to_owned(),
        loan: "lr-1".to_owned(),
        document: "d1".to_owned(),
        version: Some(2),
        endpoint: "downloadDocument".to_owned(),
        client_id: "client-1".to_owned(),
        client_name: None,
        scope: "documents:read".to_owned(),
        request_id: "r2".to_owned(),
    });
    let log = log(vec![(AT, task("lr-1", None)), (AT, task("lr-1", Some("i1"))), (AT, document)]);
    let entries = all(log.forward(&of_loan("lr-1"), None).unwrap());
    let expected = json!({
        "id": "a1", "occurredAt": "2026-11-22T18:00:00.123Z", "action": "TASK_FORM_DATA_READ",
        "actor": {"id": "client-1", "type": "API_CLIENT"}, "target": {"type": "TASK", "id": "task-1"},
        "loanRequestId": "lr-1", "endpoint": "getTask", "count": 1, "scope": "tasks:read", "requestId": "r1",
        "controlPosition": 1, "origin": "REPLICA",
    });
    assert_eq!(shown(&entries[0]), expected);
    let item = shown(&entries[1]);
    assert_eq!(
        (&item["target"], &item["endpoint"]),
        (&json!({"type": "TASK_ITEM", "id": "i1"}), &json!("downloadTaskItem"))
    );
    assert_eq!(item["actor"]["displayName"], "Reporting");
    let document = shown(&entries[2]);
    assert_eq!((&document["action"], &document["version"]), (&json!("DOCUMENT_READ"), &json!(2)));
    assert_eq!((&document["target"], &document["id"]), (&json!({"type": "DOCUMENT", "id": "d1"}), &json!("a2")));
}

#[test]
fn counted_reads_have_their_period_and_a_list_has_no_loan() {
    let rows = vec![counted(Some("lr-1"), "listTasks", 12), counted(None, "listLoanRequests", 3)];
    let log = log(vec![(AT + 60_000_000, reads(1_795_370_400, rows))]);
    let entries = all(log.forward(&AccessRange::default(), None).unwrap());
    let expected = json!({
        "id": "07070707-0707-4707-8707-070707070707-0000", "occurredAt": "2026-11-22T18:00:00.000Z",
        "until": "2026-11-22T18:01:00.000Z", "action": "LOAN_REQUEST_READ",
        "actor": {"id": "client-1", "type": "API_CLIENT", "displayName": "Reporting"},
        "target": {"type": "LOAN_REQUEST", "id": "lr-1"}, "loanRequestId": "lr-1", "endpoint": "listTasks", "count": 12,
        "controlPosition": 1, "origin": "REPLICA",
    });
    assert_eq!(shown(&entries[0]), expected);
    let list = shown(&entries[1]);
    assert_eq!(
        (&list["action"], &list["endpoint"], &list["count"]),
        (&json!("LIST_READ"), &json!("listLoanRequests"), &json!(3))
    );
    assert!(list.get("target").is_none() && list.get("loanRequestId").is_none());
    assert_eq!(log.count("lr-1").unwrap(), 1);
    assert_eq!(positions(log.forward(&of_loan("lr-1"), None).unwrap()), [1]);
}

#[test]
fn those_of_a_loan_come_in_order_of_time_both_ways() {
    let changes = vec![
        (30_000, task("lr-1", None)),
        (-10_000, task("lr-1", None)),
        (20_000, task("lr-12", None)),
        (30_000, task("lr-1", None)),
        (5_000, task("", None)),
    ];
    let log = log(changes);
    let of = |loan: &str| positions(log.forward(&of_loan(loan), None).unwrap());
    assert_eq!(of("lr-1"), [2, 1, 4]);
    assert_eq!((of("lr-12"), of("lr-"), of("")), (vec![3], vec![], vec![5]));
    assert_eq!(positions(log.backward(&of_loan("lr-1")).unwrap()), [4, 1, 2]);
    assert_eq!(positions(log.forward(&AccessRange::default(), None).unwrap()), [2, 5, 3, 1, 4]);
    assert_eq!(["lr-1", "lr-12", "lr-", ""].map(|loan| log.count(loan).unwrap()), [3, 1, 0, 1]);
}

#[test]
fn a_range_counts_the_times_that_are_shown_and_holds_both_ends() {
    let changes = (0..5).map(|ms| (ms * 1_000 + 999, task("lr-1", None))).collect();
    let log = log(changes);
    let within = |loan: Option<&str>, from: Option<i64>, to: Option<i64>| {
        let time = |micros: Option<i64>| micros.map(Timestamp::from_micros);
        let range = AccessRange { loan: loan.map(str::to_owned), from: time(from), to: time(to) };
        positions(log.forward(&range, None).unwrap())
    };
    for loan in [None, Some("lr-1")] {
        assert_eq!(within(loan, Some(1_000), Some(3_000)), [2, 3, 4]);
        assert_eq!(within(loan, Some(1_001), Some(3_999)), [3, 4], "shown as 1 ms, which is earlier");
        assert_eq!(within(loan, Some(4_000), None), [5]);
        assert_eq!(within(loan, None, Some(-1)), [] as [u64; 0]);
        assert_eq!(within(loan, Some(3_000), Some(1_000)), [] as [u64; 0]);
    }
}

#[test]
fn a_walk_goes_on_behind_its_last_entry() {
    let row = |n: u64| counted(Some("lr-1"), "listTasks", n);
    let log = log(vec![(AT, reads(0, (1..=30).map(row).collect())), (AT, task("lr-1", None))]);
    for range in [AccessRange::default(), of_loan("lr-1")] {
        let whole = all(log.forward(&range, None).unwrap());
        assert_eq!(whole.len(), 31);
        let (mut walked, mut after) = (Vec::new(), None::<Vec<u8>>);
        while let Some(entry) = log.forward(&range, after.as_deref()).unwrap().next() {
            let entry = entry.unwrap();
            after = Some(entry.place());
            walked.push(entry);
        }
        assert_eq!(walked, whole);
        let ids: std::collections::BTreeSet<String> = walked.iter().map(AccessEntry::id).collect();
        assert_eq!(ids.len(), 31);
    }
}
