//! `GET /health`: how the replica is, in the words of the vendor's guide, then component by component.

use std::time::Duration;

use continuity_readmodel::{ModelState, ModelStatus, SourceState, SyncSnapshot};
use http::StatusCode;
use serde_json::{Value, json};

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::problem::Problem;
use crate::reply::{Caching, Reply};
use crate::staleness::state_word;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/health",
    id: "getHealth",
    tag: Tag::Health,
    summary: "How the replica is",
    description: "200 while healthy or degraded, 503 when unhealthy. Open to anybody, so it holds counts, ages and states only.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("Health"),
    handler: Handler::Read(handle),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every handler")]
fn handle(call: &Call) -> Result<Reply, Problem> {
    let state = &call.shared.state;
    let sync = state.sync.snapshot();
    let models = state.engine.statuses();
    let counts = call.view.counts();
    let connected = call.view.loan("").is_ok();
    let rebuilding = models.iter().any(|m| matches!(m.state, ModelState::Rebuilding { .. }));
    let word = sync_word(sync.state, rebuilding);
    let whole = counts.parked_loans == 0 && counts.incomplete_loans == 0;
    let status = status_word(connected, word, whole);
    let body = json!({
        "status": status,
        "timestamp": state.clock.now().to_string(),
        "version": state.version,
        "database": if connected { "connected" } else { "error" },
        "sync": word,
        "uptime": uptime(state.clock.monotonic().saturating_sub(state.started_at)),
        "components": {
            "source": source(call, &sync),
            "readModels": models.iter().map(model).collect::<Vec<_>>(),
            "loans": {"incomplete": counts.incomplete_loans, "parked": counts.parked_loans},
            "events": {
                "parked": counts.parked_events,
                "held": sync.counters.held,
                "quarantined": sync.counters.quarantined,
                "gapsOpen": sync.counters.gaps_open,
            },
            // Erased and purged data is no longer served, but the log is not encrypted yet and still holds its bytes.
            "erasure": {"loans": counts.erased_loans, "logHoldsErasedBytes": counts.erased_loans > 0},
        },
    });
    let code = if status == "unhealthy" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    Ok(Reply::json(body.to_string()).status(code).caching(Caching::NoStore))
}

fn source(call: &Call, sync: &SyncSnapshot) -> Value {
    let state = &call.shared.state;
    let (now, position) = (state.clock.now(), call.view.position);
    let age = |at: Option<continuity_base::Timestamp>| at.map(|at| now.since(at).as_secs());
    json!({
        "state": state_word(sync),
        "synchronised": sync.synchronised,
        "secondsSinceProofOfLife": age(sync.last_proof_of_life),
        "lagSeconds": age(state.sync.caught_up_at(position)),
        "position": position,
    })
}

fn model(status: &ModelStatus) -> Value {
    let (state, progress) = match &status.state {
        ModelState::Serving => ("serving", Value::Null),
        ModelState::Rebuilding { done, of } => ("rebuilding", json!({"done": done, "of": of})),
    };
    let mut model = json!({"name": status.name, "state": state, "position": status.position});
    if !progress.is_null() {
        model["progress"] = progress;
    }
    model
}

/// The guide's word: a source that is cut off weighs more than a read model that is being rebuilt.
fn sync_word(state: SourceState, rebuilding: bool) -> &'static str {
    match state {
        SourceState::Stale | SourceState::Paused => "stale",
        SourceState::Disconnected | SourceState::Diverged => "disconnected",
        _ if rebuilding => "rebuilding",
        SourceState::Live => "active",
        SourceState::Starting | SourceState::CatchingUp => "catching-up",
    }
}

fn status_word(connected: bool, sync: &str, whole: bool) -> &'static str {
    match (connected, sync) {
        (false, _) => "unhealthy",
        (true, "active" | "catching-up") if whole => "healthy",
        (true, _) => "degraded",
    }
}

/// `[Nd ][Nh ]Nm`, under a minute `Ns`.
fn uptime(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        return format!("{seconds}s");
    }
    let part = |n: u64, unit: &str| if n == 0 { String::new() } else { format!("{n}{unit} ") };
    format!("{}{}{}m", part(seconds / 86_400, "d"), part(seconds / 3_600 % 24, "h"), seconds / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_reads_as_in_the_guide() {
        let cases = [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (8_100, "2h 15m"),
            (7_200, "2h 0m"),
            (86_400, "1d 0m"),
            (90_061, "1d 1h 1m"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(uptime(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn the_words_follow_the_source() {
        let cases = [
            (SourceState::Live, false, "active", "healthy"),
            (SourceState::Live, true, "rebuilding", "degraded"),
            (SourceState::Starting, false, "catching-up", "healthy"),
            (SourceState::CatchingUp, false, "catching-up", "healthy"),
            (SourceState::Stale, true, "stale", "degraded"),
            (SourceState::Paused, false, "stale", "degraded"),
            (SourceState::Disconnected, true, "disconnected", "degraded"),
            (SourceState::Diverged, false, "disconnected", "degraded"),
        ];
        for (state, rebuilding, word, status) in cases {
            assert_eq!(sync_word(state, rebuilding), word);
            assert_eq!(status_word(true, word, true), status, "{state:?}");
            assert_eq!(status_word(false, word, true), "unhealthy");
        }
        assert_eq!(status_word(true, "active", false), "degraded");
    }
}
