//! The token endpoint's request and its two answers (RFC 6749 sections 5.1 and 5.2).

use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

/// A request to the token endpoint, as it arrived.
#[derive(Clone, Copy)]
pub struct TokenRequest<'a> {
    /// The `Content-Type` header: form or JSON.
    pub content_type: Option<&'a str>,
    /// The `Authorization` header. More than one is for the caller to refuse.
    pub authorization: Option<&'a str>,
    /// Where it came from, if over a network.
    pub address: Option<IpAddr>,
    /// The body, at most [`MAX_TOKEN_REQUEST_BYTES`] (a longer one is refused with 413).
    pub body: &'a [u8],
}

impl TokenRequest<'_> {
    /// Which client it claims to come from, unchecked; `None` when it does not say, or cannot be read.
    pub fn claimed_client(&self) -> Option<String> {
        crate::token_endpoint::claimed_client(self)
    }
}

/// The longest body of a token request in bytes.
pub const MAX_TOKEN_REQUEST_BYTES: usize = 16 * 1024;

impl fmt::Debug for TokenRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("content_type", &self.content_type)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A token was issued: status 200, `Cache-Control: no-store`, `Content-Type: application/json`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct TokenResponse {
    /// The access token (RFC 9068).
    pub access_token: String,
    /// `Bearer`, or `DPoP` where it is bound to a key (RFC 9449 section 5).
    pub token_type: &'static str,
    /// Life in seconds.
    pub expires_in: u32,
    /// The scopes granted, always present.
    pub scope: String,
    /// For the next access token, where a person let the client in and it may have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Who the person is, where `openid` was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The answer is the access token alone, as text.
    #[serde(skip)]
    pub(crate) bare: bool,
}

impl TokenResponse {
    /// The media type and the body to send.
    pub fn to_body(&self) -> (&'static str, String) {
        if self.bare {
            return ("text/javascript; charset=utf-8", self.access_token.clone());
        }
        ("application/json", serde_json::json!(self).to_string())
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("access_token", &"[redacted]")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// A token was refused. The answer carries `Cache-Control: no-store` and `Content-Type: application/json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// The HTTP status: 401 for `invalid_client`, 413 for an over-long body, 503 when overloaded or broken, else 400.
    pub status: u16,
    /// The code of RFC 6749 section 5.2.
    pub error: &'static str,
    /// For developers; fixed ASCII text that repeats nothing of the request.
    pub description: &'static str,
    /// The value of `WWW-Authenticate`; with 401 only.
    pub challenge: Option<String>,
    /// The value of `Retry-After` in seconds; with 503 only.
    pub retry_after: Option<u32>,
}

impl OAuthError {
    /// The body to send.
    pub fn to_json(&self) -> String {
        serde_json::json!({ "error": self.error, "error_description": self.description }).to_string()
    }

    pub(crate) fn bad_request(error: &'static str, description: &'static str) -> Self {
        Self { status: 400, error, description, challenge: None, retry_after: None }
    }

    pub(crate) fn invalid_request(description: &'static str) -> Self {
        Self::bad_request("invalid_request", description)
    }

    pub(crate) fn too_large() -> Self {
        Self { status: 413, ..Self::invalid_request("The request body is too long") }
    }

    pub(crate) fn unavailable(description: &'static str) -> Self {
        Self { status: 503, retry_after: Some(1), ..Self::bad_request("temporarily_unavailable", description) }
    }

    /// The same text whether the client is unknown, disabled or gave a wrong secret.
    pub(crate) fn invalid_client(realm: &str) -> Self {
        Self {
            status: 401,
            challenge: Some(format!("Basic realm=\"{realm}\", charset=\"UTF-8\"")),
            ..Self::bad_request("invalid_client", "Client authentication failed")
        }
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.error, self.description)
    }
}

impl std::error::Error for OAuthError {}
