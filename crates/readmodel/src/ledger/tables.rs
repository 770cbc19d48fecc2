//! The ledger's tables and their keys.

use continuity_events::record::SourcePosition;

use crate::key::Key;
use crate::store::Table;

/// Loan -> its order and the positions of its newest events.
pub(super) const LOANS: Table = "loans";
/// (loan, chunk number) -> positions of older events.
pub(super) const POSITIONS: Table = "positions";
/// (loan, sequence) -> an event that a gap holds back.
pub(super) const HELD: Table = "held";
/// (log position of the first event held, loan) -> nothing: loans that wait for a gap, longest first.
pub(super) const WAITING: Table = "waiting";
/// Loan -> nothing: loans with recorded gaps.
pub(super) const INCOMPLETE: Table = "incomplete";
/// Key of a source -> its name.
pub(super) const SOURCES: Table = "sources";
/// Partition of a source -> the newest position.
pub(super) const PARTITIONS: Table = "partitions";
/// Part of a source -> the facts of its identity.
pub(super) const IDENTITIES: Table = "identities";
/// Part of a source -> the divergence that is its newest event.
pub(super) const DIVERGENCES: Table = "divergences";
/// Id of a control event -> its number, 8 bytes big-endian; number -> id.
pub(super) const CONTROL: Table = "control";
/// Log position -> a quarantined record.
pub(super) const QUARANTINE: Table = "quarantine";
/// Digest of a quarantined message and its place in the source -> nothing.
pub(super) const REFUSED: Table = "refused";
/// (partition of a source, log position) -> how far it was read there.
pub(super) const REACHED: Table = "reached";
/// (loan, log position) -> the sequence up to which a snapshot or erasure covers it.
pub(super) const COVERS: Table = "covers";
/// (loan, log position) -> the sequence of every snapshot and erasure, whether or not it covers more than those before it.
pub(super) const SNAPSHOTS: Table = "snapshots";
/// (loan, log position) -> nothing: held events of the loan became visible there.
pub(super) const RELEASES: Table = "releases";
/// Purged loan -> the sequence of the purge.
pub(super) const PURGED: Table = "purged";
/// Log position -> a completeness manifest that was not evaluated yet.
pub(super) const MANIFESTS: Table = "manifests";
/// Number -> what an evaluation showed.
pub(super) const RESULTS: Table = "results";
/// One row of figures.
pub(super) const TOTALS: Table = "totals";

pub(super) const ALL: &[Table] = &[
    LOANS,
    POSITIONS,
    HELD,
    WAITING,
    INCOMPLETE,
    SOURCES,
    PARTITIONS,
    IDENTITIES,
    DIVERGENCES,
    CONTROL,
    QUARANTINE,
    REFUSED,
    REACHED,
    COVERS,
    SNAPSHOTS,
    RELEASES,
    PURGED,
    MANIFESTS,
    RESULTS,
    TOTALS,
];

pub(super) fn loan(loan: &str) -> Vec<u8> {
    Key::new().text(loan).finish()
}

pub(super) fn loan_number(loan: &str, number: u64) -> Vec<u8> {
    Key::new().text(loan).u64(number).finish()
}

pub(super) fn waiting(position: u64, loan: &str) -> Vec<u8> {
    Key::new().u64(position).text(loan).finish()
}

pub(super) fn number(number: u64) -> Vec<u8> {
    Key::new().u8(b'n').u64(number).finish()
}

/// Key of the first 16 bytes of a digest over a message's place in the source and its bytes.
pub(super) fn refused(position: &SourcePosition, raw: &[u8]) -> Vec<u8> {
    let place = postcard::to_stdvec(position).expect("numbers and texts always encode");
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(place.len() as u64).to_le_bytes()).update(&place).update(raw);
    Key::new().bytes(&hasher.finalize().as_bytes()[..16]).finish()
}

/// Key of the first 16 bytes of a digest over source and id.
pub(super) fn control_id(source: &str, id: &str) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(source.len() as u64).to_le_bytes()).update(source.as_bytes()).update(id.as_bytes());
    Key::new().u8(b'i').bytes(&hasher.finalize().as_bytes()[..16]).finish()
}
