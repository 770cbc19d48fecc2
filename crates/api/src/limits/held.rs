//! What a reply holds until its last byte is taken: its place among the requests, and its share of memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::gate::Permit;

/// Goes with a reply as an extension, and lives as long as a byte of it is here.
#[derive(Clone, Default)]
pub(crate) struct Held {
    _permit: Option<Arc<Permit>>,
    _bytes: Option<Arc<Share>>,
}

impl Held {
    pub(crate) fn new(permit: Option<Permit>, bytes: Option<Share>) -> Self {
        Self { _permit: permit.map(Arc::new), _bytes: bytes.map(Arc::new) }
    }
}

/// Bytes that may be held by all replies together.
pub(crate) struct Budget {
    limit: usize,
    used: Arc<AtomicUsize>,
}

/// Some of a budget, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    bytes: usize,
    used: Arc<AtomicUsize>,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: Arc::default() }
    }

    /// Replies up to this many bytes count as nothing, so that health can be told and errors explained whatever others hold:
    /// what bounds them is the number of requests. At most 64 KiB.
    pub(crate) fn small(&self) -> usize {
        (self.limit / 1_024).min(64 << 10)
    }

    /// `None` when that is too much now. What is larger than the whole budget is let through alone.
    pub(crate) fn share(&self, bytes: usize) -> Option<Share> {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        let share = Share { bytes, used: Arc::clone(&self.used) };
        (before == 0 || before.saturating_add(bytes) <= self.limit).then_some(share)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_kept_and_given_back() {
        let budget = Budget::new(10);
        let first = budget.share(6).unwrap();
        assert!(budget.share(5).is_none());
        let second = budget.share(4).unwrap();
        drop((first, second));
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
        assert!(budget.share(100).is_some(), "one reply, however large");
    }
}
