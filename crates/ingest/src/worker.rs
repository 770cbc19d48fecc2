//! The loop that decides and writes.
//!
//! The order of effects, per turn: decide inside a ledger batch, append to the log, wait for the disk, commit the ledger,
//! acknowledge, tell the board. Several groups may be in flight before the wait; nothing is acknowledged before it.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

use continuity_base::{Stop, Timestamp};
use continuity_events::record::SourcePosition;
use continuity_log::{Head, Record};
use continuity_readmodel::SourceState;
use continuity_readmodel::ledger::LedgerBatch;

use crate::decide::{Bounds, Decider, Outcome};
use crate::flight::Flight;
use crate::gaps::ConnectedTime;
use crate::ingester::Ingester;
use crate::parse::Parsed;
use crate::reader::{Acknowledgements, Delivery, ParsedBatch};
use crate::{IngestError, SourceError, metrics};

/// The longest time between two looks at the stop, the gaps and the clock.
const LOOK: Duration = Duration::from_millis(50);
/// Groups handed to the log before their ledger batch is committed.
const IN_FLIGHT: usize = 4;

/// A source's end, to be told once everything before it is durable.
struct End {
    at: Timestamp,
    head: Option<String>,
    head_number: Option<u64>,
}

pub(crate) struct Worker<'a> {
    parts: Ingester,
    source: String,
    acknowledgements: &'a Acknowledgements,
    deliveries: Receiver<Delivery>,
    resume: SyncSender<Vec<SourcePosition>>,
    queue: VecDeque<Parsed>,
    passed: Vec<SourcePosition>,
    end: Option<End>,
    time: ConnectedTime,
    connected: bool,
    paused: Option<String>,
    /// When to connect again, on the monotonic clock.
    retry: Option<Duration>,
    backoff: Duration,
    proof: Duration,
    progress: Duration,
    durable: Duration,
    /// A ledger commit that a crash would forget.
    volatile: Option<Head>,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(
        parts: Ingester,
        source: String,
        acknowledgements: &'a Acknowledgements,
        deliveries: Receiver<Delivery>,
        resume: SyncSender<Vec<SourcePosition>>,
    ) -> Self {
        let now = parts.options.clock.monotonic();
        let time = ConnectedTime::new(parts.options.gap_release, parts.ledger.position());
        let backoff = parts.options.reconnect_first;
        Self {
            parts,
            source,
            acknowledgements,
            deliveries,
            resume,
            queue: VecDeque::new(),
            passed: Vec::new(),
            end: None,
            time,
            connected: false,
            paused: None,
            retry: Some(now),
            backoff,
            proof: now,
            progress: now,
            durable: now,
            volatile: None,
        }
    }

    pub(crate) fn run(mut self, stop: &Stop) -> Result<(), IngestError> {
        self.parts.board.set_source(&self.source);
        self.tell_totals();
        while !stop.is_stopped() {
            self.turn()?;
        }
        self.make_durable()
    }

    fn turn(&mut self) -> Result<(), IngestError> {
        let now = self.now();
        self.time.tick(now, self.connected);
        self.connect(now)?;
        if self.paused.is_some() {
            thread::sleep(LOOK);
        } else if !self.has_work() {
            match self.deliveries.recv_timeout(LOOK) {
                Ok(delivery) => self.delivered(delivery),
                Err(_) if self.connected => self.look_for_life(now),
                Err(_) => {}
            }
        }
        let due = if self.parts.ledger.totals().held > 0 { self.time.due() } else { None };
        if self.has_work() || due.is_some() {
            self.write(due)?;
        }
        if self.now().saturating_sub(self.durable) >= self.parts.options.durable_every {
            self.make_durable()
        } else {
            Ok(())
        }
    }

    /// Decides, writes, commits and acknowledges what is there.
    fn write(&mut self, mut due: Option<u64>) -> Result<(), IngestError> {
        let mut batch = self.parts.ledger.begin();
        let (mut flight, mut read) = (Flight::default(), HashMap::new());
        loop {
            let records = self.decide(&mut batch, &mut flight, due.take(), &mut read)?;
            if !records.is_empty() {
                metrics::group(records.len());
                flight.add(self.parts.writer.append(records)?);
            }
            let more = self.paused.is_none() && self.end.is_none() && flight.len() < IN_FLIGHT;
            if !more || !self.receive_more() {
                break;
            }
        }
        if let Some(head) = flight.landed(&self.parts.log)? {
            let durable = self.now().saturating_sub(self.durable) >= self.parts.options.durable_every;
            self.parts.ledger.commit(batch, head, durable)?;
            self.time.reached(head.position);
            self.volatile = Some(head).filter(|_| !durable);
            self.durable = if durable { self.now() } else { self.durable };
            self.tell_totals();
        }
        read.into_values().for_each(|position| self.acknowledgements.add(position));
        self.tell_state();
        Ok(())
    }

    /// One group: decides on the queue, as far as the bounds let it, and gives up gaps that were waited for long enough.
    fn decide(
        &mut self,
        batch: &mut LedgerBatch,
        flight: &mut Flight,
        due: Option<u64>,
        read: &mut HashMap<Vec<u8>, SourcePosition>,
    ) -> Result<Vec<Record>, IngestError> {
        let now = self.now();
        let options = &self.parts.options;
        let bounds = Bounds { held: options.held, quarantine: options.quarantine };
        let log = &self.parts.log;
        let mut fetch = |position| flight.fetch(log, position);
        let mut decider = Decider::new(&self.source, bounds, batch, &mut fetch, options.clock.now().as_micros());
        let mut paused = None;
        while let Some(parsed) = self.queue.pop_front() {
            let mut offered = Some(parsed);
            if let Outcome::Paused(because) = decider.take(&mut offered)? {
                offered.into_iter().for_each(|parsed| self.queue.push_front(parsed));
                paused = Some(because);
                break;
            }
        }
        if paused.is_none() {
            self.passed.drain(..).for_each(|position| decider.pass(position));
        }
        if let Some(position) = due {
            metrics::gave_up(decider.give_up(position)?);
        }
        if self.end.is_some() && paused.is_none() {
            decider.caught_up("the source's end")?;
        }
        let heartbeats = now.saturating_sub(self.progress) >= options.progress_every;
        decider.finish(heartbeats)?;
        if heartbeats || !decider.records.is_empty() {
            self.progress = now;
        }
        if decider.heartbeat {
            self.proof = now;
            metrics::proof_of_life(options.clock.now());
        }
        let Decider { records, progress, .. } = decider;
        read.extend(progress.into_iter().map(|(partition, progress)| (partition, progress.position)));
        self.pause(paused);
        Ok(records)
    }

    fn pause(&mut self, because: Option<String>) {
        if because.is_some() && self.paused.is_none() {
            let because = because.as_deref().unwrap_or_default();
            tracing::error!(source = %self.source, because, "ingest pauses; nothing is lost");
        } else if because.is_none() && self.paused.is_some() {
            tracing::info!(source = %self.source, "ingest goes on");
        }
        if self.paused != because {
            self.paused.clone_from(&because);
            self.parts.board.update(|counters| counters.paused_because = because);
            metrics::paused(self.paused.is_some());
        }
    }

    /// Takes the next delivery if there is one; whether there is more to decide.
    fn receive_more(&mut self) -> bool {
        match self.deliveries.try_recv() {
            Ok(delivery) => {
                self.delivered(delivery);
                self.has_work()
            }
            Err(_) => false,
        }
    }

    fn has_work(&self) -> bool {
        !self.queue.is_empty() || !self.passed.is_empty() || self.end.is_some()
    }

    fn delivered(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Resumed(resumed) => {
                tracing::info!(source = %self.source, from = %resumed.from, "connected to the source");
                for warning in resumed.warnings {
                    tracing::warn!(source = %self.source, "{warning}");
                }
                self.connected = true;
                self.proof = self.now();
                self.backoff = self.parts.options.reconnect_first;
                self.parts.board.set_state(SourceState::CatchingUp);
                metrics::connected(true);
            }
            Delivery::Batch(ParsedBatch { messages, passed, at, at_end, head, head_number }) => {
                metrics::batch(messages.len());
                self.queue = messages.into();
                self.passed = passed;
                self.end = at_end.then_some(End { at, head, head_number });
            }
            Delivery::Failed(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &SourceError) {
        let most = self.parts.options.reconnect_most;
        let state = match error {
            SourceError::Diverged { .. } => SourceState::Diverged,
            SourceError::Disconnected { .. } => SourceState::Disconnected,
        };
        if state == SourceState::Diverged || self.backoff == self.parts.options.reconnect_first {
            tracing::error!(source = %self.source, %error, "the source does not deliver");
        } else {
            tracing::debug!(source = %self.source, %error, "the source still does not deliver");
        }
        let wait = if state == SourceState::Diverged { most } else { self.backoff };
        self.backoff = (self.backoff * 2).min(most);
        self.retry = Some(self.now() + wait);
        self.connected = false;
        self.time.tick(self.now(), false);
        self.parts.board.set_state(state);
        metrics::connected(false);
    }

    /// Tells the reader where to resume, once it is time.
    fn connect(&mut self, now: Duration) -> Result<(), IngestError> {
        if self.retry.is_none_or(|at| now < at) {
            return Ok(());
        }
        let positions = self.parts.ledger.reader().positions()?;
        match self.resume.try_send(positions) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => self.retry = None,
            Err(TrySendError::Full(_)) => {}
        }
        Ok(())
    }

    fn look_for_life(&self, now: Duration) {
        if now.saturating_sub(self.proof) >= self.parts.options.stale_after {
            self.parts.board.set_state(SourceState::Stale);
        }
    }

    fn make_durable(&mut self) -> Result<(), IngestError> {
        if let Some(head) = self.volatile.take() {
            let batch = self.parts.ledger.begin();
            self.parts.ledger.commit(batch, head, true)?;
        }
        self.durable = self.now();
        Ok(())
    }

    fn tell_totals(&self) {
        let totals = self.parts.ledger.totals();
        self.parts.board.update(|counters| {
            counters.held = totals.held;
            counters.held_bytes = totals.held_bytes;
            counters.held_loans = totals.held_loans;
            counters.gaps_open = totals.incomplete_loans;
            counters.quarantined = totals.quarantined;
            counters.quarantined_bytes = totals.quarantined_bytes;
            counters.duplicates = totals.duplicates;
            counters.forks = totals.forks;
            counters.events = totals.events;
        });
        if totals.synchronised {
            self.parts.board.set_synchronised();
        }
        metrics::totals(totals);
    }

    /// After a turn: our own position was taken first, the source's head was seen before that.
    fn tell_state(&mut self) {
        let board = &self.parts.board;
        if self.paused.is_some() {
            board.set_state(SourceState::Paused);
        } else if let Some(end) = mem::take(&mut self.end) {
            board.set_source_head(end.head);
            board.seen_head(end.at, self.parts.ledger.position());
            board.set_state(SourceState::Live);
            self.proof = self.parts.options.clock.monotonic();
            metrics::proof_of_life(end.at);
            metrics::head(end.at, end.head_number);
        } else if self.connected {
            board.set_state(SourceState::CatchingUp);
        }
    }

    fn now(&self) -> Duration {
        self.parts.options.clock.monotonic()
    }
}
