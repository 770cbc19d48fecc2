//! Metrics of the evaluation of manifests.

use continuity_events::record::Completeness;
use metrics::{counter, describe_counter, describe_gauge, gauge};

/// What the newest result showed: 1 complete, 0 not, -1 there is none.
const LAST_RESULT: &str = "continuity_completeness_last_result";
/// Loans that miss events, by the newest result.
const LOANS_MISSING: &str = "continuity_completeness_loans_missing";
/// Events that are missing, by the newest result.
const EVENTS_MISSING: &str = "continuity_completeness_events_missing";
/// When the newest result was recorded.
const EVALUATED_AT: &str = "continuity_completeness_evaluated_timestamp_seconds";
/// Manifests evaluated by this process, by `result`.
const MANIFESTS: &str = "continuity_completeness_manifests_total";
/// Manifests that wait until the source was read up to their `at`.
const WAITING: &str = "continuity_completeness_manifests_waiting";

/// Describes them to the recorder.
pub fn describe() {
    describe_gauge!(LAST_RESULT, "Newest evaluated manifest: 1 everything agrees, 0 not, -1 none was evaluated yet");
    describe_gauge!(LOANS_MISSING, "Loans that miss events, by the newest evaluated manifest");
    describe_gauge!(EVENTS_MISSING, "Events that are missing, by the newest evaluated manifest");
    describe_gauge!(EVALUATED_AT, "When the newest manifest was evaluated, seconds since the Unix epoch; 0 never");
    describe_counter!(MANIFESTS, "Manifests evaluated, by result: complete, incomplete or different");
    describe_gauge!(WAITING, "Manifests that wait until the source was read up to their `at`");
    gauge!(LAST_RESULT).set(-1.0);
    for name in [LOANS_MISSING, EVENTS_MISSING, EVALUATED_AT, WAITING] {
        gauge!(name).set(0.0);
    }
    for result in ["complete", "incomplete", "different"] {
        counter!(MANIFESTS, "result" => result).absolute(0);
    }
}

/// The newest result, recorded at `at`, microseconds since the Unix epoch.
#[expect(clippy::cast_precision_loss, reason = "counts and times stay exact up to 2^53")]
pub(super) fn newest(result: &Completeness, at: i64) {
    gauge!(LAST_RESULT).set(if result.complete { 1.0 } else { 0.0 });
    gauge!(LOANS_MISSING).set(result.loans_missing as f64);
    gauge!(EVENTS_MISSING).set(result.events_missing as f64);
    gauge!(EVALUATED_AT).set(at as f64 / 1e6);
}

/// One more result.
pub(super) fn evaluated(result: &Completeness) {
    counter!(MANIFESTS, "result" => result.word()).increment(1);
}

/// So many wait.
#[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
pub(super) fn waiting(manifests: usize) {
    gauge!(WAITING).set(manifests as f64);
}
