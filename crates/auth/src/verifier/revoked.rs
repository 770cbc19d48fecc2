//! Access tokens that were revoked and may not have expired.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use continuity_base::Timestamp;
use parking_lot::RwLock;

use crate::token::MAX_TOKEN_SECONDS;

/// Revoked tokens that are remembered; some 100 bytes each.
const MOST: usize = 1_000_000;

/// Token id -> when it expires, in seconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct Revoked {
    /// Whether there is any: most of the time there is none, and each request asks.
    any: AtomicBool,
    tokens: RwLock<HashMap<String, i64>>,
}

impl Revoked {
    pub(crate) fn put(&self, id: String, expires: i64) {
        let mut tokens = self.tokens.write();
        tokens.insert(id, expires);
        self.any.store(true, Ordering::SeqCst);
    }

    /// Whether no more are remembered.
    pub(crate) fn is_full(&self) -> bool {
        self.tokens.read().len() >= MOST
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.any.load(Ordering::SeqCst) && self.tokens.read().contains_key(id)
    }

    /// Forgets those that are refused as expired anyhow, a day later: a clock that is set back brings none of them back.
    pub(crate) fn forget_expired(&self, now: Timestamp) {
        let now = now.as_seconds();
        let mut tokens = self.tokens.write();
        tokens.retain(|_, expires| now < expires.saturating_add(i64::from(MAX_TOKEN_SECONDS)));
        self.any.store(!tokens.is_empty(), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_lasts_as_long_as_its_token() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let revoked = Revoked::default();
        assert!(!revoked.contains("a"));
        revoked.put("a".to_owned(), 100);
        revoked.put("b".to_owned(), 200);
        assert!(revoked.contains("a") && revoked.contains("b") && !revoked.contains("c"));
        revoked.forget_expired(at(150));
        assert!(revoked.contains("a"));
        revoked.forget_expired(at(150 + 86_400));
        assert!(!revoked.contains("a") && revoked.contains("b") && !revoked.is_full());
        revoked.forget_expired(at(300 + 86_400));
        assert!(!revoked.contains("b"));
    }
}
