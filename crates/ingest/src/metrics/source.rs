//! Gauges of the source. Nobody sets them while it works: [`show`] derives them from the board for each scrape, so that a
//! thread that has died cannot leave a happy value behind. What is not known now is `NaN`, which no comparison holds for.

use continuity_base::Timestamp;
use continuity_events::record::Divergence;
use continuity_readmodel::{BootstrapShown, FaultKind, Outage, PauseCause, RetentionSeen, SourceState, SyncSnapshot};
use metrics::{counter, describe_counter, describe_gauge, gauge};

use super::float;

/// Whether the source is connected and gives signs of life.
pub const CONNECTED: &str = "continuity_source_connected";
/// Whether reading is paused, by `cause`.
pub const PAUSED: &str = "continuity_ingest_paused";
/// The state of the source: 1 for the label `state` that it is in.
pub const STATE: &str = "continuity_source_state";
/// Whether it diverged, by `cause`.
pub const DIVERGED: &str = "continuity_source_diverged";
/// The source's end as it numbers it.
pub const HEAD: &str = "continuity_source_head";
/// When it showed that end.
pub const HEAD_SEEN: &str = "continuity_source_head_seen_timestamp_seconds";
/// Messages before that end that were not taken yet.
pub const BEHIND: &str = "continuity_source_behind_messages";
/// When the source last gave a sign of life.
pub const PROOF_OF_LIFE: &str = "continuity_source_proof_of_life_timestamp_seconds";
/// When the platform last gave one, through a heartbeat.
pub const HEARTBEAT: &str = "continuity_source_heartbeat_timestamp_seconds";
/// How far the source's clocks are ahead of ours, by `clock`.
pub const CLOCK_SKEW: &str = "continuity_source_clock_skew_seconds";
/// How long the source keeps messages.
pub const RETENTION: &str = "continuity_source_retention_seconds";
/// The longest outage of the replica that loses nothing.
pub const OUTAGE: &str = "continuity_source_outage_survived_seconds";
/// Log position that the ledger holds.
pub const LEDGER_POSITION: &str = "continuity_ledger_position";
/// When it was last committed with something new.
pub const LAST_APPEND: &str = "continuity_log_last_append_timestamp_seconds";
/// Now minus the latest instant at which the read models had everything that the source showed.
pub const LAG: &str = "continuity_replica_lag_seconds";
/// Steps of our own wall clock.
pub const CLOCK_STEPS: &str = "continuity_clock_steps_total";
/// Loans of a running bootstrap export, taken.
pub const BOOTSTRAP_DONE: &str = "continuity_bootstrap_loans_done";
/// Loans of a running bootstrap export, announced.
pub const BOOTSTRAP_EXPECTED: &str = "continuity_bootstrap_loans_expected";

/// Loans that the newest bootstrap export announced and ended without.
pub const BOOTSTRAP_MISSING: &str = "continuity_bootstrap_loans_missing";

pub(super) fn describe() {
    describe_gauge!(CONNECTED, "1 while the source is connected and gives signs of life");
    describe_gauge!(
        PAUSED,
        "1 while reading is paused, by cause: operator, bound, space, schedule, missed-window, bandwidth"
    );
    describe_gauge!(STATE, "1 for the state that the source is in, 0 for the others");
    describe_gauge!(DIVERGED, "1 while the source differs from what was read from it, by cause");
    describe_gauge!(HEAD, "The source's end as it numbers it: stream sequence, offset, event number");
    describe_gauge!(HEAD_SEEN, "When the source last showed its end; stamped before it was asked");
    describe_gauge!(BEHIND, "Messages before that end that were not taken yet; NaN while the source is not heard");
    describe_gauge!(PROOF_OF_LIFE, "When the source last gave a sign of life: its end, a message, a heartbeat");
    describe_gauge!(
        HEARTBEAT,
        "When the platform behind the source last gave a sign of life: a heartbeat, as it was sent"
    );
    describe_gauge!(
        CLOCK_SKEW,
        "How far a clock of the source is ahead of ours: broker or platform; NaN while unknown"
    );
    describe_gauge!(
        RETENTION,
        "How long the source keeps messages, by age; infinite when it drops none by age, NaN when it does not say"
    );
    describe_gauge!(
        OUTAGE,
        "The longest outage of the replica that loses nothing; infinite when the source drops nothing, NaN when it does not say"
    );
    describe_gauge!(LEDGER_POSITION, "Log position that the ledger holds");
    describe_gauge!(LAST_APPEND, "When ingest last committed to log and ledger");
    describe_gauge!(
        LAG,
        "Now minus the latest instant at which the read models had all that the source showed; NaN while unknown"
    );
    describe_counter!(CLOCK_STEPS, "Steps of this machine's own wall clock that were noticed");
    describe_gauge!(BOOTSTRAP_DONE, "Loans of the running bootstrap export that were taken");
    describe_gauge!(BOOTSTRAP_EXPECTED, "Loans that the running bootstrap export announced");
    describe_gauge!(BOOTSTRAP_MISSING, "Loans that the newest bootstrap export announced and ended without");
}

