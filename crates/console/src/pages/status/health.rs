//! What the API says of the replica: `/health` and `/ready`, which answer whatever else fails.

use axum::body::to_bytes;
use continuity_auth::Session;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::visit::Visit;

/// What is known of the replica at one moment.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// `None`: it does not say.
    pub(crate) health: Option<Health>,
    /// Why it takes no requests, by the last word of the problem's name.
    pub(crate) not_ready: Option<String>,
}

/// `GET /health`. A member that is missing is the harmless one: the API's document says which there are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Health {
    pub(crate) status: String,
    pub(crate) timestamp: String,
    pub(crate) version: String,
    pub(crate) database: String,
    pub(crate) uptime: String,
    pub(crate) components: Components,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Components {
    pub(crate) source: Source,
    pub(crate) log: Log,
    pub(crate) bootstrap: Option<Bootstrap>,
    pub(crate) completeness: Option<Completeness>,
    pub(crate) read_models: Vec<Model>,
    pub(crate) blobs: Blobs,
    pub(crate) access_records: AccessRecords,
    pub(crate) webhooks: Option<Webhooks>,
    pub(crate) control_stream: Option<ControlStream>,
    pub(crate) loans: Loans,
    pub(crate) events: Events,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Source {
    pub(crate) state: String,
    pub(crate) since: String,
    pub(crate) cause: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) way_out: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) synchronised: bool,
    pub(crate) seconds_since_proof_of_life: Option<u64>,
    pub(crate) seconds_since_heartbeat: Option<u64>,
    pub(crate) lag_seconds: Option<u64>,
    pub(crate) position: u64,
    pub(crate) head: Option<u64>,
    pub(crate) behind: Option<u64>,
    pub(crate) clock_skewed: bool,
    pub(crate) clock_skew_seconds: Option<f64>,
    pub(crate) outage_survived_seconds: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Log {
    pub(crate) position: Option<u64>,
    pub(crate) seconds_since_append: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Bootstrap {
    pub(crate) loans_done: u64,
    pub(crate) loans_expected: Option<u64>,
    pub(crate) loans_missing: Option<u64>,
    pub(crate) eta_seconds: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Completeness {
    pub(crate) failing: bool,
    pub(crate) as_of: Option<String>,
    pub(crate) complete: Option<bool>,
    pub(crate) loans_missing: u64,
    pub(crate) events_missing: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) builds_differ: bool,
    pub(crate) progress: Option<Progress>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    pub(crate) done: u64,
    pub(crate) of: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Amount {
    pub(crate) count: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Blobs {
    pub(crate) failing: bool,
    pub(crate) pending: Amount,
    pub(crate) available: Option<Amount>,
    pub(crate) failed: Amount,
    pub(crate) damaged: Amount,
    pub(crate) stuck: u64,
    pub(crate) oldest_pending_seconds: Option<u64>,
    pub(crate) position: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct AccessRecords {
    pub(crate) state: String,
    pub(crate) unrecorded_reads: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Webhooks {
    pub(crate) status: String,
    pub(crate) dead_letters: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ControlStream {
    pub(crate) state: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Loans {
    pub(crate) incomplete: u64,
    pub(crate) parked: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Events {
    pub(crate) parked: u64,
    pub(crate) held: u64,
    pub(crate) quarantined: u64,
    pub(crate) gaps_open: u64,
}

impl Known {
    /// What the API says now. An unhealthy replica answers 503 with the same members.
    pub(crate) async fn of(visit: &Visit, session: &Session) -> Self {
        let (_, health) = answer(visit, session, "/health").await;
        let health = health.and_then(|value| match serde_json::from_value::<Health>(value) {
            Ok(health) => Some(health).filter(|health| !health.components.source.state.is_empty()),
            Err(error) => {
                tracing::error!(%error, "the answer of /health is not what its document says");
                None
            }
        });
        let (ready, problem) = answer(visit, session, "/ready").await;
        let kind = problem.as_ref().and_then(|problem| problem["type"].as_str()).unwrap_or_default();
        let kind = kind.rsplit(':').next().unwrap_or_default().to_owned();
        Self { health, not_ready: (!ready.is_success()).then_some(kind) }
    }
}

/// The status and the JSON of an answer, whatever the status is.
async fn answer(visit: &Visit, session: &Session, path: &str) -> (StatusCode, Option<Value>) {
    /// Both answers are a few KB.
    const LONGEST: usize = 1024 * 1024;
    let response = visit.ask(session, path, HeaderMap::new()).await;
    let status = response.status();
    let bytes = to_bytes(response.into_body(), LONGEST).await.unwrap_or_default();
    (status, serde_json::from_slice(&bytes).ok())
}
