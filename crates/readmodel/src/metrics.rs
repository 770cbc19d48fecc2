//! The figures that the read models export.

use std::time::Duration;

use metrics::{Unit, describe_gauge, describe_histogram, gauge, histogram};

use crate::engine::View;
use crate::store::Durability;

/// Log position applied, per read model.
pub const POSITION: &str = "continuity_projection_position";
/// Whether a read model is served, per read model.
pub const SERVING: &str = "continuity_projection_serving";
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

/// Describes all of them to the recorder.
pub fn describe() {
    describe_gauge!(POSITION, "Log position applied by the read model");
    describe_gauge!(SERVING, "1 while the read model is served, 0 while it is rebuilt");
    describe_histogram!(COMMIT_SECONDS, Unit::Seconds, "Time to commit one batch to all read models");
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
    let counts = view.counts();
    gauge!(LOANS).set(counts.loans as f64);
    gauge!(PARKED_LOANS).set(counts.parked_loans as f64);
    gauge!(PARKED_EVENTS).set(counts.parked_events as f64);
    gauge!(INCOMPLETE_LOANS).set(counts.incomplete_loans as f64);
    gauge!(UNPROJECTED_EVENTS).set(counts.unprojected as f64);
    gauge!(SKIPPED_PATCHES).set(counts.skipped as f64);
}
