//! How fast bytes may come, and when to try again.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, TokenBucket};
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

/// Keeps everything that goes through it to a rate.
pub(crate) struct Pace {
    clock: Arc<dyn Clock>,
    bucket: Option<Mutex<TokenBucket>>,
}

impl Pace {
    /// 0 bytes a second: no bound.
    pub(crate) fn new(clock: Arc<dyn Clock>, per_second: u64) -> Self {
        let bucket = (per_second > 0).then(|| Mutex::new(TokenBucket::new(per_second)));
        Self { clock, bucket }
    }

    /// Counts the bytes, and waits until they may go on.
    pub(crate) async fn take(&self, bytes: u64) {
        let now = self.clock.monotonic();
        let until = self.bucket.as_ref().map_or(now, |bucket| bucket.lock().spend(bytes, now));
        let wait = until.saturating_sub(now);
        if wait > Duration::ZERO {
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_ten_minutes() {
        let waits: Vec<_> = [1, 2, 3, 10, 11, 1_000].into_iter().map(|n| longest_wait(n).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 512, 600, 600]);
        assert_eq!(backoff(3, 0.0), Duration::ZERO);
        assert_eq!(backoff(3, 0.5), Duration::from_secs(2));
        assert!((0..1_000).all(|n| backoff(n, rand::random()) <= LONGEST));
    }
}
