//! Our clock and the source's: steps of ours, differences to theirs.

use std::collections::VecDeque;
use std::time::Duration;

use continuity_base::Timestamp;

/// Differences remembered per clock.
const SAMPLES: usize = 5;
/// A wall clock that moved this much more or less than the monotonic one, in microseconds, was stepped.
const STEP: i64 = 1_000_000;

/// Microseconds on the monotonic clock; signed, because something may have been true before the process began.
pub(super) type Mono = i64;

pub(super) fn mono(at: Duration) -> Mono {
    i64::try_from(at.as_micros()).unwrap_or(i64::MAX)
}

/// Time since `then`, never negative.
pub(super) fn age(now: Mono, then: Mono) -> Duration {
    Duration::from_micros(now.saturating_sub(then).max(0).unsigned_abs())
}

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) wall: Timestamp,
    pub(super) mono: Mono,
}

impl Moment {
    /// `then` as the wall clock would have shown it had it always gone as it goes now.
    pub(super) fn wall_at(self, then: Mono) -> Timestamp {
        Timestamp::from_micros(self.wall.as_micros().saturating_sub(self.mono.saturating_sub(then)))
    }
}

/// A step of our own wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// By how much, in microseconds; negative: back.
    pub micros: i64,
    /// How long ago.
    pub age: Duration,
}

/// Watches the wall clock against the monotonic one.
#[derive(Debug, Default)]
pub(super) struct Steps {
    before: Option<Moment>,
    last: Option<(i64, Mono)>,
    pub(super) number: u64,
}

impl Steps {
    /// By how much the wall clock was stepped since the last look, if it was.
    pub(super) fn look(&mut self, now: Moment) -> Option<i64> {
        let before = self.before.replace(now)?;
        let elapsed = now.mono.saturating_sub(before.mono);
        let moved = now.wall.as_micros().saturating_sub(before.wall.as_micros());
        let by = moved.saturating_sub(elapsed);
        // Slewing a clock changes its rate by less than a thousandth.
        let stepped = by.saturating_abs() > STEP.saturating_add(elapsed.max(0) / 1_000);
        if stepped {
            self.last = Some((by, now.mono));
            self.number += 1;
        }
        stepped.then_some(by)
    }

    pub(super) fn last(&self, now: Mono) -> Option<ClockStep> {
        self.last.map(|(micros, at)| ClockStep { micros, age: age(now, at) })
    }
}

/// Differences of one foreign clock to ours, in microseconds; positive: theirs is ahead.
#[derive(Debug, Default)]
pub(super) struct Skew(VecDeque<i64>);

impl Skew {
    pub(super) fn add(&mut self, theirs: Timestamp, ours: Timestamp) {
        self.0.push_back(theirs.as_micros().saturating_sub(ours.as_micros()));
        if self.0.len() > SAMPLES {
            self.0.pop_front();
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The middle one, so that a single message that was long on its way says nothing; of two, the one nearer to zero.
    pub(super) fn micros(&self) -> Option<i64> {
        let mut sorted: Vec<i64> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = sorted[(sorted.len() - 1) / 2];
        Some(if lower.saturating_abs() < upper.saturating_abs() { lower } else { upper })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn one_late_message_is_no_skew() {
        let mut skew = Skew::default();
        assert_eq!(skew.micros(), None);
        skew.add(at(0), at(20_000_000));
        skew.add(at(100), at(105));
        assert_eq!(skew.micros(), Some(-5));
        skew.add(at(200), at(207));
        assert_eq!(skew.micros(), Some(-7));
        for n in 0..3 {
            skew.add(at(9_000_000 + n), at(n));
        }
        assert_eq!(skew.micros(), Some(9_000_000));
        skew.clear();
        assert_eq!(skew.micros(), None);
    }

    #[test]
    fn a_step_shows_and_a_slewed_clock_does_not() {
        let mut steps = Steps::default();
        let moment = |wall, mono| Moment { wall: at(wall), mono };
        assert_eq!(steps.look(moment(0, 0)), None);
        assert_eq!(steps.look(moment(3_601_800_000, 3_600_000_000)), None);
        assert_eq!(steps.look(moment(3_602_800_000, 3_601_000_000)), None);
        assert_eq!(steps.look(moment(2_800_000, 3_602_000_000)), Some(-3_601_000_000));
        assert_eq!(steps.last(3_607_000_000), Some(ClockStep { micros: -3_601_000_000, age: Duration::from_secs(5) }));
        assert!(steps.look(moment(i64::MAX, 3_603_000_000)).is_some());
        assert_eq!(steps.number, 2);
    }

    #[test]
    fn instants_are_shown_by_the_clock_as_it_goes_now() {
        let now = Moment { wall: at(1_000), mono: 50 };
        assert_eq!((now.wall_at(40), now.wall_at(-10)), (at(990), at(940)));
        assert_eq!((age(50, 40), age(40, 50)), (Duration::from_micros(10), Duration::ZERO));
    }
}
