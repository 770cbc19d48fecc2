//! A client of the API, as a bank's system is one.

use std::time::Duration;

use reqwest::{Certificate, Method, Response, StatusCode, header::HeaderMap};

use super::{Access, Failure, Running};
use crate::json::Json;

/// How long one reply may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long one stream may go on.
const STREAM_LIMIT: Duration = Duration::from_mins(10);

/// A client with a token. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    /// What every GET is asked as of; nothing: now.
    as_of: Option<String>,
}

/// A reply, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status code.
    pub status: StatusCode,
    /// Header fields.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Client {
    /// A client of the demo with a token of these scopes (separated by spaces); all of the client's when empty.
    pub async fn of(demo: &Running, scopes: &str) -> Result<Self, Failure> {
        Self::with_access(&demo.access()?, scopes).await
    }

    /// A client of the demo with credentials of its own.
    pub async fn with_credentials(demo: &Running, id: &str, secret: &str, scopes: &str) -> Result<Self, Failure> {
        let (client_id, client_secret) = (id.to_owned(), secret.to_owned());
        Self::with_access(&Access { client_id, client_secret, ..demo.access()? }, scopes).await
    }

    /// A client of any replica, with a token of these scopes.
    pub async fn with_access(access: &Access, scopes: &str) -> Result<Self, Failure> {
        let mut client = Self::without_token(access)?;
        client.token = client.new_token(&access.client_id, &access.client_secret, scopes).await?;
        Ok(client)
    }

    /// A client without a token, for health and metrics.
    pub fn anonymous(demo: &Running) -> Result<Self, Failure> {
        Self::without_token(&demo.access()?)
    }

    /// A client of any replica with a token that it has from somewhere.
    pub fn with_token(access: &Access, token: &str) -> Result<Self, Failure> {
        Ok(Self { token: token.to_owned(), ..Self::without_token(access)? })
    }

    /// A client of any replica without a token.
    pub fn without_token(access: &Access) -> Result<Self, Failure> {
        let authority = Certificate::from_pem(&std::fs::read(&access.ca_file)?)?;
        let http = reqwest::Client::builder().tls_certs_only([authority]).timeout(PATIENCE).build()?;
        Ok(Self { http, base: access.base_url.clone(), token: String::new(), as_of: None })
    }

    /// The same client, which asks everything as of a log position or a time.
    #[must_use]
    pub fn as_of(&self, point: impl std::fmt::Display) -> Self {
        Self { as_of: Some(point.to_string()), ..self.clone() }
    }

    /// Its access token.
    pub fn token(&self) -> &str {
        &self.token
    }

    async fn new_token(&self, id: &str, secret: &str, scopes: &str) -> Result<String, Failure> {
        let mut request = serde_json::json!({
            "grant_type": "client_credentials",
            "client_id": id,
            "client_secret": secret,
        });
        if !scopes.is_empty() {
            request["scope"] = scopes.into();
        }
        let reply = self.http.post(format!("{}/api/v1/oauth/token", self.base)).json(&request).send().await?;
        let reply = Reply::of(reply).await?;
        let token = reply.json()?.text("access_token").map(str::to_owned);
        token.ok_or_else(|| format!("no token: {} {}", reply.status, reply.text()).into())
    }

    /// Whether it asks of the past.
    pub fn asks_of_the_past(&self) -> bool {
        self.as_of.is_some()
    }

    /// The value of a metric that has no labels, or the sum over all its labels; `None` while it is not exported.
    pub async fn metric(&self, demo: &Running, name: &str) -> Result<Option<f64>, Failure> {
        self.metric_at(demo.told("metricsUrl")?, name).await
    }

    /// The same of a metrics page; with labels behind the name, the value of that series alone.
    pub async fn metric_at(&self, page: &str, name: &str) -> Result<Option<f64>, Failure> {
        let page = self.http.get(page).send().await?.text().await?;
        let of_name = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        let values = page.lines().filter(of_name).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(values.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value)))
    }

    /// GET of a path (with query) below the base address. Told to come again later (429), it does.
    pub async fn get(&self, path: &str) -> Result<Reply, Failure> {
        let path = match &self.as_of {
            Some(point) => format!("{path}{}asOf={point}", if path.contains('?') { '&' } else { '?' }),
            None => path.to_owned(),
        };
        loop {
            let reply = self.send(Method::GET, &path).await?;
            match reply.header("retry-after").parse() {
                Ok(seconds) if reply.status == 429 => tokio::time::sleep(Duration::from_secs(seconds)).await,
                _ => return Ok(reply),
            }
        }
    }

    /// GET of a path with these headers; the body is yet to be read.
    pub async fn stream(&self, path: &str, headers: &[(&str, &str)]) -> Result<Response, Failure> {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token).timeout(STREAM_LIMIT);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Ok(request.send().await?)
    }

    /// Any method on a path, with the token and without a body.
    pub async fn send(&self, method: Method, path: &str) -> Result<Reply, Failure> {
        let url = format!("{}{path}", self.base);
        Reply::of(self.http.request(method, url).bearer_auth(&self.token).send().await?).await
    }
}

impl Reply {
    async fn of(response: Response) -> Result<Self, Failure> {
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { status, headers, bytes: response.bytes().await?.to_vec() })
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Json, Failure> {
        let text = std::str::from_utf8(&self.bytes)?;
        Json::parse(text).map_err(|e| format!("no JSON: {e}: {}", text.chars().take(300).collect::<String>()).into())
    }

    /// A header field as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
