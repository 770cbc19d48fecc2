//! Names of the metrics of ingest, and where they are set.

use continuity_base::Timestamp;
use continuity_readmodel::ledger::Totals;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// Loan events logged, held ones included.
pub const EVENTS: &str = "continuity_ingest_events_total";
/// Control events logged.
pub const CONTROLS: &str = "continuity_ingest_control_events_total";
/// Snapshots of loans logged.
pub const SNAPSHOTS: &str = "continuity_ingest_snapshots_total";
/// Duplicates dropped.
pub const DUPLICATES: &str = "continuity_ingest_duplicates_total";
/// Arrivals quarantined, by `reason`.
pub const QUARANTINED: &str = "continuity_ingest_quarantined_total";
/// Quarantined arrivals that wait for an operator.
pub const QUARANTINE_OPEN: &str = "continuity_ingest_quarantine_open";
/// Bytes kept of them.
pub const QUARANTINE_BYTES: &str = "continuity_ingest_quarantine_bytes";
/// Events that gaps hold back.
pub const HELD: &str = "continuity_ingest_held_events";
/// Bytes of their records.
pub const HELD_BYTES: &str = "continuity_ingest_held_bytes";
/// Loans that hold some.
pub const HELD_LOANS: &str = "continuity_ingest_held_loans";
/// Recorded gaps now open.
pub const GAPS_OPEN: &str = "continuity_ingest_gaps_open";
/// Loans with recorded gaps.
pub const INCOMPLETE_LOANS: &str = "continuity_ingest_incomplete_loans";
/// Loans of which the gaps were given up after the waiting time.
pub const GAVE_UP: &str = "continuity_ingest_gaps_given_up_total";
/// Messages in a batch of the source.
pub const BATCH_MESSAGES: &str = "continuity_ingest_batch_messages";
/// Records in a group of the log.
pub const GROUP_RECORDS: &str = "continuity_ingest_group_records";
/// Whether the source is connected.
pub const CONNECTED: &str = "continuity_source_connected";
/// Whether ingest is paused at a bound.
pub const PAUSED: &str = "continuity_ingest_paused";
/// The source's end as it numbers it.
pub const HEAD: &str = "continuity_source_head";
/// When the source last showed its end and everything before it was durable here.
pub const HEAD_SEEN: &str = "continuity_source_head_seen_timestamp_seconds";
/// When the source last gave a sign of life: its end, or a heartbeat.
pub const PROOF_OF_LIFE: &str = "continuity_source_proof_of_life_timestamp_seconds";

/// Describes every metric of this crate to the recorder.
pub fn describe() {
    describe_counter!(EVENTS, "Loan events logged, held ones included");
    describe_counter!(CONTROLS, "Control events logged");
    describe_counter!(SNAPSHOTS, "Snapshots of loans logged");
    describe_counter!(DUPLICATES, "Duplicates dropped");
    describe_counter!(QUARANTINED, "Arrivals quarantined, by reason");
    describe_gauge!(QUARANTINE_OPEN, "Quarantined arrivals that wait for an operator");
    describe_gauge!(QUARANTINE_BYTES, "Bytes kept of quarantined arrivals that wait for an operator");
    describe_gauge!(HELD, "Events that gaps hold back");
    describe_gauge!(HELD_BYTES, "Bytes of the records that gaps hold back");
    describe_gauge!(HELD_LOANS, "Loans with events that gaps hold back");
    describe_gauge!(GAPS_OPEN, "Recorded gaps (ranges of missing sequences) now open");
    describe_gauge!(INCOMPLETE_LOANS, "Loans with recorded gaps");
    describe_counter!(GAVE_UP, "Loans of which the gaps were given up after the waiting time");
    describe_histogram!(BATCH_MESSAGES, "Messages in a batch of the source");
    describe_histogram!(GROUP_RECORDS, "Records in a group of the log");
    describe_gauge!(CONNECTED, "1 while the source is connected");
    describe_gauge!(PAUSED, "1 while ingest is paused at a bound");
    describe_gauge!(HEAD, "The source's end as it numbers it: stream sequence, offset, event number");
    describe_gauge!(HEAD_SEEN, "When the source last showed its end and everything before it was durable here");
    describe_gauge!(PROOF_OF_LIFE, "When the source last gave a sign of life: its end, or a heartbeat");
}

/// The ledger's figures; those that only grow go on after a restart.
pub(crate) fn totals(totals: &Totals) {
    counter!(EVENTS).absolute(totals.events);
    counter!(CONTROLS).absolute(totals.controls);
    counter!(SNAPSHOTS).absolute(totals.snapshots);
    counter!(DUPLICATES).absolute(totals.duplicates);
    for (reason, count) in &totals.quarantined_by_reason {
        counter!(QUARANTINED, "reason" => reason.clone()).absolute(*count);
    }
    gauge!(QUARANTINE_OPEN).set(float(totals.quarantined));
    gauge!(QUARANTINE_BYTES).set(float(totals.quarantined_bytes));
    gauge!(HELD).set(float(totals.held));
    gauge!(HELD_BYTES).set(float(totals.held_bytes));
    gauge!(HELD_LOANS).set(float(totals.held_loans));
    gauge!(GAPS_OPEN).set(float(totals.gaps_open));
    gauge!(INCOMPLETE_LOANS).set(float(totals.incomplete_loans));
}

pub(crate) fn gave_up(loans: u64) {
    counter!(GAVE_UP).increment(loans);
}

pub(crate) fn batch(messages: usize) {
    if messages > 0 {
        histogram!(BATCH_MESSAGES).record(float(messages as u64));
    }
}

pub(crate) fn group(records: usize) {
    histogram!(GROUP_RECORDS).record(float(records as u64));
}

pub(crate) fn connected(connected: bool) {
    gauge!(CONNECTED).set(float(u64::from(connected)));
}

pub(crate) fn paused(paused: bool) {
    gauge!(PAUSED).set(float(u64::from(paused)));
}

pub(crate) fn proof_of_life(at: Timestamp) {
    gauge!(PROOF_OF_LIFE).set(seconds(at));
}

pub(crate) fn head(at: Timestamp, number: Option<u64>) {
    gauge!(HEAD_SEEN).set(seconds(at));
    if let Some(number) = number {
        gauge!(HEAD).set(float(number));
    }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
fn float(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
fn seconds(at: Timestamp) -> f64 {
    at.as_micros() as f64 / 1e6
}
