//! Loans as of earlier points: what was shown then, and what had happened by then.

use std::collections::BTreeMap;

use continuity_events::instant::Instant;
use continuity_events::record::{Received, Released, SourcePosition, encode};
use continuity_log::Kind;
use proptest::prelude::*;
use serde_json::Value;

use super::models::{entities, trail};
use super::naive::{NaiveLoan, Outcome};
use super::random::outcome;
use super::source::{Arrival, LOANS, arrivals, steps};
use super::support::*;
use crate::store::MemoryShelf;
use crate::{AsOf, EngineHandle, Point, Then, View};

fn as_of(handle: &EngineHandle, view: &View, loans: &[&str], point: &Point) -> AsOf {
    handle.as_of(view, None, loans, point).unwrap()
}

fn at_time(text: &str) -> Point {
    Point::Time(Instant::parse(text).unwrap())
}

/// The time that [`named`] gives to a sequence.
fn at_sequence(sequence: u64) -> Point {
    at_time(&format!("2024-01-01T00:{:02}:{:02}.5Z", sequence / 60 % 60, sequence % 60))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("CONTINUITY_SOAK").is_some() { 20_000 } else { 96 }, ..ProptestConfig::default() })]

    #[test]
    fn a_position_gives_what_was_shown_there(steps in steps(), rows in 1..40_usize) {
        let mut ingest = Ingest::default();
        let (handle, mut engine) = engine(&MemoryShelf::new(), &ingest.history, rows).unwrap();
        let mut shown = Vec::new();
        for arrival in arrivals(&steps) {
            match &arrival {
                Arrival::Event(event) => ingest.arrive(event),
                Arrival::GiveUp(loan) => ingest.give_up(loan),
                Arrival::Sync => {
                    ingest.history.sync();
                    drain(&mut engine).unwrap();
                    let view = handle.view();
                    shown.push((view.position, LOANS.map(|loan| (view.loan(loan).unwrap(), outcome(&view, loan)))));
                }
            }
        }
        let now = handle.view();
        for (position, before) in shown {
            let then = as_of(&handle, &now, &LOANS, &Point::Position(position));
            for (index, (state, outcome_then)) in before.iter().enumerate() {
                let known = now.loan(LOANS[index]).unwrap();
                match then.then[index] {
                    Then::Known => {
                        prop_assert_eq!(&then.view.loan(LOANS[index]).unwrap(), state);
                        prop_assert_eq!(&outcome(&then.view, LOANS[index]), outcome_then);
                    }
                    Then::NotYet => prop_assert_eq!(state.last_sequence, 0),
                    Then::Purged => prop_assert!(known.purged),
                    Then::Erased => prop_assert!(known.erased),
                    Then::Untold => prop_assert!(false, "a position can always be told"),
                }
            }
        }
    }

    /// Without snapshots the past is the fold of the first events, however they arrived.
    #[test]
    fn a_time_gives_the_fold_of_what_had_happened(steps in steps(), cut in 0..30_u64) {
        let mut ingest = Ingest::default();
        let (handle, mut engine) = engine(&MemoryShelf::new(), &ingest.history, 7).unwrap();
        let mut known: BTreeMap<(&str, u64), _> = BTreeMap::new();
        let plain = |event: &continuity_events::CloudEvent| event.name() == "SomethingHappened";
        for arrival in arrivals(&steps) {
            match &arrival {
                Arrival::Event(event) if plain(event) => {
                    ingest.arrive(event);
                    let loan = LOANS.into_iter().find(|loan| event.loan_id() == Some(loan)).unwrap();
                    known.insert((loan, event.sequence.unwrap()), event.clone());
                }
                Arrival::Event(_) => {}
                Arrival::GiveUp(loan) => ingest.give_up(loan),
                Arrival::Sync => ingest.history.sync(),
            }
        }
        for loan in LOANS {
            ingest.give_up(loan);
        }
        ingest.history.sync();
        drain(&mut engine).unwrap();
        let now = handle.view();
        let then = as_of(&handle, &now, &LOANS, &at_sequence(cut));
        for (index, loan) in LOANS.into_iter().enumerate() {
            let mut naive = NaiveLoan::new(loan);
            for (_, event) in known.range((loan, 0)..=(loan, cut)) {
                naive.arrive(event);
            }
            naive.give_up();
            let expected = naive.outcome();
            match then.then[index] {
                Then::Known => {
                    let found = outcome(&then.view, loan);
                    // A gap at the end of the prefix is named too: whether it belongs cannot be told.
                    let gaps: Vec<u64> = found.gaps.iter().copied().filter(|gap| *gap < expected.last).collect();
                    prop_assert_eq!(Outcome { gaps, ..found }, expected);
                }
                Then::NotYet => prop_assert_eq!(expected.last, 0),
                other => prop_assert!(other == Then::Purged && now.loan(loan).unwrap().purged, "{:?}", other),
            }
        }
    }
}

