//! Manifests against an independent count of the same feed.

use std::collections::HashMap;

use continuity_base::{ManualClock, Timestamp};
use continuity_events::{CloudEvent, Limits, Role};
use serde_json::Value;

use super::*;
use crate::{Faults, Options, Simulator};

const SOURCE: &str = "/banclo/test";

fn simulator(loans: u64) -> Simulator {
    let start = Timestamp::from_micros(1_767_600_000_000_000);
    Simulator::new(Options { snapshots: true, heartbeats: true, ..Options::new(11, start, loans) })
}

fn feed(loans: u64) -> Vec<Emitted> {
    simulator(loans).history().collect()
}

/// What a manifest must say of `lines`, by the product's own reading of events and with plain sums.
fn expected(lines: &[Emitted]) -> (usize, u64, String, String) {
    let (mut last, mut content) = (HashMap::<String, u64>::new(), [0_u8; 32]);
    for emitted in lines {
        let Ok(event) = CloudEvent::parse_structured(emitted.line.as_bytes(), &Limits::default()) else { continue };
        let (Role::Loan, Some(loan), Some(sequence)) = (event.role(), event.loan_id(), event.sequence) else {
            continue;
        };
        let known = last.entry(loan.to_owned()).or_default();
        *known = sequence.max(*known);
        let said = format!("{loan}\n{sequence}\n{}\n{}", event.id, hex::encode(event.data_sha256()));
        Sha256::digest(said).iter().zip(&mut content).for_each(|(byte, sum)| *sum ^= byte);
    }
    let mut presence = [0_u8; 32];
    for (loan, last) in &last {
        Sha256::digest(format!("{loan}\n{last}")).iter().zip(&mut presence).for_each(|(byte, sum)| *sum ^= byte);
    }
    (last.len(), last.values().sum(), hex::encode(presence), hex::encode(content))
}

#[test]
fn a_manifest_counts_everything_before_it() {
    let mut before = Vec::new();
    let mut manifests = 0;
    for emitted in Manifests::over(feed(12).into_iter(), Every::Events(300), SOURCE, 1) {
        if emitted.kind != Kind::Manifest {
            before.push(emitted);
            continue;
        }
        manifests += 1;
        CloudEvent::parse_structured(emitted.line.as_bytes(), &Limits::default()).unwrap();
        let event: Value = serde_json::from_str(&emitted.line).unwrap();
        let data = &event["data"];
        let text = |name: &str| data[name].as_str().unwrap().to_owned();
        let (loans, events, presence, content) = expected(&before);
        assert_eq!(data["loanRequests"], loans);
        assert_eq!(data["events"], events);
        assert_eq!((text("digest"), text("contentDigest")), (presence, content));
        let listed: Vec<_> =
            data["loans"].as_array().unwrap().iter().map(|l| l["lastSequence"].as_u64().unwrap()).collect();
        assert_eq!((listed.len(), listed.iter().sum::<u64>()), (loans, events));
        assert_eq!(data["at"], serde_json::json!({}));
    }
    assert!(manifests > 3, "{manifests}");
    assert_eq!(before, feed(12));
}

#[test]
fn a_feed_ends_with_a_manifest_but_not_with_two() {
    let whole: Vec<_> = Manifests::over(feed(2).into_iter(), Every::Events(1_000_000), SOURCE, 1).collect();
    assert_eq!(whole.iter().filter(|e| e.kind == Kind::Manifest).count(), 1);
    assert_eq!(whole.last().unwrap().kind, Kind::Manifest);
    assert_eq!(Manifests::over(std::iter::empty(), Every::Events(1), SOURCE, 1).count(), 0);
    let some: Vec<_> = Manifests::over(feed(2).into_iter().take(7), Every::Events(1), SOURCE, 1).collect();
    assert_ne!(some[some.len() - 2].kind, Kind::Manifest);
}

#[test]
fn manifests_come_by_the_clock_too() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(0)));
    let every = Every::Time(Duration::from_secs(10), clock.clone());
    let mut feed = Manifests::over(simulator(5), every, SOURCE, 1);
    assert!(feed.by_ref().take(50).all(|e| e.kind == Kind::Plain));
    clock.advance(Duration::from_secs(11));
    assert_eq!(feed.next().unwrap().kind, Kind::Manifest);
    assert!(feed.by_ref().take(50).all(|e| e.kind == Kind::Plain));
}

#[test]
fn faults_let_nothing_past_a_manifest() {
    let faults = Faults { late: 0.05, reordering: 0.2, window: 40, gaps: 0.02, duplicates: 0.1, ..Faults::default() };
    let clean: Vec<_> = Manifests::over(feed(12).into_iter(), Every::Events(300), SOURCE, 1).collect();
    let faulty: Vec<_> = faults.over(5, clean.clone().into_iter()).collect();
    let parts = |lines: &[Emitted]| -> Vec<Vec<String>> {
        lines
            .split(|e| e.kind == Kind::Manifest)
            .map(|part| {
                let mut part: Vec<_> = part.iter().map(|e| e.line.clone()).collect();
                part.sort();
                part.dedup();
                part
            })
            .collect()
    };
    let (clean, faulty) = (parts(&clean), parts(&faulty));
    assert_eq!(clean.len(), faulty.len());
    for (clean, faulty) in clean.iter().zip(&faulty) {
        assert!(faulty.iter().all(|line| clean.binary_search(line).is_ok()));
    }
    assert!(faulty.iter().map(Vec::len).sum::<usize>() < clean.iter().map(Vec::len).sum());
}
