//! Loans as of an earlier point: folded again from the log, by the same code, into memory.

mod prefix;

use std::sync::Arc;

use continuity_events::Role;
use continuity_events::instant::Instant;
use continuity_events::record::{Received, Released};
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
    /// Folds loans again as of a point, from what `view` holds, into read models in memory: those that `models`
    /// names, else all. Reads the log: an event costs some ten microseconds, a loan some milliseconds; not for an asynchronous thread.
    pub fn as_of(
        &self,
        view: &View,
        models: Option<&[&str]>,
        loans: &[&str],
        point: &Point,
    ) -> Result<AsOf, EngineError> {
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
    fn in_memory(&self, names: Option<&[&str]>) -> Result<Replay, EngineError> {
        let mut models = Vec::new();
        let wanted = |name: &str| names.is_none_or(|names| names.contains(&name));
        for projection in self.projections.iter().filter(|projection| wanted(projection.spec().name)) {
            let spec = projection.spec();
            let store = Store::open(Place::memory(), spec.name, spec.version, spec.tables, CACHE_BYTES)?;
            models.push(Model::new(Arc::clone(projection), store, String::new()));
        }
        let store = Store::open(Place::memory(), fold::NAME, fold::VERSION, fold::TABLES, CACHE_BYTES)?;
        let (history, vocabulary) = (Arc::clone(&self.history), self.vocabulary.clone());
        let mut replay = Replay::new(history, vocabulary, Loans::open(store)?, Models::new(models));
        replay.of_the_past = true;
        Ok(replay)
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
        if row.erased && self.erased_after(view, id, row, end)? {
            return Ok(Then::Erased);
        }
        let events = self.history.events(id, 1..=u64::MAX)?.into_iter().map(|(_, at)| at);
        let snapshots = self.history.snapshots(id)?.into_iter().map(|(at, _)| at);
        let mut moments: Vec<u64> = events.chain(snapshots).chain(self.history.releases(id)?).collect();
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

    /// Whether an erasure took effect beyond a position: at its own record, or where it was released.
    fn erased_after(&self, view: &View, id: &str, row: &LoanRow, end: u64) -> Result<bool, EngineError> {
        for (sequence, at) in self.history.events(id, 1..=row.last)? {
            if at > view.position || row.is_missing(sequence) {
                continue;
            }
            let record = self.history.record(at)?;
            if is_erasure(at, &record)? && (at > end || self.shown_at(id, sequence, at, record.kind)? > end) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where the event of that sequence became visible; one that never did counts as shown last.
    fn shown_at(&self, id: &str, sequence: u64, at: u64, kind: Kind) -> Result<u64, EngineError> {
        if kind != Kind::Held {
            return Ok(at);
        }
        for release in self.history.releases(id)?.into_iter().filter(|release| *release > at) {
            let Released { from, to } = body(release, &self.history.record(release)?)?;
            if (from..=to).contains(&sequence) {
                return Ok(release);
            }
        }
        Ok(u64::MAX)
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
