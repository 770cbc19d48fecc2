//! Tokens that are bound to a key of the client: DPoP (RFC 9449).
//!
//! With each request the client sends a proof, a token of its own that it signs for that request alone. What is issued to a
//! proof names its key, and is good only with further proofs of it: whoever steals the token has not got the key. Nonces of
//! the server (section 8) are not given: proofs are good for a minute, once.

mod fault;
#[cfg(test)]
mod hostile;
mod proof;
mod replays;
#[cfg(test)]
pub(crate) mod tests;
mod url;

use std::net::IpAddr;

use continuity_base::Timestamp;
use subtle::ConstantTimeEq;

pub use fault::ProofFault;

use self::proof::Proved;
use self::replays::Replays;
use crate::authorization::exchange::invalid_grant;
use crate::control::clients::Grantee;
use crate::{Auth, Authentication, OAuthError, Principal, Purpose, TokenError, metrics};

/// The algorithms that proofs may be signed with, as metadata and challenges name them.
pub const PROOF_ALGORITHMS: &str = "RS256 PS256 ES256 EdDSA";

/// What came in the `DPoP` header of a request, and with which request.
#[derive(Clone, Copy)]
pub struct Proof<'a> {
    /// The header's value; `None` where there is none, or more than one.
    pub jwt: Option<&'a str>,
    /// The request's method.
    pub method: &'a str,
    /// The request's path, as it was sent.
    pub path: &'a str,
}

impl std::fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Checks proofs, and remembers which were used.
pub(crate) struct Proofs {
    issuer: String,
    replays: Replays,
}

impl Proofs {
    pub(crate) fn new(issuer: &str, now: Timestamp) -> Self {
        Self { issuer: issuer.to_owned(), replays: Replays::new(now.as_seconds()) }
    }
}

/// The key that a token request proves, if it proves one.
pub(crate) struct Holder(Option<Proved>);

impl Holder {
    /// Its thumbprint (RFC 7638).
    pub(crate) fn key(&self) -> Option<&str> {
        self.0.as_ref().map(|proved| proved.key.as_str())
    }

    pub(crate) fn into_key(self) -> Option<String> {
        self.0.map(|proved| proved.key)
    }

    /// The key that refresh tokens of this client are bound to: those of one that proves itself are bound by that (RFC 9449
    /// section 5).
    pub(crate) fn refresh_key(&self, client: &Grantee) -> Option<&str> {
        self.key().filter(|_| client.settings.authentication == Authentication::None)
    }

    /// Whether it has the key that something was bound to, if it was to any.
    pub(crate) fn has(&self, bound: Option<&str>) -> Result<(), OAuthError> {
        match (bound, self.key()) {
            (None, _) => Ok(()),
            (Some(bound), Some(key)) if same(bound, key) => Ok(()),
            (Some(_), _) => Err(invalid_grant("The code or refresh token is bound to a key: send a DPoP proof of it")),
        }
    }
}

impl Auth {
    /// Whose key a token request proves. A client whose tokens are bound has to prove one (RFC 9449 section 5.2).
    pub(crate) fn holder(&self, client: &Grantee, proof: Option<&Proof<'_>>) -> Result<Holder, OAuthError> {
        let Some(proof) = proof else {
            let needed = client.settings.dpop_bound_access_tokens;
            return if needed { Err(refused(client, ProofFault::Missing)) } else { Ok(Holder(None)) };
        };
        let read = proof::read(proof, &self.proofs().issuer, None, self.now().as_seconds());
        read.map(|proved| Holder(Some(proved))).map_err(|fault| refused(client, fault))
    }

    /// Uses up the proof of a token request, once everything else about the request is good: nobody else can fill what a
    /// client has room for.
    pub(crate) fn use_up(&self, holder: &Holder, client: &Grantee, account: Option<&str>) -> Result<(), OAuthError> {
        let Some(proved) = &holder.0 else { return Ok(()) };
        let owner = account.map_or_else(|| client.id.clone(), |account| crate::reader::join(&client.id, account));
        let used = self.proofs().replays.use_up(proved, &owner, self.monotonic());
        used.map_err(|fault| refused(client, fault))
    }

    /// Checks an access token that came with the scheme `DPoP`, and its proof (RFC 9449 section 7). Whatever is remembered
    /// of the token, the proof is checked each time.
    pub fn verify_bound(
        &self,
        purpose: Purpose,
        token: &str,
        proof: &Proof<'_>,
        from: Option<IpAddr>,
    ) -> Result<Principal, TokenError> {
        let verified = self.verified_with_proof(purpose, token, proof, from);
        verified.inspect_err(|error| metrics::token_refused(error.reason()))
    }

    /// Checks again an access token whose proof was checked when the request began that it came with.
    pub fn verify_bound_again(&self, token: &str, from: Option<IpAddr>) -> Result<Principal, TokenError> {
        let verified = self.verifier().verify_bound(Purpose::Data, token, from).map(|(principal, _)| principal);
        verified.inspect_err(|error| metrics::token_refused(error.reason()))
    }

    fn verified_with_proof(
        &self,
        purpose: Purpose,
        token: &str,
        proof: &Proof<'_>,
        from: Option<IpAddr>,
    ) -> Result<Principal, TokenError> {
        let (principal, key) = self.verifier().verify_bound(purpose, token, from)?;
        let (proofs, now) = (self.proofs(), self.now().as_seconds());
        let proved = proof::read(proof, &proofs.issuer, Some(token), now).map_err(TokenError::BadProof)?;
        if !same(&proved.key, &key) {
            return Err(TokenError::WrongKey);
        }
        let used = proofs.replays.use_up(&proved, principal.reader(), self.monotonic());
        used.map_err(TokenError::BadProof)?;
        Ok(principal)
    }
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn refused(client: &Grantee, fault: ProofFault) -> OAuthError {
    tracing::debug!(client.id = client.id, why = fault.description(), "a DPoP proof was refused");
    OAuthError::bad_request("invalid_dpop_proof", fault.description())
}
