//! The token endpoint: client credentials (RFC 6749 section 4.4).

mod credentials;
mod parameters;
mod urlencoded;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use continuity_base::Clock;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use self::credentials::{Assertion, Presented};
use self::parameters::Parameters;
use crate::control::clients::{Clients, Grantee};
use crate::keys::assertion::Assertions;
use crate::keys::ring::Ring;
use crate::keys::secret::{self, Pepper};
use crate::oauth::{OAuthError, TokenRequest, TokenResponse};
use crate::token::{Claims, sign};
use crate::{AuthError, GrantType, ScopeSet, metrics};

/// Paths at which clients prove who they are.
const ENDPOINTS: &[&str] = &[
    "/api/v1/oauth/token",
    "/oauth/token",
    "/api/v1/oauth/revoke",
    "/oauth/revoke",
    "/api/v1/oauth/introspect",
    "/oauth/introspect",
];
/// Requests that may wait for a signature; one more is told to come again.
const MAX_WAITING: usize = 256;

pub(crate) struct TokenEndpoint {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) realm: String,
    pub(crate) default_token_seconds: u32,
    pub(crate) keys: Arc<Ring>,
    pub(crate) pepper: Pepper,
    pub(crate) clients: Arc<Clients>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) assertions: Assertions,
    pub(crate) gate: Gate,
}

/// Bounds what signing (about 0.6 ms of CPU each) may take from everything else.
pub(crate) struct Gate {
    waiting: Semaphore,
    signing: Semaphore,
}

impl Gate {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { waiting: Semaphore::new(MAX_WAITING), signing: Semaphore::new(cores) }
    }
}

/// What a client asks about a token.
pub(crate) struct Asked {
    pub(crate) client: Grantee,
    pub(crate) token: Zeroizing<String>,
}

/// A token that may be issued.
struct Grant {
    client: Grantee,
    scopes: ScopeSet,
}

impl TokenEndpoint {
    pub(crate) async fn answer(self: &Arc<Self>, request: TokenRequest<'_>) -> Result<TokenResponse, OAuthError> {
        let answer = match self.grant(&request) {
            Ok(grant) => self.issue(grant).await,
            Err(error) => Err(error),
        };
        match &answer {
            Ok(_) => ::metrics::counter!(metrics::TOKENS_ISSUED).increment(1),
            Err(error) => metrics::token_request_refused(error.error),
        }
        answer
    }

    fn grant(&self, request: &TokenRequest<'_>) -> Result<Grant, OAuthError> {
        let mut parameters = Parameters::read(request)?;
        check_grant_type(&parameters)?;
        let client = self.authenticate(request, &mut parameters)?;
        if !client.settings.grant_types.contains(&GrantType::ClientCredentials) {
            return Err(OAuthError::bad_request("unauthorized_client", "The client may not use this grant type"));
        }
        if parameters.resource.is_some_and(|resource| resource != self.audience) {
            return Err(OAuthError::bad_request("invalid_target", "The resource is not served here"));
        }
        let scopes = granted(parameters.scope.as_deref(), client.settings.scopes)?;
        Ok(Grant { client, scopes })
    }

    /// A request about a token (RFC 7009 section 2.1, RFC 7662 section 2.1): who asks, and about which.
    pub(crate) fn about_token(&self, request: &TokenRequest<'_>) -> Result<Asked, OAuthError> {
        let mut parameters = Parameters::read(request)?;
        let client = self.authenticate(request, &mut parameters)?;
        let token = parameters.token.take().ok_or_else(|| OAuthError::invalid_request("The token is missing"))?;
        Ok(Asked { client, token })
    }

