//! A history in memory with a small ingest in front, two projections, and an engine that is stepped by hand.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{ManualClock, Timestamp};
use continuity_events::record::{Received, Released, SourcePosition, decode, encode};
use continuity_events::{CloudEvent, LOAN_SUBJECT_PREFIX, Role};
use continuity_log::{ChainHash, Frame, Head, Kind, LogError, Record};
use parking_lot::Mutex;

use super::super::history::{Frames, History};
use super::super::run::Settings;
use super::models::{Entities, Trail};
use crate::projection::Projection;
use crate::store::{MemoryShelf, Shelf};
use crate::{BatchLimits, Engine, EngineError, EngineHandle, StoreError};

/// Frames and the ledger's answers.
#[derive(Clone, Default)]
pub(super) struct TestHistory(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    frames: Vec<Arc<Frame>>,
    open: Vec<Record>,
    known: HashMap<String, BTreeMap<u64, u64>>,
}

impl State {
    fn end(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.last)
    }
}

impl TestHistory {
    /// Appends a record to the running group; its position.
    pub(super) fn append(&self, kind: Kind, loan: &str, sequence: u64, payload: Vec<u8>) -> u64 {
        let mut state = self.0.lock();
        state.open.push(Record { kind, subject: loan.to_owned(), sequence, arrived_at: 0, payload });
        let position = state.end() + state.open.len() as u64;
        if matches!(kind, Kind::Event | Kind::Held) {
            state.known.entry(loan.to_owned()).or_default().insert(sequence, position);
        }
        position
    }

    /// Makes the running group durable, as one frame.
    pub(super) fn sync(&self) {
        let mut state = self.0.lock();
        let records = std::mem::take(&mut state.open);
        if records.is_empty() {
            return;
        }
        let before = state.frames.last().map_or([0; 32], |frame| frame.hash.0);
        let hash = blake3::hash(format!("{before:?}{records:?}").as_bytes());
        let first = state.end() + 1;
        let last = first + records.len() as u64 - 1;
        state.frames.push(Arc::new(Frame { first, last, hash: ChainHash(*hash.as_bytes()), records }));
    }

    /// A log that ends after `frames` of these.
    pub(super) fn cut(&self, frames: usize) -> Self {
        let state = self.0.lock();
        let frames: Vec<_> = state.frames.iter().take(frames).cloned().collect();
        let end = frames.last().map_or(0, |frame| frame.last);
        let mut known = state.known.clone();
        for events in known.values_mut() {
            events.retain(|_, position| *position <= end);
        }
        Self(Arc::new(Mutex::new(State { frames, open: Vec::new(), known })))
    }

    /// The records of each frame.
    pub(super) fn groups(&self) -> Vec<Vec<Record>> {
        self.0.lock().frames.iter().map(|frame| frame.records.clone()).collect()
    }

    /// Positions and sequences of a loan's records of some sort.
    fn of(&self, loan: &str, sort: impl Fn(&Record) -> bool) -> impl Iterator<Item = (u64, u64)> {
        let state = self.0.lock();
        let records = state.frames.iter().flat_map(|frame| (frame.first..).zip(&frame.records));
        let own = records.filter(|(_, record)| record.subject == loan && sort(record));
        own.map(|(position, record)| (position, record.sequence)).collect::<Vec<_>>().into_iter()
    }

    pub(super) fn frame_count(&self) -> usize {
        self.0.lock().frames.len()
    }
}

struct TestFrames(TestHistory, u64);

impl Frames for TestFrames {
    fn next_frame(&mut self) -> Result<Option<Arc<Frame>>, LogError> {
        let state = self.0.0.lock();
        let found = state.frames.iter().find(|frame| frame.last >= self.1).cloned();
        self.1 = found.as_ref().map_or(self.1, |frame| frame.last + 1);
        Ok(found)
    }
}

impl History for TestHistory {
    fn position(&self) -> u64 {
        self.0.lock().end()
    }

    fn wait_beyond(&self, _: u64, _: Duration) -> u64 {
        std::thread::yield_now();
        self.position()
    }

    fn head(&self) -> Head {
        let state = self.0.lock();
        let last = state.frames.last();
        last.map_or(Head::default(), |frame| Head { position: frame.last, hash: frame.hash })
    }

