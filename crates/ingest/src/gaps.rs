//! How long gaps have been waited for, counted only while the source is connected.

use std::collections::VecDeque;
use std::time::Duration;

/// The finest step in which waiting times are told apart, as a part of the time that is waited.
const PARTS: u32 = 256;

/// Connected time, and at which connected time the log reached which position. Events that were held before this process
/// began wait anew: nobody knows how much of the time in between the source was connected.
#[derive(Debug)]
pub(crate) struct ConnectedTime {
    wait: Duration,
    total: Duration,
    last: Option<Duration>,
    /// (log position, connected time), ascending; the log was not further than the position at that time.
    samples: VecDeque<(u64, Duration)>,
}

impl ConnectedTime {
    /// Nothing was waited for yet; the log is at `position`.
    pub(crate) fn new(wait: Duration, position: u64) -> Self {
        Self { wait, total: Duration::ZERO, last: None, samples: VecDeque::from([(position, Duration::ZERO)]) }
    }

    /// It is `now` on the monotonic clock; until the next call the source is connected or not.
    pub(crate) fn tick(&mut self, now: Duration, connected: bool) {
        if let Some(last) = self.last {
            self.total += now.saturating_sub(last);
        }
        self.last = connected.then_some(now);
    }

    /// The log reached `position`.
    pub(crate) fn reached(&mut self, position: u64) {
        let mut newest = self.samples.iter().rev();
        let (last, before) = (newest.next().copied(), newest.next().copied());
        if last.is_some_and(|(known, _)| known >= position) {
            return;
        }
        if let (Some((_, last)), Some((_, before))) = (last, before)
            && self.total.saturating_sub(before) < self.wait / PARTS
            && last >= before
        {
            self.samples.pop_back();
        }
        self.samples.push_back((position, self.total));
    }

    /// What was held at or before this log position has waited long enough.
    pub(crate) fn due(&mut self) -> Option<u64> {
        let mut due = None;
        while let Some(&(position, at)) = self.samples.front()
            && self.total.saturating_sub(at) >= self.wait
        {
            due = Some(position);
            if self.samples.len() == 1 {
                break;
            }
            self.samples.pop_front();
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_mins(10);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn time_counts_only_while_connected() {
        let mut time = ConnectedTime::new(WAIT, 10);
        time.tick(seconds(5), true);
        time.tick(seconds(305), false);
        time.tick(seconds(9_000), true);
        time.tick(seconds(9_299), true);
        assert_eq!(time.due(), None);
        time.tick(seconds(9_300), true);
        assert_eq!(time.due(), Some(10));
    }

    #[test]
    fn later_positions_are_due_later() {
        let mut time = ConnectedTime::new(WAIT, 0);
        time.tick(seconds(0), true);
        for second in 0..=600 {
            time.tick(seconds(second), true);
            time.reached(second * 100);
        }
        assert!(time.samples.len() <= 2 * PARTS as usize + 2, "{}", time.samples.len());
        time.tick(seconds(700), true);
        let due = time.due().unwrap();
        assert!((9_700..=10_000).contains(&due), "{due}");
        assert_eq!(time.due(), None);
    }

    #[test]
    fn a_quiet_log_stays_due() {
        let mut time = ConnectedTime::new(WAIT, 7);
        time.tick(seconds(0), true);
        time.tick(seconds(600), true);
        assert_eq!((time.due(), time.due()), (Some(7), Some(7)));
        time.reached(8);
        assert_eq!(time.due(), Some(7));
        time.tick(seconds(1_200), true);
        assert_eq!(time.due(), Some(8));
    }
}
