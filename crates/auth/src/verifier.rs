//! Checks access tokens.
//!
//! The library's defaults are too kind (no `aud` or `iss` needed, 60 s past `exp`, any `typ`), so header, times and length
//! are checked here, and the library checks signature, issuer, audience and that the required claims are there.

mod cache;

#[cfg(test)]
mod forged;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::{Clock, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use serde::Deserialize;

use self::cache::{Cache, Verified};
use crate::control::clients::Clients;
use crate::keys::signing::{KeySet, VerificationKey};
use crate::token::{Claims, MAX_TOKEN_SECONDS, TYPE};
use crate::{Principal, ScopeSet, TokenError};

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// How far the clocks of two replicas may differ, in seconds.
pub(crate) const LEEWAY_SECONDS: i64 = 5;

/// The protected header of our own tokens. Anything more (`crit`, `jwk`, `jku`, `x5u`, `zip`, `b64`, ...) is refused, as is
/// a repeated parameter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenHeader {
    typ: String,
    alg: String,
    kid: String,
}

pub(crate) struct Verifier {
    keys: Arc<KeySet>,
    clients: Arc<Clients>,
    clock: Arc<dyn Clock>,
    cache: Cache,
}

impl Verifier {
    pub(crate) fn new(keys: Arc<KeySet>, clients: Arc<Clients>, clock: Arc<dyn Clock>) -> Self {
        Self { keys, clients, clock, cache: Cache::new() }
    }

    /// With the cache. Whatever the cache holds, time, key and client are asked each time.
    pub(crate) fn verify(&self, token: &str) -> Result<Principal, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let digest = cache::digest(token);
        if let Some(verified) = self.cache.get(&digest) {
            return self.admit(&verified);
        }
        let verified = Arc::new(self.check(token)?);
        let principal = self.admit(&verified)?;
        self.cache.insert(digest, verified);
        Ok(principal)
    }

    /// Without the cache.
    pub(crate) fn verify_uncached(&self, token: &str) -> Result<Principal, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        self.admit(&self.check(token)?)
    }

    /// What may change while a token lives.
    fn admit(&self, verified: &Verified) -> Result<Principal, TokenError> {
        if self.keys.get(&verified.key_id).is_none() {
            return Err(TokenError::UnknownKey);
        }
        let now = self.clock.now().as_seconds();
        if now >= verified.expires.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenError::Expired);
        }
        let owned = verified.client.admit(verified.generation)?;
        Ok(Principal {
            client_id: verified.client_id.clone(),
            scopes: verified.scopes.intersection(owned),
            expires_at: Timestamp::from_micros(verified.expires.saturating_mul(1_000_000)),
            token_id: verified.token_id.clone(),
        })
    }

    /// What stays true of a token for good.
    fn check(&self, token: &str) -> Result<Verified, TokenError> {
        let header = parse_header(token)?;
        if header.typ != TYPE {
            return Err(TokenError::WrongType);
        }
        let key = self.keys.get(&header.kid).ok_or(TokenError::UnknownKey)?;
        if header.alg.parse() != Ok(key.algorithm) {
            return Err(TokenError::WrongAlgorithm);
        }
        let claims = decode(token, key)?;
        self.check_times(&claims)?;
        if claims.sub != claims.client_id || claims.jti.is_empty() {
            return Err(TokenError::BadClaims);
        }
        let scopes = ScopeSet::parse(&claims.scope).map_err(|_| TokenError::BadClaims)?;
        let client = self.clients.live(&claims.client_id).ok_or(TokenError::UnknownClient)?;
        Ok(Verified {
            key_id: header.kid,
            client_id: claims.client_id,
            token_id: claims.jti,
            scopes,
            expires: claims.exp,
            generation: claims.generation,
            client,
        })
    }

    fn check_times(&self, claims: &Claims) -> Result<(), TokenError> {
        let now = self.clock.now().as_seconds();
        let life = claims.exp.checked_sub(claims.iat).ok_or(TokenError::BadClaims)?;
        if life <= 0 || life > i64::from(MAX_TOKEN_SECONDS) {
            return Err(TokenError::BadClaims);
        }
        let latest_start = claims.nbf.map_or(claims.iat, |nbf| nbf.max(claims.iat));
        if latest_start > now.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }
}

fn parse_header(token: &str) -> Result<TokenHeader, TokenError> {
    let (header, _) = token.split_once('.').ok_or(TokenError::Malformed)?;
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&header)
        .map_err(|e| if e.is_data() { TokenError::HeaderNotUnderstood } else { TokenError::Malformed })
}

fn decode(token: &str, key: &VerificationKey) -> Result<Claims, TokenError> {
    let decoded = jsonwebtoken::decode::<Claims>(token, &key.key, &key.validation);
    decoded.map(|token| token.claims).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => TokenError::BadSignature,
        ErrorKind::InvalidIssuer => TokenError::WrongIssuer,
        ErrorKind::InvalidAudience => TokenError::WrongAudience,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => TokenError::WrongAlgorithm,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) | ErrorKind::Json(_) => {
            TokenError::BadClaims
        }
        _ => TokenError::Malformed,
    })
}
