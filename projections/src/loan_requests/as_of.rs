//! The list as of an earlier point: the loans there are now, by when they were created, each to be folded as it was.

use continuity_events::instant::Instant;
use continuity_readmodel::{Key, Snapshot, StoreError, View, prefix_end};

use super::list::{Bounds, ListQuery, Merged, Models, loan_of, row_of};
use super::position::is_wanted;
use super::{SPEC, Sort};
use crate::order;

/// A walk over loan requests by `createdAt`, soft-deleted ones included.
pub struct ByCreation {
    rows: Merged,
    /// Keys from here on were created later.
    end: Option<Vec<u8>>,
}

impl ByCreation {
    /// Begins after the row of that key; leaves out what was created later than `until`.
    pub fn begin(
        snapshot: &Snapshot,
        after: Option<Vec<u8>>,
        descending: bool,
        until: Option<&Instant>,
    ) -> Result<Self, StoreError> {
        let end = until.and_then(|until| prefix_end(&Key::new().bytes(&order::of_time(until)).finish()));
        let after = match (descending, after, &end) {
            (true, Some(after), Some(end)) => Some(after.min(end.clone())),
            (true, None, Some(end)) => Some(end.clone()),
            (_, after, _) => after,
        };
        let query =
            ListQuery { sort: Sort::CreatedAt, descending, after, include_deleted: true, ..ListQuery::default() };
        Ok(Self { rows: Merged::open(snapshot, &query)?, end })
    }

    /// The next row keys with their loans, fewer than `most` at the end.
    pub fn take(&mut self, most: usize) -> Result<Vec<(Vec<u8>, String)>, StoreError> {
        let mut taken = Vec::with_capacity(most);
        while taken.len() < most
            && let Some(key) = self.rows.next()?
            && self.end.as_ref().is_none_or(|end| key < *end)
        {
            let loan = loan_of(&key)?;
            taken.push((key, loan));
        }
        Ok(taken)
    }
}

/// The row of a loan in a view, when it is there and `query` wants it.
pub fn wanted(view: &View, loan: &str, query: &ListQuery) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(loans) = view.model(SPEC.name) else { return Ok(None) };
    let models = Models { loans, tasks: view.model("tasks"), bounds: Bounds::default() };
    if !is_wanted(models, loan, query)? {
        return Ok(None);
    }
    row_of(loans, loan).map(|row| Some(row.to_vec()))
}
