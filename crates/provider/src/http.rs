//! The questions to the provider: without redirects, within a time limit, and no longer an answer than is good.

use std::time::Duration;

use continuity_auth::ProviderError;
use continuity_base::causes;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::known::Metadata;
use crate::options::{ProviderOptions, ProviderOptionsError, is_safe};

/// The longest answer, in bytes.
const MAX_BYTES: usize = 512 * 1024;

pub(crate) struct Http(Client);

impl Http {
    pub(crate) fn new(options: &ProviderOptions) -> Result<Self, ProviderOptionsError> {
        let mut client = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(options.limit)
            .timeout(options.limit)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("continuity/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &options.ca {
            let pem = std::fs::read(path)
                .map_err(|error| ProviderOptionsError(format!("{} cannot be read: {error}", path.display())))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| {
                ProviderOptionsError(format!("{} holds no certificates: {}", path.display(), causes(&error)))
            })?;
            client = client.tls_certs_merge(certificates);
        }
        let client = client.build();
        client
            .map(Self)
            .map_err(|error| ProviderOptionsError(format!("no HTTP client can be made: {}", causes(&error))))
    }

    /// What stands at an address of the provider, as bytes.
    pub(crate) async fn get(&self, address: &str) -> Result<Vec<u8>, ProviderError> {
        let (status, body) = ask(self.0.get(safe(address)?)).await?;
        good(address, status, body)
    }

    /// Exchanges a code.
    pub(crate) async fn tokens<T: DeserializeOwned>(
        &self,
        metadata: &Metadata,
        options: &ProviderOptions,
        form: &[(&str, &str)],
    ) -> Result<T, ProviderError> {
        let request = self.token_request(metadata, options, form)?;
        let (status, body) = ask(request).await?;
        if status.is_client_error() {
            return Err(ProviderError::Invalid(format!("its token endpoint refused the code: {}", refusal(&body))));
        }
        json("its token endpoint", &good(&metadata.token_endpoint, status, body)?)
    }

    fn token_request(
        &self,
        metadata: &Metadata,
        options: &ProviderOptions,
        form: &[(&str, &str)],
    ) -> Result<RequestBuilder, ProviderError> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let mut request = self.0.post(safe(&metadata.token_endpoint)?);
        if metadata.takes_basic() {
            // Each half is encoded before they are joined (RFC 6749 section 2.3.1).
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            request = request.basic_auth(encoded(&options.client_id), Some(encoded(&options.client_secret)));
        } else {
            body.append_pair("client_id", &options.client_id).append_pair("client_secret", &options.client_secret);
        }
        Ok(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.finish()))
    }

    /// What more it tells of a person.
    pub(crate) async fn user_info<T: DeserializeOwned>(&self, endpoint: &str, token: &str) -> Result<T, ProviderError> {
        let (status, body) = ask(self.0.get(safe(endpoint)?).bearer_auth(token)).await?;
        json("its user info", &good(endpoint, status, body)?)
    }
}

/// The URL, if what is sent there stays between the two.
fn safe(address: &str) -> Result<Url, ProviderError> {
    let url = Url::parse(address).ok().filter(is_safe);
    url.ok_or_else(|| ProviderError::Invalid(format!("its address {address:?} is not https")))
}

async fn ask(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), ProviderError> {
    let away = |error: reqwest::Error| ProviderError::Unreachable(causes(&error.without_url()));
    let mut response = request.header(ACCEPT, "application/json").send().await.map_err(away)?;
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(away)? {
        if body.len() + piece.len() > MAX_BYTES {
            return Err(ProviderError::Invalid(format!("it is longer than {MAX_BYTES} bytes")));
        }
        body.extend_from_slice(&piece);
    }
    Ok((response.status(), body))
}

fn good(address: &str, status: StatusCode, body: Vec<u8>) -> Result<Vec<u8>, ProviderError> {
    match status {
        StatusCode::OK => Ok(body),
        _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Err(ProviderError::Unreachable(format!("{address} answers {status}")))
        }
        _ => Err(ProviderError::Invalid(format!("{address} answers {status}"))),
    }
}

pub(crate) fn json<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, ProviderError> {
    serde_json::from_slice(body)
        .map_err(|error| ProviderError::Invalid(format!("{what} does not answer what it has to: {error}")))
}

/// The error code of a refusal (RFC 6749 section 5.2), for the log.
fn refusal(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let error = serde_json::from_slice::<Refusal>(body).map(|refusal| refusal.error);
    format!("{:?}", error.unwrap_or_default().chars().take(100).collect::<String>())
}
