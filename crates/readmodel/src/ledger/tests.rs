//! The ledger over a real log in memory: what it says while records are appended, after a restart, and made anew.

use continuity_events::record::{GapOpened, Operator, Quarantined, Received, SourceProgress, encode};
use continuity_log::{Kind, MemoryDisk, Opened, Options, Record, Writer};

use continuity_events::record::SourcePosition;
use continuity_events::{CloudEvent, Limits};

use super::*;
use crate::store::MemoryShelf;

struct Rig {
    disk: MemoryDisk,
    shelf: MemoryShelf,
    log: Log,
    writer: Writer,
    ledger: Ledger,
}

impl Rig {
    fn new() -> Self {
        Self::open(MemoryDisk::new(), MemoryShelf::new())
    }

    fn open(disk: MemoryDisk, shelf: MemoryShelf) -> Self {
        let Opened { log, writer, .. } = Log::open(Arc::new(disk.clone()), Options::default(), &[]).unwrap();
        let (ledger, _) = Ledger::open_on(Arc::new(shelf.clone()), &log, 1 << 20).unwrap();
        Self { disk, shelf, log, writer, ledger }
    }

    /// Closes everything; `next` makes what the next start finds of the ledger.
    fn reopen(self, next: impl FnOnce(MemoryShelf) -> MemoryShelf) -> Self {
        let Self { disk, shelf: old, log, writer, ledger } = self;
        drop((log, writer, ledger));
        Self::open(disk, next(old))
    }

    fn append(&mut self, records: Vec<Record>, durable: bool) {
        let mut batch = self.ledger.begin();
        for record in &records {
            batch.apply(batch.position() + 1, record).unwrap();
        }
        let head = self.writer.append(records).unwrap().wait().unwrap();
        self.ledger.commit(batch, head, durable).unwrap();
    }

    fn events(&self, loan: &str) -> Vec<(u64, u64)> {
        self.ledger.reader().events(loan, 1..=u64::MAX).unwrap()
    }
}

fn at(number: u64) -> SourcePosition {
    SourcePosition::Simulator { seed: 1, number }
}

fn record<T: continuity_events::record::Stored>(kind: Kind, subject: &str, sequence: u64, body: &T) -> Record {
    Record { kind, subject: subject.to_owned(), sequence, arrived_at: 5, payload: encode(body) }
}

