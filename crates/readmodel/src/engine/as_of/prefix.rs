//! The longest prefix of a loan's sequence in which no event is later than a time, and its fold.

use continuity_events::instant::Instant;
use continuity_events::record::Received;
use continuity_events::{CloudEvent, Role};

use super::super::EngineError;
use super::super::history::History;
use super::super::replay::{Origin, Replay, body};
use super::{Then, is_erasure};
use crate::fold::{Base, LoanRow};

/// A prefix of a loan's sequence.
pub(super) struct Prefix {
    /// The loan's fold before anything is folded: base, gaps and last sequence of the prefix.
    row: LoanRow,
    /// Its events in the order of the log.
    events: Vec<Visible>,
}

/// A visible event.
struct Visible {
    sequence: u64,
    position: u64,
    event: CloudEvent,
}

/// What of a loan's visible events lies before a time.
struct Cut {
    events: Vec<Visible>,
    /// The last sequence before the time; 0: none.
    last: u64,
    /// The first known sequence that is not in the prefix.
    next: Option<u64>,
}

impl Prefix {
    /// The prefix of the loan with that row in the view at `position`; or why there is none.
    pub(super) fn of(
        history: &dyn History,
        position: u64,
        id: &str,
        row: &LoanRow,
        time: &Instant,
    ) -> Result<Result<Self, Then>, EngineError> {
        let cut = Cut::of(history, position, id, row, time)?;
        let base = base(history, position, id, row, &cut, time)?;
        let from = base.map_or(0, |base| base.as_of);
        let last = cut.last.max(from);
        if row.erased && erased_beyond(history, position, id, row, last)? {
            return Ok(Err(Then::Erased));
        }
        if last == 0 {
            let untold = row.last > 0 && cut.next != Some(1) && !row.is_missing(1);
            return Ok(Err(if untold { Then::Untold } else { Then::NotYet }));
        }
        // Up to the next event that is known not to belong, every sequence has to be here, or known to be missing.
        let end = cut.next.map_or(row.last, |next| next - 1);
        let gaps: Vec<_> = row.gaps.iter().filter(|(_, to)| *to > from && *to <= end).copied().collect();
        let here = cut.events.iter().filter(|event| event.sequence > from).count() as u64;
        let missing: u64 = gaps.iter().map(|(first, to)| to - first + 1).sum();
        if here + missing < end - from {
            return Ok(Err(Then::Untold));
        }
        // Folded as if nothing had been erased, it would show what was.
        if cut.events.iter().any(|event| event.sequence > from && event.event.role() == Role::Erasure) {
            return Ok(Err(Then::Erased));
        }
        let erased = row.erased;
        let mut events = cut.events;
        events.retain(|event| event.sequence <= last);
        events.sort_unstable_by_key(|event| event.position);
        Ok(Ok(Self { row: LoanRow { last, position, erased, gaps, base, ..LoanRow::default() }, events }))
    }
}

impl Cut {
    fn of(history: &dyn History, position: u64, id: &str, row: &LoanRow, time: &Instant) -> Result<Self, EngineError> {
        let mut cut = Self { events: Vec::new(), last: 0, next: None };
        for (sequence, at) in history.events(id, 1..=row.last)? {
            // The ledger may know more than the view.
            if at > position || row.is_missing(sequence) {
                continue;
            }
            let received: Received = body(at, &history.record(at)?)?;
            if later(&received.event, time) {
                cut.next = Some(sequence);
                break;
            }
            cut.last = sequence;
            cut.events.push(Visible { sequence, position: at, event: received.event });
        }
        Ok(cut)
    }
}

/// The snapshot that the prefix is folded from: the view's own, or else the newest one of before the time.
fn base(
    history: &dyn History,
    position: u64,
    id: &str,
    row: &LoanRow,
    cut: &Cut,
    time: &Instant,
) -> Result<Option<Base>, EngineError> {
    let Some(newest) = row.base else { return Ok(None) };
    let older = history.snapshots(id)?.into_iter();
    // One of the same sequence may be earlier: an erasure that came behind the snapshot.
    let older = older.filter(|(at, as_of)| *at <= position && *as_of <= newest.as_of && *at != newest.position);
    let mut older: Vec<_> = older.map(|(position, as_of)| Base { as_of, position }).collect();
    older.sort_unstable_by_key(|base| std::cmp::Reverse((base.as_of, base.position)));
    for base in std::iter::once(newest).chain(older) {
        // Of what it covers, nothing that is known may be later.
        if cut.next.is_some_and(|next| next <= base.as_of) {
            continue;
        }
        let received: Received = body(base.position, &history.record(base.position)?)?;
        if !later(&received.event, time) {
            return Ok(Some(base));
        }
    }
    Ok(None)
}

/// Whether data was erased from the loan after that sequence.
fn erased_beyond(
    history: &dyn History,
    position: u64,
    id: &str,
    row: &LoanRow,
    last: u64,
) -> Result<bool, EngineError> {
    for (sequence, at) in history.events(id, last + 1..=row.last)? {
        if at <= position && !row.is_missing(sequence) && is_erasure(at, &history.record(at)?)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A time that cannot be read never came into the log; it would count as later.
fn later(event: &CloudEvent, time: &Instant) -> bool {
    Instant::parse(&event.time).is_none_or(|at| at > *time)
}

impl Replay {
    /// Folds a prefix as what the loan is.
    pub(super) fn fold_prefix(&mut self, id: &str, now: u64, prefix: Prefix) -> Result<(), EngineError> {
        let mut loan = self.loans.take(id)?;
        loan.row = prefix.row;
        for Visible { sequence, position, event } in &prefix.events {
            let change = if event.role() == Role::Erasure { None } else { event.change().ok() };
            let at = Origin { now, bytes: *position, sequence: *sequence };
            self.appended(&loan, at, event, change.as_ref())?;
        }
        self.refold(&mut loan, now)?;
        self.loans.give(loan);
        Ok(())
    }
}
