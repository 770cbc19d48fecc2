//! What readers may know of a loan's fold.

use crate::error::StoreError;
use crate::store::{Direction, Snapshot};

/// What is known of one loan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoanState {
    /// Its loanRequest is there.
    pub exists: bool,
    /// It was purged: every path answers 410.
    pub purged: bool,
    /// Nothing known is missing and nothing is parked. Also true of an unknown loan.
    pub complete: bool,
    /// Log position of its newest event; 0 for an unknown loan.
    pub position: u64,
    /// Its last visible sequence; 0 for an unknown loan.
    pub last_sequence: u64,
    /// Recorded gaps, first and last missing sequence each, ascending.
    pub gaps: Vec<(u64, u64)>,
    /// The first event that cannot be folded.
    pub parked: Option<u64>,
    /// Entities (kind, id) that lack a patch because its base is behind a gap.
    pub skipped: Vec<(String, String)>,
}

pub(crate) fn loan_state(_fold: &Snapshot, _id: &str) -> Result<LoanState, StoreError> {
    todo!()
}

pub(crate) fn loans_by_position(
    _fold: &Snapshot,
    _after: u64,
    _direction: Direction,
    _limit: usize,
) -> Result<Vec<(u64, String)>, StoreError> {
    todo!()
}