fn received(id: &str, subject: &str, event_type: &str, sequence: u64, data: &str) -> Received {
    let attribute = if sequence == 0 { String::new() } else { format!(r#""sequence":"{sequence}","#) };
    let text = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/s","type":"com.banclo.{event_type}","subject":"{subject}",{attribute}"time":"2026-03-05T10:39:44Z","data":{data}}}"#
    );
    let event = CloudEvent::parse_structured(text.as_bytes(), &Limits::default()).unwrap();
    Received { event, position: at(sequence) }
}

fn event(kind: Kind, loan: &str, sequence: u64) -> Record {
    let data = r#"{"entity":"comment","id":"c","version":1,"after":{}}"#;
    let subject = format!("loan-requests/{loan}");
    record(kind, loan, sequence, &received(&format!("{loan}-{sequence}"), &subject, "CommentAdded", sequence, data))
}

fn control(id: &str) -> Record {
    record(Kind::Control, "", 0, &received(id, "control", "SourceRecovered", 0, "{}"))
}

fn quarantined(bytes: usize) -> Record {
    let (reason, detail) = ("not-json".to_owned(), "byte 0".to_owned());
    let body = Quarantined { reason, detail, raw: vec![0; bytes], position: at(9), event_id: None, event_type: None };
    record(Kind::Quarantined, "", 0, &body)
}

fn dismiss(detail: &str) -> Record {
    settle(DISMISS, detail)
}

fn settle(action: &str, detail: &str) -> Record {
    let text = str::to_owned;
    let body = Operator { actor: text("uid 0"), action: text(action), reason: text("seen"), detail: text(detail) };
    record(Kind::Operator, "", 0, &body)
}

#[test]
fn events_are_found_across_chunks_and_in_ranges() {
    let mut rig = Rig::new();
    let sequences: Vec<u64> = (1..=150).collect();
    for part in sequences.chunks(40) {
        rig.append(part.iter().map(|sequence| event(Kind::Event, "a", *sequence)).collect(), false);
    }
    assert_eq!(rig.events("a"), sequences.iter().map(|at| (*at, *at)).collect::<Vec<_>>());
    let reader = rig.ledger.reader();
    assert_eq!(reader.events("a", 63..=66).unwrap(), [(63, 63), (64, 64), (65, 65), (66, 66)]);
    assert_eq!(reader.events("a", 128..=129).unwrap(), [(128, 128), (129, 129)]);
    assert_eq!(reader.events("a", 150..=999).unwrap(), [(150, 150)]);
    assert_eq!(reader.events("b", 1..=9).unwrap(), []);
}

#[test]
fn a_restart_and_a_lost_ledger_change_no_answer() {
    let shelves: [fn(MemoryShelf) -> MemoryShelf; 3] =
        [|shelf| shelf, |shelf| shelf.survivors(), |_| MemoryShelf::new()];
    for shelf in shelves {
        let mut rig = Rig::new();
        rig.append((1..=70).map(|at| event(Kind::Event, "a", at)).collect(), true);
        rig.append(vec![event(Kind::Held, "a", 73), quarantined(10), control("c1")], false);
        rig.append(vec![record(Kind::GapOpened, "a", 0, &GapOpened { ranges: vec![(71, 72)], held_since: 5 })], false);
        let (totals, events) = (rig.ledger.totals().clone(), rig.events("a"));
        let order = rig.ledger.reader().loan("a").unwrap();
        let rig = rig.reopen(shelf);
        assert_eq!((rig.ledger.totals(), rig.events("a")), (&totals, events));
        assert_eq!(rig.ledger.reader().loan("a").unwrap(), order);
        assert_eq!(rig.ledger.position(), rig.log.head().position);
    }
}

#[test]
fn a_ledger_ahead_of_a_restored_log_is_made_anew() {
    let mut rig = Rig::new();
    rig.append(vec![event(Kind::Event, "a", 1)], true);
    let older = rig.disk.crash(continuity_log::disk::CrashPolicy::Keep);
    rig.append(vec![event(Kind::Event, "a", 2)], true);
    let Rig { shelf, log, writer, ledger, .. } = rig;
    drop((log, writer, ledger));
    let mut rig = Rig::open(older, shelf);
    assert_eq!((rig.ledger.position(), rig.events("a")), (1, vec![(1, 1)]));
    rig.append(vec![event(Kind::Event, "a", 2)], true);
    assert_eq!(rig.events("a").len(), 2);
}

#[test]
fn a_dismissed_record_leaves_the_bounds_but_not_the_list() {
    let mut rig = Rig::new();
    rig.append(vec![quarantined(10), quarantined(30), dismiss("1"), dismiss("1"), dismiss("position 7")], false);
    let totals = rig.ledger.totals();
    assert_eq!((totals.quarantined, totals.quarantined_bytes, totals.quarantined_by_reason["not-json"]), (1, 30, 2));
    let list = rig.ledger.reader().quarantined(0, 9).unwrap();
    let states: Vec<_> = list.iter().map(|(position, entry)| (*position, entry.state)).collect();
    assert_eq!(states, [(1, QuarantineState::Dismissed), (2, QuarantineState::Open)]);
    assert_eq!(rig.ledger.reader().quarantined(1, 9).unwrap().len(), 1);
}

#[test]
fn a_record_that_was_taken_in_after_all_waits_no_more() {
    let mut rig = Rig::new();
    rig.append(vec![quarantined(10), quarantined(30), settle(RETAKE, "position 2"), dismiss("2")], false);
    let totals = rig.ledger.totals();
    assert_eq!((totals.quarantined, totals.quarantined_bytes), (1, 10));
    let list = rig.ledger.reader().quarantined(0, 9).unwrap();
    let states: Vec<_> = list.iter().map(|(_, entry)| entry.state).collect();
    assert_eq!(states, [QuarantineState::Open, QuarantineState::Taken]);
}

#[test]
fn the_newest_position_of_each_partition_is_kept() {
    let mut rig = Rig::new();
    let topic = |partition, offset| SourcePosition::Topic { topic: "t".to_owned(), partition, offset, mark: 0 };
    let progress = |position: &SourcePosition| {
        let body = SourceProgress { source: "s".to_owned(), position: position.clone(), duplicates: 2 };
        record(Kind::SourceProgress, "", 0, &body)
    };
    let positions = [topic(0, 1), topic(1, 5), topic(0, 9)];
    rig.append(positions.iter().map(progress).collect(), false);
    assert_eq!(rig.ledger.reader().positions().unwrap(), [topic(0, 9), topic(1, 5)]);
    assert_eq!(rig.ledger.totals().duplicates, 6);
}

#[test]
fn control_events_beyond_the_bound_are_forgotten() {
    let mut rig = Rig::new();
    rig.ledger.totals.control_ids = CONTROL_IDS - 1;
    rig.append(vec![control("c0")], false);
    rig.append(vec![control("c1")], false);
    let mut batch = rig.ledger.begin();
    assert!(batch.knows_control("/s", "c0").unwrap() && !batch.knows_control("/other", "c0").unwrap());
    drop(batch);
    rig.ledger.totals.control_ids = 2 * CONTROL_IDS - 1;
    rig.append(vec![control("c2")], false);
    let mut batch = rig.ledger.begin();
    assert!(!batch.knows_control("/s", "c0").unwrap() && batch.knows_control("/s", "c1").unwrap());
}

#[test]
fn a_reader_waits_for_the_next_commit() {
    let mut rig = Rig::new();
    let reader = rig.ledger.reader();
    assert_eq!(reader.wait_beyond(0, Duration::ZERO), 0);
    let waiting = std::thread::spawn(move || reader.wait_beyond(0, Duration::from_secs(10)));
    rig.append(vec![event(Kind::Event, "a", 1)], false);
    assert_eq!(waiting.join().unwrap(), 1);
}

#[test]
fn a_dropped_batch_is_forgotten() {
    let mut rig = Rig::new();
    let mut batch = rig.ledger.begin();
    batch.apply(1, &event(Kind::Event, "a", 1)).unwrap();
    assert_eq!((batch.order("a").unwrap().last, batch.position_of("a", 1).unwrap()), (1, Some(1)));
    drop(batch);
    assert_eq!((rig.ledger.position(), rig.ledger.reader().loan("a").unwrap()), (0, None));
    rig.append(vec![event(Kind::Event, "a", 1)], false);
    let order = rig.ledger.reader().loan("a").unwrap().unwrap();
    assert_eq!(rig.ledger.reader().source_of(&order).unwrap().as_deref(), Some("/s"));
}

#[test]
fn what_does_not_decode_is_named_by_its_position() {
    let mut rig = Rig::new();
    let broken = Record { payload: vec![9], ..event(Kind::Event, "a", 1) };
    let error = rig.ledger.begin().apply(1, &broken).unwrap_err();
    assert!(error.to_string().starts_with("log position 1: "), "{error}");
}

#[test]
fn only_after_null_of_the_loan_itself_is_the_purge() {
    let purge = |event_type: &str, data: &str| is_purge(&received("e", "loan-requests/a", event_type, 3, data).event);
    assert!(purge("LoanRequestPurged", r#"{"entity":"loanRequest","id":"a","version":2,"after":null}"#));
    assert!(purge("OfALaterVersion", r#"{"entity":"loan\u0052equest","id":"a","version":2,"after":null}"#));
    assert!(!purge("LoanRequestPurged", r#"{"entity":"loanRequest","id":"b","version":2,"after":null}"#));
    assert!(!purge("LoanRequestPurged", r#"{"entity":"loanRequest","id":"a","version":2,"after":{"x":null}}"#));
    assert!(!purge("TaskCancelled", r#"{"entity":"task","id":"a","version":2,"after":null}"#));
}
