//! In which partition each key was last seen, as far as memory is granted for it.

use std::collections::HashMap;
use std::time::Duration;

use continuity_base::Clock;
use metrics::counter;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::metrics::PARTITION_MOVES;

/// Keys per generation; two generations are kept: at most 128 Ki keys, some 4 MiB.
const KEYS: usize = 64 << 10;
/// How often a move is told in the log.
const TELL_EVERY: Duration = Duration::from_mins(1);

/// Notices a key that comes in another partition than before.
///
/// The events of one loan have one key and so one partition. If that is not so the replica's state is right all the
/// same, because order is by `sequence`; but gaps will open and close, and whoever configured the producer should know.
#[derive(Debug)]
pub(super) struct Keys {
    young: HashMap<u64, i32>,
    old: HashMap<u64, i32>,
    told_at: Option<Duration>,
    moves: u64,
}

impl Keys {
    /// No key yet; the metric shows that nothing moved.
    pub(super) fn new() -> Self {
        counter!(PARTITION_MOVES).increment(0);
        Self { young: HashMap::new(), old: HashMap::new(), told_at: None, moves: 0 }
    }

    /// A record's key, in the topic with that number; whether it moved.
    pub(super) fn saw(&mut self, topic_number: u64, partition: i32, key: &[u8]) -> bool {
        let hash = xxh3_64_with_seed(key, topic_number);
        let before = self.young.get(&hash).or_else(|| self.old.get(&hash)).copied();
        if self.young.len() >= KEYS && !self.young.contains_key(&hash) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, partition);
        before.is_some_and(|before| before != partition)
    }

    /// Counts a move, and tells it once in a while.
    pub(super) fn tell(&mut self, topic: &str, key: &[u8], clock: &dyn Clock) {
        counter!(PARTITION_MOVES).increment(1);
        self.moves += 1;
        let now = clock.monotonic();
        if self.told_at.is_none_or(|told| now.saturating_sub(told) >= TELL_EVERY) {
            self.told_at = Some(now);
            tracing::warn!(
                loan_request.id = %String::from_utf8_lossy(key),
                topic,
                moves = self.moves,
                "a key came in another partition than before: the producer's partitioner changed, or partitions were \
                 added. Order is by sequence, so nothing is wrong here, but events of a loan may now wait for each other"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_another_partition_is_noticed() {
        let mut keys = Keys::new();
        assert!(!keys.saw(0, 3, b"LR-1"));
        assert!(!keys.saw(0, 3, b"LR-1"));
        assert!(!keys.saw(1, 4, b"LR-1"), "another topic");
        assert!(keys.saw(0, 4, b"LR-1"));
        assert!(!keys.saw(0, 4, b"LR-1"), "told once");
    }

    #[test]
    fn memory_is_bounded_and_keeps_the_newest() {
        let mut keys = Keys::new();
        for n in 0..3 * KEYS {
            keys.saw(0, 0, &n.to_le_bytes());
        }
        assert!(keys.young.len() <= KEYS && keys.old.len() <= KEYS);
        assert!(keys.saw(0, 1, &(3 * KEYS - 1).to_le_bytes()));
        assert!(!keys.saw(0, 1, &0_usize.to_le_bytes()), "forgotten");
    }
}
