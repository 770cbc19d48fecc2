//! What readers may know of a loan's fold.

use std::ops::Bound;

use super::loans::decode;
use super::state::{LOANS, LoanRow, NAME, POSITIONS};
use crate::error::StoreError;
use crate::key::{Key, KeyReader};
use crate::store::{Direction, Snapshot};

/// What is known of one loan.
#[expect(clippy::struct_excessive_bools, reason = "facts that are independent of one another")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoanState {
    /// Its loanRequest is there.
    pub exists: bool,
    /// It was purged: every path answers 410.
    pub purged: bool,
    /// A person's data was erased from it.
    pub erased: bool,
    /// Nothing known is missing and nothing is parked. Also true of an unknown loan.
    pub complete: bool,
    /// Log position at which its newest event became visible; 0 for an unknown loan.
    pub position: u64,
    /// Its last visible sequence; 0 for an unknown loan.
    pub last_sequence: u64,
    /// Recorded gaps, first and last missing sequence each, ascending.
    pub gaps: Vec<(u64, u64)>,
    /// The first event that cannot be folded.
    pub parked: Option<u64>,
    /// The snapshot or erasure that its fold starts from: the sequence that it includes, and the log position of its bytes.
    pub base: Option<(u64, u64)>,
    /// Entities (kind, id) that lack a patch because its base is behind a gap.
    pub skipped: Vec<(String, String)>,
}

impl From<LoanRow> for LoanState {
    fn from(row: LoanRow) -> Self {
        Self {
            exists: row.exists,
            purged: row.purged,
            erased: row.erased,
            complete: row.complete(),
            position: row.position,
            last_sequence: row.last,
            gaps: row.gaps,
            parked: row.parked,
            base: row.base.map(|base| (base.as_of, base.position)),
            skipped: row.skipped.into_iter().collect(),
        }
    }
}

/// The state of a loan; of an unknown one that it does not exist.
pub(crate) fn loan_state(fold: &Snapshot, id: &str) -> Result<LoanState, StoreError> {
    let row = loan_row(fold, id)?;
    Ok(row.map_or_else(|| LoanState { complete: true, ..LoanState::default() }, LoanState::from))
}

/// The fold of a loan; `None` for an unknown one.
pub(crate) fn loan_row(fold: &Snapshot, id: &str) -> Result<Option<LoanRow>, StoreError> {
    fold.get(LOANS, &Key::new().text(id).finish())?.map(|bytes| decode(LOANS, &bytes)).transpose()
}

/// Loans whose newest event became visible at a log position in `range`, with that position, in its order.
pub(crate) fn loans_by_position(
    fold: &Snapshot,
    range: (Bound<u64>, Bound<u64>),
    direction: Direction,
    limit: usize,
) -> Result<Vec<(u64, String)>, StoreError> {
    let key = |position: u64| Key::new().u64(position).finish();
    let rows = fold.scan(POSITIONS, (range.0.map(key), range.1.map(key)), direction)?;
    let loan = |row: Result<(crate::Row, crate::Row), StoreError>| {
        let (key, id) = row?;
        let position = KeyReader::new(&key).u64();
        let id = std::str::from_utf8(&id).ok().map(str::to_owned);
        position.zip(id).ok_or_else(|| StoreError::corrupt(NAME, "a row of positions"))
    };
    rows.take(limit).map(loan).collect()
}

/// Loans that lack something known or have a parked event, by id, at most `limit` of those after `after`. It looks at
/// every loan up to the last one that it gives.
pub(crate) fn incomplete(
    fold: &Snapshot,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, LoanState)>, StoreError> {
    let start = after.map_or_else(Vec::new, |loan| {
        let mut key = Key::new().text(loan).finish();
        key.push(0);
        key
    });
    let mut found = Vec::new();
    for row in fold.scan(LOANS, start.., Direction::Forward)? {
        if found.len() == limit {
            break;
        }
        let (key, value) = row?;
        let row: LoanRow = decode(LOANS, &value)?;
        if !row.complete() {
            let loan = KeyReader::new(&key).text().ok_or_else(|| StoreError::corrupt(NAME, "a row of loans"))?;
            found.push((loan.into_owned(), row.into()));
        }
    }
    Ok(found)
}
