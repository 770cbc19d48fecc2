//! Checks access tokens.
//!
//! The library's defaults are too kind (no `aud` or `iss` needed, 60 s past `exp`, any `typ`), so header, times and length
//! are checked here, and the library checks signature, issuer, audience and that the required claims are there.

mod cache;
pub(crate) mod revoked;

#[cfg(test)]
mod forged;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::{Clock, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use serde::Deserialize;

use self::cache::{Cache, Person, Verified};
use crate::authorization::identity::Scopes;
use crate::control::force::InForce;
use crate::keys::ring::VerificationKey;
use crate::live::From;
use crate::people::directory::Standing;
use crate::reader;
use crate::token::{Audiences, Claims, MAX_TOKEN_SECONDS, Purpose, TYPE};
use crate::{Limits, Principal, ScopeSet, TokenError};

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

/// What a good token says.
pub(crate) struct Examined {
    pub(crate) client_id: String,
    pub(crate) token_id: String,
    /// The account or client that it speaks for.
    pub(crate) subject: String,
    /// The scopes that it has now.
    pub(crate) scope: String,
    /// What it is for.
    pub(crate) audience: String,
    /// `iat` and `exp`, in seconds since 1970.
    pub(crate) issued: i64,
    pub(crate) expires: i64,
    /// The thumbprint of the key that it is bound to, if it is to one.
    pub(crate) key: Option<Arc<str>>,
}

pub(crate) struct Verifier {
    force: InForce,
    audiences: Audiences,
    clock: Arc<dyn Clock>,
    cache: Cache,
}

impl Verifier {
    pub(crate) fn new(force: InForce, audiences: Audiences, clock: Arc<dyn Clock>) -> Self {
        Self { force, audiences, clock, cache: Cache::new() }
    }

    /// With the cache. Whatever the cache holds, time, key and client are asked each time.
    pub(crate) fn verify(&self, purpose: Purpose, token: &str, from: Option<IpAddr>) -> Result<Principal, TokenError> {
        match self.known(purpose, token, from)? {
            (principal, None) => Ok(principal),
            (_, Some(_)) => Err(TokenError::Bound),
        }
    }

    /// As [`Verifier::verify`], for a token that is bound to a key: its thumbprint, of which the caller asks a proof.
    pub(crate) fn verify_bound(
        &self,
        purpose: Purpose,
        token: &str,
        from: Option<IpAddr>,
    ) -> Result<(Principal, Arc<str>), TokenError> {
        match self.known(purpose, token, from)? {
            (principal, Some(key)) => Ok((principal, key)),
            (_, None) => Err(TokenError::Unbound),
        }
    }

    fn known(
        &self,
        purpose: Purpose,
        token: &str,
        from: Option<IpAddr>,
    ) -> Result<(Principal, Option<Arc<str>>), TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let (digest, from) = (cache::digest(token), From::Address(from));
        if let Some(verified) = self.cache.get(&digest) {
            return Ok((self.admit_for(purpose, &verified, from)?, verified.key.clone()));
        }
        let verified = Arc::new(self.signed(token)?);
        self.check_start(&verified)?;
        let key = verified.key.clone();
        // One that is good for something else is remembered too.
        let principal = self.admit(&verified, from)?;
        self.cache.insert(digest, Arc::clone(&verified));
        purpose.check(verified.scopes)?;
        Ok((principal, key))
    }

    /// Without the cache.
    pub(crate) fn verify_uncached(&self, token: &str, from: Option<IpAddr>) -> Result<Principal, TokenError> {
        let verified = self.signed(token)?;
        self.check_start(&verified)?;
        let principal = self.admit_for(Purpose::Data, &verified, From::Address(from))?;
        if verified.key.is_some() { Err(TokenError::Bound) } else { Ok(principal) }
    }

    /// What a token that is good now says, wherever it may be used: for questions about tokens.
    pub(crate) fn examine(&self, token: &str) -> Result<Examined, TokenError> {
        let verified = self.signed(token)?;
        self.check_start(&verified)?;
        let data = self.admit(&verified, From::Anywhere)?.scopes;
        let Verified { client_id, token_id, scopes, issued, expires, person, key, .. } = verified;
        let subject = person.map_or_else(|| client_id.clone(), |person| person.who.account.clone());
        let (scope, audience) = (scopes.within(data).to_string(), self.audiences.of(scopes).to_owned());
        Ok(Examined { client_id, token_id, subject, scope, audience, issued, expires, key })
    }

