//! The access token: JWT profile of RFC 9068.

use jsonwebtoken::Header;
use serde::{Deserialize, Serialize};

use crate::authorization::identity::Scopes;
use crate::keys::ring::KeySet;
use crate::{AuthError, OAuthError, TokenError};

/// `typ` of an access token (RFC 9068 section 2.1).
pub(crate) const TYPE: &str = "at+jwt";
/// The shortest life of a token in seconds.
pub const MIN_TOKEN_SECONDS: u32 = 60;
/// The longest life of a token in seconds.
pub const MAX_TOKEN_SECONDS: u32 = 24 * 3_600;

/// The claims (RFC 9068 section 2.2). Serde refuses a repeated claim, so there is one reading of each.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    /// One audience as a string; an array is refused.
    pub(crate) aud: String,
    pub(crate) sub: String,
    pub(crate) client_id: String,
    pub(crate) jti: String,
    /// Whole seconds since 1970; so are the next two.
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<i64>,
    pub(crate) scope: String,
    /// The client's token generation when the token was issued. Disabling a client raises it, so that no token from
    /// before comes back when it is enabled again.
    #[serde(rename = "gen")]
    pub(crate) generation: u32,
    /// What it was issued under, where a person let the client in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    /// The account's generation then.
    #[serde(default, rename = "acc_gen", skip_serializing_if = "Option::is_none")]
    pub(crate) account_generation: Option<u32>,
    /// The key that it is bound to (RFC 7800 section 3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cnf: Option<Confirmation>,
}

/// Of a token that is bound to a key.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// The key's thumbprint (RFC 9449 section 6.1).
    pub(crate) jkt: String,
}

/// What a token is to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Data of the replica.
    Data,
    /// The administration: it speaks for a person, whose roles are to be asked for.
    Administration,
    /// To tell who the person is: of either.
    Identity,
}

impl Purpose {
    /// Whether a token of these scopes is for it.
    pub(crate) fn check(self, scopes: Scopes) -> Result<(), TokenError> {
        match (self, scopes.administers()) {
            (Self::Data, false) | (Self::Administration, true) | (Self::Identity, _) => Ok(()),
            (Self::Data, true) | (Self::Administration, false) => Err(TokenError::WrongAudience),
        }
    }
}

/// What tokens are for.
#[derive(Clone, Debug)]
pub(crate) struct Audiences {
    pub(crate) data: String,
    pub(crate) administration: String,
}

impl Audiences {
    pub(crate) fn new(issuer: &str) -> Self {
        Self { data: format!("{issuer}/api/v1"), administration: format!("{issuer}/api/v1/admin") }
    }

    /// What a token of these scopes is for.
    pub(crate) fn of(&self, scopes: Scopes) -> &str {
        if scopes.administers() { &self.administration } else { &self.data }
    }

    /// The resource that a request names, if it is one of them.
    pub(crate) fn known(&self, resource: Option<String>) -> Result<Option<String>, OAuthError> {
        match resource {
            Some(other) if other != self.data && other != self.administration => Err(not_served()),
            known => Ok(known),
        }
    }

    /// RFC 8707 section 2: the resource, where one is named, has to be that.
    pub(crate) fn check(&self, resource: Option<&str>, scopes: Scopes) -> Result<(), OAuthError> {
        if resource.is_none_or(|resource| resource == self.of(scopes)) {
            return Ok(());
        }
        Err(not_served())
    }
}

fn not_served() -> OAuthError {
    OAuthError::bad_request("invalid_target", "The resource is not served here, or not with these scopes")
}

/// Signs the claims with the active key.
pub(crate) fn sign(claims: &Claims, keys: &KeySet) -> Result<String, AuthError> {
    let (id, algorithm, key) = keys.active().ok_or(AuthError::Crypto("there is no active signing key"))?;
    let mut header = Header::new(algorithm);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(id.to_owned());
    jsonwebtoken::encode(&header, claims, key).map_err(|_| AuthError::Crypto("the signing key does not sign"))
}
