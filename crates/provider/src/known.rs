//! What the provider publishes about itself (OpenID Connect Discovery): fetched when it is needed, and kept.

use std::sync::Arc;
use std::time::Duration;

use continuity_auth::{ProviderError, ProviderKeys};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::http::{Http, json};
use crate::options::ProviderOptions;

/// After how long it is fetched again for somebody who comes back. If that fails, what is known stays good.
const GOOD_FOR: Duration = Duration::from_hours(1);
/// How long ago the provider has to have answered when somebody is sent there: nobody is sent to one that is away.
const ALIVE_FOR: Duration = Duration::from_secs(10);
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
    /// What is known, fetched if need be, and from before if that fails.
    pub(crate) async fn get(&self, http: &Http, options: &ProviderOptions) -> Result<Arc<Known>, ProviderError> {
        let mut state = self.0.lock().await;
        let fetched = state.not_older_than(GOOD_FOR, http, options).await;
        fetched.or_else(|error| state.known.clone().ok_or(error))
    }

    /// What is known, once the provider has shown that it answers.
    pub(crate) async fn get_alive(&self, http: &Http, options: &ProviderOptions) -> Result<Arc<Known>, ProviderError> {
        self.0.lock().await.not_older_than(ALIVE_FOR, http, options).await
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

impl State {
    async fn not_older_than(
        &mut self,
        age: Duration,
        http: &Http,
        options: &ProviderOptions,
    ) -> Result<Arc<Known>, ProviderError> {
        let now = options.clock.monotonic();
        if let Some(known) = self.known.as_ref().filter(|known| now.saturating_sub(known.at) < age) {
            return Ok(Arc::clone(known));
        }
        if let Some((at, why)) = &self.failed
            && now.saturating_sub(*at) < RETRY_AFTER
        {
            return Err(ProviderError::Unreachable(why.clone()));
        }
        let fetched = fetch(http, options).await.map(Arc::new);
        match &fetched {
            Ok(known) => *self = Self { known: Some(Arc::clone(known)), failed: None },
            Err(ProviderError::Unreachable(why)) => self.failed = Some((options.clock.monotonic(), why.clone())),
            Err(error) => self.failed = Some((options.clock.monotonic(), error.to_string())),
        }
        fetched
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
