//! The source in `/health`: open to anybody, so states, causes, counts and ages, and no name of a loan, stream or host.

use std::time::Duration;

use continuity_base::Timestamp;
use continuity_readmodel::SyncSnapshot;
use serde_json::{Value, json};

use crate::staleness::state_word;

pub(super) fn component(sync: &SyncSnapshot, position: u64) -> Value {
    let why = sync.why.as_ref();
    let way_out = why.map(|why| why.way_out).filter(|way_out| !way_out.is_empty());
    let head = sync.head.as_ref();
    json!({
        "state": state_word(sync.state),
        "since": sync.since.to_string(),
        "cause": why.map(|why| why.cause),
        "reason": why.map(|why| &why.reason),
        "point": why.and_then(|why| why.point),
        "wayOut": way_out,
        "until": sync.pause.as_ref().and_then(|pause| pause.until).map(|until| until.to_string()),
        "synchronised": sync.synchronised,
        "secondsSinceProofOfLife": sync.proof_age.map(|age| age.as_secs()),
        "secondsSinceHeartbeat": sync.heartbeat.map(|heartbeat| heartbeat.age.as_secs()),
        "lagSeconds": sync.lag.map(|lag| lag.as_secs()),
        "position": position,
        "head": head.map(|head| head.number),
        "behind": head.and_then(|head| head.behind),
        "clockSkewSeconds": sync.skew().map(seconds),
        "clockSkewed": sync.skewed,
        "clockStepSeconds": sync.clock_step.map(|step| seconds(step.micros)),
        "secondsSinceClockStep": sync.clock_step.map(|step| step.age.as_secs()),
        "retentionSeconds": sync.retention.and_then(|retention| retention.max_age_seconds),
        "outageSurvived": sync.retention.map(|retention| retention.outage.name()),
        "outageSurvivedSeconds": sync.retention.and_then(|retention| retention.outage.seconds()),
    })
}

pub(super) fn log(sync: &SyncSnapshot, now: Timestamp) -> Value {
    json!({
        "position": sync.ledger_position,
        "secondsSinceAppend": sync.last_append.map(|at| now.since(at).as_secs()),
    })
}

pub(super) fn bootstrap(sync: &SyncSnapshot) -> Value {
    let Some(export) = sync.bootstrap else { return Value::Null };
    json!({
        "loansDone": export.loans_done,
        "loansExpected": export.loans_expected,
        "loansMissing": export.loans_missing,
        "etaSeconds": export.eta.as_ref().map(Duration::as_secs),
    })
}

const FAILING: &str =
    "The log or the ledger cannot be read to evaluate a manifest; it is tried again. The log of the process says what.";

pub(super) fn completeness(sync: &SyncSnapshot, now: Timestamp) -> Value {
    let Some(summary) = &sync.completeness else {
        return if sync.completeness_failing { json!({"failing": true, "reason": FAILING}) } else { Value::Null };
    };
    json!({
        "failing": sync.completeness_failing,
        "reason": sync.completeness_failing.then_some(FAILING),
        "asOf": summary.as_of,
        "evaluatedAt": summary.evaluated_at.to_string(),
        "secondsSinceEvaluation": now.since(summary.evaluated_at).as_secs(),
        "complete": summary.complete,
        "loansMissing": summary.loans_missing,
        "eventsMissing": summary.events_missing,
    })
}

/// With milliseconds; signed.
#[expect(clippy::cast_precision_loss, reason = "seconds for people, from microseconds within any clock's range")]
fn seconds(micros: i64) -> f64 {
    (micros as f64 / 1e3).round() / 1e3
}
