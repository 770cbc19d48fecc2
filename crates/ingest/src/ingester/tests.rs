//! The whole of ingest with its threads: order of effects, failures, pauses, waiting times, restarts.

mod holds;
mod orders;
mod quarantine;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use continuity_base::{Clock, ManualClock, Timestamp};
use continuity_events::record::{Divergence, SourcePosition};
use continuity_log::{MemoryDisk, Opened, Options};
use continuity_readmodel::ledger::{Identity, LedgerReader};
use continuity_readmodel::{MemoryShelf, SourceState};
use parking_lot::Mutex;

use super::*;
use crate::control::{Order, OrderError};
use crate::source::{Batch, Known, Message, Raw, Resumed, SourceHead};
use crate::testing::{arrival, short};
use crate::{Diverged, FileOptions, FileSource, HeldLimits, QuarantineLimits, SourceError};

/// What the script's only part is called.
const PART: &str = "seed 1";
const LIMIT: Duration = Duration::from_secs(10);

/// Waits for a condition.
#[track_caller]
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let step = Duration::from_millis(2);
    for _ in 0..LIMIT.as_millis() / step.as_millis() {
        if condition() {
            return;
        }
        thread::sleep(step);
    }
    panic!("waited in vain: {what}");
}

/// What a [`Scripted`] source is made to do, and what was done to it.
#[derive(Default)]
struct Script {
    lines: Mutex<Vec<String>>,
    failure: Mutex<Option<fn() -> SourceError>>,
    /// Its own facts; another history than the known one has diverged.
    facts: Mutex<Vec<(String, String)>>,
    /// It fails only once it was let in.
    fails_late: AtomicBool,
    /// It hangs in `resume` meanwhile.
    hangs: AtomicBool,
    /// It hangs in `next_batch` meanwhile.
    freezes: AtomicBool,
    attempts: AtomicU64,
    released: AtomicU64,
    hides_its_end: AtomicBool,
    resumed: Mutex<Vec<u64>>,
    acknowledged: Mutex<Vec<u64>>,
}

impl Script {
    fn add(&self, arrivals: &str) {
        self.lines.lock().extend(arrivals.split_whitespace().map(arrival));
    }

    fn fail(&self, failure: Option<fn() -> SourceError>) {
        *self.failure.lock() = failure;
    }
}

struct Scripted(Arc<Script>, u64);

impl Source for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn resume(&mut self, known: &Known) -> Result<Resumed, SourceError> {
        self.0.attempts.fetch_add(1, Ordering::SeqCst);
        while self.0.hangs.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        self.1 = known
            .positions
            .iter()
            .map(|position| if let SourcePosition::Simulator { number, .. } = position { *number } else { 0 })
            .sum();
        let failure = self.0.failure.lock().filter(|_| !self.0.fails_late.load(Ordering::SeqCst));
        if let Some(failure) = failure {
            return Err(failure());
        }
        let own = Identity { partition: PART.to_owned(), facts: self.0.facts.lock().clone() };
        if let Some(seen) = known.identity(PART).filter(|seen| seen.facts[0] != own.facts[0]) {
            return Err(recreated(seen, own));
        }
        self.0.resumed.lock().push(self.1);
        Ok(Resumed { identities: vec![own], ..Resumed::default() })
    }

    fn next_batch(&mut self, max_messages: usize, _: usize, _: &Stop) -> Result<Batch, SourceError> {
        while self.0.freezes.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        if let Some(failure) = *self.0.failure.lock() {
            return Err(failure());
        }
        let mut batch = Batch::default();
        let lines = self.0.lines.lock();
        for line in lines.iter().skip(usize::try_from(self.1).unwrap()).take(max_messages) {
            self.1 += 1;
            let position = SourcePosition::Simulator { seed: 1, number: self.1 };
            batch.messages.push(Message { raw: Raw::Structured(line.clone().into_bytes()), position });
        }
        batch.at_end = self.1 == lines.len() as u64 && !self.0.hides_its_end.load(Ordering::SeqCst);
        batch.head = batch.at_end.then(SourceHead::default);
        drop(lines);
        if batch.messages.is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(batch)
    }

    fn acknowledge(&mut self, position: &SourcePosition) -> Result<(), SourceError> {
        let SourcePosition::Simulator { number, .. } = position else { panic!("not ours: {position:?}") };
        self.0.acknowledged.lock().push(*number);
        Ok(())
    }

    fn release(&mut self) {
        self.0.released.fetch_add(1, Ordering::SeqCst);
    }
}

