//! Names of the metrics of ingest, and where they are set.

mod source;

use continuity_events::Reason;
use continuity_readmodel::ledger::Totals;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

pub use source::*;

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
/// Keys (loans) that came in another partition of a topic than before.
pub const PARTITION_MOVES: &str = "continuity_source_partition_moves_total";

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
    describe_counter!(PARTITION_MOVES, "Keys (loans) that came in another partition of a topic than before");
    source::describe();
    crate::completeness::describe();
}

/// The ledger's figures; those that only grow go on after a restart.
pub(crate) fn totals(totals: &Totals) {
    counter!(EVENTS).absolute(totals.events);
    counter!(CONTROLS).absolute(totals.controls);
    counter!(SNAPSHOTS).absolute(totals.snapshots);
    counter!(DUPLICATES).absolute(totals.duplicates);
    for reason in Reason::ALL {
        counter!(QUARANTINED, "reason" => reason.code()).increment(0);
    }
    // Also reasons that a later version wrote into this log.
    for (reason, count) in &totals.quarantined_by_reason {
        counter!(QUARANTINED, "reason" => reason.clone()).absolute(*count);
    }
    counter!(GAVE_UP).increment(0);
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

#[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
fn float(value: u64) -> f64 {
    value as f64
}
