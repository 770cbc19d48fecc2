//! One token bucket for each key, in bounded memory, and what a client is told of its own.
//!
//! The fields are those of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` says what is allowed (`q` in `w`
//! seconds), `RateLimit` what is left of it (`r`) and in how many seconds all of it is there again (`t`).

use std::sync::Arc;
use std::time::Duration;

use continuity_base::TokenBucket;
use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;
use quick_cache::sync::Cache;

use super::Rate;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Buckets by key. What is forgotten to make room was full, or is full for its key again: that errs for the client.
pub(crate) struct Rates {
    buckets: Cache<u64, Arc<Mutex<TokenBucket>>>,
}

/// What a key is allowed.
pub(crate) struct Allowance {
    name: &'static str,
    full: TokenBucket,
    policy: HeaderValue,
}

/// What is left of a bucket.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    policy: HeaderValue,
    name: &'static str,
    count: u64,
    until_full: Duration,
}

impl Rates {
    /// At most `keys` are remembered.
    pub(crate) fn new(keys: usize) -> Self {
        Self { buckets: Cache::new(keys) }
    }

    /// Takes one of what the key is allowed at `now`; else how long it is until there is one. A key has one allowance.
    pub(crate) fn take(&self, key: u64, allowance: &Allowance, now: Duration) -> (Left, Result<(), Duration>) {
        let made = || Ok::<_, std::convert::Infallible>(Arc::new(Mutex::new(allowance.full.clone())));
        let Ok(bucket) = self.buckets.get_or_insert_with(&key, made);
        let mut bucket = bucket.lock();
        let taken = bucket.take(now);
        (allowance.left(&bucket, now), taken)
    }

    /// Whether one could be taken; else how long it is until there is one. A key that nothing was taken for is not kept.
    pub(crate) fn look(&self, key: u64, allowance: &Allowance, now: Duration) -> Result<(), (Left, Duration)> {
        let Some(bucket) = self.buckets.get(&key) else { return Ok(()) };
        let bucket = bucket.lock();
        bucket.clone().take(now).map_err(|wait| (allowance.left(&bucket, now), wait))
    }
}

impl Allowance {
    pub(crate) fn new(name: &'static str, rate: Rate) -> Self {
        let full = TokenBucket::with_burst(rate.count, rate.per, rate.burst);
        let window = u128::from(rate.burst) * rate.per.as_millis() / u128::from(rate.count.max(1));
        let policy = format!("\"{name}\";q={};w={}", rate.burst, window.div_ceil(1_000).max(1));
        let policy = HeaderValue::from_maybe_shared(bytes::Bytes::from(policy)).expect("a name and digits");
        Self { name, full, policy }
    }

    fn left(&self, bucket: &TokenBucket, now: Duration) -> Left {
        let (count, until_full) = (bucket.left(now), bucket.until_full(now));
        Left { policy: self.policy.clone(), name: self.name, count, until_full }
    }
}

impl Left {
    /// Tells the client.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        for (name, value) in self.fields() {
            headers.append(name, value);
        }
    }

    /// Name and value of each field.
    pub(crate) fn fields(&self) -> [(HeaderName, HeaderValue); 2] {
        let text = format!("\"{}\";r={};t={}", self.name, self.count, seconds(self.until_full));
        let value = HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).expect("a name and digits");
        [(POLICY, self.policy.clone()), (LIMIT, value)]
    }
}

/// Whole seconds, rounded up.
pub(crate) fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1_000);

    fn allowance() -> Allowance {
        Allowance::new("client", Rate { count: 2, per: Duration::from_secs(1), burst: 3 })
    }

    fn shown(left: &Left) -> [String; 2] {
        left.fields().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
    }

    #[test]
    fn each_key_has_its_own_and_is_told_exactly() {
        let rates = Rates::new(100);
        for (left, until_full) in [(2, 1), (1, 1), (0, 2)] {
            let (told, taken) = rates.take(1, &allowance(), START);
            assert_eq!(taken, Ok(()));
            let wanted = [
                "ratelimit-policy: \"client\";q=3;w=2".to_owned(),
                format!("ratelimit: \"client\";r={left};t={until_full}"),
            ];
            assert_eq!(shown(&told), wanted);
        }
        assert_eq!(rates.take(1, &allowance(), START).1, Err(Duration::from_millis(500)));
        assert_eq!(rates.take(2, &allowance(), START).1, Ok(()), "another key");
        assert_eq!(rates.take(1, &allowance(), START + Duration::from_millis(500)).1, Ok(()));
    }

    #[test]
    fn looking_takes_nothing_and_keeps_nothing() {
        let rates = Rates::new(100);
        assert!((0..1_000).all(|key| rates.look(key, &allowance(), START).is_ok()));
        assert_eq!(rates.buckets.len(), 0);
        for _ in 0..3 {
            rates.take(7, &allowance(), START).1.unwrap();
        }
        let (left, wait) = rates.look(7, &allowance(), START).unwrap_err();
        assert_eq!((left.count, wait), (0, Duration::from_millis(500)));
    }

    #[test]
    fn memory_is_bounded_whatever_the_number_of_keys() {
        let rates = Rates::new(1_000);
        for key in 0..100_000 {
            rates.take(key, &allowance(), START).1.unwrap();
        }
        assert!(rates.buckets.len() <= 1_100, "{}", rates.buckets.len());
    }
}
