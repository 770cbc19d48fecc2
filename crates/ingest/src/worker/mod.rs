//! The loop that decides and writes.
//!
//! The order of effects, per turn: decide inside a ledger batch, append to the log, wait for the disk, commit the ledger,
//! acknowledge, tell the board. Several groups may be in flight before the wait; nothing is acknowledged before it.

mod status;

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use continuity_base::{Stop, Timestamp};
use continuity_events::record::SourcePosition;
use continuity_log::{Head, Record};
use continuity_readmodel::ledger::LedgerBatch;

use crate::decide::{Bounds, Decider, Outcome};
use crate::flight::Flight;
use crate::gaps::ConnectedTime;
use crate::ingester::Ingester;
use crate::parse::Parsed;
use crate::reader::{Acknowledgements, Delivery};
use crate::source::{Known, SourceHead};
use crate::{IngestError, metrics};

/// The longest time between two looks at the stop, the gaps and the clock.
const LOOK: Duration = Duration::from_millis(50);
/// Groups handed to the log before their ledger batch is committed.
const IN_FLIGHT: usize = 4;

/// A source's end, to be told once everything before it is durable.
struct End {
    at: Timestamp,
    head: SourceHead,
}

pub(crate) struct Worker<'a> {
    parts: Ingester,
    source: String,
    acknowledgements: &'a Acknowledgements,
    deliveries: Receiver<Delivery>,
    resume: SyncSender<Known>,
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
        resume: SyncSender<Known>,
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
        for position in read.into_values() {
            self.acknowledgements.add(position);
        }
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
                if let Some(parsed) = offered {
                    self.queue.push_front(parsed);
                }
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

    fn make_durable(&mut self) -> Result<(), IngestError> {
        if let Some(head) = self.volatile.take() {
            let batch = self.parts.ledger.begin();
            self.parts.ledger.commit(batch, head, true)?;
        }
        self.durable = self.now();
        Ok(())
    }

    fn now(&self) -> Duration {
        self.parts.options.clock.monotonic()
    }
}