    /// Does the same work whether the client is unknown, disabled or known.
    fn authenticate(&self, request: &TokenRequest<'_>, parameters: &mut Parameters) -> Result<Grantee, OAuthError> {
        let (now, from) = (self.clock.now(), request.address);
        let client = match credentials::presented(request.authorization, parameters)? {
            Presented::Nothing => None,
            Presented::Pair(pair) => {
                let digest = self.pepper.digest(&pair.client_id, &pair.secret);
                self.clients.authenticate(&pair.client_id, &digest, now, from)
            }
            Presented::Assertion(Assertion { client_id, token }) => {
                let (client, keys) = self.clients.with_keys(&client_id, from).unzip();
                let proved = self.assertions.proves(&token, &client_id, keys.as_ref(), &self.audiences(), now);
                client.filter(|_| proved)
            }
        };
        client.ok_or_else(|| OAuthError::invalid_client(&self.realm))
    }

    /// Whom an assertion may be for: this server, by its name or by one of the endpoints that take assertions.
    fn audiences(&self) -> Vec<String> {
        let endpoint = |path: &&str| format!("{}{path}", self.issuer);
        [""].iter().chain(ENDPOINTS).map(endpoint).collect()
    }

    async fn issue(self: &Arc<Self>, grant: Grant) -> Result<TokenResponse, OAuthError> {
        let busy = |_| OAuthError::unavailable("Too many token requests are waiting");
        let _waiting = self.gate.waiting.try_acquire().map_err(busy)?;
        let closed = |_| OAuthError::unavailable("The server is closing");
        let _signing = self.gate.signing.acquire().await.map_err(closed)?;
        let endpoint = Arc::clone(self);
        let signed = tokio::task::spawn_blocking(move || endpoint.mint(&grant)).await;
        signed.ok().and_then(Result::ok).ok_or_else(|| {
            tracing::error!("no token could be signed; check the signing key below the data directory");
            OAuthError::unavailable("No token can be signed")
        })
    }

    fn mint(&self, grant: &Grant) -> Result<TokenResponse, AuthError> {
        let seconds = grant.client.settings.token_seconds.unwrap_or(self.default_token_seconds);
        let now = self.clock.now().as_seconds();
        let mut id = [0; 16];
        secret::random(&mut id)?;
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: grant.client.id.clone(),
            client_id: grant.client.id.clone(),
            jti: hex::encode(id),
            iat: now,
            exp: now.saturating_add(i64::from(seconds)),
            nbf: None,
            scope: grant.scopes.to_string(),
            generation: grant.client.generation,
        };
        let access_token = sign(&claims, &self.keys.set())?;
        self.clients.note_use(&grant.client, self.clock.now());
        Ok(TokenResponse { access_token, token_type: "Bearer", expires_in: seconds, scope: claims.scope })
    }
}

/// The client that a request claims to come from.
pub(crate) fn claimed_client(request: &TokenRequest<'_>) -> Option<String> {
    let mut parameters = Parameters::read(request).ok()?;
    match credentials::presented(request.authorization, &mut parameters).ok()? {
        Presented::Pair(pair) => Some(pair.client_id),
        Presented::Assertion(assertion) => Some(assertion.client_id),
        Presented::Nothing => None,
    }
}

/// Asked before the client is authenticated: the answer depends on nothing that is secret.
fn check_grant_type(parameters: &Parameters) -> Result<(), OAuthError> {
    match parameters.grant_type.as_deref() {
        Some("client_credentials") => Ok(()),
        None if parameters.password.is_none() => Err(OAuthError::invalid_request("The grant type is missing")),
        _ => Err(OAuthError::bad_request("unsupported_grant_type", "The grant type is not supported")),
    }
}

/// Absent or empty: all that the client owns (RFC 6749 section 3.3).
fn granted(asked: Option<&str>, owned: ScopeSet) -> Result<ScopeSet, OAuthError> {
    let refused = OAuthError::bad_request("invalid_scope", "A scope is unknown or not owned by the client");
    match ScopeSet::parse(asked.unwrap_or_default()) {
        Ok(scopes) if scopes.is_empty() => Ok(owned),
        Ok(scopes) if owned.contains_all(scopes) => Ok(scopes),
        _ => Err(refused),
    }
}
