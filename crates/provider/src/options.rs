//! Which provider is asked, and as whom.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Clock;
use reqwest::Url;
use zeroize::Zeroizing;

/// Which provider is asked, and as whom.
#[derive(Clone)]
pub struct ProviderOptions {
    /// Its `iss`; what it publishes about itself is below it.
    pub issuer: String,
    /// What people call it, for the button.
    pub name: String,
    /// This replica's client there.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Zeroizing<String>,
    /// What is asked for, separated by spaces; `openid` among it.
    pub scopes: String,
    /// The claim that lists the groups.
    pub groups_claim: String,
    /// Where people come back.
    pub redirect_uri: String,
    /// PEM file of the authorities that its certificate may come from, beside the system's.
    pub ca: Option<PathBuf>,
    /// How long one question to it may take.
    pub limit: Duration,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

/// What is wrong with the options.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ProviderOptionsError(pub(crate) String);

impl fmt::Debug for ProviderOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderOptions").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Whether that can be an issuer: https, or http to this host itself, without query, fragment and credentials.
pub fn is_usable_issuer(issuer: &str) -> bool {
    let Ok(url) = Url::parse(issuer) else { return false };
    let bare =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    bare && is_safe(&url)
}

/// Whether what is sent there can be read by nobody in between.
pub(crate) fn is_safe(url: &Url) -> bool {
    let here = match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    };
    url.scheme() == "https" && url.host_str().is_some() || url.scheme() == "http" && here
}
