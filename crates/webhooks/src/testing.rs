//! For tests: a log in memory that grows, with its ledger and engine, and what webhooks do with it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use continuity_base::{Clock, ManualClock, Stop, Timestamp};
use continuity_events::CloudEvent;
use continuity_events::record::{Received, Released, SourcePosition, encode};
use continuity_log::{Kind, Log, MemoryDisk, Options, Record, Writer};
use continuity_readmodel::ledger::Ledger;
use continuity_readmodel::{
    BatchLimits, Engine, EngineOptions, EntityChange, Projection, Rows, Spec, StoreError, SyncBoard, View,
};
use tempfile::TempDir;

use crate::history::{History, LOAN_REQUEST};
use crate::kind::Wanted;
use crate::scan::Scanner;
use crate::{Kind as Told, WebhookPlaces};

/// 2026-11-22T12:00:00Z
pub(crate) const NOON: Timestamp = Timestamp::from_micros(1_795_348_800_000_000);

/// A replica without a source and without an API.
pub(crate) struct Bench {
    pub(crate) places: WebhookPlaces,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) folder: TempDir,
    writer: Writer,
    ledger: Ledger,
    stop: Stop,
    engine: Option<JoinHandle<()>>,
}

impl Bench {
    /// The source has shown everything that it had: nothing.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at(NOON));
        let opened = Log::open(Arc::new(MemoryDisk::new()), Options::default(), &[]).unwrap();
        let (ledger, reader) = Ledger::open(&folder.path().join("ledger"), &opened.log).unwrap();
        let (handle, runner) = Engine::open(EngineOptions {
            dir: folder.path().join("models"),
            log: opened.log.clone(),
            ledger: reader.clone(),
            projections: vec![Box::new(Loans)],
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            cache_bytes: 1 << 20,
            batch: BatchLimits::default(),
        })
        .unwrap();
        let stop = Stop::new();
        let until = stop.clone();
        let engine = Some(std::thread::spawn(move || runner.run(until).unwrap()));
        let sync = SyncBoard::new(Arc::clone(&clock) as Arc<dyn Clock>);
        sync.set_synchronised(0);
        let clock_of_places = Arc::clone(&clock) as Arc<dyn Clock>;
        let places = WebhookPlaces { log: opened.log, ledger: reader, engine: handle, sync, clock: clock_of_places };
        Self { places, clock, folder, writer: opened.writer, ledger, stop, engine }
    }

    /// Makes records durable and visible.
    pub(crate) fn append(&mut self, records: &[Record]) -> &mut Self {
        let first = self.places.log.head().position + 1;
        self.writer.append(records.to_vec()).unwrap().wait().unwrap();
        let mut batch = self.ledger.begin();
        for (position, record) in (first..).zip(records) {
            batch.apply(position, record).unwrap();
        }
        let head = self.places.log.head();
        self.ledger.commit(batch, head, false).unwrap();
        assert!(self.places.engine.wait_for(head.position, Duration::from_secs(20)));
        self
    }

    pub(crate) fn scanner(&self) -> Scanner {
        let history = History { log: self.places.log.clone(), ledger: self.places.ledger.clone() };
        Scanner::new(history, Wanted::new(&[Told::LoanStatusChanged, Told::ClientDataChanged]))
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.places.engine.view()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(engine) = self.engine.take() {
            engine.join().ok();
        }
    }
}

/// Keeps nothing; so that loans are known at all.
struct Loans;

impl Projection for Loans {
    fn spec(&self) -> &'static Spec {
        &Spec { name: "loans", version: 1, tables: &[], entities: &[LOAN_REQUEST] }
    }

    fn apply(&self, _: &EntityChange<'_>, _: &mut Rows<'_>) -> Result<(), StoreError> {
        Ok(())
    }

    fn clear(&self, _: &str, _: &mut Rows<'_>) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A record of an event, visible or (`Kind::Held`) not yet.
pub(crate) fn record(kind: Kind, loan: &str, sequence: u64, name: &str, data: String) -> Record {
    let event = CloudEvent {
        id: format!("{name}-{loan}-{sequence}"),
        source: "urn:test".to_owned(),
        event_type: format!("com.banclo.{name}"),
        subject: format!("loan-requests/{loan}"),
        time: "2026-11-22T10:00:00Z".to_owned(),
        sequence: (!loan.is_empty()).then_some(sequence),
        actor: None,
        attributes: Vec::new(),
        data,
    };
    let payload = encode(&Received { event, position: SourcePosition::Simulator { seed: 1, number: sequence } });
    Record { kind, subject: loan.to_owned(), sequence, arrived_at: NOON.as_micros(), payload }
}

/// The loan has another status.
pub(crate) fn status(kind: Kind, loan: &str, sequence: u64, status: &str) -> Record {
    let data = format!(
        r#"{{"entity":"loanRequest","id":"{loan}","version":{sequence},"after":{{"id":"{loan}","status":"{status}"}}}}"#
    );
    record(kind, loan, sequence, "LoanRequestDetailsChanged", data)
}

/// The loan is purged.
pub(crate) fn purge(loan: &str, sequence: u64) -> Record {
    let data = format!(r#"{{"entity":"loanRequest","id":"{loan}","version":{sequence},"after":null}}"#);
    record(Kind::Event, loan, sequence, "LoanRequestPurged", data)
}

/// The whole loan as of a sequence.
pub(crate) fn snapshot(loan: &str, as_of: u64, status: &str) -> Record {
    let data = format!(
        r#"{{"asOfSequence":{as_of},"entities":[{{"entity":"loanRequest","id":"{loan}","version":{as_of},"after":{{"id":"{loan}","status":"{status}"}}}}]}}"#
    );
    record(Kind::Snapshot, loan, as_of, "LoanRequestSnapshot", data)
}

/// Held events with these sequences are visible from here on.
pub(crate) fn released(loan: &str, from: u64, to: u64) -> Record {
    let payload = encode(&Released { from, to });
    Record { kind: Kind::Released, subject: loan.to_owned(), sequence: to, arrived_at: NOON.as_micros(), payload }
}

/// An event that is about no loan.
pub(crate) fn control(name: &str, data: &str) -> Record {
    record(Kind::Control, "", 0, name, data.to_owned())
}
