//! The token endpoint: who asks, for what, and the tokens that are signed for it (RFC 6749 section 3.2).

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
use crate::authorization::codes::Codes;
use crate::authorization::id_token::IdClaims;
use crate::authorization::identity::Scopes;
use crate::authorization::refresh::RefreshKey;
use crate::control::clients::{Clients, Grantee};
use crate::keys::assertion::Assertions;
use crate::keys::ring::Ring;
use crate::keys::secret::{self, Pepper};
use crate::oauth::{OAuthError, TokenRequest, TokenResponse};
use crate::token::{Audiences, Claims, Confirmation, sign};
use crate::{AuthError, GrantType, ScopeSet};

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
    pub(crate) audiences: Audiences,
    pub(crate) realm: String,
    pub(crate) default_token_seconds: u32,
    pub(crate) keys: Arc<Ring>,
    pub(crate) pepper: Pepper,
    pub(crate) clients: Arc<Clients>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) assertions: Assertions,
    pub(crate) gate: Gate,
    pub(crate) codes: Codes,
    pub(crate) refresh: RefreshKey,
    /// The client that tokens for passwords belong to; `None`: there are none.
    pub(crate) password_client: Option<String>,
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

/// What an authenticated client asks for.
pub(crate) enum Wanted {
    /// A token for itself (RFC 6749 section 4.4).
    OfItsOwn(Box<Minting>),
    /// One for a code (section 4.1.3).
    ByCode(ByCode),
    /// One for a refresh token (section 6).
    ByRefresh(ByRefresh),
    /// One for a person's password and code, where that is switched on.
    ByPassword(ByPassword),
}

impl Wanted {
    /// Who asks.
    pub(crate) fn client(&self) -> &Grantee {
        match self {
            Self::OfItsOwn(minting) => &minting.client,
            Self::ByCode(asked) => &asked.client,
            Self::ByRefresh(asked) => &asked.client,
            Self::ByPassword(asked) => &asked.client,
        }
    }
}

pub(crate) struct ByCode {
    pub(crate) client: Grantee,
    pub(crate) code: Zeroizing<String>,
    pub(crate) redirect_uri: String,
    pub(crate) verifier: Zeroizing<String>,
    pub(crate) resource: Option<String>,
}

pub(crate) struct ByRefresh {
    pub(crate) client: Grantee,
    pub(crate) token: Zeroizing<String>,
    pub(crate) scope: Option<String>,
    pub(crate) resource: Option<String>,
}

pub(crate) struct ByPassword {
    /// Whose the token is.
    pub(crate) client: Grantee,
    pub(crate) email: String,
    pub(crate) password: Zeroizing<String>,
    pub(crate) otp: Option<Zeroizing<String>>,
}

/// A token that may be issued.
pub(crate) struct Minting {
    pub(crate) client: Grantee,
    pub(crate) scopes: Scopes,
    /// The person who let the client in, if one did.
    pub(crate) on_behalf: Option<OnBehalf>,
    /// Signed beside it.
    pub(crate) id_token: Option<IdClaims>,
    /// The thumbprint of the key that it is bound to, if it is to one.
    pub(crate) key: Option<String>,
}

/// The person that a token speaks for, and what it was issued under.
pub(crate) struct OnBehalf {
    pub(crate) account: String,
    pub(crate) generation: u32,
    pub(crate) grant: String,
    /// When the grant ends, in seconds since 1970: no token of it lasts longer.
    pub(crate) until: i64,
}

/// The longest life of a token that speaks for a person, in seconds.
pub(crate) const PERSON_TOKEN_SECONDS: u32 = 900;

impl TokenEndpoint {
    /// Reads a request, and authenticates its client.
    pub(crate) fn wanted(&self, request: &TokenRequest<'_>) -> Result<Wanted, OAuthError> {
        let mut parameters = Parameters::read(request)?;
        if let Some(by_password) = self.by_password(request, &mut parameters) {
            return by_password.map(Wanted::ByPassword);
        }
        let grant_type = grant_type(&parameters)?;
        let client = self.authenticate(request, &mut parameters)?;
        if !client.settings.grant_types.contains(&grant_type) {
            return Err(OAuthError::bad_request("unauthorized_client", "The client may not use this grant type"));
        }
        // Before a code is used up by being looked at.
        let resource = self.audiences.known(parameters.resource)?;
        let missing = |what| OAuthError::invalid_request(what);
        Ok(match grant_type {
            GrantType::ClientCredentials => {
                let scopes = Scopes::of_data(granted(parameters.scope.as_deref(), client.settings.scopes)?);
                self.audiences.check(resource.as_deref(), scopes)?;
                Wanted::OfItsOwn(Box::new(Minting { client, scopes, on_behalf: None, id_token: None, key: None }))
            }
            GrantType::AuthorizationCode => Wanted::ByCode(ByCode {
                client,
                code: parameters.code.ok_or_else(|| missing("The code is missing"))?,
                redirect_uri: parameters.redirect_uri.ok_or_else(|| missing("The redirect URI is missing"))?,
                verifier: parameters.code_verifier.ok_or_else(|| missing("The code verifier is missing"))?,
                resource,
            }),
            GrantType::RefreshToken => Wanted::ByRefresh(ByRefresh {
                client,
                token: parameters.refresh_token.ok_or_else(|| missing("The refresh token is missing"))?,
                scope: parameters.scope,
                resource,
            }),
        })
    }