    /// The client, the id and the expiry of a token that was issued here and has not expired, whatever else is wrong with
    /// it now: for revocation.
    pub(crate) fn issued(&self, token: &str) -> Result<(String, String, i64), TokenError> {
        let verified = self.signed(token)?;
        if self.clock.now().as_seconds() >= verified.expires.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenError::Expired);
        }
        if self.force.revoked.contains(&verified.token_id) {
            return Err(TokenError::Revoked);
        }
        Ok((verified.client_id, verified.token_id, verified.expires))
    }

    fn admit_for(&self, purpose: Purpose, verified: &Verified, from: From) -> Result<Principal, TokenError> {
        purpose.check(verified.scopes)?;
        self.admit(verified, from)
    }

    /// What may change while a token lives.
    fn admit(&self, verified: &Verified, from: From) -> Result<Principal, TokenError> {
        let now = self.clock.now();
        if self.force.ring.set().get(&verified.key_id, now).is_none() {
            return Err(TokenError::UnknownKey);
        }
        if now.as_seconds() >= verified.expires.saturating_add(LEEWAY_SECONDS) {
            return Err(TokenError::Expired);
        }
        let terms = verified.client.admit(verified.generation, from)?;
        if terms.bound_only && verified.key.is_none() {
            return Err(TokenError::Unbound);
        }
        if verified.scopes.administers() && !terms.may_administer {
            return Err(TokenError::Revoked);
        }
        let standing = verified.person.as_ref().map(admit_person).transpose()?;
        let own = standing.as_ref().map_or_else(ScopeSet::all, |standing| standing.scopes);
        if self.force.revoked.contains(&verified.token_id) {
            return Err(TokenError::Revoked);
        }
        Ok(Principal {
            client_id: verified.client_id.clone(),
            scopes: verified.scopes.data.intersection(terms.scopes).intersection(own),
            expires_at: Timestamp::from_micros(verified.expires.saturating_mul(1_000_000)),
            token_id: verified.token_id.clone(),
            rate: terms.rate,
            person: verified.person.as_ref().map(|person| Arc::clone(&person.who)),
            limits: match &standing {
                Some(standing) => Limits::both(terms.limits.as_ref(), standing.limits.as_ref()),
                None => terms.limits.clone(),
            },
        })
    }

    /// What stays true of a token for good.
    fn signed(&self, token: &str) -> Result<Verified, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let header = parse_header(token)?;
        if header.typ != TYPE {
            return Err(TokenError::WrongType);
        }
        let keys = self.force.ring.set();
        let key = keys.get(&header.kid, self.clock.now()).ok_or(TokenError::UnknownKey)?;
        if header.alg.parse() != Ok(key.algorithm) {
            return Err(TokenError::WrongAlgorithm);
        }
        let claims = decode(token, key)?;
        let life = claims.exp.checked_sub(claims.iat).ok_or(TokenError::BadClaims)?;
        if life <= 0 || life > i64::from(MAX_TOKEN_SECONDS) {
            return Err(TokenError::BadClaims);
        }
        if claims.jti.is_empty() {
            return Err(TokenError::BadClaims);
        }
        let scopes = Scopes::parse(&claims.scope).map_err(|_| TokenError::BadClaims)?;
        if claims.aud != self.audiences.of(scopes) {
            return Err(TokenError::WrongAudience);
        }
        let person = self.person(&claims, scopes)?;
        let client = self.force.clients.live(&claims.client_id).ok_or(TokenError::UnknownClient)?;
        Ok(Verified {
            key_id: header.kid,
            client_id: claims.client_id,
            token_id: claims.jti,
            scopes,
            issued: claims.iat,
            starts: claims.nbf.map_or(claims.iat, |nbf| nbf.max(claims.iat)),
            expires: claims.exp,
            generation: claims.generation,
            client,
            key: claims.cnf.map(|cnf| cnf.jkt.into()),
            person,
        })
    }

    /// Whom a token speaks for: its client, or a person who let the client in, under a grant that goes on.
    fn person(&self, claims: &Claims, scopes: Scopes) -> Result<Option<Person>, TokenError> {
        let (grant, generation) = match (&claims.sid, claims.account_generation) {
            (None, None) if claims.sub == claims.client_id => return Ok(None),
            (Some(grant), Some(generation)) => (grant, generation),
            _ => return Err(TokenError::BadClaims),
        };
        let account = self.force.people.live(&claims.sub).ok_or(TokenError::UnknownAccount)?;
        let (grant, proved_at) = self.force.grants.live(grant).ok_or(TokenError::Revoked)?;
        let reader = reader::join(&claims.client_id, &claims.sub);
        let who = Arc::new(crate::Person { account: claims.sub.clone(), scopes, reader, proved_at });
        Ok(Some(Person { who, generation, account, grant }))
    }

    /// Whose an ID token of this server is, and for which client; it may have expired.
    pub(crate) fn id_token(&self, token: &str) -> Option<(String, String)> {
        #[derive(Deserialize)]
        struct Hint {
            sub: String,
            aud: String,
        }
        let kid = jsonwebtoken::decode_header(token).ok().filter(|_| token.len() <= MAX_TOKEN_BYTES)?.kid?;
        let keys = self.force.ring.set();
        let key = keys.get(&kid, self.clock.now())?;
        let mut validation = key.validation.clone();
        validation.validate_aud = false;
        let hint = jsonwebtoken::decode::<Hint>(token, &key.key, &validation).ok()?;
        // An access token has another type, and proves nothing about who is signed in.
        (hint.header.typ.as_deref() != Some(TYPE)).then_some((hint.claims.sub, hint.claims.aud))
    }

    fn check_start(&self, verified: &Verified) -> Result<(), TokenError> {
        let now = self.clock.now().as_seconds();
        if verified.starts > now.saturating_add(LEEWAY_SECONDS) { Err(TokenError::NotYetValid) } else { Ok(()) }
    }
}

/// What the person may read now, if the account is open and the grant goes on.
fn admit_person(person: &Person) -> Result<arc_swap::Guard<Arc<Standing>>, TokenError> {
    let standing = person.account.get();
    if !standing.open || standing.generation != person.generation || person.grant.has_ended() {
        return Err(TokenError::Revoked);
    }
    Ok(standing)
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
