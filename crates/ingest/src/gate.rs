//! What lets the reader read: which connection it serves, and how fast it may read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use continuity_base::TokenBucket;
use parking_lot::Mutex;

/// The connection that the reader may serve, and the bandwidth that it has. The ingester opens and closes it; the reader
/// looks at it between two batches.
pub(crate) struct Gate {
    /// Number of the connection; 0: none.
    serving: AtomicU64,
    bucket: Option<Mutex<TokenBucket>>,
}

impl Gate {
    /// A closed gate; through it come at most that many bytes in a second.
    pub(crate) fn new(bytes_per_second: Option<u64>) -> Self {
        let bucket = bytes_per_second.map(|rate| Mutex::new(TokenBucket::new(rate)));
        Self { serving: AtomicU64::new(0), bucket }
    }

    /// Lets the reader serve that connection, and no other one.
    pub(crate) fn open(&self, connection: u64) {
        self.serving.store(connection, Ordering::SeqCst);
    }

    /// Whatever the reader serves now is to end.
    pub(crate) fn close(&self) {
        self.serving.store(0, Ordering::SeqCst);
    }

    /// Whether the reader is to go on with that connection.
    pub(crate) fn serves(&self, connection: u64) -> bool {
        self.serving.load(Ordering::SeqCst) == connection
    }

    /// How many bytes a batch may have: `most`, or what the bandwidth lets through in a second.
    pub(crate) fn batch_bytes(&self, most: usize) -> usize {
        let rate = self.bucket.as_ref().map(|bucket| bucket.lock().rate());
        rate.and_then(|rate| usize::try_from(rate).ok()).map_or(most, |rate| most.min(rate.max(1)))
    }

    /// So many bytes were read at `now` on the monotonic clock; until when nothing more is to be read.
    pub(crate) fn spend(&self, bytes: u64, now: Duration) -> Duration {
        self.bucket.as_ref().map_or(now, |bucket| bucket.lock().spend(bytes, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn without_a_bandwidth_nothing_waits() {
        let gate = Gate::new(None);
        assert_eq!((gate.spend(1 << 40, seconds(5)), gate.batch_bytes(4_096)), (seconds(5), 4_096));
    }

    #[test]
    fn a_second_may_be_saved_up_and_the_rest_is_waited_for() {
        let gate = Gate::new(Some(1_000));
        assert_eq!(gate.spend(1_000, seconds(10)), seconds(10));
        assert_eq!(gate.spend(3_000, seconds(10)), seconds(13));
        assert_eq!(gate.spend(1_000, seconds(13)), seconds(14));
        // A long silence saves up one second, no more.
        assert_eq!(gate.spend(2_000, seconds(900)), seconds(901));
        assert_eq!((gate.batch_bytes(4_096), gate.batch_bytes(10)), (1_000, 10));
    }

    #[test]
    fn one_connection_is_served_at_a_time() {
        let gate = Gate::new(None);
        assert!(!gate.serves(1));
        gate.open(1);
        assert!(gate.serves(1) && !gate.serves(2));
        gate.open(2);
        assert!(!gate.serves(1));
        gate.close();
        assert!(!gate.serves(2));
    }
}
