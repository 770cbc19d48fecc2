//! A connection to a replica: a token that lives as long as this process, and requests with it.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use reqwest::header::HeaderMap;
use reqwest::{Certificate, Client, Response, StatusCode, redirect};
use serde_json::{Value, json};

use super::profile::Target;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// The longest silence. Streams have a heartbeat, 15 s apart unless configured otherwise.
const READ_LIMIT: Duration = Duration::from_mins(6);
/// The longest error document that is read, in bytes.
const LONGEST_PROBLEM: usize = 64 * 1024;

pub(super) struct Session {
    http: Client,
    target: Target,
    max_staleness: Option<u64>,
    token: Option<String>,
}

/// A reply that is not what was asked for.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    text: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Refused {}

impl Session {
    pub(super) fn new(target: Target, max_staleness: Option<u64>) -> Result<Self> {
        let mut http = Client::builder()
            .https_only(true)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(READ_LIMIT)
            .user_agent(concat!("continuity/", env!("CARGO_PKG_VERSION")));
        if let Some(file) = &target.ca_file {
            let named = || format!("the authority {}", file.display());
            let pem = std::fs::read(file).with_context(named)?;
            http = http.tls_certs_only(Certificate::from_pem_bundle(&pem).with_context(named)?);
        }
        let http = http.build().context("the HTTP client cannot be set up")?;
        Ok(Self { http, target, max_staleness, token: None })
    }

    /// GET of a path with its query. A token that is not accepted any more is replaced once.
    pub(super) async fn get(&mut self, path: &str, headers: &HeaderMap) -> Result<Response> {
        let had_token = self.token.is_some();
        let response = self.send(path, headers).await?;
        if response.status() == StatusCode::UNAUTHORIZED && had_token {
            self.token = None;
            return good(self.send(path, headers).await?).await;
        }
        good(response).await
    }

    async fn send(&mut self, path: &str, headers: &HeaderMap) -> Result<Response> {
        let token = match self.token.take() {
            Some(token) => token,
            None => self.new_token().await?,
        };
        let request = self.http.get(format!("{}{path}", self.target.url)).bearer_auth(&token).headers(headers.clone());
        self.token = Some(token);
        let request = match self.max_staleness {
            Some(seconds) => request.header("x-max-staleness", seconds),
            None => request,
        };
        request.send().await.with_context(|| self.unreachable())
    }

    async fn new_token(&self) -> Result<String> {
        let Target { url, client_id, secret, .. } = &self.target;
        let request = json!({"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret});
        let sent = self.http.post(format!("{url}/api/v1/oauth/token")).json(&request).send().await;
        let response = sent.with_context(|| self.unreachable())?;
        let (status, id) = (response.status(), request_id(&response));
        let body: Value = serde_json::from_str(&text(response).await).unwrap_or_default();
        if let Some(token) = body["access_token"].as_str().filter(|_| status.is_success()) {
            return Ok(token.to_owned());
        }
        let error = body["error"].as_str().unwrap_or("no reason given");
        let why = body["error_description"].as_str().unwrap_or_default();
        Err(anyhow!(Refused {
            status,
            text: clean(&format!("no token for the client {client_id}: {error} {why} ({}{id})", status.as_u16())),
        }))
    }

    fn unreachable(&self) -> String {
        format!("cannot speak to the replica at {}", self.target.url)
    }
}

/// Whether there is no such thing.
pub(super) fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == StatusCode::NOT_FOUND)
}

/// Whether somebody should try again later: the replica stops, starts, or cannot be reached.
pub(super) fn may_pass(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<Refused>() {
        Some(refused) => refused.status.is_server_error() || refused.status == StatusCode::TOO_MANY_REQUESTS,
        None => error.chain().any(<dyn std::error::Error>::is::<reqwest::Error>),
    }
}

async fn good(response: Response) -> Result<Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let id = request_id(&response);
    let body: Value = serde_json::from_str(&text(response).await).unwrap_or_default();
    let title = body["title"].as_str().unwrap_or_else(|| status.canonical_reason().unwrap_or("an unknown status"));
    let detail = body["detail"].as_str().map(|detail| format!(": {}", detail.trim_end_matches('.')));
    let detail = detail.unwrap_or_default();
    bail!(Refused { status, text: clean(&format!("{title}{detail} ({}{id})", status.as_u16())) })
}

/// The beginning of a body that tells of an error.
async fn text(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        bytes.extend_from_slice(&piece);
        if bytes.len() > LONGEST_PROBLEM {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn request_id(response: &Response) -> String {
    let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    id.map(|id| format!(", request {id}")).unwrap_or_default()
}

fn clean(text: &str) -> String {
    super::cell::clean(text)
}
