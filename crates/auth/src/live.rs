//! The part of a client that every request asks for.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{ScopeSet, TokenError};

/// Whether a client is enabled, its scopes and its token generation in one word: a request sees all of a change or nothing.
#[derive(Debug)]
pub(crate) struct LiveClient(AtomicU64);

impl LiveClient {
    pub(crate) fn new(enabled: bool, scopes: ScopeSet, generation: u32) -> Self {
        Self(AtomicU64::new(pack(enabled, scopes, generation)))
    }

    pub(crate) fn set(&self, enabled: bool, scopes: ScopeSet, generation: u32) {
        self.0.store(pack(enabled, scopes, generation), Ordering::SeqCst);
    }

    /// The client's scopes, if a token of that generation is good now.
    pub(crate) fn admit(&self, generation: u32) -> Result<ScopeSet, TokenError> {
        let word = self.0.load(Ordering::SeqCst);
        if word & 1 == 0 {
            return Err(TokenError::ClientDisabled);
        }
        if word >> 32 != u64::from(generation) {
            return Err(TokenError::Revoked);
        }
        let scopes = u16::try_from(word >> 8 & 0xffff).expect("masked to 16 bits");
        Ok(ScopeSet::from_bits(scopes))
    }
}

fn pack(enabled: bool, scopes: ScopeSet, generation: u32) -> u64 {
    u64::from(generation) << 32 | u64::from(scopes.bits()) << 8 | u64::from(enabled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_tokens_of_the_present_generation_of_an_enabled_client() {
        let live = LiveClient::new(true, ScopeSet::all(), 7);
        assert_eq!(live.admit(7), Ok(ScopeSet::all()));
        assert_eq!(live.admit(6), Err(TokenError::Revoked));
        live.set(false, ScopeSet::all(), u32::MAX);
        assert_eq!(live.admit(u32::MAX), Err(TokenError::ClientDisabled));
        live.set(true, ScopeSet::EMPTY, u32::MAX);
        assert_eq!(live.admit(u32::MAX), Ok(ScopeSet::EMPTY));
    }
}
