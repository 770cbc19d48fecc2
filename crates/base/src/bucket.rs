//! A rate that is kept.

use std::time::Duration;

/// A token bucket. Either what is overdrawn is waited for ([`TokenBucket::spend`]), or nothing is ever overdrawn
/// ([`TokenBucket::take`]).
#[derive(Clone, Debug)]
pub struct TokenBucket {
    rate: u64,
    /// Within which `rate` comes back.
    per: Duration,
    /// What may be saved up, as the time in which it comes back.
    burst: Duration,
    /// When the bucket was full, or will be once what was overdrawn is waited for.
    full_at: Duration,
}

impl TokenBucket {
    /// So much a second, at least 1, and one second's worth at once.
    pub fn new(rate: u64) -> Self {
        Self::with_burst(rate, Duration::from_secs(1), rate)
    }

    /// `rate` in each `per`, and `burst` at once after a pause; each at least 1.
    pub fn with_burst(rate: u64, per: Duration, burst: u64) -> Self {
        let mut bucket = Self { rate: rate.max(1), per, burst: Duration::ZERO, full_at: Duration::ZERO };
        bucket.burst = bucket.time_of(burst.max(1));
        bucket
    }

    /// So much in each period.
    pub fn rate(&self) -> u64 {
        self.rate
    }

    /// So much is spent at `now` on the monotonic clock; until when nothing more is to be.
    pub fn spend(&mut self, amount: u64, now: Duration) -> Duration {
        self.full_at = self.full_at.max(now).saturating_add(self.time_of(amount));
        now.max(self.full_at.saturating_sub(self.burst))
    }

    /// One is taken at `now`, if there is one; else how long it is until there is.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let full_at = self.full_at.max(now).saturating_add(self.time_of(1));
        let free_at = full_at.saturating_sub(self.burst);
        if free_at > now {
            return Err(free_at.saturating_sub(now));
        }
        self.full_at = full_at;
        Ok(())
    }

    /// How many could be taken at `now`.
    pub fn left(&self, now: Duration) -> u64 {
        let saved = self.burst.saturating_sub(self.until_full(now));
        u64::try_from(saved.as_nanos() / self.time_of(1).as_nanos().max(1)).unwrap_or(u64::MAX)
    }

    /// How long after `now` it is full again.
    pub fn until_full(&self, now: Duration) -> Duration {
        self.full_at.saturating_sub(now)
    }

    /// In which time so much comes back.
    fn time_of(&self, amount: u64) -> Duration {
        let nanos = u128::from(amount) * self.per.as_nanos() / u128::from(self.rate);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_a_long_time_the_rate_is_kept() {
        let mut bucket = TokenBucket::new(1 << 20);
        let (mut now, mut read) = (Duration::from_secs(100), 0_u64);
        for _ in 0..1_000 {
            read += 100_000;
            now = bucket.spend(100_000, now);
        }
        let most = (now.saturating_sub(Duration::from_secs(100)) + Duration::from_secs(1)).as_secs_f64() * 1_048_576.0;
        #[expect(clippy::cast_precision_loss, reason = "a test of rates")]
        let read = read as f64;
        assert!(read <= most + 1.0 && read > most * 0.9, "{read} of {most}");
    }

    #[test]
    fn what_is_taken_is_counted_down_and_comes_back() {
        let mut bucket = TokenBucket::with_burst(2, Duration::from_secs(1), 4);
        let start = Duration::from_secs(50);
        assert_eq!((bucket.left(start), bucket.until_full(start)), (4, Duration::ZERO));
        for left in [3, 2, 1, 0] {
            assert_eq!((bucket.take(start), bucket.left(start)), (Ok(()), left));
        }
        assert_eq!(bucket.take(start), Err(Duration::from_millis(500)));
        assert_eq!(bucket.until_full(start), Duration::from_secs(2));
        let later = start + Duration::from_millis(500);
        assert_eq!((bucket.take(later), bucket.take(later)), (Ok(()), Err(Duration::from_millis(500))));
        assert_eq!(bucket.left(start + Duration::from_mins(1)), 4, "no more than the burst is saved up");
    }

    #[test]
    fn a_rate_may_be_slower_than_one_a_second() {
        let mut bucket = TokenBucket::with_burst(3, Duration::from_mins(1), 1);
        assert_eq!(bucket.take(Duration::ZERO), Ok(()));
        assert_eq!(bucket.take(Duration::ZERO), Err(Duration::from_secs(20)));
    }
}