fn recreated(seen: &Identity, own: Identity) -> SourceError {
    let (cause, partition) = (Divergence::Recreated, seen.partition.clone());
    let detail = format!("{:?} instead of {:?}", own.facts, seen.facts);
    let found = Diverged { cause, partition, point: "event 1".to_owned(), detail, present: vec![own] };
    SourceError::Diverged { source_name: "scripted".to_owned(), found: Box::new(found) }
}

/// An ingester at work.
struct Running {
    disk: MemoryDisk,
    shelf: MemoryShelf,
    log: Log,
    reader: LedgerReader,
    board: SyncBoard,
    clock: Arc<ManualClock>,
    control: IngestControl,
    stop: Stop,
    thread: JoinHandle<Result<(), IngestError>>,
}

impl Running {
    fn start(options: IngestOptions, source: Box<dyn Source>) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_000_000)));
        Self::on(MemoryDisk::new(), MemoryShelf::new(), clock, options, source)
    }

    fn on(
        disk: MemoryDisk,
        shelf: MemoryShelf,
        clock: Arc<ManualClock>,
        options: IngestOptions,
        source: Box<dyn Source>,
    ) -> Self {
        let Opened { log, writer, .. } = Log::open(Arc::new(disk.clone()), Options::default(), &[]).unwrap();
        let (ledger, reader) = Ledger::open_on(Arc::new(shelf.clone()), &log, 1 << 20).unwrap();
        let board = SyncBoard::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let options = IngestOptions { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..options };
        let ingester = Ingester::new(options, writer, log.clone(), ledger, board.clone());
        let control = ingester.control();
        let stop = Stop::new();
        let until = stop.clone();
        let thread = thread::spawn(move || ingester.run(source, &until));
        Self { disk, shelf, log, reader, board, clock, control, stop, thread }
    }

    /// Ends it and starts another one on what is stored.
    fn restart(self, options: IngestOptions, source: Box<dyn Source>) -> Self {
        let Self { disk, shelf, log, reader, clock, stop, thread, .. } = self;
        stop.stop();
        thread.join().unwrap().unwrap();
        drop((log, reader));
        Self::on(disk, shelf, clock, options, source)
    }

    fn logged(&self) -> String {
        let mut reader = self.log.reader(1);
        let mut records = Vec::new();
        while let Some(frame) = reader.next_frame().unwrap() {
            records.extend(frame.records.iter().map(short));
        }
        records.join(" ")
    }

    #[track_caller]
    fn until_logged(&self, expected: &str) {
        until(&format!("{expected}, but {}", self.logged()), || self.logged() == expected);
    }

    #[track_caller]
    fn until_state(&self, state: SourceState) {
        until(state.name(), || self.board.snapshot().state == state);
    }

    fn end(self) -> Result<(), IngestError> {
        self.stop.stop();
        self.thread.join().unwrap()
    }
}

fn quick() -> IngestOptions {
    IngestOptions {
        reconnect_first: Duration::ZERO,
        reconnect_most: Duration::ZERO,
        batch_messages: 3,
        ..IngestOptions::default()
    }
}

fn scripted(arrivals: &str) -> (Arc<Script>, Box<dyn Source>) {
    let script = Arc::new(Script::default());
    script.add(arrivals);
    (Arc::clone(&script), Box::new(Scripted(script, 0)))
}

fn disconnected() -> SourceError {
    SourceError::Disconnected { source_name: "scripted".to_owned(), detail: "cable cut".to_owned() }
}

fn diverged() -> SourceError {
    let present = vec![Identity { partition: "scripted".to_owned(), facts: Vec::new() }];
    let (cause, partition) = (Divergence::Rewritten, "scripted".to_owned());
    let found = Diverged { cause, partition, point: "1".to_owned(), detail: "other".to_owned(), present };
    SourceError::Diverged { source_name: "scripted".to_owned(), found: Box::new(found) }
}

