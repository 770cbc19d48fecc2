//! `GET /health`: how the replica is, in the words of the vendor's guide, then component by component.

mod control_stream;
mod source;

use std::time::Duration;

use continuity_readmodel::{ModelState, ModelStatus, PauseCause, SourceState, SyncSnapshot};
use http::StatusCode;
use serde_json::{Value, json};

use crate::blob_lag;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::problem::Problem;
use crate::reply::{Caching, Reply};

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
    let sync = state.sync.snapshot_at(call.view.position);
    let models = state.engine.statuses();
    let counts = call.view.counts();
    let connected = call.view.loan("").is_ok();
    let rebuilding = models.iter().any(|m| matches!(m.state, ModelState::Rebuilding { .. }));
    let word = sync_word(sync.state, rebuilding);
    let whole = counts.parked_loans == 0 && counts.incomplete_loans == 0;
    let blobs = Blobs::of(call);
    let (accesses, webhooks) = (AccessRecords::of(call), Webhooks::of(call));
    let control_stream = (state.control_stream)();
    let shared = control_stream.is_none_or(|health| health.connected);
    let chosen = models.iter().all(|model| model.kept.is_none());
    let parts = blobs.well && accesses.well && webhooks.well && shared && chosen;
    let status = status_word(connected, whole && is_well(&sync) && parts && !rebuilding);
    let body = json!({
        "status": status,
        "timestamp": state.clock.now().to_string(),
        "version": state.version,
        "database": if connected { "connected" } else { "error" },
        "sync": word,
        "uptime": uptime(state.clock.monotonic().saturating_sub(state.started_at)),
        "components": {
            "source": source::component(&sync, call.view.position),
            "log": source::log(&sync, state.clock.now()),
            "bootstrap": source::bootstrap(&sync),
            "completeness": source::completeness(&sync, state.clock.now()),
            "readModels": models.iter().map(model).collect::<Vec<_>>(),
            "blobs": blobs.component,
            "accessRecords": accesses.component,
            "webhooks": webhooks.component,
            "controlStream": control_stream.map(|health| control_stream::component(health, &state.auth)),
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

/// The bytes of documents and attachments.
struct Blobs {
    /// None is lost or wrong, and those on their way come.
    well: bool,
    component: Value,
}

impl Blobs {
    fn of(call: &Call) -> Self {
        let state = &call.shared.state;
        let Ok(lag) = state.blobs.lag() else { return Self { well: false, component: json!({"failing": true}) } };
        let mut component = blob_lag::lag(&lag, state.clock.now());
        component.insert("failing".to_owned(), lag.failing.is_some().into());
        let well = lag.failing.is_none() && lag.stuck + lag.failed.count + lag.damaged.count == 0;
        Self { well, component: Value::Object(component) }
    }
}

/// The records of who read what.
struct AccessRecords {
    /// Every read is on record, or will be.
    well: bool,
    component: Value,
}

impl AccessRecords {
    fn of(call: &Call) -> Self {
        let auth = &call.shared.state.auth;
        let (recording, failed) = (auth.read_recording(), auth.control_log_failure().is_some());
        let component = json!({
            "state": if failed { "failed" } else { "recording" },
            "unrecordedReads": recording.unrecorded,
            "pendingRows": recording.pending,
            "writtenUntil": recording.written_until.to_string(),
        });
        Self { well: !failed && recording.unrecorded == 0, component }
    }
}

/// The messages to the bank's systems.
struct Webhooks {
    /// They arrive, and in time.
    well: bool,
    component: Value,
}

impl Webhooks {
    fn of(call: &Call) -> Self {
        let Some(health) = (call.shared.state.webhooks)() else {
            return Self { well: false, component: json!({"status": "degraded"}) };
        };
        let component = json!({
            "status": if health.well { "up" } else { "degraded" },
            "subscriptions": health.subscriptions,
            "backlogPositions": health.backlog,
            "deadLetters": health.dead_letters,
            "oldestWaitingSeconds": health.oldest_waiting.map(|waits| waits.as_secs()),
        });
        Self { well: health.well, component }
    }
}

fn model(status: &ModelStatus) -> Value {
    let (state, progress) = match &status.state {
        ModelState::Serving => ("serving", Value::Null),
        ModelState::Rebuilding { done, of } => ("rebuilding", json!({"done": done, "of": of})),
    };
    let mut model = json!({"name": status.name, "state": state, "position": status.position});
    if status.kept.is_some() {
        model["buildsDiffer"] = true.into();
    }
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

/// Whether the source is as it should be. A schedule that lets nothing be read now is kept, not failed,
/// unless its last window was missed; so is the bandwidth.
fn is_well(sync: &SyncSnapshot) -> bool {
    let as_meant = |cause| matches!(cause, PauseCause::Schedule | PauseCause::Bandwidth);
    let as_scheduled = sync.pause.as_ref().is_some_and(|pause| as_meant(pause.cause));
    let exported = sync.bootstrap.is_none_or(|export| export.loans_missing.is_none());
    let proved = sync.completeness.as_ref().is_none_or(|summary| summary.complete);
    proved
        && !sync.completeness_failing
        && exported
        && match sync.state {
            SourceState::Live | SourceState::CatchingUp | SourceState::Starting => true,
            SourceState::Paused => as_scheduled,
            SourceState::Stale | SourceState::Disconnected | SourceState::Diverged => false,
        }
}

fn status_word(connected: bool, well: bool) -> &'static str {
    match (connected, well) {
        (false, _) => "unhealthy",
        (true, true) => "healthy",
        (true, false) => "degraded",
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
            (SourceState::Live, false, "active", true),
            (SourceState::Live, true, "rebuilding", true),
            (SourceState::Starting, false, "catching-up", true),
            (SourceState::CatchingUp, false, "catching-up", true),
            (SourceState::Stale, true, "stale", false),
            (SourceState::Paused, false, "stale", false),
            (SourceState::Disconnected, true, "disconnected", false),
            (SourceState::Diverged, false, "disconnected", false),
        ];
        for (state, rebuilding, word, well) in cases {
            assert_eq!(sync_word(state, rebuilding), word);
            assert_eq!(is_well(&SyncSnapshot { state, ..SyncSnapshot::default() }), well, "{state:?}");
        }
        let statuses =
            [(false, true), (true, true), (true, false)].map(|(connected, well)| status_word(connected, well));
        assert_eq!(statuses, ["unhealthy", "healthy", "degraded"]);
    }
}
