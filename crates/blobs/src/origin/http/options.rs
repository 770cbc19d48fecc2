//! Who may be asked, and how.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, SystemClock};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Url};
use thiserror::Error;

use super::BLOB_ID;
use crate::causes;

/// Who may be asked for bytes.
#[derive(Clone)]
pub struct HttpOptions {
    /// Hosts, each `host` or `host:port`, that URLs may name. They are signed, or need nothing.
    pub hosts: Vec<String>,
    /// Hosts of the same form that get the token.
    pub token_hosts: Vec<String>,
    /// The bearer token (RFC 6750).
    pub token: Option<String>,
    /// Where a fresh reference comes from, `{blobId}` in place of the id. Its host gets the token.
    pub reference_url: Option<String>,
    /// PEM file of the authorities that certificates may come from, beside the system's.
    pub ca: Option<PathBuf>,
    /// Whether `http:` is allowed.
    pub allow_http: bool,
    /// The longest silence of a server.
    pub patience: Duration,
    /// What dates in answers are compared with.
    pub clock: Arc<dyn Clock>,
}

/// What is wrong with the options.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct HttpOptionsError(String);

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            token_hosts: Vec::new(),
            token: None,
            reference_url: None,
            ca: None,
            allow_http: false,
            patience: Duration::from_secs(30),
            clock: Arc::new(SystemClock::new()),
        }
    }
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOptions")
            .field("hosts", &self.hosts)
            .field("token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

impl HttpOptions {
    /// A client for these, once they are known to be sound.
    pub(super) fn client(&self) -> Result<Client, HttpOptionsError> {
        if let Some(template) = &self.reference_url {
            self.check(template)?;
        }
        let mut client = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(Duration::from_secs(10).min(self.patience))
            .read_timeout(self.patience)
            .https_only(!self.allow_http)
            .user_agent(concat!("continuity/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &self.ca {
            let pem = std::fs::read(path);
            let pem = pem.map_err(|error| HttpOptionsError(format!("{} cannot be read: {error}", path.display())))?;
            let certificates = Certificate::from_pem_bundle(&pem);
            let wrong =
                |error| HttpOptionsError(format!("{} holds no certificates: {}", path.display(), causes(&error)));
            client = client.tls_certs_merge(certificates.map_err(wrong)?);
        }
        client.build().map_err(|error| HttpOptionsError(format!("no HTTP client can be made: {}", causes(&error))))
    }

    fn check(&self, template: &str) -> Result<(), HttpOptionsError> {
        let wrong = |detail: &str| Err(HttpOptionsError(format!("the URL of fresh references {detail}")));
        let Ok(url) = Url::parse(&template.replace(BLOB_ID, "x")) else { return wrong("is no URL") };
        if !template.contains(BLOB_ID) {
            return wrong("has no {blobId} in it");
        }
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.allow_http => Ok(()),
            _ => wrong("has to be https"),
        }
    }

    /// The URL, if it may be asked.
    pub(super) fn admit(&self, url: &str) -> Result<Url, String> {
        let url = Url::parse(url).map_err(|error| format!("its URL is none: {error}"))?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            "http" => return Err("its URL is http, which blobs.http.allow_http would allow".to_owned()),
            other => return Err(format!("its URL has the scheme {other:?}")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("its URL has credentials in it".to_owned());
        }
        let allowed = self.hosts.iter().chain(&self.token_hosts).any(|host| is(host, &url));
        let host = authority_of(&url).unwrap_or_default();
        if allowed { Ok(url) } else { Err(format!("its host {host} is not in blobs.http.hosts")) }
    }

    /// The token, for the hosts that it is meant for.
    pub(super) fn token_for(&self, url: &Url) -> Option<&str> {
        self.token.as_deref().filter(|_| self.token_hosts.iter().any(|host| is(host, url)))
    }
}

/// Whether the URL's host is the configured one: on any port, unless a port is named.
fn is(configured: &str, url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    configured.eq_ignore_ascii_case(host)
        || authority_of(url).is_some_and(|authority| configured.eq_ignore_ascii_case(&authority))
}

/// `host:port`.
pub(super) fn authority_of(url: &Url) -> Option<String> {
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}