    fn frames(&self, from: u64) -> Box<dyn Frames> {
        Box::new(TestFrames(self.clone(), from))
    }

    fn record(&self, position: u64) -> Result<Record, LogError> {
        let state = self.0.lock();
        let frame = state.frames.iter().find(|frame| frame.last >= position).unwrap();
        Ok(frame.records[usize::try_from(position - frame.first).unwrap()].clone())
    }

    fn hash_at(&self, position: u64) -> Result<ChainHash, LogError> {
        let state = self.0.lock();
        Ok(state.frames.iter().find(|frame| frame.last >= position).unwrap().hash)
    }

    fn events(&self, loan: &str, sequences: RangeInclusive<u64>) -> Result<Vec<(u64, u64)>, StoreError> {
        let state = self.0.lock();
        let known = state.known.get(loan).into_iter().flatten().map(|(sequence, position)| (*sequence, *position));
        Ok(known.filter(|(sequence, _)| sequences.contains(sequence)).collect())
    }

    fn snapshots(&self, loan: &str) -> Result<Vec<(u64, u64)>, StoreError> {
        let erasure = |record: &Record| {
            let received: Received = decode(&record.payload).unwrap();
            received.event.role() == Role::Erasure
        };
        let wanted = |record: &Record| match record.kind {
            Kind::Snapshot => true,
            Kind::Event | Kind::Held => erasure(record),
            _ => false,
        };
        Ok(self.of(loan, wanted).collect())
    }

    fn releases(&self, loan: &str) -> Result<Vec<u64>, StoreError> {
        Ok(self.of(loan, |record| record.kind == Kind::Released).map(|(position, _)| position).collect())
    }
}

/// What ingest would make of arriving events (contract, section 6.2 and 6.3).
#[derive(Default)]
pub(super) struct Ingest {
    pub(super) history: TestHistory,
    loans: HashMap<String, Order>,
}

#[derive(Default)]
struct Order {
    last: u64,
    base: u64,
    shown: std::collections::BTreeSet<u64>,
    held: BTreeMap<u64, CloudEvent>,
    purged: Option<u64>,
}

impl Ingest {
    /// An event arrives; whether it became visible or was held, and was no duplicate.
    pub(super) fn arrive(&mut self, event: &CloudEvent) {
        let (loan, sequence) = (event.loan_id().unwrap().to_owned(), event.sequence.unwrap());
        let order = self.loans.entry(loan.clone()).or_default();
        if order.purged.is_some_and(|at| sequence > at) {
            return;
        }
        let payload =
            encode(&Received { event: event.clone(), position: SourcePosition::Simulator { seed: 0, number: 0 } });
        if event.role() == Role::Snapshot {
            self.history.append(Kind::Snapshot, &loan, sequence, payload);
            order.base = order.base.max(sequence);
            order.last = order.last.max(sequence);
            return self.release_next(&loan);
        }
        let erasure = event.role() == Role::Erasure;
        let covered = sequence <= order.base && !erasure;
        if order.shown.contains(&sequence) || order.held.contains_key(&sequence) || covered {
            return;
        }
        if sequence > order.last + 1 && !erasure {
            self.history.append(Kind::Held, &loan, sequence, payload);
            order.held.insert(sequence, event.clone());
            return;
        }
        self.history.append(Kind::Event, &loan, sequence, payload);
        order.show(sequence, event);
        self.release_next(&loan);
    }

    /// Whatever is held of the loan is released behind gaps.
    pub(super) fn give_up(&mut self, loan: &str) {
        let Some(order) = self.loans.get_mut(loan) else { return };
        let Some(to) = order.held.keys().next_back().copied() else { return };
        let from = order.last + 1;
        order.release(&self.history, loan, from, to);
    }

    fn release_next(&mut self, loan: &str) {
        let order = self.loans.get_mut(loan).unwrap();
        while let Some(first) = order.held.keys().next().copied() {
            if first > order.last + 1 {
                return;
            }
            let mut to = first;
            while order.held.contains_key(&(to + 1)) {
                to += 1;
            }
            order.release(&self.history, loan, first, to);
        }
    }
}