/// Sets them all to what is true at this moment.
pub fn show(seen: &SyncSnapshot) {
    gauge!(CONNECTED).set(bit(seen.connected));
    for state in SourceState::ALL {
        gauge!(STATE, "state" => state.name()).set(bit(seen.state == state));
    }
    let pause = seen.pause.as_ref().map(|pause| pause.cause);
    for cause in PauseCause::ALL {
        gauge!(PAUSED, "cause" => cause.name()).set(bit(pause == Some(cause)));
    }
    let diverged = seen.fault.as_ref().and_then(|fault| match fault.kind {
        FaultKind::Diverged { cause, .. } => Some(cause),
        _ => None,
    });
    for cause in Divergence::ALL {
        gauge!(DIVERGED, "cause" => cause.name()).set(bit(diverged == Some(cause)));
    }
    show_positions(seen);
    show_clocks(seen);
    show_retention(seen.retention);
    gauge!(BOOTSTRAP_DONE).set(seen.bootstrap.map_or(0.0, |export| float(export.loans_done)));
    let expected = |export: &BootstrapShown| export.loans_expected.map_or(f64::NAN, float);
    gauge!(BOOTSTRAP_EXPECTED).set(seen.bootstrap.as_ref().map_or(0.0, expected));
    let missing = seen.bootstrap.and_then(|export| export.loans_missing);
    gauge!(BOOTSTRAP_MISSING).set(missing.map_or(0.0, float));
}

fn show_positions(seen: &SyncSnapshot) {
    let head = seen.head.as_ref();
    gauge!(HEAD).set(head.map_or(f64::NAN, |head| float(head.number)));
    gauge!(HEAD_SEEN).set(head.map_or(f64::NAN, |head| seconds(head.seen_at)));
    gauge!(BEHIND).set(head.and_then(|head| head.behind).map_or(f64::NAN, float));
    gauge!(LEDGER_POSITION).set(seen.ledger_position.map_or(f64::NAN, float));
    gauge!(LAST_APPEND).set(seen.last_append.map_or(f64::NAN, seconds));
    gauge!(LAG).set(seen.lag.map_or(f64::NAN, |lag| lag.as_secs_f64()));
}

fn show_clocks(seen: &SyncSnapshot) {
    gauge!(PROOF_OF_LIFE).set(seen.last_proof_of_life.map_or(f64::NAN, seconds));
    gauge!(HEARTBEAT).set(seen.heartbeat.map_or(f64::NAN, |heartbeat| seconds(heartbeat.alive_at)));
    for (clock, skew) in [("broker", seen.broker_skew), ("platform", seen.platform_skew)] {
        gauge!(CLOCK_SKEW, "clock" => clock).set(skew.map_or(f64::NAN, micros));
    }
    counter!(CLOCK_STEPS).absolute(seen.clock_steps);
}

fn show_retention(seen: Option<RetentionSeen>) {
    let age = seen.map_or(f64::NAN, |retention| retention.max_age_seconds.unwrap_or(f64::INFINITY));
    gauge!(RETENTION).set(age);
    gauge!(OUTAGE).set(match seen.map(|retention| retention.outage) {
        Some(Outage::Any) => f64::INFINITY,
        Some(Outage::Seconds(seconds)) => seconds,
        Some(Outage::Unknown) | None => f64::NAN,
    });
}

fn bit(yes: bool) -> f64 {
    float(u64::from(yes))
}

fn seconds(at: Timestamp) -> f64 {
    micros(at.as_micros())
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
fn micros(micros: i64) -> f64 {
    micros as f64 / 1e6
}
