//! Orders: carried out between two turns, answered once what they wrote is durable and in the ledger.

use std::time::Duration;

use continuity_base::Stop;
use continuity_events::record::{Completeness, SourcePosition};
use continuity_log::Kind;
use continuity_readmodel::ledger::{Entry, PAUSE, RESUME};

use super::Worker;
use super::divergence::operator;
use crate::IngestError;
use crate::control::{By, Done, HandedIn, Order, OrderError, Ordered};
use crate::decide::{Bounds, Decider, Outcome};
use crate::flight::Flight;
use crate::parse::parse;
use crate::source::{Message, Raw};

/// Orders that are carried out before the source has its turn again.
const AT_ONCE: usize = 16;
const LOOK: Duration = Duration::from_millis(50);

pub(super) type Answer = Result<Done, OrderError>;

impl Worker {
    /// Carries out the orders that wait.
    pub(super) fn obey(&mut self) -> Result<(), IngestError> {
        for _ in 0..AT_ONCE {
            let Ok(Ordered { order, answer }) = self.parts.orders.try_recv() else { break };
            let done = self.carry_out(order);
            self.look_at_holds();
            let told = match &done {
                Ok(done) => done.clone(),
                Err(error) => Err(OrderError::NotRunning(error.to_string())),
            };
            // Whoever gave it may have gone.
            answer.send(told).ok();
            done?.ok();
        }
        Ok(())
    }

    /// Something cannot be written: reads and writes nothing any more, says so, and answers orders until the stop.
    pub(super) fn stand_still(&mut self, error: &IngestError, stop: &Stop) {
        self.disconnect();
        let what = format!(
            "{error}. Nothing more is taken from the source, nothing that was kept is lost, and the API goes on; free \
             space on the disk or check it, then restart"
        );
        tracing::error!(source = %self.source, %error, "ingest has ended: free space on the disk or check it, then restart");
        self.parts.board.broken(Some(what.clone()));
        while !stop.is_stopped() {
            if let Ok(Ordered { answer, .. }) = self.parts.orders.recv_timeout(LOOK) {
                answer.send(Err(OrderError::NotRunning(what.clone()))).ok();
            }
        }
    }

    fn carry_out(&mut self, order: Order) -> Result<Answer, IngestError> {
        match order {
            Order::Pause(by) => self.pause(&by),
            Order::Resume(by) => self.resume(&by),
            Order::SyncNow => Ok(self.sync_now()),
            Order::Accept(by) => self.accept(&by),
            Order::HandIn(events, by) => self.hand_in(events, &by),
            Order::Dismiss(position, by) => self.dismiss(position, &by),
            Order::Retake(position, by) => self.retake(position, &by),
            Order::Record(result) => self.keep(&result),
        }
    }

    fn pause(&mut self, by: &By) -> Result<Answer, IngestError> {
        if let Some(paused) = &self.parts.ledger.totals().paused {
            return Ok(refused(format!("the source is paused already, by {}: {}", paused.actor, paused.reason)));
        }
        let ((), position) = self.by_order(|decider| operator(decider, by, PAUSE, String::new()))?;
        Ok(Ok(Done::Logged(position)))
    }

    fn resume(&mut self, by: &By) -> Result<Answer, IngestError> {
        if self.parts.ledger.totals().paused.is_none() {
            return Ok(refused("no operator has paused the source".to_owned()));
        }
        let ((), position) = self.by_order(|decider| operator(decider, by, RESUME, String::new()))?;
        Ok(Ok(Done::Logged(position)))
    }

    fn sync_now(&mut self) -> Answer {
        if let Some(paused) = &self.parts.ledger.totals().paused {
            return refused(format!("the source is paused by {}: {}; resume it first", paused.actor, paused.reason));
        }
        self.rounds.want();
        if self.connection == 0 {
            self.retry = Some(self.now());
        }
        Ok(Done::Reading)
    }

    fn keep(&mut self, result: &Completeness) -> Result<Answer, IngestError> {
        let append = |decider: &mut Decider<'_>| decider.append(Kind::Completeness, "", 0, result, Entry::Completeness);
        let ((), position) = self.by_order(append)?;
        Ok(Ok(Done::Logged(position)))
    }

    /// All of the events or none: they are one group, and a bound refuses the whole of it.
    fn hand_in(&mut self, events: Vec<Vec<u8>>, by: &By) -> Result<Answer, IngestError> {
        if let Some(because) = &self.holds.space {
            return Ok(refused(because.clone()));
        }
        let limits = self.parts.options.limits.clone();
        let position = SourcePosition::Operator { at: self.parts.options.clock.now().as_micros() };
        let number = events.len();
        let decided = self.by_order_if(|decider| {
            let mut counts = HandedIn::default();
            for raw in events {
                let message = Message { raw: Raw::Structured(raw), position: position.clone() };
                let before = decider.records.len();
                if let Outcome::Paused(because) = decider.take(&mut Some(parse(message, &limits)))? {
                    return Ok(Err(OrderError::NotApplicable(because)));
                }
                match decider.records.get(before).map(|record| record.kind) {
                    None => counts.duplicates += 1,
                    Some(Kind::Quarantined) => counts.quarantined += 1,
                    Some(_) => counts.appended += 1,
                }
            }
            decider.finish()?;
            let HandedIn { appended, duplicates, quarantined } = counts;
            let detail =
                format!("{number} events: {appended} appended, {duplicates} duplicates, {quarantined} quarantined");
            operator(decider, by, "source-resync", detail)?;
            Ok(Ok(counts))
        })?;
        Ok(decided.map(|(counts, _)| Done::HandedIn(counts)))
    }

    /// Appends what `decide` makes, waits until it is durable, and brings the ledger there; where the log then is.
    pub(super) fn by_order<T>(
        &mut self,
        decide: impl FnOnce(&mut Decider<'_>) -> Result<T, IngestError>,
    ) -> Result<(T, u64), IngestError> {
        match self.by_order_if(|decider| Ok(Ok::<T, std::convert::Infallible>(decide(decider)?)))? {
            Ok(done) => Ok(done),
            Err(never) => match never {},
        }
    }

    /// As [`Worker::by_order`]; when `decide` refuses, nothing is appended.
    pub(super) fn by_order_if<T, E>(
        &mut self,
        decide: impl FnOnce(&mut Decider<'_>) -> Result<Result<T, E>, IngestError>,
    ) -> Result<Result<(T, u64), E>, IngestError> {
        let options = &self.parts.options;
        let bounds = Bounds { held: options.held, quarantine: options.quarantine };
        let mut batch = self.parts.ledger.begin();
        let mut flight = Flight::default();
        let log = &self.parts.log;
        let mut fetch = |position| flight.fetch(log, position);
        let now = options.clock.now().as_micros();
        let mut decider = Decider::new(&self.source, bounds, &mut batch, &mut fetch, now);
        let decided = match decide(&mut decider)? {
            Ok(decided) => decided,
            Err(refused) => return Ok(Err(refused)),
        };
        let records = decider.records;
        flight.add(self.parts.writer.append(records)?);
        let position = self.commit(batch, flight)?.map_or_else(|| self.parts.ledger.position(), |head| head.position);
        Ok(Ok((decided, position)))
    }
}

pub(super) fn refused(because: String) -> Answer {
    Err(OrderError::NotApplicable(because))
}
