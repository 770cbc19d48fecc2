//! Each rule of the fold by itself, as live state and as a rebuild.

use super::models::*;
use super::support::*;
use crate::store::MemoryShelf;
use crate::{Engine, EngineHandle, LoanState};

struct Bench {
    ingest: Ingest,
    handle: EngineHandle,
    engine: Engine,
}

impl Bench {
    fn new() -> Self {
        let ingest = Ingest::default();
        let (handle, engine) = engine(&MemoryShelf::new(), &ingest.history, 1_000).unwrap();
        Self { ingest, handle, engine }
    }

    fn send(&mut self, sequence: u64, data: &str) -> &mut Self {
        self.send_to("L", sequence, data)
    }

    fn send_to(&mut self, loan: &str, sequence: u64, data: &str) -> &mut Self {
        self.ingest.arrive(&event(loan, sequence, data));
        self.fold()
    }

    fn snapshot(&mut self, as_of: u64, entities: &[String]) -> &mut Self {
        let data = format!(r#"{{"asOfSequence":"{as_of}","entities":[{}]}}"#, entities.join(","));
        self.ingest.arrive(&named("L", as_of, "LoanRequestSnapshot", &data));
        self.fold()
    }

    fn erase(&mut self, sequence: u64, entities: &[String]) -> &mut Self {
        let data = format!(
            r#"{{"entity":"erasure","participantIds":["p"],"legalBasis":"x","requestedAt":"2024-01-01T00:00:00Z","entities":[{}]}}"#,
            entities.join(",")
        );
        self.ingest.arrive(&named("L", sequence, "DataSubjectErased", &data));
        self.fold()
    }

    fn give_up(&mut self) -> &mut Self {
        self.ingest.give_up("L");
        self.fold()
    }

    fn fold(&mut self) -> &mut Self {
        self.ingest.history.sync();
        drain(&mut self.engine).unwrap();
        self
    }

    fn loan(&self) -> LoanState {
        self.handle.view().loan("L").unwrap()
    }

    /// The entities of loan L as `kind/id=json`, once live and rebuilt agree.
    fn shows(&self, expected: &[&str]) -> LoanState {
        assert_eq!(digests(&self.handle), rebuilt(&self.ingest.history), "live and rebuilt differ");
        let view = self.handle.view();
        let rows = entities(view.model("entities").unwrap(), "L");
        let rows: Vec<_> = rows.iter().map(|(kind, id, json)| format!("{kind}/{id}={json}")).collect();
        assert_eq!(rows, expected);
        self.loan()
    }
}

fn loan(version: u64) -> String {
    after("loanRequest", "L", version, &format!(r#"{{"v":{version}}}"#))
}

fn task(version: u64) -> String {
    after("task", "t", version, &format!(r#"{{"v":{version}}}"#))
}

fn task_patch(version: u64, base: u64) -> String {
    patch("task", "t", version, base, &format!(r#"{{"p{version}":1}}"#))
}

#[test]
fn in_order_events_fold_as_they_come() {
    let mut bench = Bench::new();
    bench.send(1, &loan(1)).send(2, &task(1)).send(3, &task_patch(2, 1)).send(4, &loan(2));
    let state = bench.shows(&[r#"loanRequest/L={"v":2}"#, r#"task/t={"v":1,"p2":1}"#]);
    assert!(state.exists && state.complete && !state.purged);
    assert_eq!((state.position, state.last_sequence), (4, 4));
    let view = bench.handle.view();
    assert_eq!((view.position, view.as_of.as_deref(), view.counts().loans), (4, Some("2024-01-01T00:00:04Z"), 1));
    assert_eq!(trail(view.model("trail").unwrap(), "L"), [1, 2, 3, 4]);
    assert_eq!(view.loan("unknown").unwrap(), LoanState { complete: true, ..LoanState::default() });
}

#[test]
fn a_wrong_version_parks_its_loan_and_no_other() {
    let mut bench = Bench::new();
    bench.send(1, &loan(1)).send(2, &task(2)).send(3, &loan(2));
    bench.send_to("M", 1, &after("loanRequest", "M", 1, "{}"));
    let state = bench.shows(&[r#"loanRequest/L={"v":1}"#]);
    assert_eq!((state.parked, state.complete, state.last_sequence), (Some(2), false, 3));
    let view = bench.handle.view();
    assert_eq!(trail(view.model("trail").unwrap(), "L"), [1, 2, 3], "the audit log goes on");
    assert!(view.loan("M").unwrap().exists);
    let counts = view.counts();
    assert_eq!((counts.parked_loans, counts.parked_events, counts.incomplete_loans, counts.loans), (1, 2, 1, 2));
}

#[test]
fn deletions_count_as_versions() {
    let mut bench = Bench::new();
    let gone = r#"{"entity":"task","id":"t","version":2,"after":null}"#;
    bench.send(1, &loan(1)).send(2, &task(1)).send(3, gone);
    bench.shows(&[r#"loanRequest/L={"v":1}"#]);
    bench.send(4, &task(3));
    assert_eq!(bench.shows(&[r#"loanRequest/L={"v":1}"#, r#"task/t={"v":3}"#]).parked, None);
}

#[test]
fn a_patch_on_nothing_or_another_base_parks() {
    for (version, base, create) in [(1, 0, false), (2, 0, true), (2, 7, true)] {
        let mut bench = Bench::new();
        bench.send(1, &loan(1)).send(2, &if create { task(1) } else { loan(2) });
        assert_eq!(bench.send(3, &task_patch(version, base)).loan().parked, Some(3));
        assert_eq!(digests(&bench.handle), rebuilt(&bench.ingest.history));
    }
}

#[test]
fn another_loans_request_parks_and_an_unknown_entity_never_does() {
    let mut bench = Bench::new();
    bench.send(1, &loan(1)).send(2, &after("starship", "s", 9, "{}")).send(3, &after("loanRequest", "M", 1, "{}"));
    let state = bench.shows(&[r#"loanRequest/L={"v":1}"#]);
    assert_eq!((state.parked, bench.handle.counts().unprojected), (Some(3), 1));
}

#[test]
fn a_late_event_is_folded_where_it_belongs() {
    let mut bench = Bench::new();
    bench.send(1, &loan(1)).send(2, &task(1)).send(4, &task_patch(3, 2)).send(5, &loan(2)).send(6, &task_patch(4, 3));
    assert_eq!(bench.loan().last_sequence, 2, "held back");
    bench.give_up();
    let state = bench.shows(&[r#"loanRequest/L={"v":2}"#, r#"task/t={"v":1}"#]);
    assert_eq!((state.complete, state.gaps.as_slice()), (false, [(3, 3)].as_slice()));
    assert_eq!(state.skipped, [("task".to_owned(), "t".to_owned())]);
    assert_eq!(bench.handle.counts().skipped, 1);
    bench.send(3, &task_patch(2, 1));
    let state = bench.shows(&[r#"loanRequest/L={"v":2}"#, r#"task/t={"v":1,"p2":1,"p3":1,"p4":1}"#]);
    assert!(state.complete && state.skipped.is_empty());
    let view = bench.handle.view();
    assert_eq!(trail(view.model("trail").unwrap(), "L"), [1, 2, 3, 4, 5, 6]);
    assert_eq!(view.counts().skipped, 0);
}

#[test]
fn behind_a_gap_a_skipped_entity_comes_back_with_its_after_image() {
    let mut bench = Bench::new();
    bench.send(1, &loan(1)).send(2, &task(1)).send(4, &task_patch(3, 2)).send(5, &task_patch(4, 1)).give_up();
    bench.shows(&[r#"loanRequest/L={"v":1}"#, r#"task/t={"v":1}"#]);
    bench.send(6, &task(9)).send(7, &task_patch(12, 9));
    let state = bench.shows(&[r#"loanRequest/L={"v":1}"#, r#"task/t={"v":9,"p12":1}"#]);
    assert!(state.skipped.is_empty() && state.parked.is_none());
    bench.send(3, &loan(2));
    assert_eq!(bench.shows(&[r#"loanRequest/L={"v":2}"#, r#"task/t={"v":1}"#]).parked, Some(4), "versions count again");
}

#[test]
fn a_snapshot_is_the_base_when_it_is_ahead_or_covers_what_is_missing() {
    let mut bench = Bench::new();
    let listed = [loan(5), after("message", "m", 2, "{}"), after("auditEntry", "L-1-SomethingHappened", 1, "{}")];
    bench.snapshot(7, &listed);
    let state = bench.shows(&[r#"loanRequest/L={"v":5}"#, "message/m={}"]);
    assert_eq!((state.exists, state.last_sequence, state.complete, state.position), (true, 7, true, 1));
    bench.send(8, &loan(6)).snapshot(8, &[loan(99)]);
    assert_eq!(bench.shows(&[r#"loanRequest/L={"v":6}"#, "message/m={}"]).position, 2, "nothing is missing: no effect");
    bench.send(10, &loan(8)).give_up().snapshot(9, &[loan(7), task(3)]);
    let state = bench.shows(&[r#"loanRequest/L={"v":8}"#, r#"task/t={"v":3}"#]);
    assert_eq!((state.complete, state.last_sequence), (true, 10));
    bench.send(11, &task(4)).send(12, &after("message", "m", 9, "{}"));
    assert!(bench.shows(&[r#"loanRequest/L={"v":8}"#, "message/m={}", r#"task/t={"v":4}"#]).complete);
}

#[test]
fn a_snapshot_settles_parked_events_and_only_those() {
    let mut bench = Bench::new();
    bench.send(1, &loan(1)).send(2, &loan(7)).send(3, &loan(3)).snapshot(1, &[loan(1)]);
    assert_eq!(bench.loan().parked, Some(2), "it does not reach the parked event");
    bench.snapshot(2, &[loan(2)]);
    let state = bench.shows(&[r#"loanRequest/L={"v":3}"#]);
    assert_eq!((state.parked, bench.handle.counts().parked_events), (None, 0));
}

#[test]
fn a_snapshot_that_goes_past_held_events_keeps_them_as_evidence() {
    let mut bench = Bench::new();
    bench.send(1, &loan(1)).send(3, &loan(3)).send(5, &loan(5)).snapshot(4, &[loan(4)]);
    bench.shows(&[r#"loanRequest/L={"v":5}"#]);
    let view = bench.handle.view();
    assert_eq!(trail(view.model("trail").unwrap(), "L"), [1, 3, 5]);
    assert!(view.loan("L").unwrap().complete);
}

#[test]
fn an_erasure_is_a_snapshot_of_its_own_sequence() {
    let mut bench = Bench::new();
    bench.send(1, &loan(1)).send(2, &task(1)).erase(3, &[loan(1)]).send(4, &loan(2));
    bench.shows(&[r#"loanRequest/L={"v":2}"#]);
    assert_eq!(trail(bench.handle.view().model("trail").unwrap(), "L"), [1, 2, 3, 4]);
    bench.send(5, &after("loanRequest", "other", 3, "{}")).erase(6, &[loan(3)]);
    assert_eq!(bench.shows(&[r#"loanRequest/L={"v":3}"#]).parked, None);
    assert_eq!(bench.handle.counts().erased_loans, 1, "one loan, however often");
}

#[test]
fn an_erasure_behind_a_snapshot_is_known_and_changes_no_state() {
    let mut bench = Bench::new();
    bench.send(1, &loan(1)).snapshot(5, &[loan(4)]);
    bench.shows(&[r#"loanRequest/L={"v":4}"#]);
    let before = bench.handle.view().loan("L").unwrap();
    bench.erase(3, &[loan(2)]);
    let after = bench.shows(&[r#"loanRequest/L={"v":4}"#]);
    assert!(after.erased && after.position > before.position && after.base == before.base);
    assert_eq!((bench.handle.counts().erased_loans, after.last_sequence), (1, 5));
    assert_eq!(trail(bench.handle.view().model("trail").unwrap(), "L"), [1, 3]);
}

#[test]
fn a_purge_leaves_nothing_and_late_events_show_nothing() {
    let mut bench = Bench::new();
    bench.send(1, &loan(1)).send(2, &task(1)).send(4, r#"{"entity":"loanRequest","id":"L","version":2,"after":null}"#);
    bench.give_up();
    let state = bench.shows(&[]);
    assert!(state.purged && !state.exists && !state.complete);
    bench.send(3, &task(2)).send(5, &loan(3)).snapshot(9, &[loan(9)]);
    let state = bench.shows(&[]);
    assert!(state.purged && state.complete);
    assert_eq!(bench.handle.counts().erased_loans, 1);
    let view = bench.handle.view();
    assert_eq!(trail(view.model("trail").unwrap(), "L"), [0; 0]);
    assert_eq!(view.model("entities").unwrap().rows(), 0);
    assert_eq!(view.counts().loans, 0);
}

#[test]
fn loans_are_found_by_the_position_of_their_newest_event() {
    let mut bench = Bench::new();
    bench.send(1, &loan(1)).send_to("M", 1, &after("loanRequest", "M", 1, "{}")).send(2, &loan(2));
    let view = bench.handle.view();
    let pair = |position, loan: &str| (position, loan.to_owned());
    assert_eq!(view.loans_by_position(0, 9).unwrap(), [pair(2, "M"), pair(3, "L")]);
    assert_eq!(view.loans_by_position(2, 9).unwrap(), [pair(3, "L")]);
    assert_eq!(view.loans_before(u64::MAX, 1).unwrap(), [pair(3, "L")]);
    assert_eq!(view.loans_before(3, 9).unwrap(), [pair(2, "M")]);
}
