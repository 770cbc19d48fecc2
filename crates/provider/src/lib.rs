//! Asks the bank's own OpenID provider who somebody is (authorization code with PKCE).
//!
//! The provider is asked only while somebody signs in there, with a time limit; what it publishes about itself is fetched
//! then, and kept. Nothing else waits for it. What is believed of its answers is decided in `continuity-auth`.

mod http;
mod known;
mod options;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use continuity_auth::{
    ExpectedToken, IdTokenError, Identity, ProviderError, ProviderRequest, Returned, check_id_token,
};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use crate::http::Http;
use crate::known::{Knowledge, Known};

pub use options::{ProviderOptions, ProviderOptionsError, is_usable_issuer};

/// People whose code is looked at, at once: the provider may take its time, and they must not take the room of others.
const EXCHANGES: usize = 32;
/// People who are about to be sent there, at once.
const DEPARTURES: usize = 32;
/// How long ago the provider may have asked who it is: as long as a session lasts here, unless it is configured.
const SIGN_IN_LIFE_SECONDS: &str = "43200";

/// The provider. Cheap to share, and idle until somebody signs in.
pub struct Provider {
    options: ProviderOptions,
    http: Http,
    knowledge: Knowledge,
    exchanges: Semaphore,
    departures: Semaphore,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.options.issuer).finish_non_exhaustive()
    }
}

/// What the token endpoint answers (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3).
#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    id_token: String,
}

impl Provider {
    /// Asks nobody yet.
    pub fn new(options: ProviderOptions) -> Result<Self, ProviderOptionsError> {
        let http = Http::new(&options)?;
        Ok(Self {
            options,
            http,
            knowledge: Knowledge::default(),
            exchanges: Semaphore::new(EXCHANGES),
            departures: Semaphore::new(DEPARTURES),
        })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// Where a person is sent to sign in, once the provider has shown that it answers.
    pub async fn address(&self, request: &ProviderRequest) -> Result<String, ProviderError> {
        let known = {
            // Where it hangs, those who wait must not take the room of whoever reads.
            let _turn = self.departures.try_acquire().map_err(|_| ProviderError::Busy)?;
            self.knowledge.get_alive(&self.http, &self.options).await?
        };
        let mut address = Url::parse(&known.metadata.authorization_endpoint).map_err(|_| no_address())?;
        let ProviderRequest { state, nonce, challenge, again } = request;
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.options.client_id)
            .append_pair("redirect_uri", &self.options.redirect_uri)
            .append_pair("scope", &self.options.scopes)
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(again.then_some(("prompt", "login")))
            // With `max_age` the ID token has to say when the person proved it (Core section 2).
            .append_pair("max_age", if *again { "0" } else { SIGN_IN_LIFE_SECONDS });
        Ok(address.into())
    }

    /// Whether an answer is of this provider (RFC 9207): another one's must not be taken for it.
    pub async fn check_issuer(&self, named: Option<&str>) -> Result<(), ProviderError> {
        let invalid = |why: &str| Err(ProviderError::Invalid(why.to_owned()));
        match named {
            Some(named) if named == self.options.issuer => Ok(()),
            Some(_) => invalid("it is of another issuer"),
            None if self.known_in_turn().await?.metadata.authorization_response_iss_parameter_supported => {
                invalid("it names no issuer, and the provider says that it always does")
            }
            None => Ok(()),
        }
    }

    /// Who it is that came back with that code.
    pub async fn identify(&self, code: &str, returned: &Returned) -> Result<Identity, ProviderError> {
        let _turn = self.exchanges.try_acquire().map_err(|_| ProviderError::Busy)?;
        let known = self.known().await?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.options.redirect_uri),
            ("code_verifier", &returned.verifier),
        ];
        let tokens: Tokens = self.http.tokens(&known.metadata, &self.options, &form).await?;
        let mut claims = self.believed(&tokens, returned, known.clone()).await?;
        let lacks = |name: &str| !claims.contains_key(name);
        if lacks(&self.options.groups_claim) || lacks("email") {
            self.add_user_info(&mut claims, &known, &tokens.access_token).await?;
        }
        Ok(Identity::of(&claims, &self.options.groups_claim))
    }

    /// The claims of the ID token. It may be signed with a key that is newer than those that are known.
    async fn believed(
        &self,
        tokens: &Tokens,
        returned: &Returned,
        known: Arc<Known>,
    ) -> Result<Map<String, Value>, ProviderError> {
        let expected = ExpectedToken {
            issuer: &self.options.issuer,
            client_id: &self.options.client_id,
            nonce: &returned.nonce,
            access_token: &tokens.access_token,
            since: returned.since,
            now: self.options.clock.now(),
        };
        let checked = match check_id_token(&tokens.id_token, &known.keys, &expected) {
            Err(IdTokenError::UnknownKey) => {
                let newer = self.knowledge.newer(&known, &self.http, &self.options).await?;
                check_id_token(&tokens.id_token, &newer.keys, &expected)
            }
            checked => checked,
        };
        checked.map_err(|error| ProviderError::Invalid(format!("its ID token: {error}")))
    }

    /// Adds what the provider tells only there; what the ID token says counts.
    async fn add_user_info(
        &self,
        claims: &mut Map<String, Value>,
        known: &Known,
        access_token: &str,
    ) -> Result<(), ProviderError> {
        let Some(endpoint) = &known.metadata.userinfo_endpoint else { return Ok(()) };
        let more: Map<String, Value> = self.http.user_info(endpoint, access_token).await?;
        if more.get("sub") != claims.get("sub") {
            return Err(ProviderError::Invalid("its user info is of somebody else".to_owned()));
        }
        let told = [&self.options.groups_claim, "email", "email_verified", "name", "preferred_username"];
        for (name, value) in more.into_iter().filter(|(name, _)| told.contains(&name.as_str())) {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }

    async fn known_in_turn(&self) -> Result<Arc<Known>, ProviderError> {
        let _turn = self.exchanges.try_acquire().map_err(|_| ProviderError::Busy)?;
        self.known().await
    }

    async fn known(&self) -> Result<Arc<Known>, ProviderError> {
        self.knowledge.get(&self.http, &self.options).await
    }
}

fn no_address() -> ProviderError {
    ProviderError::Invalid("its authorization endpoint is no URL".to_owned())
}