impl Order {
    fn release(&mut self, history: &TestHistory, loan: &str, from: u64, to: u64) {
        history.append(Kind::Released, loan, 0, encode(&Released { from, to }));
        let later = self.held.split_off(&(to + 1));
        for (sequence, event) in std::mem::replace(&mut self.held, later) {
            if self.purged.is_none_or(|at| sequence < at) {
                self.show(sequence, &event);
            }
        }
    }

    fn show(&mut self, sequence: u64, event: &CloudEvent) {
        self.shown.insert(sequence);
        self.last = self.last.max(sequence);
        if event.role() == Role::Erasure {
            self.base = self.base.max(sequence);
        }
        let gone = |change: continuity_events::Change<'_>| {
            change.entity == "loanRequest" && change.form == continuity_events::Form::Gone
        };
        if event.change().is_ok_and(gone) {
            self.purged = Some(sequence);
            self.held.clear();
        }
    }
}

/// An event of a loan.
pub(super) fn event(loan: &str, sequence: u64, data: &str) -> CloudEvent {
    named(loan, sequence, "SomethingHappened", data)
}

pub(super) fn named(loan: &str, sequence: u64, name: &str, data: &str) -> CloudEvent {
    CloudEvent {
        id: format!("{loan}-{sequence}-{name}"),
        source: "/test".to_owned(),
        event_type: format!("com.banclo.{name}"),
        subject: format!("{LOAN_SUBJECT_PREFIX}{loan}"),
        time: format!("2024-01-01T00:{:02}:{:02}Z", sequence / 60 % 60, sequence % 60),
        sequence: Some(sequence),
        actor: None,
        attributes: Vec::new(),
        data: data.to_owned(),
    }
}

/// `data` with an after-image.
pub(super) fn after(entity: &str, id: &str, version: u64, after: &str) -> String {
    format!(r#"{{"entity":"{entity}","id":"{id}","version":{version},"after":{after}}}"#)
}

/// `data` with a patch.
pub(super) fn patch(entity: &str, id: &str, version: u64, base: u64, patch: &str) -> String {
    format!(r#"{{"entity":"{entity}","id":"{id}","version":{version},"baseVersion":{base},"patch":{patch}}}"#)
}

pub(super) const MODELS: [&str; 2] = ["entities", "trail"];

pub(super) fn projections() -> Vec<Arc<dyn Projection>> {
    vec![Arc::new(Entities), Arc::new(Trail)]
}

pub(super) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_micros(0)))
}

/// An engine over a shelf and a history, with batches of at most `rows` rows.
pub(super) fn engine(
    shelf: &MemoryShelf,
    history: &TestHistory,
    rows: usize,
) -> Result<(EngineHandle, Engine), EngineError> {
    engine_of(shelf, history, rows, projections(), clock())
}

pub(super) fn engine_of(
    shelf: &MemoryShelf,
    history: &TestHistory,
    rows: usize,
    projections: Vec<Arc<dyn Projection>>,
    clock: Arc<ManualClock>,
) -> Result<(EngineHandle, Engine), EngineError> {
    let shelf: Arc<dyn Shelf> = Arc::new(shelf.clone());
    let settings = Settings { clock, cache_bytes: 1 << 22, batch: BatchLimits { rows, bytes: 1 << 20 } };
    Engine::open_on(shelf, Arc::new(history.clone()), projections, settings)
}

/// Folds everything that is durable in the log.
pub(super) fn drain(engine: &mut Engine) -> Result<(), EngineError> {
    while engine.step()? {}
    Ok(())
}

/// Digests of all read models and of the fold, at the end of a history, folded from nothing in one go.
pub(super) fn rebuilt(history: &TestHistory) -> Vec<[u8; 32]> {
    let (handle, mut engine) = engine(&MemoryShelf::new(), history, 1_000_000).unwrap();
    drain(&mut engine).unwrap();
    digests(&handle)
}

pub(super) fn digests(handle: &EngineHandle) -> Vec<[u8; 32]> {
    let view = handle.view();
    let models = MODELS.iter().map(|name| view.model(name).unwrap().digest());
    models.chain([view.fold.digest()]).collect()
}
