//! The loop that decides and writes.
//!
//! The order of effects, per turn: decide inside a ledger batch, append to the log, wait for the disk, commit the ledger,
//! acknowledge, tell the board. Several groups may be in flight before the wait; nothing is acknowledged before it.
//! Orders are carried out between two such turns.

mod connection;
mod divergence;
mod hold;
mod orders;
mod quarantine;
mod status;
mod unrecorded;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use continuity_base::{Stop, Timestamp};
use continuity_events::record::SourcePosition;
use continuity_log::{Head, Record};
use continuity_readmodel::SourceState;
use continuity_readmodel::ledger::LedgerBatch;

use self::divergence::News;
use self::hold::Holds;
use self::unrecorded::Unrecorded;
use crate::decide::{Bounds, Decider, Outcome};
use crate::flight::Flight;
use crate::gaps::ConnectedTime;
use crate::gate::Gate;
use crate::ingester::Ingester;
use crate::parse::Parsed;
use crate::reader::{Acknowledgements, Connect, Delivery};
use crate::schedule::Rounds;
use crate::source::Resumed;
use crate::{Diverged, IngestError, SourceError, metrics};

/// The longest time between two looks at the stop, the orders, the gaps and the clock.
const LOOK: Duration = Duration::from_millis(50);
/// Groups handed to the log before their ledger batch is committed.
const IN_FLIGHT: usize = 4;

/// A source's end, to be told once everything before it is durable.
struct End {
    /// When the source was asked, on the monotonic clock.
    asked: Duration,
}

/// What the worker shares with the reader.
pub(crate) struct Channels {
    pub(crate) acknowledgements: Arc<Acknowledgements>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) deliveries: Receiver<Delivery>,
    pub(crate) connect: SyncSender<Connect>,
}

pub(crate) struct Worker {
    parts: Ingester,
    source: String,
    reader: Channels,
    /// Number of the connection that deliveries are taken from; 0: none.
    connection: u64,
    /// Connections so far.
    connections: u64,
    connected: bool,
    /// When to connect again, on the monotonic clock.
    retry: Option<Duration>,
    backoff: Duration,
    /// How the source diverged, as it was last seen.
    diverged: Option<Box<Diverged>>,
    /// The source let us in again, and has to deliver before a divergence counts as over.
    unproven: Option<Resumed>,
    news: Vec<News>,
    /// A failure that is in `news`, and is told once that is recorded.
    untold: Option<SourceError>,
    queue: VecDeque<Parsed>,
    passed: Vec<SourcePosition>,
    end: Option<End>,
    time: ConnectedTime,
    holds: Holds,
    rounds: Rounds,
    /// State, and whether the clocks differ, as the process' log has it.
    told: (SourceState, bool),
    unrecorded: Unrecorded,
    /// When this process logged a heartbeat last.
    heartbeat: Option<Duration>,
    durable: Duration,
    /// A ledger commit that a crash would forget.
    volatile: Option<Head>,
}

impl Worker {
    pub(crate) fn new(parts: Ingester, source: String, reader: Channels) -> Self {
        let now = parts.options.clock.monotonic();
        Self {
            source,
            reader,
            connection: 0,
            connections: 0,
            connected: false,
            retry: Some(now),
            backoff: parts.options.reconnect_first,
            diverged: None,
            unproven: None,
            news: Vec::new(),
            untold: None,
            queue: VecDeque::new(),
            passed: Vec::new(),
            end: None,
            time: ConnectedTime::new(parts.options.gap_release, parts.ledger.position()),
            holds: Holds::default(),
            rounds: Rounds::default(),
            told: (SourceState::Starting, false),
            unrecorded: Unrecorded::default(),
            heartbeat: None,
            durable: now,
            volatile: None,
            parts,
        }
    }

