//! What a reply holds until its last byte is taken: its place among the requests, and its share of memory.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

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
    used: Arc<Mutex<Used>>,
}

/// What is held, in all and by whom.
#[derive(Debug, Default)]
struct Used {
    all: usize,
    each: HashMap<u64, usize>,
}

/// Some of a budget, given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    bytes: usize,
    who: u64,
    used: Arc<Mutex<Used>>,
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

    /// `None` when that is too much now: beside what all hold, or beside the quarter that one may hold. Who holds nothing may
    /// have one reply that is larger than that, and what is larger than the whole budget is let through alone.
    pub(crate) fn share(&self, who: u64, bytes: usize) -> Option<Share> {
        let mut used = self.used.lock();
        let own = used.each.get(&who).copied().unwrap_or(0);
        let fits_all = used.all == 0 || used.all.saturating_add(bytes) <= self.limit;
        let fits_one = own == 0 || own.saturating_add(bytes) <= self.limit / 4;
        if !fits_all || !fits_one {
            return None;
        }
        used.all += bytes;
        *used.each.entry(who).or_default() += bytes;
        Some(Share { bytes, who, used: Arc::clone(&self.used) })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut used = self.used.lock();
        used.all -= self.bytes;
        let left = used.each.get(&self.who).map_or(0, |own| own - self.bytes);
        if left == 0 {
            used.each.remove(&self.who);
        } else {
            used.each.insert(self.who, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_kept_and_given_back() {
        let budget = Budget::new(10);
        let first = budget.share(1, 6).unwrap();
        assert!(budget.share(2, 5).is_none());
        let second = budget.share(2, 4).unwrap();
        drop((first, second));
        assert!(budget.used.lock().each.is_empty());
        assert!(budget.share(1, 100).is_some(), "one reply, however large");
    }

    #[test]
    fn nobody_holds_more_than_a_quarter() {
        let budget = Budget::new(100);
        let _own = [budget.share(1, 20).unwrap(), budget.share(1, 5).unwrap()];
        assert!(budget.share(1, 1).is_none());
        assert!(budget.share(2, 60).is_some(), "the first one may be larger");
    }
}
