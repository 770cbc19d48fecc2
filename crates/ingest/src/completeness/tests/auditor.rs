//! The auditor when something fails: it says so, is patient, and goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use continuity_base::{Clock, ManualClock, Timestamp};
use continuity_log::Log;
use continuity_readmodel::SyncBoard;

use super::super::AuditError;
use super::super::auditor::{Auditor, AuditorOptions, Waiting};
use super::*;
use crate::control::{IngestControl, Order, OrderError};

/// How often the list of loans was read: once an evaluation.
type Reads = Arc<AtomicU64>;

/// An auditor of the rig's ledger over that log, whose results nobody takes.
fn auditor(rig: &Rig, log: &Log) -> (Auditor, SyncBoard, Arc<ManualClock>, Reads) {
    let (control, _) = IngestControl::new();
    giving(rig, log, control)
}

fn giving(rig: &Rig, log: &Log, control: IngestControl) -> (Auditor, SyncBoard, Arc<ManualClock>, Reads) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(0)));
    let board = SyncBoard::new(Arc::clone(&clock) as Arc<dyn Clock>);
    let reads = Reads::default();
    let read = Arc::clone(&reads);
    let read_list = Arc::new(move |_: &str| {
        read.fetch_add(1, Ordering::SeqCst);
        Ok(b"[]".to_vec())
    });
    let options = AuditorOptions { clock: Arc::clone(&clock) as Arc<dyn Clock>, read_list };
    (Auditor::new(log.clone(), rig.reader(), Some(control), board.clone(), options), board, clock, reads)
}

fn with_a_manifest() -> Rig {
    let mut rig = Rig::new();
    arrives(&mut rig, 1, &manifest("m", "{\"A\":0}", "", r#","loans":{"blobId":"b","fetch":{"kind":"URL"}}"#));
    rig
}

#[test]
fn a_result_that_cannot_be_kept_is_worked_out_again_after_a_while() {
    let rig = with_a_manifest();
    let (auditor, _, clock, reads) = auditor(&rig, &rig.log);
    let (mut waiting, stop) = (Waiting::new(), Stop::new());
    assert!(matches!(auditor.turn(&mut waiting, &stop), Err(AuditError::NotKept(_))));
    for _ in 0..5 {
        assert!(auditor.turn(&mut waiting, &stop).is_ok());
    }
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    clock.advance(Duration::from_secs(1));
    assert!(auditor.turn(&mut waiting, &stop).is_err());
    assert_eq!(reads.load(Ordering::SeqCst), 2);
}

#[test]
fn what_is_recorded_is_bounded() {
    let loans: Vec<_> = (0..1_001).map(|number| format!("{{\"id\":\"z{number:04}\",\"lastSequence\":1}}")).collect();
    let mut rig = Rig::new();
    arrives(&mut rig, 1, &manifest("m", "{\"A\":0}", "", &format!(",\"loans\":[{}]", loans.join(","))));
    let (control, orders) = IngestControl::new();
    let (auditor, ..) = giving(&rig, &rig.log, control);
    let thread = thread::spawn(move || auditor.turn(&mut Waiting::new(), &Stop::new()).is_err());
    let ordered = orders.recv_timeout(Duration::from_secs(20)).unwrap();
    let Order::Record(result) = ordered.order else { panic!("{:?}", ordered.order) };
    assert_eq!((result.loans_missing, result.missing.len()), (1_001, 1_000));
    ordered.answer.send(Err(OrderError::NotRunning("enough".to_owned()))).unwrap();
    assert!(thread.join().unwrap());
}

#[test]
fn what_cannot_be_read_is_said_and_nothing_ends() {
    let rig = with_a_manifest();
    // The log that the ledger speaks of is not there.
    let other = Rig::new();
    let (auditor, board, _, _) = auditor(&rig, &other.log);
    let stop = Stop::new();
    let until = stop.clone();
    let thread = thread::spawn(move || auditor.run(&until));
    let limit = Duration::from_secs(20);
    for _ in 0..limit.as_millis() {
        if board.snapshot().completeness_failing {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    assert!(board.snapshot().completeness_failing && !thread.is_finished());
    stop.stop();
    thread.join().unwrap();
}