    /// Until the stop is asked for. When something cannot be written, nothing is any more: what was acknowledged is
    /// durable, and what was not comes again after a restart.
    pub(crate) fn run(mut self, stop: &Stop) -> Result<(), IngestError> {
        self.parts.board.set_source(&self.source);
        if let Some(heartbeat) = self.parts.ledger.totals().heartbeat {
            let at = heartbeat.at.map(Timestamp::from_micros);
            self.parts.board.heartbeat_before(at, Timestamp::from_micros(heartbeat.arrived_at));
        }
        self.tell_totals();
        let outcome = self.work(stop);
        if let Err(error) = &outcome {
            self.stand_still(error, stop);
        }
        outcome
    }

    fn work(&mut self, stop: &Stop) -> Result<(), IngestError> {
        while !stop.is_stopped() {
            self.turn()?;
        }
        self.make_durable()
    }

    fn turn(&mut self) -> Result<(), IngestError> {
        self.time.tick(self.now(), self.connected);
        self.obey()?;
        self.look_at_holds();
        self.connect()?;
        if !self.has_work() || self.holds.space.is_some() {
            self.wait()?;
        }
        let due = if self.parts.ledger.totals().held > 0 { self.time.due() } else { None };
        if self.holds.space.is_none() && (self.has_work() || due.is_some()) {
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
            let more = self.holds.bound.is_none() && self.end.is_none() && flight.len() < IN_FLIGHT;
            if !more || !self.receive_more()? {
                break;
            }
        }
        self.commit(batch, flight)?;
        if let Some(error) = self.untold.take() {
            self.tell_failed(&error);
        }
        for position in read.into_values() {
            self.reader.acknowledgements.add(position);
        }
        if self.end.is_some() && self.holds.bound.is_none() {
            self.rounds.reached_end();
        }
        self.tell_state();
        if self.holds.bound.is_some() {
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Waits until the groups are durable and brings the ledger there; where the log then is, if there were any.
    fn commit(&mut self, batch: LedgerBatch, flight: Flight) -> Result<Option<Head>, IngestError> {
        let Some(head) = flight.landed(&self.parts.log)? else { return Ok(None) };
        let durable = self.now().saturating_sub(self.durable) >= self.parts.options.durable_every;
        self.parts.ledger.commit(batch, head, durable)?;
        self.time.reached(head.position);
        self.volatile = Some(head).filter(|_| !durable);
        self.durable = if durable { self.now() } else { self.durable };
        self.tell_totals();
        Ok(Some(head))
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
        decider.heartbeat_due = self.heartbeat.is_none_or(|at| now.saturating_sub(at) >= options.progress_every);
        let heartbeat_due = decider.heartbeat_due;
        for news in self.news.drain(..) {
            news.record(&mut decider)?;
        }
        let mut bound = None;
        while let Some(parsed) = self.queue.pop_front() {
            let mut offered = Some(parsed);
            if let Outcome::Paused(because) = decider.take(&mut offered)? {
                if let Some(parsed) = offered {
                    self.queue.push_front(parsed);
                }
                bound = Some(because);
                break;
            }
        }
        if bound.is_none() {
            self.passed.drain(..).for_each(|position| decider.pass(position));
        }
        if let Some(position) = due {
            metrics::gave_up(decider.give_up(position)?);
        }
        if self.end.is_some() && bound.is_none() {
            // Once in each window it is said again, so that a missed one is known to be one after a restart too.
            let synchronised = decider.batch.totals().synchronised_at.map(Timestamp::from_micros);
            let again = options.schedule.is_missed(options.clock.now(), synchronised);
            decider.caught_up("the source's end", again)?;
        }
        for position in self.unrecorded.overdue(now, options.progress_every) {
            decider.overdue(position);
        }
        decider.finish()?;
        self.unrecorded.note(&decider.progress, now);
        if heartbeat_due && !decider.heartbeat_due {
            self.heartbeat = Some(now);
        }
        if let Some(heartbeat) = decider.heartbeat {
            self.parts.board.heartbeat(heartbeat.at);
        }
        let Decider { records, progress, .. } = decider;
        read.extend(progress.into_iter().map(|(partition, progress)| (partition, progress.position)));
        self.holds.bound = bound;
        self.tell_hold();
        Ok(records)
    }

    fn has_work(&self) -> bool {
        !self.queue.is_empty() || !self.passed.is_empty() || !self.news.is_empty() || self.end.is_some()
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