fn rows(view: &View) -> Vec<String> {
    let rows = entities(view.model("entities").unwrap(), "L").into_iter();
    rows.map(|(kind, id, json)| format!("{kind}/{id}={json}")).collect()
}

fn loan(version: u64) -> String {
    after("loanRequest", "L", version, &format!(r#"{{"v":{version}}}"#))
}

fn snapshot(as_of: u64, entity: &str) -> continuity_events::CloudEvent {
    let data = format!(r#"{{"asOfSequence":"{as_of}","entities":[{entity}]}}"#);
    named("L", as_of, "LoanRequestSnapshot", &data)
}

struct Bench {
    ingest: Ingest,
    handle: EngineHandle,
    engine: crate::Engine,
}

impl Bench {
    fn of(events: &[continuity_events::CloudEvent]) -> Self {
        let ingest = Ingest::default();
        let (handle, engine) = engine(&MemoryShelf::new(), &ingest.history, 1_000).unwrap();
        let mut bench = Self { ingest, handle, engine };
        for event in events {
            bench.ingest.arrive(event);
        }
        bench.ingest.history.sync();
        drain(&mut bench.engine).unwrap();
        bench
    }

    fn at(&self, point: &Point) -> (Then, AsOf) {
        let found = as_of(&self.handle, &self.handle.view(), &["L"], point);
        (found.then[0], found)
    }
}

#[test]
fn the_running_maximum_of_time_counts_and_not_the_time_of_each() {
    let mut events: Vec<_> = (1..=4).map(|sequence| event("L", sequence, &loan(sequence))).collect();
    for (event, time) in events.iter_mut().zip(["01:00:00Z", "03:00:00Z", "02:00:00Z", "04:00:00+00:00"]) {
        event.time = format!("2024-01-01T{time}");
    }
    let bench = Bench::of(&events);
    for (time, sequence) in [("01:59:59Z", 1), ("02:30:00Z", 1), ("03:00:00Z", 3), ("05:00:00+01:00", 4)] {
        let (then, found) = bench.at(&at_time(&format!("2024-01-01T{time}")));
        assert_eq!((then, rows(&found.view)), (Then::Known, vec![format!(r#"loanRequest/L={{"v":{sequence}}}"#)]));
        let trail = trail(found.view.model("trail").unwrap(), "L");
        assert_eq!(trail, (1..=sequence).collect::<Vec<_>>());
    }
    assert_eq!(bench.at(&at_time("2024-01-01T00:59:59.999Z")).0, Then::NotYet);
}

#[test]
fn before_the_snapshot_that_a_history_begins_with_nothing_can_be_told() {
    let bench = Bench::of(&[snapshot(5, &loan(5)), event("L", 6, &loan(6)), event("L", 7, &loan(7))]);
    assert_eq!(bench.at(&at_sequence(4)).0, Then::Untold);
    for sequence in [5, 6, 7, 50] {
        let (then, found) = bench.at(&at_sequence(sequence));
        let shown = sequence.min(7);
        assert_eq!((then, rows(&found.view)), (Then::Known, vec![format!(r#"loanRequest/L={{"v":{shown}}}"#)]));
    }
}

#[test]
fn an_older_snapshot_serves_for_times_before_a_newer_one() {
    let events = [snapshot(3, &loan(3)), event("L", 4, &loan(4)), snapshot(8, &loan(8)), event("L", 9, &loan(9))];
    let bench = Bench::of(&events);
    assert_eq!(rows(&bench.at(&at_sequence(3)).1.view), [r#"loanRequest/L={"v":3}"#]);
    // Events 5 to 7 are covered by the later snapshot alone: whether they had happened cannot be told.
    assert_eq!(bench.at(&at_sequence(4)).0, Then::Untold);
    assert_eq!(rows(&bench.at(&at_sequence(8)).1.view), [r#"loanRequest/L={"v":8}"#]);
}

#[test]
fn a_sequence_far_ahead_costs_nothing() {
    let mut bench = Bench::of(&[event("L", 1, &loan(1))]);
    bench.ingest.arrive(&event("L", 1 << 60, &loan(9)));
    bench.ingest.give_up("L");
    bench.ingest.history.sync();
    drain(&mut bench.engine).unwrap();
    let (then, found) = bench.at(&at_sequence(1));
    assert_eq!((then, rows(&found.view)), (Then::Known, vec![r#"loanRequest/L={"v":1}"#.to_owned()]));
    assert!(!found.view.loan("L").unwrap().complete, "what is missing may have happened by then");
}

#[test]
fn nothing_from_before_an_erasure_is_shown() {
    let erased = format!(
        r#"{{"entity":"erasure","participantIds":["p"],"legalBasis":"x","requestedAt":"2024-01-01T00:00:00Z","entities":[{}]}}"#,
        after("loanRequest", "L", 2, r#"{"v":"redacted"}"#)
    );
    let events = [
        event("L", 1, &loan(1)),
        event("L", 2, &loan(2)),
        named("L", 3, "DataSubjectErased", &erased),
        event("L", 4, &loan(3)),
    ];
    let bench = Bench::of(&events);
    for point in [at_sequence(2), Point::Position(2)] {
        let (then, found) = bench.at(&point);
        assert_eq!((then, rows(&found.view)), (Then::Erased, Vec::new()), "{point:?}");
    }
    for point in [at_sequence(3), Point::Position(3)] {
        let (then, found) = bench.at(&point);
        assert_eq!((then, rows(&found.view)), (Then::Known, vec![r#"loanRequest/L={"v":"redacted"}"#.to_owned()]));
    }
    // One that was held back takes effect where it is released.
    let held = Bench::of(&events[..1]);
    let received = |event: &continuity_events::CloudEvent| {
        encode(&Received { event: event.clone(), position: SourcePosition::Simulator { seed: 0, number: 0 } })
    };
    let history = &held.ingest.history;
    history.append(Kind::Held, "L", 3, received(&events[2]));
    history.append(Kind::Event, "L", 2, received(&events[1]));
    history.append(Kind::Released, "L", 0, encode(&Released { from: 3, to: 3 }));
    history.sync();
    let mut held = held;
    drain(&mut held.engine).unwrap();
    for position in 1..=3 {
        assert_eq!(held.at(&Point::Position(position)).0, Then::Erased, "{position}");
    }
    assert_eq!(rows(&held.at(&Point::Position(4)).1.view), [r#"loanRequest/L={"v":"redacted"}"#]);
    // One that comes behind a snapshot says as much of what was before it.
    let mut behind = Bench::of(&events[..2]);
    let snapshot = format!(r#"{{"asOfSequence":"4","entities":[{}]}}"#, after("loanRequest", "L", 3, r#"{"v":9}"#));
    behind.ingest.arrive(&named("L", 4, "LoanRequestSnapshot", &snapshot));
    behind.ingest.arrive(&events[2]);
    behind.ingest.history.sync();
    drain(&mut behind.engine).unwrap();
    for point in [at_sequence(1), at_sequence(2), Point::Position(2), Point::Position(3)] {
        assert_eq!(behind.at(&point).0, Then::Erased, "{point:?}");
    }
    // Sequence 4, which the snapshot covers, may have happened by then.
    assert_eq!(behind.at(&at_sequence(3)).0, Then::Untold);
    // As one behind a snapshot of its own sequence.
    let mut same = Bench::of(&events[..2]);
    let snapshot = format!(r#"{{"asOfSequence":"3","entities":[{}]}}"#, after("loanRequest", "L", 3, r#"{"v":9}"#));
    let taken = continuity_events::CloudEvent {
        time: "2024-01-01T01:00:00Z".to_owned(),
        ..named("L", 3, "LoanRequestSnapshot", &snapshot)
    };
    same.ingest.arrive(&taken);
    same.ingest.arrive(&events[2]);
    same.ingest.history.sync();
    drain(&mut same.engine).unwrap();
    for point in [at_sequence(1), at_sequence(2)] {
        assert_eq!(same.at(&point).0, Then::Erased, "{point:?}");
    }
    assert_eq!(rows(&same.at(&at_sequence(3)).1.view), [r#"loanRequest/L={"v":"redacted"}"#]);
    assert_eq!(rows(&behind.at(&Point::Position(4)).1.view), [r#"loanRequest/L={"v":9}"#]);
    assert_eq!(rows(&behind.at(&at_sequence(4)).1.view), [r#"loanRequest/L={"v":9}"#]);
    let value: Value =
        serde_json::from_str(rows(&bench.at(&at_sequence(4)).1.view)[0].split_once('=').unwrap().1).unwrap();
    assert_eq!(value["v"], 3);
}
