//! A replica whose people need no second factor unless they have one, applications that they let in, and requests as they
//! are on the wire.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::{Clock, SystemClock};
use continuity_simulator::Faults;
use continuity_tests::harness::{Access, Browser, Failure, Replica, ReplicaOptions, Reply, poll};
use reqwest::{Certificate, Method, Url, redirect};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::feeds;
use crate::rig::LIMIT;

pub(crate) const JANE: &str = "jane@bank.example";
pub(crate) const PASSWORD: &str = "Trout-Lantern-42-Velvet";
/// Where applications have people sent back to.
pub(crate) const BACK: &str = "https://app.example/cb";
/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Requests may say where they come from, and fail as often as they like.
const LIMITS: &str = "[limits]\ntrusted_proxies = ['127.0.0.1']\nfailed_authentications_per_minute = 0\n";
const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) struct Stage {
    pub(crate) replica: Replica,
    http: reqwest::Client,
    browser: Browser,
    /// What stands in front of what a test configures.
    head: String,
    _feed: TempDir,
}

/// A client and its secret; empty where it has none.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// A request as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Stage {
    /// `config`: further tables, or keys of `[auth]` in front of them; with `[limits]` among them, that one alone.
    pub(crate) async fn start(config: &str) -> Result<Self, Failure> {
        Self::with(Replica::new(), config).await
    }

    pub(crate) async fn with(options: ReplicaOptions, config: &str) -> Result<Self, Failure> {
        let feed = TempDir::new()?;
        let file = feed.path().join("feed.ndjson");
        feeds::write(&file, 5, 3, Faults::default())?;
        let limits = if config.contains("[limits]") { "" } else { LIMITS };
        let head = format!(
            "[source]\nurl = 'file:{}'\n[ingest]\nmin_free_bytes = 0\n{limits}\
             [auth]\nsecond_factor_required = false\n",
            file.display()
        );
        let replica = options.config(&format!("{head}{config}")).start().await?;
        let authority = Certificate::from_pem(&std::fs::read(&replica.access().ca_file)?)?;
        let client = reqwest::Client::builder().tls_certs_only([authority]).timeout(Duration::from_mins(1));
        let http = client.redirect(redirect::Policy::none()).build()?;
        let stage = Self { browser: Browser::new(replica.access())?, replica, http, head, _feed: feed };
        stage.until_ready().await?;
        Ok(stage)
    }

    /// Starts the replica again, with this in the place of what [`Stage::start`] was given.
    pub(crate) async fn restart(&mut self, config: &str) -> Result<(), Failure> {
        self.replica.configure(&format!("{}{config}", self.head));
        self.replica.restart().await?;
        self.until_ready().await
    }

    /// Ready says that the log has everything; that the loans can be read follows a moment later.
    async fn until_ready(&self) -> Result<(), Failure> {
        let client = self.replica.client("loans:read").await?;
        let ready = poll(LIMIT, async || {
            let loans = client.get("/api/v1/loan-requests?limit=1").await?;
            Ok(self.replica.ready().await? == 200 && loans.text().contains("\"id\""))
        });
        if ready.await? { Ok(()) } else { Err(format!("not ready\n{}", self.replica.errors()).into()) }
    }

    pub(crate) fn access(&self) -> &Access {
        self.replica.access()
    }

    pub(crate) fn base(&self) -> &str {
        &self.access().base_url
    }

    /// What a command on the replica's data answers.
    pub(crate) async fn order(&self, words: &[&str]) -> Result<Value, Failure> {
        let output = self.replica.order(&[words, &["--json"]].concat()).await?;
        if !output.status.success() {
            return Err(format!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// A client with these scopes; `more`: further words of the command.
    pub(crate) async fn client(&self, name: &str, scopes: &str, more: &[&str]) -> Result<Registered, Failure> {
        let made = self.order(&[&["client", "create", "--name", name, "--scopes", scopes], more].concat()).await?;
        let text = |member: &str| made[member].as_str().unwrap_or_default().to_owned();
        Ok(Registered { id: text("id"), secret: text("secret") })
    }

    /// An application of people that may read loans and documents, on a server of its own or on a device.
    pub(crate) async fn application(&self, name: &str, authentication: &str) -> Result<Registered, Failure> {
        let grants = ["--grant", "authorization_code", "--grant", "refresh_token", "--redirect-uri", BACK];
        let more = [&grants[..], &["--authentication", authentication]].concat();
        self.client(name, "loans:read documents:read", &more).await
    }

    /// A person who may read loans, with a password; the account's id.
    pub(crate) async fn person(&self, email: &str) -> Result<String, Failure> {
        let words = ["account", "create", "--email", email, "--name", "Jane Doering", "--scopes", "loans:read"];
        let account = self.order(&words).await?;
        let text = |member: &str| account[member].as_str().ok_or("an account without it").map(str::to_owned);
        self.browser().choose_password(&text("link")?, PASSWORD).await?;
        Ok(text("id")?)
    }

    pub(crate) fn browser(&self) -> Browser {
        self.browser.fresh()
    }

    /// A browser in which Jane is signed in.
    pub(crate) async fn jane(&self) -> Result<Browser, Failure> {
        let mut browser = self.browser();
        browser.sign_in(JANE, PASSWORD, "").await?.to()?;
        Ok(browser)
    }

    pub(crate) async fn send(&self, sent: &Sent) -> Result<Reply, Failure> {
        let request = self.http.request(sent.method.clone(), format!("{}{}", self.base(), sent.path));
        let request = sent.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let response = request.body(sent.body.clone()).send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Reply { status, headers, bytes: response.bytes().await?.to_vec() })
    }

    /// A form to an OAuth endpoint: its status and what it says.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<(u16, Value), Failure> {
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let reply = self.send(&Sent::form(path, body.join("&"))).await?;
        Ok((reply.status.as_u16(), serde_json::from_slice(&reply.bytes)?))
    }

    /// A read of loans with an access token: its status.
    pub(crate) async fn reads(&self, token: &str) -> Result<u16, Failure> {
        let bearer = format!("Bearer {token}");
        let sent = Sent::get("/api/v1/loan-requests?limit=1").header("authorization", bearer);
        Ok(self.send(&sent).await?.status.as_u16())
    }

    /// The person in this browser lets an application in, and is sent back: to which address.
    pub(crate) async fn let_in(&self, browser: &mut Browser, request: &str) -> Result<Url, Failure> {
        let page = browser.get(request).await?;
        let page = match page.value("query") {
            Some(query) => browser.post("/oauth/authorize", &[("query", &query), ("answer", "allow")]).await?,
            None => page,
        };
        Ok(Url::parse(page.to()?)?)
    }

    /// Jane lets an application in; the code.
    pub(crate) async fn code(&self, application: &Registered, more: &str) -> Result<String, Failure> {
        let mut browser = self.jane().await?;
        let back = self.let_in(&mut browser, &asking(application, more)).await?;
        parameter(&back, "code").ok_or_else(|| format!("no code in {back}").into())
    }

    /// A code exchanged by an application: status and answer.
    pub(crate) async fn redeem(&self, application: &Registered, code: &str) -> Result<(u16, Value), Failure> {
        let grant = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", BACK)];
        self.post("/oauth/token", &[&grant[..], &[("code_verifier", VERIFIER)], &application.proof()].concat()).await
    }

    pub(crate) async fn refresh(&self, application: &Registered, token: &str) -> Result<(u16, Value), Failure> {
        let grant = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.post("/oauth/token", &[&grant[..], &application.proof()].concat()).await
    }

    /// A client's own token; `more`: further fields.
    pub(crate) async fn token(&self, client: &Registered, more: &[(&str, &str)]) -> Result<String, Failure> {
        let grant = [("grant_type", "client_credentials")];
        let (_, answer) = self.post("/oauth/token", &[&grant[..], &client.proof(), more].concat()).await?;
        Ok(answer["access_token"].as_str().ok_or_else(|| format!("no token: {answer}"))?.to_owned())
    }
}

