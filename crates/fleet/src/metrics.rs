//! The figures that the control stream exports.

use ::metrics::{Counter, counter, describe_counter, describe_gauge, gauge};
use continuity_auth::{Refusal, Taken};

/// 1 while the control stream is followed.
pub const CONNECTED: &str = "continuity_control_stream_connected";
/// Changes stored in the stream.
pub const SENT: &str = "continuity_control_stream_sent_total";
/// Messages read, by `outcome`.
pub const READ: &str = "continuity_control_stream_read_total";
/// Changes that wait to be sent.
pub const WAITING: &str = "continuity_control_stream_waiting_changes";
/// Messages that were not read yet.
pub const BEHIND: &str = "continuity_control_stream_behind_messages";

/// Describes all of them to the recorder, and shows them from the beginning.
pub fn describe() {
    describe_gauge!(CONNECTED, "1 while the control stream is followed, 0 while this replica works alone");
    describe_counter!(SENT, "Changes of this replica that were stored in the control stream");
    describe_counter!(
        READ,
        "Messages of the control stream by outcome: applied, known, later (for a later version), unsealed, malformed"
    );
    describe_gauge!(WAITING, "Changes that wait to be sent to other replicas; at 200 more may wait in the control log");
    describe_gauge!(BEHIND, "Messages of the control stream that were not read yet; NaN while that is not known");
    let all = Refusal::ALL.map(Taken::Refused);
    for taken in [Taken::Applied, Taken::Known, Taken::Later].into_iter().chain(all) {
        read(taken).increment(0);
    }
    counter!(SENT).increment(0);
    gauge!(CONNECTED).set(0.0);
    gauge!(WAITING).set(0.0);
    gauge!(BEHIND).set(f64::NAN);
}

pub(crate) fn sent(count: usize) {
    counter!(SENT).increment(count as u64);
}

pub(crate) fn read(taken: Taken) -> Counter {
    let outcome = match taken {
        Taken::Applied => "applied",
        Taken::Known => "known",
        Taken::Later => "later",
        Taken::Refused(refusal) => refusal.name(),
    };
    counter!(READ, "outcome" => outcome)
}
