//! How fast bytes may come, and when to try again.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::Clock;
use parking_lot::Mutex;

/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_mins(10);
/// The first wait.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait after so many tries without success.
pub(crate) fn longest_wait(attempts: u32) -> Duration {
    FIRST.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1).min(20))).min(LONGEST)
}

/// Somewhere between nothing and the longest wait ("full jitter"), so that what failed together does not come back
/// together. `unit` is random in `0..1`.
pub(crate) fn backoff(attempts: u32, unit: f64) -> Duration {
    longest_wait(attempts).mul_f64(unit.clamp(0.0, 1.0))
}

/// A token bucket of one second over everything that goes through it.
pub(crate) struct Pace {
    clock: Arc<dyn Clock>,
    per_second: u64,
    /// Until when the rate is used up.
    spent_until: Mutex<Duration>,
}

impl Pace {
    /// 0 bytes a second: no bound.
    pub(crate) fn new(clock: Arc<dyn Clock>, per_second: u64) -> Self {
        Self { clock, per_second, spent_until: Mutex::default() }
    }

    /// Waits until so many bytes may go on.
    pub(crate) async fn take(&self, bytes: u64) {
        let wait = self.charge(bytes);
        if wait > Duration::ZERO {
            tokio::time::sleep(wait).await;
        }
    }

    /// Counts the bytes; how long to wait for them. A second's worth may go at once.
    pub(crate) fn charge(&self, bytes: u64) -> Duration {
        if self.per_second == 0 {
            return Duration::ZERO;
        }
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.per_second);
        let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let now = self.clock.monotonic();
        let mut spent_until = self.spent_until.lock();
        *spent_until = (*spent_until).max(now).saturating_add(cost);
        spent_until.saturating_sub(now + Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests {
    use continuity_base::ManualClock;

    use super::*;

    #[test]
    fn waits_grow_to_ten_minutes() {
        let waits: Vec<_> = [1, 2, 3, 10, 11, 1_000].into_iter().map(|n| longest_wait(n).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 512, 600, 600]);
        assert_eq!(backoff(3, 0.0), Duration::ZERO);
        assert_eq!(backoff(3, 0.5), Duration::from_secs(2));
        assert!((0..1_000).all(|n| backoff(n, rand::random()) <= LONGEST));
    }

    #[test]
    fn a_second_goes_at_once_and_the_rest_waits() {
        let clock = Arc::new(ManualClock::default());
        let pace = Pace::new(Arc::clone(&clock) as Arc<dyn Clock>, 1_000);
        assert_eq!(pace.charge(1_000), Duration::ZERO);
        assert_eq!(pace.charge(500), Duration::from_millis(500));
        clock.advance(Duration::from_secs(10));
        assert_eq!(pace.charge(1_000), Duration::ZERO);
        assert_eq!(Pace::new(clock, 0).charge(u64::MAX), Duration::ZERO);
    }
}
