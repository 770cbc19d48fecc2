//! Compares what a running replica answers with what the independent fold says it must.

mod lists;
mod loan;
mod unanswered;

pub use lists::lists;
pub use loan::loan;
pub use unanswered::unanswered;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::fold::{Answer, Fold};
use crate::harness::{Client, Failure, Reply};
use crate::json::Json;

/// The clients that a comparison needs, each with the scopes that its name says.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Every scope.
    pub all: Client,
    /// `loans:read` alone.
    pub loans_only: Client,
}

/// What was compared.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many replies were compared.
    pub replies: u64,
    /// What differed, in words, the first few in full.
    pub differences: Vec<String>,
}

impl Report {
    /// Adds what another comparison found.
    pub fn add(&mut self, other: Self) {
        self.replies += other.replies;
        self.differences.extend(other.differences);
    }

    fn check(&mut self, agrees: bool, difference: impl FnOnce() -> String) {
        self.replies += 1;
        if !agrees {
            self.differences.push(difference());
        }
    }

    fn answer(&mut self, path: &str, reply: &Reply, want: &Answer) {
        let got = match reply.status.as_u16() {
            200 => reply.json().map(|body| Answer::Body(without_blob_states(&body))),
            404 => Ok(Answer::NotFound),
            410 => Ok(Answer::Gone),
            other => Err(format!("{other} {}", reply.text()).into()),
        };
        let want = match want {
            Answer::Body(body) => &Answer::Body(without_blob_states(body)),
            other => other,
        };
        match got {
            Ok(got) => self.check(got == *want, || format!("{path}: {}", difference(&got, want))),
            Err(error) => self.check(false, || format!("{path}: {error}")),
        }
    }

    fn bytes(&mut self, path: &str, reply: &Reply, sha256: &str) {
        let got = hex::encode(Sha256::digest(&reply.bytes));
        let agrees = reply.status.is_success() && got == sha256;
        self.check(agrees, || format!("{path}: {} with sha256 {got}, not {sha256}", reply.status));
    }
}

/// Compares every endpoint of every loan and the lists over all loans; a few loans at a time.
pub async fn everything(fold: Arc<Fold>, clients: Clients) -> Result<Report, Failure> {
    let mut report = lists(&fold, &clients.all).await?;
    report.add(unanswered(&fold, &clients.all).await?);
    let ids: Vec<String> = fold.loan_ids().map(str::to_owned).collect();
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..4 {
        let (fold, clients, ids) = (fold.clone(), clients.clone(), ids.clone());
        workers.spawn(async move {
            let mut report = Report::default();
            for id in ids.iter().skip(worker).step_by(4) {
                report.add(loan(&fold, &clients, id).await?);
            }
            Ok::<_, Failure>(report)
        });
    }
    while let Some(part) = workers.join_next().await {
        report.add(part??);
    }
    Ok(report)
}

/// The value without `state` in any `blob`: that one member is the replica's own, and says what it has, not what it was told.
pub fn without_blob_states(value: &Json) -> Json {
    match value {
        Json::List(elements) => Json::List(elements.iter().map(without_blob_states).collect()),
        Json::Object(members) => {
            let kept = members.iter().map(|(name, value)| {
                let value = without_blob_states(value);
                (name.clone(), if name == "blob" { value.without("state") } else { value })
            });
            Json::Object(kept.collect())
        }
        other => other.clone(),
    }
}

/// Percent-encodes one path segment.
pub fn segment(id: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    id.bytes().map(|b| if unreserved(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The first place at which two answers differ.
fn difference(got: &Answer, want: &Answer) -> String {
    let (Answer::Body(got), Answer::Body(want)) = (got, want) else {
        return format!("got {}, want {}", brief(got), brief(want));
    };
    first_difference("$", got, want).unwrap_or_else(|| "nothing".to_owned())
}

fn brief(answer: &Answer) -> String {
    match answer {
        Answer::Body(body) => shortened(body),
        other => format!("{other:?}"),
    }
}

fn shortened(value: &Json) -> String {
    value.to_text().chars().take(200).collect()
}

fn first_difference(at: &str, got: &Json, want: &Json) -> Option<String> {
    match (got, want) {
        (Json::List(a), Json::List(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (a, b))| first_difference(&format!("{at}[{i}]"), a, b))
        }
        (Json::List(a), Json::List(b)) => Some(format!("{at} has {} elements, not {}", a.len(), b.len())),
        (Json::Object(a), Json::Object(b)) => {
            let names = |members: &[(String, Json)]| members.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            if names(a) != names(b) {
                return Some(format!("{at} has members {:?}, not {:?}", names(a), names(b)));
            }
            a.iter().zip(b).find_map(|((name, a), (_, b))| first_difference(&format!("{at}.{name}"), a, b))
        }
        (a, b) if a == b => None,
        (a, b) => Some(format!("{at} is {}, not {}", shortened(a), shortened(b))),
    }
}
