//! Sync status: written by ingest, read by the API and the metrics.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use continuity_base::{Clock, Timestamp};
use parking_lot::Mutex;

/// Proofs of life that are remembered; beyond it, every second one is forgotten, which can only make the answer of
/// [`SyncBoard::caught_up_at`] older.
const PROOFS: usize = 1024;

/// What the source is to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SourceState {
    /// Not yet connected.
    #[default]
    Starting,
    /// Connected, and everything it showed is in the log.
    Live,
    /// Connected, and reading what it has more than we.
    CatchingUp,
    /// Connected, but no sign of life for too long.
    Stale,
    /// Not connected.
    Disconnected,
    /// Connected to something that is not the source we have read from, or an earlier state of it.
    Diverged,
    /// Not read from, because of a bound or an operator.
    Paused,
}

impl SourceState {
    /// Its name in replies and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Live => "live",
            Self::CatchingUp => "catching-up",
            Self::Stale => "stale",
            Self::Disconnected => "disconnected",
            Self::Diverged => "diverged",
            Self::Paused => "paused",
        }
    }
}

/// What ingest counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncCounters {
    /// Events held back behind a gap.
    pub held: u64,
    /// Their bytes.
    pub held_bytes: u64,
    /// Loans with such events.
    pub held_loans: u64,
    /// Loans with a recorded gap.
    pub gaps_open: u64,
    /// Quarantined arrivals that nobody has dealt with.
    pub quarantined: u64,
    /// Their bytes.
    pub quarantined_bytes: u64,
    /// Duplicates dropped.
    pub duplicates: u64,
    /// Arrivals that contradict an event already logged.
    pub forks: u64,
    /// Events appended.
    pub events: u64,
    /// Why reading has stopped, if it has, for the operator.
    pub paused_because: Option<String>,
}

/// One look at the board.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncSnapshot {
    /// What the source is to us.
    pub state: SourceState,
    /// Since when.
    pub since: Timestamp,
    /// The source, for people.
    pub source: String,
    /// The source's own end, as it names it.
    pub source_head: Option<String>,
    /// When the source last showed its head.
    pub last_proof_of_life: Option<Timestamp>,
    /// Whether we once had everything that the source showed.
    pub synchronised: bool,
    /// Counts.
    pub counters: SyncCounters,
}

/// A head that the source showed.
#[derive(Clone, Copy, Debug)]
struct Proof {
    at: Timestamp,
    log_position: u64,
}

#[derive(Debug, Default)]
struct Board {
    shown: SyncSnapshot,
    /// Ascending in `log_position`.
    proofs: VecDeque<Proof>,
}

/// The board itself; clones share it.
#[derive(Clone)]
pub struct SyncBoard {
    board: Arc<Mutex<Board>>,
    clock: Arc<dyn Clock>,
}

impl SyncBoard {
    /// A board of a source that is starting.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let shown = SyncSnapshot { since: clock.now(), ..SyncSnapshot::default() };
        Self { board: Arc::new(Mutex::new(Board { shown, proofs: VecDeque::new() })), clock }
    }

    /// The source, for people.
    pub fn set_source(&self, source: &str) {
        source.clone_into(&mut self.board.lock().shown.source);
    }

    /// The source's own end, as it names it.
    pub fn set_source_head(&self, head: Option<String>) {
        self.board.lock().shown.source_head = head;
    }

    /// What the source is to us from now on.
    pub fn set_state(&self, state: SourceState) {
        let shown = &mut self.board.lock().shown;
        if shown.state != state {
            shown.state = state;
            shown.since = self.clock.now();
        }
    }

    /// At `at` the source showed a head, and the log up to `log_position` holds everything up to that head.
    pub fn seen_head(&self, at: Timestamp, log_position: u64) {
        let mut board = self.board.lock();
        board.shown.last_proof_of_life = Some(at);
        while board.proofs.back().is_some_and(|last| last.log_position >= log_position) {
            board.proofs.pop_back();
        }
        board.proofs.push_back(Proof { at, log_position });
        if board.proofs.len() > PROOFS {
            let mut number = 0_usize;
            board.proofs.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
    }

    /// Changes the counts.
    pub fn update(&self, change: impl FnOnce(&mut SyncCounters)) {
        change(&mut self.board.lock().shown.counters);
    }

    /// From now on we have once had everything.
    pub fn set_synchronised(&self) {
        self.board.lock().shown.synchronised = true;
    }

    /// Everything at this moment.
    pub fn snapshot(&self) -> SyncSnapshot {
        self.board.lock().shown.clone()
    }

    /// The latest instant at which the source showed a head that whoever has applied the log up to `applied` has.
    pub fn caught_up_at(&self, applied: u64) -> Option<Timestamp> {
        let board = self.board.lock();
        let had = board.proofs.partition_point(|proof| proof.log_position <= applied);
        had.checked_sub(1).map(|last| board.proofs[last].at)
    }
}

impl fmt::Debug for SyncBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyncBoard({:?})", self.board.lock().shown)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use continuity_base::ManualClock;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn freshness_counts_from_heads_that_were_applied() {
        let board = SyncBoard::new(Arc::new(ManualClock::at(at(0))));
        assert_eq!(board.caught_up_at(100), None);
        board.seen_head(at(10), 5);
        board.seen_head(at(20), 9);
        assert_eq!(
            (board.caught_up_at(4), board.caught_up_at(5), board.caught_up_at(8)),
            (None, Some(at(10)), Some(at(10)))
        );
        assert_eq!(board.caught_up_at(9), Some(at(20)));
        board.seen_head(at(30), 9);
        assert_eq!(board.caught_up_at(9), Some(at(30)));
        assert_eq!(board.snapshot().last_proof_of_life, Some(at(30)));
    }

    #[test]
    fn forgetting_proofs_makes_the_answer_older_never_younger() {
        let board = SyncBoard::new(Arc::new(ManualClock::at(at(0))));
        for n in 0..5_000 {
            board.seen_head(at(n), n.unsigned_abs() * 2);
        }
        assert!(board.board.lock().proofs.len() <= PROOFS);
        for applied in 0..10_000_u64 {
            let exact = at(i64::try_from(applied / 2).unwrap());
            assert!(board.caught_up_at(applied).is_none_or(|seen| seen <= exact));
        }
    }

    #[test]
    fn the_state_remembers_since_when() {
        let clock = Arc::new(ManualClock::at(at(100)));
        let board = SyncBoard::new(clock.clone());
        clock.advance(Duration::from_secs(5));
        board.set_state(SourceState::Live);
        clock.advance(Duration::from_secs(5));
        board.set_state(SourceState::Live);
        board.set_source("file:feed");
        board.update(|counters| counters.events += 3);
        board.set_synchronised();
        let shown = board.snapshot();
        assert_eq!((shown.state.name(), shown.since, shown.source.as_str()), ("live", at(105), "file:feed"));
        assert!(shown.synchronised && shown.counters.events == 3);
    }
}
