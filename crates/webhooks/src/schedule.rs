//! When a message that did not arrive is sent again, and when it is given up. Pure.

use std::time::Duration;

use continuity_base::Timestamp;

/// How often a message is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The longest wait before the second attempt; it doubles with each.
    pub first: Duration,
    /// The longest wait of all.
    pub most: Duration,
    /// After so long without success a message is given up.
    pub give_up: Duration,
    /// The same where the receiver answers, and refuses it all that time.
    pub give_up_refused: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            most: Duration::from_hours(1),
            give_up: Duration::from_hours(24),
            give_up_refused: Duration::from_mins(15),
        }
    }
}

/// The attempts so far at one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempts {
    /// How many, all in vain.
    pub(crate) count: u32,
    /// When the first one was.
    pub(crate) first_at: Timestamp,
    /// Since when the receiver has refused it without a break; `None`: the last one was not refused.
    pub(crate) refused_since: Option<Timestamp>,
    /// How long the receiver asked us to wait.
    pub(crate) asked: Option<Duration>,
}

impl Retry {
    /// When to try again; `None`: it is given up. `chance` is evenly spread over 0 to 1: full jitter, so that receivers that
    /// come back are not hit by everybody at once. The last attempt is at the very end of the time.
    pub(crate) fn next(&self, attempts: Attempts, now: Timestamp, chance: f64) -> Option<Timestamp> {
        // An outage before it is not counted against a message that is refused.
        let refused_until = attempts.refused_since.map(|since| since.plus(self.give_up_refused));
        let end = refused_until.unwrap_or_else(|| attempts.first_at.plus(self.give_up));
        if now >= end {
            return None;
        }
        let doublings = attempts.count.saturating_sub(1).min(32);
        let most = self.first.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(self.most);
        let wait = most.mul_f64(chance.clamp(0.0, 1.0)).max(attempts.asked.unwrap_or_default());
        Some(now.plus(wait).min(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn after(count: u32) -> Attempts {
        Attempts { count, first_at: START, refused_since: None, asked: None }
    }

    fn wait(attempts: Attempts, chance: f64) -> Duration {
        Retry::default().next(attempts, START, chance).unwrap().since(START)
    }

    #[test]
    fn waits_double_up_to_the_longest_and_are_spread() {
        let longest: Vec<_> = (1..=12).map(|count| wait(after(count), 1.0).as_secs()).collect();
        assert_eq!(longest, [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
        assert_eq!(wait(after(u32::MAX), 1.0).as_secs(), 3_600);
        assert_eq!((wait(after(3), 0.0), wait(after(3), 0.25)), (Duration::ZERO, Duration::from_secs(5)));
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it_within_the_limit() {
        let asked = |secs| Attempts { asked: Some(Duration::from_secs(secs)), ..after(1) };
        assert_eq!(wait(asked(60), 0.5).as_secs(), 60);
        assert_eq!(wait(asked(1), 1.0).as_secs(), 5);
        assert_eq!(wait(asked(1_000_000), 0.5).as_secs(), 86_400);
    }

    #[test]
    fn the_last_attempt_is_at_the_end_and_then_it_is_given_up() {
        let retry = Retry::default();
        let late = START.plus(Duration::from_secs(86_399));
        assert_eq!(retry.next(after(40), late, 1.0), Some(START.plus(retry.give_up)));
        assert_eq!(retry.next(after(41), START.plus(retry.give_up), 0.0), None);
        let refused = Attempts { refused_since: Some(START), ..after(5) };
        assert_eq!(retry.next(refused, START.plus(Duration::from_secs(899)), 1.0).unwrap().since(START).as_secs(), 900);
        assert_eq!(retry.next(refused, START.plus(Duration::from_mins(15)), 0.0), None);
    }

    #[test]
    fn what_is_refused_after_an_outage_has_its_whole_time() {
        let retry = Retry::default();
        let answered = START.plus(Duration::from_hours(3));
        let refused = Attempts { refused_since: Some(answered), ..after(20) };
        assert_eq!(retry.next(refused, answered, 1.0), Some(answered.plus(retry.give_up_refused)));
        assert_eq!(retry.next(refused, answered.plus(retry.give_up_refused), 1.0), None);
    }

    #[test]
    fn in_a_day_there_are_enough_attempts_and_not_too_many() {
        let (retry, mut now, mut count) = (Retry::default(), START, 1);
        while let Some(next) = retry.next(after(count), now, 0.5) {
            (now, count) = (next, count + 1);
        }
        assert!((40..80).contains(&count), "{count}");
    }
}
