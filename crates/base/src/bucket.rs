//! A rate that is kept.

use std::time::Duration;

/// A token bucket: one second's worth may be spent at once; what is overdrawn is waited for.
#[derive(Debug)]
pub struct TokenBucket {
    rate: u64,
    /// When the bucket was full, or will be once what was overdrawn is waited for.
    full_at: Duration,
}

/// What may be saved up.
const BURST: Duration = Duration::from_secs(1);

impl TokenBucket {
    /// So much a second, at least 1.
    pub fn new(rate: u64) -> Self {
        Self { rate: rate.max(1), full_at: Duration::ZERO }
    }

    /// So much a second.
    pub fn rate(&self) -> u64 {
        self.rate
    }

    /// So much is spent at `now` on the monotonic clock; until when nothing more is to be.
    pub fn spend(&mut self, amount: u64, now: Duration) -> Duration {
        let nanos = u128::from(amount) * 1_000_000_000 / u128::from(self.rate);
        let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.full_at = self.full_at.max(now).saturating_add(cost);
        now.max(self.full_at.saturating_sub(BURST))
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
        let most = (now.saturating_sub(Duration::from_secs(100)) + BURST).as_secs_f64() * 1_048_576.0;
        #[expect(clippy::cast_precision_loss, reason = "a test of rates")]
        let read = read as f64;
        assert!(read <= most + 1.0 && read > most * 0.9, "{read} of {most}");
    }
}
