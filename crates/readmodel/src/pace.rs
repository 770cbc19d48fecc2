//! How fast counted work goes, and when it will be done.

use std::collections::VecDeque;
use std::time::Duration;

/// The span over which the rate is taken.
const SPAN: Duration = Duration::from_mins(1);
/// Observations that are kept at most; more often than so many in a span they replace the newest one.
const KEPT: u32 = 60;

/// Progress of a piece of work at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How much is done.
    pub done: u64,
    /// How much there is in all; 0: unknown.
    pub expected: u64,
    /// How much was done a minute, lately.
    pub per_minute: u64,
    /// At that rate, how long the rest takes; `None` while nothing can be said.
    pub left: Option<Duration>,
}

impl Progress {
    /// Whole percent; `None` while the whole is unknown.
    pub fn percent(&self) -> Option<u64> {
        let percent = u128::from(self.done.min(self.expected)) * 100 / u128::from(self.expected.max(1));
        (self.expected > 0).then(|| u64::try_from(percent).unwrap_or(100))
    }
}

/// Takes the rate of something that is counted over the last minute.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    seen: VecDeque<(Duration, u64)>,
}

impl Pace {
    /// At `now` (monotonic) so much was done. A count that falls begins anew.
    pub fn see(&mut self, now: Duration, done: u64) {
        if self.seen.back().is_some_and(|(_, last)| done < *last) {
            self.seen.clear();
        }
        let (second_last, newest) = (self.seen.iter().rev().nth(1), self.seen.back());
        if let (Some((before, _)), Some((last, _))) = (second_last, newest)
            && last.saturating_sub(*before) < SPAN / KEPT
        {
            self.seen.pop_back();
        }
        self.seen.push_back((now, done));
        while self.seen.get(1).is_some_and(|(at, _)| now.saturating_sub(*at) >= SPAN) {
            self.seen.pop_front();
        }
    }

    /// Progress as of the newest observation; `expected` 0: unknown.
    pub fn progress(&self, expected: u64) -> Progress {
        let (Some(&(since, before)), Some(&(now, done))) = (self.seen.front(), self.seen.back()) else {
            return Progress { expected, ..Progress::default() };
        };
        let (took, did) = (now.saturating_sub(since).as_millis(), u128::from(done - before));
        let per_minute = u64::try_from((did * 60_000).checked_div(took).unwrap_or_default()).unwrap_or(u64::MAX);
        let rest = u128::from(expected.saturating_sub(done));
        let left = (rest * took).checked_div(did).and_then(|millis| u64::try_from(millis).ok());
        let left = left.filter(|_| expected > 0).map(Duration::from_millis);
        Progress { done, expected, per_minute, left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_rate_is_that_of_the_last_minute() {
        let mut pace = Pace::default();
        assert_eq!(pace.progress(10).left, None);
        // Ten a second for two minutes, then one a second.
        for second in 0..=120 {
            pace.see(seconds(second), second * 10);
        }
        let progress = pace.progress(2_400);
        assert_eq!((progress.done, progress.per_minute, progress.percent()), (1_200, 600, Some(50)));
        assert_eq!(progress.left, Some(seconds(120)));
        for second in 121..=240 {
            pace.see(seconds(second), 1_200 + second - 120);
        }
        assert_eq!(pace.progress(2_400).per_minute, 60);
        assert_eq!(pace.progress(2_400).left, Some(seconds(1_080)));
    }

    #[test]
    fn memory_is_bounded_whatever_is_seen() {
        let mut pace = Pace::default();
        for milli in 0..100_000 {
            pace.see(Duration::from_millis(milli), milli);
        }
        assert!(pace.seen.len() <= KEPT as usize + 2, "{}", pace.seen.len());
        assert!((59_000..=61_000).contains(&pace.progress(0).per_minute), "{:?}", pace.progress(0));
    }

    #[test]
    fn nothing_is_said_that_is_not_known() {
        let mut pace = Pace::default();
        pace.see(seconds(1), 5);
        assert_eq!(pace.progress(10), Progress { done: 5, expected: 10, per_minute: 0, left: None });
        pace.see(seconds(2), 5);
        assert_eq!(pace.progress(10).left, None, "it stands still");
        pace.see(seconds(3), 8);
        assert_eq!((pace.progress(0).left, pace.progress(0).percent()), (None, None));
        assert_eq!(pace.progress(4).left, Some(Duration::ZERO), "more than was announced");
        pace.see(seconds(4), 1);
        assert_eq!(pace.progress(10).per_minute, 0, "a smaller count begins anew");
    }
}
