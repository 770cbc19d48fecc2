//! What is kept for evaluations, over several commits and after the ledger was made anew.

use std::sync::Arc;

use continuity_events::record::{Divergence, Received, SourceEvent, SourceProgress, encode};
use continuity_log::{Kind, Log, MemoryDisk, Opened, Options, Writer};

use super::*;
use crate::MemoryShelf;
use crate::ledger::Ledger;

struct Rig {
    log: Log,
    writer: Writer,
    shelf: MemoryShelf,
}

impl Rig {
    fn new() -> Self {
        let Opened { log, writer, .. } = Log::open(Arc::new(MemoryDisk::new()), Options::default(), &[]).unwrap();
        Self { log, writer, shelf: MemoryShelf::new() }
    }

    /// Appends the records and folds them into the ledger that there is.
    fn add(&mut self, records: Vec<Record>) -> LedgerReader {
        self.writer.append(records).unwrap().wait().unwrap();
        Ledger::open_on(Arc::new(self.shelf.clone()), &self.log, 1 << 20).unwrap().1
    }

    fn anew(&self) -> LedgerReader {
        Ledger::open_on(Arc::new(MemoryShelf::new()), &self.log, 1 << 20).unwrap().1
    }
}

fn record(kind: Kind, subject: &str, sequence: u64, payload: Vec<u8>) -> Record {
    Record { kind, subject: subject.to_owned(), sequence, arrived_at: 5, payload }
}

fn stream(sequence: u64) -> SourcePosition {
    SourcePosition::Stream { stream: "A".to_owned(), sequence, mark: 0 }
}

fn received(kind: Kind, name: &str, subject: &str, sequence: u64, data: &str) -> Record {
    let loan = subject.strip_prefix("loan-requests/").unwrap_or_default();
    let event = CloudEvent {
        id: format!("{name}-{subject}-{sequence}"),
        source: "/test".to_owned(),
        event_type: format!("com.banclo.{name}"),
        subject: subject.to_owned(),
        time: "2026-03-05T10:39:44.120Z".to_owned(),
        sequence: Some(sequence),
        actor: None,
        attributes: Vec::new(),
        data: data.to_owned(),
    };
    let position = SourcePosition::Operator { at: 0 };
    record(kind, loan, sequence, encode(&Received { event, position }))
}

fn event(sequence: u64) -> Record {
    received(Kind::Event, "CommentAdded", "loan-requests/a", sequence, "{}")
}

fn read_to(sequence: u64) -> Record {
    let body = SourceProgress { source: "nats:A".to_owned(), position: stream(sequence), duplicates: 0 };
    record(Kind::SourceProgress, "", 0, encode(&body))
}

fn accepted() -> Record {
    let change = SourceChange::Accepted {
        facts: Vec::new(),
        cause: Divergence::Recreated,
        actor: "uid 0".to_owned(),
        reason: "restored".to_owned(),
    };
    let body = SourceEvent { source: "nats:A".to_owned(), partition: "A".to_owned(), change };
    record(Kind::Source, "", 0, encode(&body))
}

fn result(manifest: u64) -> Record {
    let body = Completeness { manifest, manifest_id: format!("m{manifest}"), ..Completeness::default() };
    record(Kind::Completeness, "", 0, encode(&body))
}

fn numbers(reader: &LedgerReader) -> Vec<(u64, Option<u64>)> {
    let marks = reader.marks(&partition(&stream(1))).unwrap();
    marks.into_iter().map(|mark| (mark.position, mark.number)).collect()
}

#[test]
fn marks_are_sparse_and_begin_again_with_another_partition() {
    let mut rig = Rig::new();
    rig.add((1..=700).map(read_to).collect());
    let reader = rig.add((701..=2_100).map(read_to).collect());
    assert_eq!(numbers(&reader), [(1, Some(1)), (1_024, Some(1_024)), (2_048, Some(2_048))]);
    let reader = rig.add(vec![accepted(), read_to(1), read_to(2)]);
    assert_eq!(numbers(&reader)[3..], [(2_101, None), (2_102, Some(1))]);
    assert_eq!(numbers(&rig.anew()), numbers(&reader));
    let other = SourcePosition::Stream { stream: "AB".to_owned(), sequence: 1, mark: 0 };
    assert_eq!(reader.marks(&partition(&other)).unwrap(), []);
}

#[test]
fn an_inventory_has_events_and_covers_with_their_places() {
    let mut rig = Rig::new();
    let snapshot =
        |as_of| received(Kind::Snapshot, "LoanRequestSnapshot", "loan-requests/a", as_of, "{\"entities\":[]}");
    let reader = rig.add(vec![event(1), snapshot(4), snapshot(3), event(5), event(6), snapshot(9)]);
    let expected =
        Inventory { loan: "a".to_owned(), events: vec![(1, 1), (5, 4), (6, 5)], covers: vec![(2, 4), (6, 9)] };
    assert_eq!(reader.inventory(None, 10).unwrap(), [expected]);
    assert_eq!(reader.inventory(Some("a"), 10).unwrap(), []);
    assert_eq!(reader.inventory(Some("Z"), 10).unwrap().len(), 1);
}

#[test]
fn a_manifest_waits_until_its_result_is_there() {
    let mut rig = Rig::new();
    let manifest =
        |n| received(Kind::Control, "CompletenessManifest", "control", n, "{\"asOf\":\"2026-01-01T00:00:00Z\"}");
    let reader = rig.add(vec![manifest(1), manifest(2)]);
    let open: Vec<u64> = reader.open_manifests().unwrap().into_iter().map(|open| open.position).collect();
    assert_eq!(open, [1, 2]);
    let reader = rig.add(vec![result(1)]);
    let open = reader.open_manifests().unwrap();
    assert_eq!((open.len(), open[0].position, open[0].as_of.as_str()), (1, 2, "2026-01-01T00:00:00Z"));
    let kept = reader.results(None, 5).unwrap();
    assert_eq!((kept.len(), kept[0].number, kept[0].position, kept[0].at), (1, 1, 3, 5));
}

#[test]
fn the_history_is_bounded_and_newest_first() {
    let mut rig = Rig::new();
    let reader = rig.add((1..=RESULTS_KEPT + 7).map(result).collect());
    assert_eq!(reader.results_kept().unwrap(), RESULTS_KEPT);
    let newest: Vec<u64> = reader.results(None, 2).unwrap().iter().map(|kept| kept.result.manifest).collect();
    assert_eq!(newest, [RESULTS_KEPT + 7, RESULTS_KEPT + 6]);
    assert_eq!(reader.results(Some(10), 9).unwrap().iter().map(|kept| kept.number).collect::<Vec<_>>(), [9, 8]);
}

#[test]
fn purged_loans_are_named() {
    let mut rig = Rig::new();
    let data = r#"{"entity":"loanRequest","id":"a","version":2,"after":null}"#;
    let purge = received(Kind::Event, "LoanRequestPurged", "loan-requests/a", 2, data);
    let reader = rig.add(vec![event(1), purge]);
    assert_eq!(reader.purged(None, 5).unwrap(), [("a".to_owned(), 2)]);
    assert_eq!(reader.purged_count().unwrap(), 1);
    assert_eq!(reader.purged(Some("a"), 5).unwrap(), []);
}
