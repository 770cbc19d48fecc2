//! The figures that the read models export.

use std::time::Duration;

use continuity_events::instant::Instant;
use metrics::{Unit, describe_gauge, describe_histogram, gauge, histogram};

use crate::engine::View;
use crate::store::Durability;
use crate::sync::SyncBoard;

/// Log position applied, per read model.
pub const POSITION: &str = "continuity_projection_position";
/// Whether a read model is served, per read model.
pub const SERVING: &str = "continuity_projection_serving";
/// Whether two builds of a read model differ and are kept, per read model.
pub const BUILDS_DIFFER: &str = "continuity_projection_builds_differ";
/// Time of one commit over all read models, by durability.
pub const COMMIT_SECONDS: &str = "continuity_projection_commit_seconds";
/// Loans that exist.
pub const LOANS: &str = "continuity_loans";
/// Loans with an event that cannot be folded.
pub const PARKED_LOANS: &str = "continuity_parked_loans";
/// Events kept back by that.
pub const PARKED_EVENTS: &str = "continuity_parked_events";
/// Loans with a recorded gap or a parked event.
pub const INCOMPLETE_LOANS: &str = "continuity_incomplete_loans";
/// Events of entities that no read model knows.
pub const UNPROJECTED_EVENTS: &str = "continuity_unprojected_events";
/// Entities that lack a patch.
pub const SKIPPED_PATCHES: &str = "continuity_entities_with_skipped_patches";

/// When the source last showed a head that a read model has applied, per read model.
pub const CAUGHT_UP: &str = "continuity_projection_caught_up_timestamp_seconds";
/// Time of the newest event applied, as the platform wrote it.
pub const NEWEST_EVENT: &str = "continuity_newest_event_timestamp_seconds";

/// Describes all of them to the recorder.
pub fn describe() {
    describe_gauge!(POSITION, "Log position applied by the read model");
    describe_gauge!(SERVING, "1 while the read model is served, 0 while it is rebuilt");
    describe_gauge!(BUILDS_DIFFER, "1 while a build with other rows than the served one is kept, 0 otherwise");
    describe_histogram!(COMMIT_SECONDS, Unit::Seconds, "Time to commit one batch to all read models");
    describe_gauge!(
        CAUGHT_UP,
        "The latest instant of which the read model has all that the source had then; NaN while unknown"
    );
    describe_gauge!(NEWEST_EVENT, "Time of the newest event applied, by the platform's clock");
    describe_gauge!(LOANS, "Loans that exist");
    describe_gauge!(PARKED_LOANS, "Loans with an event that cannot be folded");
    describe_gauge!(PARKED_EVENTS, "Events kept back in parked loans");
    describe_gauge!(INCOMPLETE_LOANS, "Loans with a recorded gap or a parked event");
    describe_gauge!(UNPROJECTED_EVENTS, "Events of entities that no read model knows");
    describe_gauge!(SKIPPED_PATCHES, "Entities that lack a patch because its base is behind a gap");
}

pub(crate) fn committed(durability: Durability, took: Duration) {
    let durability = match durability {
        Durability::Visible => "visible",
        Durability::Durable => "durable",
    };
    histogram!(COMMIT_SECONDS, "durability" => durability).record(took.as_secs_f64());
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; positions stay exact up to 2^53")]
pub(crate) fn published(view: &View) {
    for (name, position, serving) in view.positions() {
        gauge!(POSITION, "projection" => name).set(position as f64);
        gauge!(SERVING, "projection" => name).set(if serving { 1.0 } else { 0.0 });
    }
    for (name, differs) in view.kept() {
        gauge!(BUILDS_DIFFER, "projection" => name).set(if differs { 1.0 } else { 0.0 });
    }
    let counts = view.counts();
    gauge!(LOANS).set(counts.loans as f64);
    gauge!(PARKED_LOANS).set(counts.parked_loans as f64);
    gauge!(PARKED_EVENTS).set(counts.parked_events as f64);
    gauge!(INCOMPLETE_LOANS).set(counts.incomplete_loans as f64);
    gauge!(UNPROJECTED_EVENTS).set(counts.unprojected as f64);
    gauge!(SKIPPED_PATCHES).set(counts.skipped as f64);
}

/// Sets what ages to what is true at this moment, for a scrape.
pub fn show(view: &View, sync: &SyncBoard) {
    for (name, position, _) in view.positions() {
        let caught_up = sync.caught_up_at(position).map_or(f64::NAN, |at| seconds(at.as_micros()));
        gauge!(CAUGHT_UP, "projection" => name).set(caught_up);
    }
    if let Some(newest) = view.as_of.as_deref().and_then(Instant::parse) {
        gauge!(NEWEST_EVENT).set(seconds(newest.unix_micros()));
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; instants stay exact to the microsecond")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