#[test]
fn a_file_goes_to_the_log_and_the_board_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("feed.ndjson");
    std::fs::write(&path, ["a1", "a2", "b1", "a2", "junk", "a4"].map(|a| arrival(a) + "\n").concat()).unwrap();
    let running = Running::start(IngestOptions::default(), Box::new(FileSource::new(FileOptions::new(&path))));
    running.until_logged("E:a1 E:a2 E:b1 Q:0:not-json H:a4 Y P:1");
    running.until_state(SourceState::Live);
    let shown = running.board.snapshot();
    assert!(shown.synchronised && shown.source.starts_with("file:/") && shown.source_head.is_some(), "{shown:?}");
    let counters = &shown.counters;
    assert_eq!((counters.events, counters.held, counters.quarantined, counters.duplicates), (4, 1, 1, 1));
    until("the ledger", || running.reader.position() == running.log.head().position);
    let seen = running.board.caught_up_at(running.log.head().position);
    assert_eq!(seen, Some(running.clock.now()));
    assert_eq!(running.reader.events("a", 1..=9).unwrap(), [(1, 1), (2, 2), (4, 5)]);
    running.end().unwrap();
}

#[test]
fn a_poller_that_hangs_is_stale_once_its_time_is_over() {
    let (script, source) = scripted("a1");
    let running = Running::start(quick(), source);
    running.until_state(SourceState::Live);
    script.freezes.store(true, Ordering::SeqCst);
    let bound = running.board.bounds().stale_after;
    until("no more batches", || {
        running.clock.advance(bound / 4);
        running.board.snapshot().state == SourceState::Stale
    });
    let shown = running.board.snapshot();
    assert_eq!(shown.why.unwrap().cause, "silent");
    assert!(shown.lag.is_some_and(|lag| lag >= bound) && !shown.connected, "{:?}", shown.lag);
    script.freezes.store(false, Ordering::SeqCst);
    running.until_state(SourceState::Live);
    running.end().unwrap();
}

#[test]
fn a_heartbeat_is_logged_now_and_then_and_remembered() {
    let (script, source) = scripted("a1 hb hb");
    let running = Running::start(quick(), source);
    running.until_logged("E:a1 C:SourceHeartbeat Y");
    let running = running.restart(quick(), Box::new(Scripted(Arc::clone(&script), 0)));
    until("remembered", || running.board.snapshot().heartbeat.is_some());
    script.add("hb");
    running.until_logged("E:a1 C:SourceHeartbeat Y C:SourceHeartbeat");
    running.end().unwrap();
}

#[test]
fn only_what_is_durable_is_acknowledged_and_resume_comes_from_the_log() {
    let (script, source) = scripted("a1 a2 a2 hb a3");
    let running = Running::start(quick(), source);
    until("acknowledged", || script.acknowledged.lock().last() == Some(&5));
    assert!(running.logged().contains("E:a3"));
    let running = running.restart(quick(), Box::new(Scripted(Arc::clone(&script), 0)));
    until("resumed", || *script.resumed.lock() == [0, 5]);
    script.add("a4");
    until("a4", || running.logged().ends_with("E:a4"));
    running.end().unwrap();
}

#[test]
fn a_lost_source_is_connected_again_and_nothing_comes_twice() {
    let (script, source) = scripted("a1 a2");
    let running = Running::start(quick(), source);
    running.until_state(SourceState::Live);
    script.fail(Some(disconnected));
    running.until_state(SourceState::Disconnected);
    script.add("a3");
    script.fail(None);
    running.until_logged("E:a1 E:a2 Y E:a3");
    running.until_state(SourceState::Live);
    running.end().unwrap();
}

#[test]
fn a_diverged_source_is_a_state_of_its_own() {
    let (script, source) = scripted("a1");
    script.fail(Some(diverged));
    let running = Running::start(quick(), source);
    running.until_state(SourceState::Diverged);
    script.fail(None);
    running.until_state(SourceState::Live);
    running.end().unwrap();
}

#[test]
fn a_source_without_a_sign_of_life_is_stale_until_a_heartbeat_comes() {
    let (script, source) = scripted("a1");
    script.hides_its_end.store(true, Ordering::SeqCst);
    let running = Running::start(quick(), source);
    running.until_logged("E:a1");
    running.clock.advance(Duration::from_secs(61));
    running.until_state(SourceState::Stale);
    assert_eq!(running.board.snapshot().last_proof_of_life, Some(Timestamp::from_micros(1_000_000)));
    script.add("hb");
    until("not stale", || running.board.snapshot().state != SourceState::Stale);
    running.until_logged("E:a1 C:SourceHeartbeat");
    running.end().unwrap();
}

