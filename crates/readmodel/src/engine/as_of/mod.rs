//! Loans as of an earlier point: folded again from the log, by the same code, into memory.

mod prefix;

use std::sync::Arc;

use continuity_events::Role;
use continuity_events::instant::Instant;
use continuity_events::record::Received;
use continuity_log::{Kind, Record};

use self::prefix::Prefix;
use super::EngineError;
use super::handle::EngineHandle;
use super::models::{Model, Models};
use super::rebuild::Workshop;
use super::replay::{Replay, body};
use super::view::View;
use crate::fold::{self, LoanRow, Loans};
use crate::store::{Checkpoint, Durability, Place, Store};

/// Bytes for the page cache of one store in memory.
const CACHE_BYTES: usize = 1 << 20;

/// A point in the history of loans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Point {
    /// Event time: the longest prefix of a loan's sequence in which no event's `time` is later.
    Time(Instant),
    /// A log position: what was shown when everything up to it, and nothing beyond, was applied.
    Position(u64),
}

/// What is known of a loan as of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Its state is in the view.
    Known,
    /// Nothing of it had happened.
    NotYet,
    /// Its history here begins later, with a snapshot: what it was then cannot be told.
    Untold,
    /// Data was erased from it since; what it was before that is not shown any more.
    Erased,
    /// It was purged; it is shown as of no point.
    Purged,
}

/// Loans as of a point.
#[derive(Debug)]
pub struct AsOf {
    /// Nothing but these loans. Its position and time are those of the view that it was made from.
    pub view: View,
    /// What is known of each loan, in the order in which they were named.
    pub then: Vec<Then>,
}

impl EngineHandle {
    /// Folds loans again as of a point, from what `view` holds, into read models in memory: `models` names them. Reads the
    /// log: an event costs some ten microseconds, a loan some milliseconds; not for an asynchronous thread.
    pub fn as_of(&self, view: &View, models: &[&str], loans: &[&str], point: &Point) -> Result<AsOf, EngineError> {
        let workshop = &self.shared.workshop;
        let mut replay = workshop.in_memory(models)?;
        let fold = |loan: &&str| replay.loan_as_of(view, loan, point);
        let then = loans.iter().map(fold).collect::<Result<Vec<_>, _>>()?;
        let end = if let Point::Position(position) = point { *position } else { view.position };
        replay.reached(end);
        replay.commit(Durability::Visible)?;
        Ok(AsOf { view: View::as_of(view, &replay), then })
    }
}

impl EngineHandle {
    /// When the record at a log position arrived, microseconds since the Unix epoch.
    pub fn arrived_at(&self, position: u64) -> Result<i64, EngineError> {
        Ok(self.shared.workshop.history.record(position)?.arrived_at)
    }
}

impl Workshop {
    /// Some read models without rows, in memory, with a fold of their own.
    fn in_memory(&self, names: &[&str]) -> Result<Replay, EngineError> {
        let mut models = Vec::new();
        for name in names {
            let projection = self.projection(name)?;
            let spec = projection.spec();
            let store = Store::open(Place::memory(), spec.name, spec.version, spec.tables, CACHE_BYTES)?;
            models.push(Model::new(Arc::clone(projection), store, String::new()));
        }
        let store = Store::open(Place::memory(), fold::NAME, fold::VERSION, fold::TABLES, CACHE_BYTES)?;
        let (history, vocabulary) = (Arc::clone(&self.history), self.vocabulary.clone());
        Ok(Replay::new(history, vocabulary, Loans::open(store)?, Models::new(models)))
    }
}

impl Replay {
    fn loan_as_of(&mut self, view: &View, loan: &str, point: &Point) -> Result<Then, EngineError> {
        let row = fold::loan_row(&view.fold, loan)?.unwrap_or_default();
        if row.purged {
            return Ok(Then::Purged);
        }
        match point {
            Point::Position(position) => self.loan_at_position(view, loan, &row, *position),
            Point::Time(time) => self.loan_at_time(view, loan, &row, time),
        }
    }

    /// Replays the loan's own records up to the position, as they were replayed then.
    fn loan_at_position(&mut self, view: &View, id: &str, row: &LoanRow, end: u64) -> Result<Then, EngineError> {
        let covers = self.history.covers(id)?;
        if row.erased {
            for (at, _) in covers.iter().filter(|(at, _)| (end + 1..=view.position).contains(at)) {
                if is_erasure(*at, &self.history.record(*at)?)? {
                    return Ok(Then::Erased);
                }
            }
        }
        let events = self.history.events(id, 1..=u64::MAX)?.into_iter().map(|(_, at)| at);
        let covers = covers.into_iter().map(|(at, _)| at);
        let mut moments: Vec<u64> = events.chain(covers).chain(self.history.releases(id)?).collect();
        moments.retain(|at| *at <= end);
        moments.sort_unstable();
        moments.dedup();
        for at in &moments {
            let record = self.history.record(*at)?;
            self.reached(*at);
            self.record(*at, &record)?;
        }
        Ok(if moments.is_empty() { Then::NotYet } else { Then::Known })
    }

    fn loan_at_time(&mut self, view: &View, id: &str, row: &LoanRow, time: &Instant) -> Result<Then, EngineError> {
        let prefix = match Prefix::of(&*self.history, view.position, id, row, time)? {
            Ok(prefix) => prefix,
            Err(then) => return Ok(then),
        };
        self.fold_prefix(id, view.position, prefix)?;
        Ok(Then::Known)
    }

    /// This far every record that is asked for was applied: refolds go no further.
    fn reached(&mut self, position: u64) {
        self.at = Checkpoint { position, ..Checkpoint::default() };
    }
}

/// Whether the record at a position is an erasure.
fn is_erasure(position: u64, record: &Record) -> Result<bool, EngineError> {
    if !matches!(record.kind, Kind::Event | Kind::Held) {
        return Ok(false);
    }
    let received: Received = body(position, record)?;
    Ok(received.event.role() == Role::Erasure)
}
