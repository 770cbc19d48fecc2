//! Orders to a running ingester, and what becomes of the source's identity.

use continuity_events::record::{Completeness, Divergence};

use super::*;
use crate::control::{By, Done, HandedIn, Order, OrderError};

fn by(reason: &str) -> By {
    By { actor: "uid:0".to_owned(), reason: reason.to_owned() }
}

fn created(when: &str) -> Vec<(String, String)> {
    vec![("created".to_owned(), when.to_owned())]
}

#[track_caller]
fn refused(answer: Result<Done, OrderError>, why: &str) {
    match answer {
        Err(OrderError::NotApplicable(because)) if because.contains(why) => {}
        other => panic!("{other:?}"),
    }
}

fn again(script: &Arc<Script>) -> Box<dyn Source> {
    Box::new(Scripted(Arc::clone(script), 0))
}

#[track_caller]
fn until_tried(script: &Script) {
    let enough = script.attempts.load(Ordering::SeqCst) + 4;
    until("more attempts", || script.attempts.load(Ordering::SeqCst) >= enough);
}

#[test]
fn an_identity_is_recorded_once_and_when_its_facts_grew() {
    let (script, source) = scripted("a1");
    *script.facts.lock() = created("first");
    let running = Running::start(quick(), source);
    running.until_logged("I:seed 1:1 E:a1 Y");
    let running = running.restart(quick(), again(&script));
    script.add("a2");
    running.until_logged("I:seed 1:1 E:a1 Y E:a2");
    script.facts.lock().push(("cluster".to_owned(), "c".to_owned()));
    let running = running.restart(quick(), again(&script));
    running.until_logged("I:seed 1:1 E:a1 Y E:a2 I:seed 1:2");
    until("the ledger", || running.reader.identities().unwrap()[0].fact("cluster") == Some("c"));
    running.end().unwrap();
}

#[test]
fn a_divergence_is_recorded_once_over_restarts_until_the_source_is_itself_again() {
    let (script, source) = scripted("a1");
    *script.facts.lock() = created("first");
    let running = Running::start(quick(), source);
    running.until_logged("I:seed 1:1 E:a1 Y");
    script.fail(Some(disconnected));
    running.until_state(SourceState::Disconnected);
    *script.facts.lock() = created("later");
    script.fail(None);
    running.until_state(SourceState::Diverged);
    running.until_logged("I:seed 1:1 E:a1 Y D:seed 1:recreated");
    until_tried(&script);
    let running = running.restart(quick(), again(&script));
    running.until_state(SourceState::Diverged);
    until_tried(&script);
    assert_eq!(running.logged(), "I:seed 1:1 E:a1 Y D:seed 1:recreated");
    let open = running.reader.divergences().unwrap();
    assert_eq!((open[0].cause, open[0].point.as_str()), (Divergence::Recreated, "event 1"));
    // Put back, it is taken up again by itself; a second time counts anew.
    *script.facts.lock() = created("first");
    running.until_logged("I:seed 1:1 E:a1 Y D:seed 1:recreated I:seed 1:1");
    running.until_state(SourceState::Live);
    until("no divergence left", || running.reader.divergences().unwrap().is_empty());
    script.fail(Some(disconnected));
    *script.facts.lock() = created("later");
    running.until_state(SourceState::Disconnected);
    script.fail(None);
    running.until_logged("I:seed 1:1 E:a1 Y D:seed 1:recreated I:seed 1:1 D:seed 1:recreated");
    running.end().unwrap();
}

#[test]
fn a_source_that_lets_in_and_diverges_again_fills_no_log() {
    let (script, source) = scripted("a1");
    let running = Running::start(quick(), source);
    running.until_logged("E:a1 Y");
    script.fails_late.store(true, Ordering::SeqCst);
    script.fail(Some(diverged));
    running.until_state(SourceState::Diverged);
    until_tried(&script);
    assert_eq!(running.board.snapshot().state, SourceState::Diverged);
    assert_eq!(running.logged(), "E:a1 Y D:scripted:rewritten");
    script.fail(None);
    running.until_state(SourceState::Live);
    running.until_logged("E:a1 Y D:scripted:rewritten I:scripted:0");
    running.end().unwrap();
}

