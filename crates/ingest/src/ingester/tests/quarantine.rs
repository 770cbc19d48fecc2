//! What becomes of quarantined records once an operator looks at them.

use continuity_events::Limits;
use continuity_readmodel::ledger::QuarantineState;

use super::*;
use crate::control::{By, Done, HandedIn};

fn by() -> By {
    By { actor: "uid:0".to_owned(), reason: "looked at it".to_owned() }
}

#[track_caller]
fn refused(running: &Running, order: Order, why: &str) {
    let before = running.logged();
    match running.control.give(order) {
        Err(OrderError::NotApplicable(because)) if because.contains(why) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(running.logged(), before, "nothing is written");
}

#[test]
fn what_is_good_now_is_taken_in_and_what_is_not_stays_as_it_is() {
    let (script, source) = scripted("a1 junk");
    let limits = Limits { max_event_bytes: 10, ..Limits::default() };
    let running = Running::start(IngestOptions { limits, ..quick() }, source);
    running.until_logged("Q:0:too-large Q:0:not-json Y");
    refused(&running, Order::Retake(1, by()), "cannot be taken in now either (too-large)");
    refused(&running, Order::Retake(3, by()), "no quarantined event is at position 3");
    let running = running.restart(quick(), Box::new(Scripted(Arc::clone(&script), 0)));
    until("resumed", || script.resumed.lock().len() == 2);
    refused(&running, Order::Retake(2, by()), "cannot be taken in now either (not-json)");
    let done = running.control.give(Order::Retake(1, by())).unwrap();
    assert_eq!(done, Done::HandedIn(HandedIn { appended: 1, ..HandedIn::default() }));
    assert_eq!(running.logged(), "Q:0:too-large Q:0:not-json Y E:a1 A:quarantine-retry");
    refused(&running, Order::Retake(1, by()), "was taken in already");
    refused(&running, Order::Dismiss(1, by()), "was taken in already");
    let states: Vec<_> = running.reader.quarantined(0, 9).unwrap().into_iter().map(|(_, entry)| entry.state).collect();
    assert_eq!(states, [QuarantineState::Taken, QuarantineState::Open]);
    assert_eq!(running.reader.totals().unwrap().quarantined, 1);
    // Where the source was read to is as it was.
    let positions = running.reader.positions().unwrap();
    assert!(positions.iter().any(|position| matches!(position, SourcePosition::Simulator { number: 2, .. })));
    running.end().unwrap();
}

#[test]
fn what_is_here_already_waits_no_more() {
    let (script, source) = scripted("a1");
    let limits = Limits { max_event_bytes: 10, ..Limits::default() };
    let running = Running::start(IngestOptions { limits, ..quick() }, source);
    running.until_logged("Q:0:too-large Y");
    let running = running.restart(quick(), Box::new(Scripted(Arc::clone(&script), 0)));
    running.control.give(Order::HandIn(vec![arrival("a1").into_bytes()], by())).unwrap();
    let done = running.control.give(Order::Retake(1, by())).unwrap();
    assert_eq!(done, Done::HandedIn(HandedIn { duplicates: 1, ..HandedIn::default() }));
    assert_eq!(running.reader.totals().unwrap().quarantined, 0);
    running.end().unwrap();
}

#[test]
fn a_dismissal_is_a_record_and_the_bytes_stay() {
    let (_, source) = scripted("junk");
    let running = Running::start(quick(), source);
    running.until_logged("Q:0:not-json Y");
    let done = running.control.give(Order::Dismiss(1, by())).unwrap();
    assert_eq!((done, running.logged().as_str()), (Done::Logged(3), "Q:0:not-json Y A:quarantine-dismiss"));
    assert_eq!(running.reader.totals().unwrap().quarantined, 0);
    assert_eq!(running.log.get(1).unwrap().kind.name(), "Quarantined");
    refused(&running, Order::Dismiss(1, by()), "was dismissed already");
    refused(&running, Order::Retake(1, by()), "was dismissed already");
    refused(&running, Order::Dismiss(0, by()), "no quarantined event is at position 0");
    running.end().unwrap();
}
