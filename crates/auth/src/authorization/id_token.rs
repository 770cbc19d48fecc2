//! The ID token (OpenID Connect Core section 2): who signed in, for the application alone.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;

use super::event::GrantStarted;
use super::identity::{Identity, Scopes};
use crate::keys::ring::KeySet;
use crate::{AccountSettings, AuthError};

/// How long one is good, in seconds: for signing in at the application, not for a session there.
const LIFE_SECONDS: i64 = 3_600;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct IdClaims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    /// Absent where the bank's provider did not say when the person proved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    amr: Vec<String>,
    sid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

impl IdClaims {
    pub(crate) fn new(
        issuer: &str,
        started: &GrantStarted,
        scopes: Scopes,
        settings: AccountSettings,
        nonce: Option<String>,
    ) -> Self {
        Self {
            iss: issuer.to_owned(),
            sub: started.account.clone(),
            aud: started.client.clone(),
            iat: 0,
            exp: 0,
            auth_time: Some(started.authenticated_at).filter(|at| *at > 0),
            amr: started.methods.clone(),
            sid: started.id.clone(),
            at_hash: None,
            nonce,
            name: scopes.has(Identity::Profile).then_some(settings.name),
            email: scopes.has(Identity::Email).then_some(settings.email),
        }
    }

    /// Signs it beside that access token.
    pub(crate) fn sign(mut self, access_token: &str, now: i64, keys: &KeySet) -> Result<String, AuthError> {
        let (id, algorithm, key) = keys.active().ok_or(AuthError::Crypto("there is no active signing key"))?;
        (self.iat, self.exp) = (now, now.saturating_add(LIFE_SECONDS));
        // Ed25519 has no hash of its own in JWS, and none is agreed on (Core section 3.1.3.6): left out there.
        self.at_hash = (algorithm != Algorithm::EdDSA).then(|| half_hash(access_token));
        let mut header = Header::new(algorithm);
        header.kid = Some(id.to_owned());
        jsonwebtoken::encode(&header, &self, key).map_err(|_| AuthError::Crypto("the signing key does not sign"))
    }
}

/// The left half of the token's SHA-256.
fn half_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, token.as_bytes()).as_ref()[..16])
}