#[test]
fn an_accepted_source_is_read_from_its_beginning_and_what_is_known_is_recognised() {
    let (script, source) = scripted("a1 a2 b1 junk");
    *script.facts.lock() = created("first");
    let running = Running::start(quick(), source);
    running.until_logged("I:seed 1:1 E:a1 E:a2 E:b1 Q:0:not-json Y");
    refused(running.control.give(Order::Accept(by("no reason"))), "has not diverged");
    script.fail(Some(disconnected));
    running.until_state(SourceState::Disconnected);
    script.lines.lock().clear();
    script.add("a1 b1 b2 junk");
    *script.facts.lock() = created("later");
    script.fail(None);
    running.until_state(SourceState::Diverged);
    let done = running.control.give(Order::Accept(by("restored by the vendor"))).unwrap();
    assert_eq!(done, Done::Accepted(vec![("seed 1".to_owned(), Divergence::Recreated)]));
    let logged = "I:seed 1:1 E:a1 E:a2 E:b1 Q:0:not-json Y D:seed 1:recreated K:seed 1:recreated A:source-accept";
    until("read again", || running.logged().contains(" E:b2"));
    assert!(running.logged().starts_with(logged), "{}", running.logged());
    running.until_state(SourceState::Live);
    assert_eq!(script.resumed.lock().last(), Some(&0));
    assert_eq!(running.reader.identities().unwrap()[0].fact("created"), Some("later"));
    until("acknowledged", || script.acknowledged.lock().last() == Some(&4));
    assert_eq!(running.reader.events("b", 1..=9).unwrap().len(), 2);
    assert_eq!(running.logged().matches("Q:").count(), 1, "quarantined once: {}", running.logged());
    running.end().unwrap();
}

#[test]
fn a_pause_lasts_over_restarts_and_nothing_is_read_meanwhile() {
    let (script, source) = scripted("a1");
    let running = Running::start(quick(), source);
    running.until_state(SourceState::Live);
    refused(running.control.give(Order::Resume(by("x"))), "no operator has paused");
    let done = running.control.give(Order::Pause(by("broker maintenance"))).unwrap();
    assert_eq!(done, Done::Logged(running.log.head().position));
    assert_eq!(running.board.snapshot().state, SourceState::Paused);
    until("released", || script.released.load(Ordering::SeqCst) == 1);
    script.add("a2");
    let running = running.restart(quick(), again(&script));
    running.until_state(SourceState::Paused);
    let why = running.board.snapshot().why.unwrap().detail;
    assert!(why.contains("paused by uid:0: broker maintenance"), "{why}");
    refused(running.control.give(Order::Pause(by("again"))), "paused already, by uid:0: broker maintenance");
    refused(running.control.give(Order::SyncNow), "resume it first");
    let paused = running.reader.totals().unwrap().paused.unwrap();
    assert_eq!((paused.actor.as_str(), paused.since), ("uid:0", 1_000_000));
    assert_eq!((running.logged().as_str(), script.resumed.lock().len()), ("E:a1 Y A:source-pause", 1));
    running.control.give(Order::Resume(by("done"))).unwrap();
    running.until_logged("E:a1 Y A:source-pause A:source-resume E:a2");
    running.until_state(SourceState::Live);
    running.end().unwrap();
}

#[test]
fn events_are_handed_in_as_if_the_source_had_sent_them() {
    let (script, source) = scripted("a1 a3");
    let running = Running::start(quick(), source);
    running.until_logged("E:a1 H:a3 Y");
    let events = ["a2", "a1", "junk"].map(|token| arrival(token).into_bytes()).to_vec();
    let done = running.control.give(Order::HandIn(events, by("from the vendor's export"))).unwrap();
    assert_eq!(done, Done::HandedIn(HandedIn { appended: 1, duplicates: 1, quarantined: 1 }));
    assert_eq!(running.logged(), "E:a1 H:a3 Y E:a2 R:a3-3 Q:0:not-json P:1 A:source-resync");
    assert_eq!(running.reader.position(), running.log.head().position);
    let running = running.restart(quick(), again(&script));
    until("resumed", || *script.resumed.lock() == [0, 2]);
    running.end().unwrap();
}

#[test]
fn at_a_bound_nothing_of_what_was_handed_in_is_taken() {
    let quarantine = QuarantineLimits { events: 0, ..QuarantineLimits::default() };
    let (_, source) = scripted("a1");
    let running = Running::start(IngestOptions { quarantine, ..quick() }, source);
    running.until_logged("E:a1 Y");
    let events = ["a2", "junk"].map(|token| arrival(token).into_bytes()).to_vec();
    refused(running.control.give(Order::HandIn(events, by("x"))), "the quarantine is full");
    assert_eq!(running.logged(), "E:a1 Y");
    running.end().unwrap();
}

#[test]
fn a_hanging_source_keeps_no_order_waiting() {
    let (script, source) = scripted("a1");
    script.hangs.store(true, Ordering::SeqCst);
    let running = Running::start(quick(), source);
    until("hangs", || script.attempts.load(Ordering::SeqCst) == 1);
    let result = Completeness { manifest: 1, manifest_id: "m".to_owned(), ..Completeness::default() };
    assert_eq!(running.control.give(Order::Record(Box::new(result))), Ok(Done::Logged(1)));
    running.control.give(Order::Pause(by("it hangs"))).unwrap();
    running.control.give(Order::Resume(by("perhaps not"))).unwrap();
    script.hangs.store(false, Ordering::SeqCst);
    running.until_logged("M A:source-pause A:source-resume E:a1 Y");
    running.end().unwrap();
}

#[test]
fn an_order_after_the_end_is_answered() {
    let (_, source) = scripted("a1");
    let running = Running::start(quick(), source);
    let control = running.control.clone();
    running.end().unwrap();
    assert!(matches!(control.give(Order::SyncNow), Err(OrderError::NotRunning(_))));
}
