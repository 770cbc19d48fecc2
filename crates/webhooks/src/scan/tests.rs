//! What is told of records, and in which parts.

use super::*;
use crate::testing::{Bench, control, released, snapshot, status};

/// What is told of everything, with the greatest number of messages of one scan.
fn told(bench: &Bench) -> (Vec<String>, usize) {
    let (view, mut scanner) = (bench.view(), bench.scanner());
    let (mut at, mut told, mut most) = (Cursor::default(), Vec::new(), 0);
    while at.position < view.position {
        let scanned = scanner.scan(&view, at, view.position, Marks::default()).unwrap();
        assert_ne!(scanned.reached, at);
        at = scanned.reached;
        most = most.max(scanned.messages.len());
        told.extend(scanned.messages.into_iter().map(|message| message.body));
        // A restart comes in between: all that is remembered is the cursor.
        scanner = bench.scanner();
    }
    (told, most)
}

#[test]
fn a_snapshot_that_takes_effect_is_told_whether_or_not_an_export_is_open() {
    let mut bench = Bench::new();
    bench.append(&[
        status(Record::Event, "L1", 1, "BID"),
        control("SnapshotStarted", r#"{"snapshotId":"never-completed","loanRequests":3}"#),
        snapshot("L1", 3, "SANCTION"),
        snapshot("L2", 5, "DEED"),
        snapshot("L1", 3, "SANCTION"),
        status(Record::Event, "L1", 4, "DEED"),
    ]);
    let (told, _) = told(&bench);
    let reloaded: Vec<_> = told.iter().filter(|body| body.contains("loan.reloaded")).collect();
    assert_eq!(reloaded.len(), 2, "the one without an effect is not told: {told:?}");
    assert!(reloaded[0].contains(r#""L1""#) && reloaded[1].contains(r#""L2""#), "{told:?}");
}

#[test]
fn what_is_released_at_once_is_told_in_parts() {
    const LAST: u64 = 1_000;
    let mut bench = Bench::new();
    let held = (3..=LAST).map(|sequence| status(Record::Held, "L1", sequence, &format!("S{sequence}")));
    let records = std::iter::once(status(Record::Event, "L1", 1, "S1")).chain(held);
    bench.append(&records.chain([released("L1", 3, LAST)]).collect::<Vec<_>>());
    let (told, most) = told(&bench);
    assert!(most <= 2 * MESSAGES, "{most}");
    let all = (3..=LAST).map(|sequence| format!(r#""status":"S{sequence}""#));
    let wanted: Vec<_> = std::iter::once(r#""status":"S1""#.to_owned()).chain(all).collect();
    assert_eq!(told.len(), wanted.len());
    assert!(told.iter().zip(&wanted).all(|(body, status)| body.contains(status)), "each once, in order");
    let released = bench.view().position;
    let stale = Cursor { position: released - 1, within: LAST + 1 };
    let scanned = bench.scanner().scan(&bench.view(), stale, released, Marks::default()).unwrap();
    assert!(scanned.messages[0].body.contains(&wanted[1]), "a place that is none begins at the beginning");
}
