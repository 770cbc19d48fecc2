//! One attempt at one message.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Timestamp, causes, retry_after};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::sign::{SigningKey, signatures};
use crate::target::{Forbidden, Lookup, Resolver, Target};

/// What is read of an answer, so that its connection can be used again; nothing of it is kept.
const ANSWER_BYTES: usize = 16 << 10;
/// How long a connection may take to come about, in seconds; never longer than the attempt.
const CONNECT_SECONDS: u64 = 10;

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// Answered with 2xx.
    Delivered,
    /// Not answered, or with a status that says "later": 408, 425, 429, 5xx.
    Failed,
    /// Answered with any other status, redirects included.
    Refused,
    /// Its name led to an address that is not allowed.
    Forbidden,
    /// Answered with 410: nothing more is wanted there.
    Gone,
}

impl Outcome {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Delivered, Self::Failed, Self::Refused, Self::Forbidden, Self::Gone];

    /// Its name in metrics and lists.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Forbidden => "forbidden",
            Self::Gone => "gone",
        }
    }

    fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Delivered,
            410 => Self::Gone,
            408 | 425 | 429 | 500..=599 => Self::Failed,
            _ => Self::Refused,
        }
    }
}

/// An attempt, over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    /// Why it did not arrive; without the URL.
    pub(crate) detail: String,
    /// How long the receiver asks us to wait.
    pub(crate) asked: Option<Duration>,
}

/// Sends to one target.
#[derive(Clone)]
pub(crate) struct Sender {
    client: Client,
    pub(crate) target: Target,
    keys: Vec<SigningKey>,
}

impl Sender {
    /// `ca`: a PEM file of authorities beside the system's. `limit`: how long an attempt may take in all.
    pub(crate) fn new(
        target: Target,
        keys: Vec<SigningKey>,
        ca: Option<&Path>,
        limit: Duration,
        lookup: Lookup,
    ) -> Result<Self, String> {
        let mut client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .https_only(target.url.scheme() == "https")
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS).min(limit))
            .timeout(limit)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("continuity-webhooks/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Resolver { target: target.clone(), lookup }));
        if let Some(path) = ca {
            let pem = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            let authorities = Certificate::from_pem_bundle(&pem)
                .map_err(|error| format!("{} holds no certificates: {error}", path.display()))?;
            client = client.tls_certs_merge(authorities);
        }
        let client = client.build().map_err(|error| format!("no HTTP client can be made: {}", causes(&error)))?;
        Ok(Self { client, target, keys })
    }

    /// Sends the message once; `now` stands in its signature.
    pub(crate) async fn send(&self, message: &Message, now: Timestamp) -> Attempt {
        let seconds = now.as_seconds();
        let request = self
            .client
            .post(self.target.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signatures(&self.keys, &message.id, seconds, &message.body))
            .body(message.body.clone());
        match request.send().await {
            Ok(response) => answered(response, now).await,
            Err(error) => unanswered(error),
        }
    }
}

async fn answered(mut response: Response, now: Timestamp) -> Attempt {
    let status = response.status();
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, now));
    let mut read = 0;
    while let Ok(Some(piece)) = response.chunk().await {
        read += piece.len();
        if read > ANSWER_BYTES {
            break;
        }
    }
    let outcome = Outcome::of(status);
    let detail = match outcome {
        Outcome::Delivered => String::new(),
        _ if status.is_redirection() => {
            format!("it answers with a redirect ({}), and none is followed", status.as_u16())
        }
        _ => format!("it answers with {}", status.as_u16()),
    };
    Attempt { outcome, status: Some(status.as_u16()), detail, asked }
}

fn unanswered(error: reqwest::Error) -> Attempt {
    let error = error.without_url();
    let outcome = if is_forbidden(&error) { Outcome::Forbidden } else { Outcome::Failed };
    Attempt { outcome, status: None, detail: causes(&error), asked: None }
}

fn is_forbidden(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(<dyn std::error::Error>::is::<Forbidden>)
}

#[cfg(test)]
mod tests;
