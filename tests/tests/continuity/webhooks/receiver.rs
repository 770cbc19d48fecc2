//! A real HTTP server that takes messages down, and fails when it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use continuity_tests::harness::{Client, Failure, poll};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::SECRET;
use crate::clients::python;
use crate::rig::LIMIT;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) id: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) message: Value,
    pub(crate) status: u16,
    /// Status code of the API when it was asked for the loan at once, and the loan's status there.
    pub(crate) asked: Option<(u16, String)>,
}

impl Arrival {
    /// The type, and members of its data.
    pub(crate) fn shown(&self, members: &[&str]) -> String {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let values = members.iter().map(|name| &self.message["data"][name]).filter(|value| !value.is_null());
        std::iter::once(&self.message["type"]).chain(values).map(text).collect::<Vec<_>>().join(" ")
    }
}

/// How it answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// With this status.
    Always(u16),
    /// With 500 or 503 to so many in a hundred, else with 204.
    Failing(u32),
    /// With 400 to messages whose body holds this, else with 204.
    Refusing(&'static str),
    /// With a redirect to there.
    Redirect(String),
}

struct Shared {
    arrivals: Vec<Arrival>,
    answer: Answer,
    chance: u32,
    api: Option<Client>,
}

type Known = Arc<Mutex<Shared>>;

pub(crate) struct Receiver {
    port: u16,
    known: Known,
    _server: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let known = Arc::new(Mutex::new(Shared {
            arrivals: Vec::new(),
            answer: Answer::Always(204),
            chance: 0x2545_f491,
            api: None,
        }));
        let router = axum::Router::new().fallback(take).with_state(Arc::clone(&known));
        let mut server = JoinSet::new();
        server.spawn(async move {
            // It ends with the test.
            axum::serve(listener, router).await.unwrap();
        });
        Ok(Self { port, known, _server: server })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks?key=url-secret", self.port)
    }

    pub(crate) fn answer(&self, answer: Answer) {
        lock(&self.known).answer = answer;
    }

    /// Asks this API for the loan of each message before it answers, as receivers do.
    pub(crate) fn ask(&self, api: Client) {
        lock(&self.known).api = Some(api);
    }

    /// Everything that came, in order.
    pub(crate) fn all(&self) -> Vec<Arrival> {
        lock(&self.known).arrivals.clone()
    }

    /// What was answered with 2xx, each message once, in the order of the first time.
    pub(crate) fn taken(&self) -> Vec<Arrival> {
        let mut seen = BTreeSet::new();
        let mut all = self.all();
        all.retain(|arrival| arrival.status < 300 && seen.insert(arrival.id.clone()));
        all
    }

    /// Waits until so many different messages were taken.
    pub(crate) async fn until_taken(&self, wanted: usize) -> Result<Vec<Arrival>, Failure> {
        self.until(&format!("{wanted} messages"), || self.taken().len() >= wanted).await?;
        Ok(self.taken())
    }

    pub(crate) async fn until(&self, what: &str, wanted: impl Fn() -> bool) -> Result<(), Failure> {
        if poll(LIMIT, async || Ok(wanted())).await? {
            return Ok(());
        }
        let shown: Vec<_> = self.all().iter().map(|arrival| format!("{} {}", arrival.status, arrival.body)).collect();
        Err(format!("not {what} within {LIMIT:?}, but\n{}", shown.join("\n")).into())
    }

    /// Every message that came is signed with this secret, as the package that receivers use sees it.
    pub(crate) async fn verified_with(&self, secret: &str) -> Result<(), Failure> {
        let (all, file) = (self.all(), tempfile::NamedTempFile::new()?);
        let line = |arrival: &Arrival| json!({"headers": arrival.headers, "body": arrival.body}).to_string() + "\n";
        std::fs::write(file.path(), all.iter().map(line).collect::<String>())?;
        let mut command = Command::new(python());
        command.arg(format!("{}/clients/verify_webhooks.py", env!("CARGO_MANIFEST_DIR")));
        command.arg(secret).arg(file.path());
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(said, all.len().to_string(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// The same with the secret in use.
    pub(crate) async fn verified(&self) -> Result<(), Failure> {
        self.verified_with(SECRET).await
    }
}

async fn take(State(known): State<Known>, headers: HeaderMap, body: String) -> Response {
    let headers: BTreeMap<String, String> =
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned())).collect();
    let message: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    let api = lock(&known).api.clone();
    let asked = match (api, message["data"]["loanRequestId"].as_str()) {
        (Some(api), Some(loan)) => ask(&api, loan).await.ok(),
        _ => None,
    };
    let mut known = lock(&known);
    // xorshift: a chance that is the same in each run.
    known.chance ^= known.chance << 13;
    known.chance ^= known.chance >> 17;
    known.chance ^= known.chance << 5;
    let (mut more, chance) = (HeaderMap::new(), known.chance);
    let status = match &known.answer {
        Answer::Always(status) => *status,
        Answer::Failing(percent) if chance % 100 < *percent => 500 + 3 * u16::try_from(chance / 100 % 2).unwrap_or(0),
        Answer::Refusing(text) if body.contains(text) => 400,
        Answer::Failing(_) | Answer::Refusing(_) => 204,
        Answer::Redirect(to) => {
            more.insert("location", to.parse().unwrap());
            307
        }
    };
    let id = headers.get("webhook-id").cloned().unwrap_or_default();
    known.arrivals.push(Arrival { id, headers, body, message, status, asked });
    (StatusCode::from_u16(status).unwrap(), more).into_response()
}

async fn ask(api: &Client, loan: &str) -> Result<(u16, String), Failure> {
    let reply = api.get(&format!("/api/v1/loan-requests/{loan}")).await?;
    let status = reply.json()?.text("status").unwrap_or_default().to_owned();
    Ok((reply.status.as_u16(), status))
}

fn lock(known: &Known) -> std::sync::MutexGuard<'_, Shared> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server that accepts connections and never answers; its port.
pub(crate) async fn silent() -> Result<(u16, JoinSet<()>), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
        tokio::time::sleep(Duration::MAX).await;
    });
    Ok((port, server))
}