impl Registered {
    /// What its forms say of it.
    pub(crate) fn proof(&self) -> Vec<(&str, &str)> {
        let id = [("client_id", self.id.as_str())];
        let secret = (!self.secret.is_empty()).then_some(("client_secret", self.secret.as_str()));
        id.into_iter().chain(secret).collect()
    }
}

impl Sent {
    fn of(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: String::new() }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::of(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>, content_type: &str, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::of(Method::POST, path) }.header("content-type", content_type)
    }

    pub(crate) fn form(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self::post(path, FORM, body)
    }

    pub(crate) fn json(path: impl Into<String>, body: impl Into<String>) -> Self {
        Self::post(path, "application/json", body)
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// An application's request to be let in; `more`: further parameters, with & before each.
pub(crate) fn asking(application: &Registered, more: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let (id, back) = (&application.id, encoded(BACK));
    let who = format!("response_type=code&client_id={id}&redirect_uri={back}&state=s-1");
    format!("/oauth/authorize?{who}&code_challenge={challenge}&code_challenge_method=S256{more}")
}

/// Percent-encoded whole.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let each = text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    each.collect()
}

/// A parameter of an address.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A text member of an answer.
pub(crate) fn text(answer: &Value, member: &str) -> Result<String, Failure> {
    Ok(answer[member].as_str().ok_or_else(|| format!("no {member} in {answer}"))?.to_owned())
}

/// The claims of a token, unchecked.
pub(crate) fn claims(token: &str) -> Result<Value, Failure> {
    let part = token.split('.').nth(1).ok_or("no token")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
}

/// The code of an authenticator app with this secret (base 32), so many seconds from now.
pub(crate) fn totp(secret: &str, later: u64) -> Result<String, Failure> {
    let mut bits = 0_u64;
    let (mut count, mut bytes) = (0, Vec::new());
    for letter in secret.bytes().filter(|byte| *byte != b' ') {
        let known = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter);
        bits = bits << 5 | u64::try_from(known.ok_or("a letter that base 32 has not")?)?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff)?);
        }
    }
    let now = u64::try_from(SystemClock::new().now().as_seconds())? + later;
    let app = totp_rs::Builder::new().with_secret(bytes).build().map_err(|error| format!("{error:?}"))?;
    Ok(app.generate(now).to_string())
}
