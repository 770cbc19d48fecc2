//! The bounded cache of verified tokens.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest as sha256};

use crate::authorization::grants::LiveGrant;
use crate::authorization::identity::Scopes;
use crate::live::LiveClient;
use crate::metrics::CacheCounters;
use crate::people::directory::LiveAccount;

/// Tokens remembered; the least used go first. About 6 MB when full.
const CAPACITY: usize = 10_000;

/// What a valid signature proved; never a refusal, so garbage evicts nothing.
pub(super) struct Verified {
    pub(super) key_id: String,
    pub(super) client_id: String,
    pub(super) token_id: String,
    pub(super) scopes: Scopes,
    /// `iat` in seconds.
    pub(super) issued: i64,
    /// From when on it is good, in seconds.
    pub(super) starts: i64,
    /// `exp` in seconds.
    pub(super) expires: i64,
    pub(super) generation: u32,
    /// The client's state, asked at each hit.
    pub(super) client: Arc<LiveClient>,
    /// The thumbprint of the key that it is bound to, if it is to one.
    pub(super) key: Option<Arc<str>>,
    /// Of a token that speaks for a person.
    pub(super) person: Option<Person>,
}

/// A person's state and that of the grant, asked at each hit.
pub(super) struct Person {
    /// What requests are told of the person.
    pub(super) who: Arc<crate::Person>,
    pub(super) generation: u32,
    pub(super) account: Arc<LiveAccount>,
    pub(super) grant: Arc<LiveGrant>,
}

/// SHA-256 of the whole token, signature included: two tokens that differ anywhere never share an entry, and the cache
/// holds no token.
pub(super) type Digest = [u8; 32];

pub(super) fn digest(token: &str) -> Digest {
    let mut key = [0; 32];
    key.copy_from_slice(sha256(&SHA256, token.as_bytes()).as_ref());
    key
}

pub(super) struct Cache {
    entries: quick_cache::sync::Cache<Digest, Arc<Verified>>,
    counters: CacheCounters,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self { entries: quick_cache::sync::Cache::new(CAPACITY), counters: CacheCounters::new() }
    }

    pub(super) fn get(&self, digest: &Digest) -> Option<Arc<Verified>> {
        let entry = self.entries.get(digest);
        if entry.is_some() {
            self.counters.hits.increment(1);
        } else {
            self.counters.misses.increment(1);
        }
        entry
    }

    pub(super) fn insert(&self, digest: Digest, verified: Arc<Verified>) {
        self.entries.insert(digest, verified);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}
