//! The handle that the rest of the program holds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Clock;

use crate::{
    Access, AccessEntry, AuthError, Client, Created, NewClient, OAuthError, Principal, TokenError, TokenRequest,
    TokenResponse,
};

/// Where the authorization server keeps its state and who it is.
#[derive(Clone)]
pub struct AuthOptions {
    /// The data directory: the control log, the keys and the control read model live below it.
    pub dir: PathBuf,
    /// The public URL without a trailing slash: `iss`; tokens are for `{issuer}/api/v1`.
    pub issuer: String,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Life of tokens in seconds of clients that have none of their own: 60 to 86,400.
    pub default_token_seconds: u32,
    /// The realm of challenges.
    pub realm: String,
}

impl AuthOptions {
    /// Options with tokens of one hour.
    pub fn new(dir: impl Into<PathBuf>, issuer: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self {
            dir: dir.into(),
            issuer: issuer.into(),
            clock,
            default_token_seconds: 3_600,
            realm: "continuity".to_owned(),
        }
    }
}

/// The authorization server. Cheap to clone.
#[derive(Clone)]
pub struct Auth {}

#[expect(clippy::todo, clippy::unused_async, reason = "the bodies follow")]
impl Auth {
    /// Opens the control log, makes the keys at the first start, and replays what the read model lacks.
    pub fn open(_options: AuthOptions) -> Result<Self, AuthError> {
        todo!()
    }

    /// Writes what is pending and closes the control log; every later change is refused.
    pub fn close(&self) {
        todo!()
    }

    /// The same server, whose changes are recorded as made by `actor` ("cli", "demo", ...; "local" unless set).
    #[must_use]
    pub fn acting_as(&self, _actor: &str) -> Self {
        todo!()
    }

    /// Answers a request to the token endpoint.
    pub async fn token(&self, _request: TokenRequest<'_>) -> Result<TokenResponse, OAuthError> {
        todo!()
    }

    /// Checks an access token and the state of its client. Cached; never blocks.
    pub fn verify(&self, _token: &str) -> Result<Principal, TokenError> {
        todo!()
    }

    /// The public keys as a JWK Set (RFC 7517).
    pub fn jwks(&self) -> String {
        todo!()
    }

    /// Creates a client. Blocks until it is durable.
    pub fn create_client(&self, _new: NewClient) -> Result<Created, AuthError> {
        todo!()
    }

    /// All clients, oldest first.
    pub fn list_clients(&self) -> Vec<Client> {
        todo!()
    }

    /// One client.
    pub fn client(&self, _id: &str) -> Option<Client> {
        todo!()
    }

    /// Enables or disables a client. Blocks until it is durable; once it returns, a disabled client's tokens are refused.
    pub fn set_enabled(&self, _id: &str, _enabled: bool) -> Result<Client, AuthError> {
        todo!()
    }

    /// Gives a client a new secret; the present one is accepted for `overlap` more. Tokens stay valid. Blocks until it is durable.
    pub fn rotate_secret(&self, _id: &str, _overlap: Duration) -> Result<Created, AuthError> {
        todo!()
    }

    /// Records a read of sensitive data: durable when it returns. On an error the data must not be sent.
    pub async fn record_access(&self, _access: Access) -> Result<(), AuthError> {
        todo!()
    }

    /// The recorded reads of one loan, oldest first.
    pub fn access_entries(&self, _loan: &str) -> Result<Vec<AccessEntry>, AuthError> {
        todo!()
    }
}
