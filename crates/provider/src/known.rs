//! What the provider publishes about itself (OpenID Connect Discovery): fetched when it is needed, and kept.

use std::sync::Arc;
use std::time::Duration;

use continuity_auth::{ProviderError, ProviderKeys};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::http::{Http, json};
use crate::options::ProviderOptions;

/// After how long it is fetched again. If that fails, what is known stays good.
const GOOD_FOR: Duration = Duration::from_hours(1);
/// How long nobody asks again after a failure, so that those who wait are told at once.
const RETRY_AFTER: Duration = Duration::from_secs(3);
/// As long at least between two looks for newer keys: tokens with made-up key names must not become questions.
const KEYS_AFTER: Duration = Duration::from_secs(30);

/// What the provider says of itself.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) userinfo_endpoint: Option<String>,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Whether the client's secret is sent with HTTP Basic, which is also what holds where nothing is said.
    pub(crate) fn takes_basic(&self) -> bool {
        let named = self.token_endpoint_auth_methods_supported.as_ref();
        named.is_none_or(|named| named.iter().any(|method| method == "client_secret_basic"))
    }
}

#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) keys: ProviderKeys,
    /// When it was fetched, and when the keys were.
    at: Duration,
    keys_at: Duration,
}

/// What is known, and when it was looked for in vain. Whoever fetches holds it; the others wait for the same answer.
#[derive(Default)]
pub(crate) struct Knowledge(Mutex<State>);

#[derive(Default)]
struct State {
    known: Option<Arc<Known>>,
    failed: Option<(Duration, String)>,
}

impl Knowledge {
    /// What is known, fetched if need be.
    pub(crate) async fn get(&self, http: &Http, options: &ProviderOptions) -> Result<Arc<Known>, ProviderError> {
        let mut state = self.0.lock().await;
        let now = options.clock.monotonic();
        if let Some(known) = state.known.as_ref().filter(|known| now.saturating_sub(known.at) < GOOD_FOR) {
            return Ok(Arc::clone(known));
        }
        if let Some((at, why)) = &state.failed
            && now.saturating_sub(*at) < RETRY_AFTER
        {
            return state.known.clone().ok_or_else(|| ProviderError::Unreachable(why.clone()));
        }
        match fetch(http, options).await {
            Ok(known) => {
                let known = Arc::new(known);
                *state = State { known: Some(Arc::clone(&known)), failed: None };
                Ok(known)
            }
            Err(error) => {
                state.failed = Some((options.clock.monotonic(), error.to_string()));
                if state.known.is_some() {
                    tracing::warn!(%error, "the provider does not say anew how it is reached; what it said before is used");
                }
                state.known.clone().ok_or(error)
            }
        }
    }

    /// What is known with newer keys than `seen` has.
    pub(crate) async fn newer(
        &self,
        seen: &Arc<Known>,
        http: &Http,
        options: &ProviderOptions,
    ) -> Result<Arc<Known>, ProviderError> {
        let mut state = self.0.lock().await;
        let now = options.clock.monotonic();
        let known = state.known.clone().unwrap_or_else(|| Arc::clone(seen));
        if known.keys_at > seen.keys_at || now.saturating_sub(known.keys_at) < KEYS_AFTER {
            return Ok(known);
        }
        let keys = keys(http, &known.metadata.jwks_uri).await?;
        let newer = Known { metadata: Arc::clone(&known.metadata), keys, at: known.at, keys_at: now };
        let newer = Arc::new(newer);
        state.known = Some(Arc::clone(&newer));
        Ok(newer)
    }
}

async fn fetch(http: &Http, options: &ProviderOptions) -> Result<Known, ProviderError> {
    let address = format!("{}/.well-known/openid-configuration", options.issuer.trim_end_matches('/'));
    let metadata: Metadata = json("its discovery", &http.get(&address).await?)?;
    // Discovery section 4.3: what somebody else could have put there is not believed.
    if metadata.issuer != options.issuer {
        let named: String = metadata.issuer.chars().take(200).collect();
        return Err(ProviderError::Invalid(format!(
            "its discovery names the issuer {named:?}, not {:?}",
            options.issuer
        )));
    }
    let keys = keys(http, &metadata.jwks_uri).await?;
    let at = options.clock.monotonic();
    Ok(Known { metadata: Arc::new(metadata), keys, at, keys_at: at })
}

async fn keys(http: &Http, address: &str) -> Result<ProviderKeys, ProviderError> {
    let set = http.get(address).await?;
    ProviderKeys::parse(&set).ok_or_else(|| ProviderError::Invalid(format!("{address} is no set of keys")))
}
