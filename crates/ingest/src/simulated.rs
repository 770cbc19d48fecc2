//! A source within the process: structured events from an iterator, at a rate.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Stop};
use continuity_events::record::{Divergence, SourcePosition};
use continuity_readmodel::ledger::Identity;

use crate::source::{Batch, Known, Message, Raw, Resumed, Source, SourceHead};
use crate::{Diverged, SourceError, file::within};

/// Structured events, one JSON object each.
pub type Lines = Box<dyn Iterator<Item = String> + Send>;

const IDLE: Duration = Duration::from_millis(100);
const STEP: Duration = Duration::from_millis(10);

/// Options of a [`Simulated`] source.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedOptions {
    /// The seed that the events come from; part of every position.
    pub seed: u64,
    /// Events that are there from the start.
    pub initial: u64,
    /// Events a second after those; 0: none.
    pub rate: f64,
}

/// Delivers what an iterator makes: the first `initial` events at once, the others at a rate.
pub struct Simulated {
    name: String,
    options: SimulatedOptions,
    make: Box<dyn FnMut() -> Lines + Send>,
    clock: Arc<dyn Clock>,
    lines: Option<Lines>,
    given: u64,
    available: u64,
    resumed_at: Duration,
}

impl Simulated {
    /// `make` begins the same events anew each time; it is called at every resume.
    pub fn new(options: SimulatedOptions, make: Box<dyn FnMut() -> Lines + Send>, clock: Arc<dyn Clock>) -> Self {
        let name = format!("simulator:{}", options.seed);
        let resumed_at = clock.monotonic();
        Self { name, options, make, clock, lines: None, given: 0, available: 0, resumed_at }
    }

    /// How many events there are by now.
    fn due(&self) -> u64 {
        let elapsed = self.clock.monotonic().saturating_sub(self.resumed_at).as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; rates are small")]
        let made = (elapsed * self.options.rate.max(0.0)) as u64;
        self.available.saturating_add(made)
    }

    fn diverged(&self, cause: Divergence, point: String, detail: String) -> SourceError {
        let partition = format!("seed {}", self.options.seed);
        let present = vec![Identity { partition: partition.clone(), facts: Vec::new() }];
        let found = Box::new(Diverged { cause, partition, point, detail, present });
        SourceError::Diverged { source_name: self.name.clone(), found }
    }
}

impl Source for Simulated {
    fn name(&self) -> &str {
        &self.name
    }

    fn resume(&mut self, known: &Known) -> Result<Resumed, SourceError> {
        let (mut number, mut foreign) = (None, None);
        for position in &known.positions {
            match position {
                SourcePosition::Simulator { seed, number: n } if *seed == self.options.seed => number = Some(*n),
                SourcePosition::Simulator { seed, .. } => foreign = Some(*seed),
                _ => {}
            }
        }
        if let (None, Some(seed)) = (number, foreign) {
            let detail = format!("the data directory holds events of seed {seed}");
            return Err(self.diverged(Divergence::Renamed, "the first event".to_owned(), detail));
        }
        self.given = number.unwrap_or(0);
        let mut lines = (self.make)();
        if let Some(last) = self.given.checked_sub(1) {
            let last = usize::try_from(last).unwrap_or(usize::MAX);
            if lines.nth(last).is_none() {
                let detail = "the simulator makes fewer events than the replica has from it".to_owned();
                return Err(self.diverged(Divergence::Truncated, format!("event {}", self.given), detail));
            }
        }
        self.lines = Some(lines);
        self.available = self.options.initial.max(self.given);
        self.resumed_at = self.clock.monotonic();
        Ok(Resumed { from: format!("event {}", self.given + 1), ..Resumed::default() })
    }

    fn next_batch(&mut self, max_messages: usize, max_bytes: usize, stop: &Stop) -> Result<Batch, SourceError> {
        within(IDLE, STEP, stop, || self.lines.is_some() && self.given < self.due());
        let due = self.due();
        let mut batch = Batch::default();
        let mut bytes = 0;
        while self.given < due && batch.messages.len() < max_messages && bytes < max_bytes && !stop.is_stopped() {
            let Some(line) = self.lines.as_mut().and_then(Iterator::next) else { break };
            self.given += 1;
            bytes += line.len();
            let position = SourcePosition::Simulator { seed: self.options.seed, number: self.given };
            batch.messages.push(Message { raw: Raw::Structured(line.into_bytes()), position });
        }
        let full = batch.messages.len() >= max_messages || bytes >= max_bytes || stop.is_stopped();
        batch.at_end = self.lines.is_some() && (self.given >= due || !full);
        let behind = if batch.at_end { 0 } else { due.saturating_sub(self.given) };
        let text = format!("event {due}");
        batch.head = Some(SourceHead { text, number: due, behind, ..SourceHead::default() });
        Ok(batch)
    }

    fn acknowledge(&mut self, _position: &SourcePosition) -> Result<(), SourceError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
