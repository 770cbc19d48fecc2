//! What an export holds, and what it leaves alone.

use std::collections::{BTreeMap, BTreeSet};

use continuity_events::{CloudEvent, Limits, Role};
use serde_json::Value;

use super::*;

const START: Timestamp = Timestamp::from_micros(1_767_600_000_000_000);

fn exported(loans: u64, name: &str) -> (Vec<Emitted>, Vec<CloudEvent>) {
    let directory = std::env::temp_dir().join(format!("continuity-export-{}-{name}", std::process::id()));
    let path = directory.join("bootstrap.ndjson");
    let simulator = Simulator::new(Options { exports: true, ..Options::new(7, START, loans) });
    let length = simulator.history_len();
    let mut exporting = Exporting::new(simulator, &path).unwrap();
    let feed = exporting.by_ref().take(usize::try_from(length).unwrap() + 100).collect();
    assert!(exporting.failure().is_none());
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "only the export is left");
    fs::remove_dir_all(directory).unwrap();
    let parse = |line: &str| CloudEvent::parse_structured(line.as_bytes(), &Limits::default()).unwrap();
    (feed, text.lines().map(parse).collect())
}

#[test]
fn an_export_changes_no_line_of_the_feed() {
    let (feed, _) = exported(8, "lines");
    let plain: Vec<_> = Simulator::loans(7, START, 8).take(feed.len()).collect();
    assert!(feed == plain, "another feed");
}

#[test]
fn an_export_tells_each_loan_up_to_its_last_sequence() {
    let (feed, export) = exported(30, "loans");
    let mut last = BTreeMap::new();
    let mut purged = BTreeSet::new();
    for emitted in feed.iter().filter(|emitted| emitted.history) {
        let event: Value = serde_json::from_str(&emitted.line).unwrap();
        let subject = event["subject"].as_str().unwrap().to_owned();
        if event["type"] == "com.banclo.LoanRequestPurged" {
            purged.insert(subject.clone());
        }
        last.insert(subject, event["sequence"].as_str().unwrap().parse::<u64>().unwrap());
    }
    let (first, rest) = export.split_first().unwrap();
    let (end, loans) = rest.split_last().unwrap();
    assert_eq!((first.name(), end.name()), ("SnapshotStarted", "SnapshotCompleted"));
    assert_eq!(first.data, end.data);
    let mut entities = 0;
    let mut told = BTreeMap::new();
    for event in loans {
        match event.role() {
            Role::Snapshot => {
                let snapshot = event.snapshot().unwrap();
                entities += snapshot.entities.len();
                assert_eq!(snapshot.entities.is_empty(), purged.contains(&event.subject));
            }
            _ => assert_eq!(event.name(), "LoanRequestPurged"),
        }
        told.insert(event.subject.clone(), event.sequence.unwrap());
    }
    assert_eq!(told, last);
    assert!(!purged.is_empty() && loans.len() == last.len() + purged.len());
    let said: Value = serde_json::from_str(&first.data).unwrap();
    assert_eq!((said["loanRequests"].as_u64(), said["entities"].as_u64()), (Some(30), Some(entities as u64)));
}

#[test]
fn a_feed_that_ends_too_soon_leaves_no_export_and_says_so() {
    let directory = std::env::temp_dir().join(format!("continuity-export-{}-short", std::process::id()));
    let exporting = || {
        let simulator = Simulator::new(Options { exports: true, ..Options::new(7, START, 3) });
        let length = usize::try_from(simulator.history_len()).unwrap();
        (Exporting::new(simulator, &directory.join("bootstrap.ndjson")).unwrap(), length)
    };
    let (mut short, length) = exporting();
    assert_eq!(short.by_ref().take(length - 1).count(), length - 1);
    assert!(short.failure().unwrap().to_string().contains("before its history was told"));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    let (mut just, length) = exporting();
    assert_eq!(just.by_ref().take(length).count(), length);
    assert!(just.failure().is_none());
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    fs::remove_dir_all(directory).unwrap();
}
