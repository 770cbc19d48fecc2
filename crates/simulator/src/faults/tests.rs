//! Faults come when asked, as often as asked, and the same again by the same seed.

use std::collections::BTreeMap;

use continuity_base::Timestamp;
use continuity_events::{CloudEvent, Limits};

use super::*;
use crate::Simulator;

fn feed() -> Vec<Emitted> {
    Simulator::loans(7, Timestamp::from_micros(1_767_600_000_000_000), 25).history().collect()
}

fn with(faults: Faults) -> (Vec<Emitted>, FaultCounts) {
    let mut delivery = faults.over(1, feed().into_iter());
    let lines: Vec<_> = delivery.by_ref().collect();
    (lines, delivery.counts())
}

fn times_each(lines: &[Emitted]) -> BTreeMap<&str, usize> {
    let mut times = BTreeMap::new();
    for emitted in lines {
        *times.entry(emitted.line.as_str()).or_default() += 1;
    }
    times
}

#[test]
fn without_faults_nothing_is_touched() {
    let (lines, counts) = with(Faults::default());
    assert_eq!((lines, counts), (feed(), FaultCounts::default()));
}

#[test]
fn the_same_seed_commits_the_same_faults() {
    let faults =
        Faults { duplicates: 0.1, reordering: 0.1, window: 50, gaps: 0.01, late: 0.01, malformed: 0.01, forks: 0.01 };
    assert_eq!(with(faults), with(faults));
}

#[test]
fn duplicates_repeat_a_line_after_itself() {
    let (lines, counts) = with(Faults { duplicates: 0.1, ..Faults::default() });
    assert_eq!(lines.len() as u64, feed().len() as u64 + counts.duplicates);
    assert!(counts.duplicates > 100);
    assert_eq!(times_each(&lines).len(), feed().len());
    assert!(lines.iter().enumerate().all(|(i, emitted)| emitted.number == i as u64 + 1));
}

#[test]
fn reordering_keeps_every_line_within_the_window() {
    let (lines, counts) = with(Faults { reordering: 0.2, window: 30, ..Faults::default() });
    let original = feed();
    assert!(counts.reordered > 100 && lines.len() == original.len());
    let places: BTreeMap<&str, usize> = original.iter().enumerate().map(|(i, e)| (e.line.as_str(), i)).collect();
    let late = lines.iter().enumerate().map(|(i, e)| i.abs_diff(places[e.line.as_str()])).max();
    assert!((1..=31).contains(&late.unwrap()), "{late:?}");
}

#[test]
fn gaps_lose_lines_and_late_ones_come_at_last() {
    let (lines, counts) = with(Faults { gaps: 0.02, ..Faults::default() });
    assert!(counts.gaps > 20);
    assert_eq!(lines.len() as u64, feed().len() as u64 - counts.gaps);
    let (lines, counts) = with(Faults { late: 0.02, ..Faults::default() });
    assert!(counts.reordered > 20);
    assert_eq!(times_each(&lines), times_each(&feed()));
}

#[test]
fn broken_lines_are_refused_and_the_true_ones_still_come() {
    let (lines, counts) = with(Faults { malformed: 0.05, ..Faults::default() });
    let refused =
        lines.iter().filter(|e| CloudEvent::parse_structured(e.line.as_bytes(), &Limits::default()).is_err()).count();
    assert_eq!(refused as u64, counts.malformed);
    let all = times_each(&lines);
    assert!(counts.malformed > 50 && feed().iter().all(|e| all.contains_key(e.line.as_str())));
}

#[test]
fn a_fork_has_the_sequence_of_one_that_came_before() {
    let (lines, counts) = with(Faults { forks: 0.05, reordering: 0.1, window: 20, ..Faults::default() });
    let mut first: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut forks = 0;
    for emitted in &lines {
        let event: serde_json::Value = serde_json::from_str(&emitted.line).unwrap();
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        let id = first.entry((text("subject"), text("sequence"))).or_insert_with(|| text("id"));
        if *id != text("id") {
            assert!(text("id").starts_with("fork-"));
            forks += 1;
        }
    }
    assert!(counts.forks > 50);
    assert_eq!(forks, counts.forks);
}