    /// A request with a person's password and no grant type, where such requests are answered.
    fn by_password(
        &self,
        request: &TokenRequest<'_>,
        parameters: &mut Parameters,
    ) -> Option<Result<ByPassword, OAuthError>> {
        let client = self.password_client.as_deref().filter(|_| parameters.grant_type.is_none())?;
        let (email, password) = (parameters.email.take()?, parameters.password.take()?);
        let client = self.clients.open(client, request.address);
        let client = client.ok_or_else(|| OAuthError::unavailable("The client of passwords is not there or disabled"));
        Some(client.map(|client| ByPassword { client, email, password, otp: parameters.otp.take() }))
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
            Presented::Id(client_id) => self.clients.public(&client_id, from),
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

    /// Whether one more signature may be waited for.
    pub(crate) fn has_room(&self) -> Result<(), OAuthError> {
        match self.gate.waiting.available_permits() {
            0 => Err(OAuthError::unavailable("Too many token requests are waiting")),
            _ => Ok(()),
        }
    }

    /// Signs what may be issued, in turn.
    pub(crate) async fn issue(self: &Arc<Self>, grant: Minting) -> Result<TokenResponse, OAuthError> {
        let busy = |_| OAuthError::unavailable("Too many token requests are waiting");
        let _waiting = self.gate.waiting.try_acquire().map_err(busy)?;
        let closed = |_| OAuthError::unavailable("The server is closing");
        let _signing = self.gate.signing.acquire().await.map_err(closed)?;
        let endpoint = Arc::clone(self);
        let signed = tokio::task::spawn_blocking(move || endpoint.mint(grant)).await;
        signed.ok().and_then(Result::ok).ok_or_else(|| {
            tracing::error!("no token could be signed; check the signing key below the data directory");
            OAuthError::unavailable("No token can be signed")
        })
    }

    fn mint(&self, minting: Minting) -> Result<TokenResponse, AuthError> {
        let Minting { client, scopes, on_behalf, id_token, key } = minting;
        let token_type = if key.is_some() { "DPoP" } else { "Bearer" };
        let mut seconds = client.settings.token_seconds.unwrap_or(self.default_token_seconds);
        if on_behalf.is_some() {
            seconds = seconds.min(PERSON_TOKEN_SECONDS);
        }
        let now = self.clock.now().as_seconds();
        if let Some(person) = &on_behalf {
            let left = u32::try_from(person.until.saturating_sub(now)).unwrap_or_default();
            seconds = seconds.min(left.max(1));
        }
        let mut id = [0; 16];
        secret::random(&mut id)?;
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audiences.of(scopes).to_owned(),
            sub: on_behalf.as_ref().map_or_else(|| client.id.clone(), |person| person.account.clone()),
            client_id: client.id.clone(),
            jti: hex::encode(id),
            iat: now,
            exp: now.saturating_add(i64::from(seconds)),
            nbf: None,
            scope: scopes.to_string(),
            generation: client.generation,
            account_generation: on_behalf.as_ref().map(|person| person.generation),
            sid: on_behalf.map(|person| person.grant),
            cnf: key.map(|jkt| Confirmation { jkt }),
        };
        let keys = self.keys.set();
        let access_token = sign(&claims, &keys)?;
        let id_token = id_token.map(|id_token| id_token.sign(&access_token, now, &keys)).transpose()?;
        self.clients.note_use(&client, self.clock.now());
        let (expires_in, scope) = (seconds, claims.scope);
        Ok(TokenResponse { access_token, token_type, expires_in, scope, refresh_token: None, id_token, bare: false })
    }
}

/// The client that a request claims to come from.
pub(crate) fn claimed_client(request: &TokenRequest<'_>) -> Option<String> {
    let mut parameters = Parameters::read(request).ok()?;
    match credentials::presented(request.authorization, &mut parameters).ok()? {
        Presented::Pair(pair) => Some(pair.client_id),
        Presented::Assertion(assertion) => Some(assertion.client_id),
        Presented::Id(client_id) => Some(client_id),
        Presented::Nothing => None,
    }
}

/// Asked before the client is authenticated: the answer depends on nothing that is secret.
fn grant_type(parameters: &Parameters) -> Result<GrantType, OAuthError> {
    match parameters.grant_type.as_deref() {
        None if parameters.password.is_none() => Err(OAuthError::invalid_request("The grant type is missing")),
        name => name
            .and_then(GrantType::parse)
            .ok_or_else(|| OAuthError::bad_request("unsupported_grant_type", "The grant type is not supported")),
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