#[test]
fn giving_up_a_gap_is_no_sign_of_life() {
    let (script, source) = scripted("a1 a3");
    script.hides_its_end.store(true, Ordering::SeqCst);
    let running = Running::start(quick(), source);
    running.until_logged("E:a1 H:a3");
    running.clock.advance(Duration::from_mins(10));
    running.until_logged("E:a1 H:a3 O:a2-2 R:a3-3");
    let shown = running.board.snapshot();
    assert_eq!((shown.state, shown.proof_age), (SourceState::Stale, Some(Duration::from_mins(10))));
    running.end().unwrap();
}

#[test]
fn gaps_are_given_up_after_connected_time_alone() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let (script, source) = scripted("a1 a3");
    let running = Running::start(quick(), source);
    running.until_logged("E:a1 H:a3 Y");
    running.until_state(SourceState::Live);
    script.fail(Some(disconnected));
    running.until_state(SourceState::Disconnected);
    running.clock.advance(minutes(60));
    script.fail(None);
    running.until_state(SourceState::Live);
    running.clock.advance(minutes(9));
    script.add("b1");
    running.until_logged("E:a1 H:a3 Y E:b1");
    running.clock.advance(minutes(1));
    running.until_logged("E:a1 H:a3 Y E:b1 O:a2-2 R:a3-3");
    until("incomplete", || running.reader.incomplete(None, 9).unwrap() == ["a"]);
    script.add("a2");
    running.until_logged("E:a1 H:a3 Y E:b1 O:a2-2 R:a3-3 E:a2 X:a2-2:late");
    until("complete", || running.reader.incomplete(None, 9).unwrap().is_empty());
    running.end().unwrap();
}

#[test]
fn at_the_bound_of_held_events_it_pauses_and_goes_on_when_gaps_are_given_up() {
    let held = HeldLimits { loan_events: 2, ..HeldLimits::default() };
    let (script, source) = scripted("a1 a3 a4 a5 a6 b1 a2");
    let running = Running::start(IngestOptions { held, ..quick() }, source);
    running.until_state(SourceState::Paused);
    let because = running.board.snapshot().why.unwrap().detail;
    assert!(because.contains("loan a waits for sequence 2"), "{because}");
    running.until_logged("E:a1 H:a3 H:a4");
    running.clock.advance(Duration::from_mins(10));
    running.until_logged("E:a1 H:a3 H:a4 O:a2-2 R:a3-4 E:a5 E:a6 E:b1 E:a2 X:a2-2:late Y");
    running.until_state(SourceState::Live);
    assert_eq!(script.lines.lock().len(), 7);
    running.end().unwrap();
}

#[test]
fn at_the_bound_of_the_quarantine_it_pauses_and_drops_nothing() {
    let quarantine = QuarantineLimits { events: 1, ..QuarantineLimits::default() };
    let (script, source) = scripted("junk a1 junk a2");
    let running = Running::start(IngestOptions { quarantine, ..quick() }, source);
    running.until_logged("Q:0:not-json E:a1");
    running.until_state(SourceState::Paused);
    let running = running.restart(quick(), Box::new(Scripted(script, 0)));
    running.until_logged("Q:0:not-json E:a1 Q:0:not-json E:a2 Y");
    running.end().unwrap();
}

#[test]
fn a_log_that_cannot_be_written_ends_ingest_and_not_the_process() {
    let (script, source) = scripted("a1");
    let running = Running::start(quick(), source);
    running.until_state(SourceState::Live);
    running.disk.fail_sync(0);
    script.add("a2");
    until("broken", || running.board.snapshot().broken.is_some());
    let because = running.board.snapshot().broken.unwrap();
    assert!(because.contains("free space on the disk or check it, then restart"), "{because}");
    let answer = running.control.give(Order::SyncNow).unwrap_err();
    assert!(matches!(&answer, OrderError::NotRunning(why) if why.contains(&because)), "{answer}");
    assert_eq!(running.reader.position(), running.log.head().position);
    until("acknowledged", || script.acknowledged.lock().last() == Some(&1));
    let error = running.end().unwrap_err();
    assert!(matches!(error, IngestError::Log(_)), "{error}");
}
