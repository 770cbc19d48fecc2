//! The figures that the blob service exports.

use std::sync::Once;

use ::metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::index::State;
use crate::index::tally::BlobAmount;
use crate::service::BlobLag;

/// Referenced blobs by `state`.
pub const BLOBS: &str = "continuity_blobs";
/// Their bytes.
pub const BYTES: &str = "continuity_blobs_bytes";
/// Since when the oldest pending one has been wanted.
pub const OLDEST_PENDING: &str = "continuity_blobs_oldest_pending_timestamp_seconds";
/// Pending ones that were tried often in vain.
pub const STUCK: &str = "continuity_blobs_stuck";
/// 1 while nothing is fetched or verified.
pub const FAILING: &str = "continuity_blobs_failing";
/// Fetches by `outcome`.
pub const FETCHES: &str = "continuity_blob_fetches_total";
/// Bytes that fetches brought.
pub const FETCHED_BYTES: &str = "continuity_blob_fetched_bytes_total";
/// Blobs that were hashed again, by `outcome`.
pub const VERIFICATIONS: &str = "continuity_blob_verifications_total";
/// Blobs removed since nobody referred to them.
pub const COLLECTED: &str = "continuity_blobs_collected_total";
/// Bytes in quarantine.
pub const QUARANTINED: &str = "continuity_blob_quarantined_bytes";

/// Values of `outcome` of fetches.
const FETCH_OUTCOMES: [&str; 9] =
    ["stored", "adopted", "missing", "expired", "busy", "refused", "failed", "no-room", "damaged"];
/// The same of verifications.
const VERIFICATION_OUTCOMES: [&str; 3] = ["ok", "damaged", "error"];

/// Describes all of them to the recorder, once.
pub fn describe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        describe_gauge!(BLOBS, "Referenced blobs by state");
        describe_gauge!(BYTES, Unit::Bytes, "Bytes of referenced blobs by state, as far as their sizes are known");
        describe_gauge!(
            OLDEST_PENDING,
            "Since when the oldest pending blob has been wanted; NaN while none is pending"
        );
        describe_gauge!(STUCK, "Pending blobs that were tried eight times or more in vain");
        describe_gauge!(FAILING, "1 while blobs are neither fetched nor verified; /health and `blobs status` say why");
        describe_counter!(FETCHES, "Fetches of blobs by outcome");
        describe_counter!(FETCHED_BYTES, Unit::Bytes, "Bytes that fetches of blobs brought");
        describe_counter!(VERIFICATIONS, "Stored blobs that were hashed again, by outcome");
        describe_counter!(COLLECTED, "Blobs removed since nobody referred to them");
        for outcome in FETCH_OUTCOMES {
            counter!(FETCHES, "outcome" => outcome).increment(0);
        }
        for outcome in VERIFICATION_OUTCOMES {
            counter!(VERIFICATIONS, "outcome" => outcome).increment(0);
        }
        counter!(FETCHED_BYTES).increment(0);
        counter!(COLLECTED).increment(0);
        describe_gauge!(QUARANTINED, Unit::Bytes, "Bytes of blobs in quarantine");
    });
}

/// Sets the gauges to what is true at this moment, for a scrape.
pub fn show(lag: &BlobLag) {
    for state in State::ALL {
        let BlobAmount { count, bytes } = lag.of(state);
        gauge!(BLOBS, "state" => state.name()).set(float(count));
        gauge!(BYTES, "state" => state.name()).set(float(bytes));
    }
    gauge!(STUCK).set(float(lag.stuck));
    gauge!(FAILING).set(float(lag.failing.is_some().into()));
    gauge!(OLDEST_PENDING).set(lag.oldest_pending.map_or(f64::NAN, |at| seconds(at.as_micros())));
}

pub(crate) fn fetched(outcome: &'static str) {
    counter!(FETCHES, "outcome" => outcome).increment(1);
}

pub(crate) fn fetched_bytes(bytes: u64) {
    counter!(FETCHED_BYTES).increment(bytes);
}

pub(crate) fn verified(outcome: &'static str) {
    counter!(VERIFICATIONS, "outcome" => outcome).increment(1);
}

pub(crate) fn collected() {
    counter!(COLLECTED).increment(1);
}

pub(crate) fn quarantined(bytes: u64) {
    gauge!(QUARANTINED).set(float(bytes));
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
fn float(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; instants stay exact to the microsecond")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
