//! What the replica measured of itself, in bounded space: the last hour, day and 30 days, each in steps of its own length.
//!
//! A step keeps the worst lag and backlog that was seen in it, and sums of what is counted. A step in which nobody looked is
//! a gap, never a zero; a lag that was not known is not known. One small file keeps it over restarts. Where it cannot be
//! written the history goes on in memory, and [`History::is_kept`] says so.

mod file;
mod ring;
mod step;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Timestamp, causes};
use parking_lot::Mutex;

use crate::ring::Ring;

pub use step::{Counted, Sample, Step, Worst};

/// How far back, and in how long steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// An hour in steps of 10 s.
    #[default]
    Hour,
    /// A day in steps of 5 min.
    Day,
    /// 30 days in steps of 2 h.
    Month,
}

impl Range {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Month];

    /// The length of a step, in seconds.
    pub const fn step_seconds(self) -> u32 {
        match self {
            Self::Hour => 10,
            Self::Day => 300,
            Self::Month => 7_200,
        }
    }

    /// How many steps there are.
    pub const fn steps(self) -> usize {
        match self {
            Self::Hour | Self::Month => 360,
            Self::Day => 288,
        }
    }
}

/// Where everything stands at one moment: totals since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// See [`Sample::lag`].
    pub lag: Option<Duration>,
    /// See [`Sample::behind`].
    pub behind: Option<u64>,
    /// The newest end that the source showed, as a number that only grows.
    pub head: Option<u64>,
    /// The log's last position.
    pub logged: u64,
    /// The read models' position.
    pub applied: u64,
    /// Files of loans that are stored.
    pub stored: u64,
    /// Requests for data.
    pub reads: u64,
    /// Requests that were answered with 5xx.
    pub errors: u64,
}

impl Reading {
    /// What happened since `before`, which is `millis` ago. What went back, as after a rebuild, counts as nothing.
    fn since(&self, before: &Self, millis: u64) -> Counted {
        Counted {
            millis,
            offered: before.head.zip(self.head).map_or(0, |(before, now)| now.saturating_sub(before)),
            logged: self.logged.saturating_sub(before.logged),
            applied: self.applied.saturating_sub(before.applied),
            stored: self.stored.saturating_sub(before.stored),
            reads: self.reads.saturating_sub(before.reads),
            errors: self.errors.saturating_sub(before.errors),
        }
    }
}

/// The history. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct History(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    /// `None`: it is kept nowhere.
    path: Option<PathBuf>,
    state: Mutex<State>,
}

struct State {
    /// In the order of [`Range::ALL`].
    rings: [Ring; 3],
    /// The last look, and what the monotonic clock said.
    last: Option<(Duration, Reading)>,
    is_kept: bool,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("path", &self.0.path).finish_non_exhaustive()
    }
}

impl History {
    /// The history in that file, or a new one. A file that cannot be read is put aside with a warning.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Self {
        let history = Self::of(Some(path.to_owned()), clock);
        match file::read(path).map(|bytes| bytes.map(|bytes| file::decode(&bytes))) {
            Ok(None) => {}
            Ok(Some(Ok(kept))) => {
                for (ring, slots) in history.0.state.lock().rings.iter_mut().zip(kept) {
                    ring.restore(slots);
                }
            }
            Ok(Some(Err(why))) => put_aside(path, &why.to_string()),
            Err(error) => put_aside(path, &causes(&error)),
        }
        history
    }

    /// One that is kept nowhere.
    pub fn in_memory(clock: Arc<dyn Clock>) -> Self {
        Self::of(None, clock)
    }

    fn of(path: Option<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        let rings = Range::ALL.map(|range| Ring::new(range.step_seconds(), range.steps()));
        let state = State { rings, last: None, is_kept: true };
        Self(Arc::new(Shared { clock, path, state: Mutex::new(state) }))
    }

    /// Takes in where everything stands now.
    pub fn look(&self, reading: Reading) {
        let (at, mono) = (self.0.clock.now(), self.0.clock.monotonic());
        let mut state = self.0.state.lock();
        let millis = |before: Duration| u64::try_from(mono.saturating_sub(before).as_millis()).unwrap_or(u64::MAX);
        let counted = state.last.map(|(before, last)| reading.since(&last, millis(before)));
        let sample = Sample {
            lag: reading.lag.map(|lag| lag.as_secs()),
            backlog: reading.logged.saturating_sub(reading.applied),
            behind: reading.behind,
            counted,
        };
        state.last = Some((mono, reading));
        for ring in &mut state.rings {
            ring.take(at, &sample);
        }
    }

    /// The last look.
    pub fn last(&self) -> Option<Reading> {
        self.0.state.lock().last.map(|(_, reading)| reading)
    }

    /// The steps up to now, the oldest first, each with its begin; `None`: nobody measured.
    pub fn steps(&self, range: Range) -> Vec<(Timestamp, Option<Step>)> {
        let now = self.now();
        let state = self.0.state.lock();
        let ring = Range::ALL.iter().position(|known| *known == range).and_then(|place| state.rings.get(place));
        ring.map(|ring| ring.until(now)).unwrap_or_default()
    }

    /// What the history's clock shows.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Whether the file took what was last to be kept.
    pub fn is_kept(&self) -> bool {
        self.0.state.lock().is_kept
    }

    /// Keeps it over a restart. Blocks; where it fails the history goes on in memory, and one warning says so.
    pub fn save(&self) {
        let Some(path) = &self.0.path else { return };
        let rings: Vec<_> = self.0.state.lock().rings.iter().map(Ring::slots).collect();
        let saved = match file::encode(&rings) {
            Ok(bytes) => file::replace(path, &bytes).map_err(|error| causes(&error)),
            Err(error) => Err(error.to_string()),
        };
        let was_kept = std::mem::replace(&mut self.0.state.lock().is_kept, saved.is_ok());
        match saved {
            Err(cause) if was_kept => {
                tracing::warn!(cause, path = %path.display(), "the history is in memory only: its file cannot be written");
            }
            Ok(()) if !was_kept => tracing::info!(path = %path.display(), "the history is kept again"),
            _ => {}
        }
    }
}

fn put_aside(path: &Path, cause: &str) {
    match file::put_aside(path) {
        Ok(aside) => {
            tracing::warn!(cause, path = %path.display(), aside = %aside.display(), "the history cannot be read: a new one begins");
        }
        Err(error) => {
            tracing::warn!(cause, %error, path = %path.display(), "the history can neither be read nor put aside: a new one begins");
        }
    }
}
