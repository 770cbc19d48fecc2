//! The list by log position, for loss-free polling: the engine knows the positions, this read model the rows.

use continuity_readmodel::{StoreError, View};

use super::found;
use super::index::Facts;
use super::list::{self, ListQuery, Models};
use crate::order;
use crate::page::{Array, Rowset};

/// At most so many positions are asked for at a time.
const MAX_CHUNK: usize = 256;

/// Where the positions come from.
pub(super) trait Positions {
    /// Loans above a position, ascending.
    fn above(&self, position: u64, limit: usize) -> Result<Vec<(u64, String)>, StoreError>;
    /// Loans below a position, descending.
    fn below(&self, position: u64, limit: usize) -> Result<Vec<(u64, String)>, StoreError>;
    /// Where a loan is.
    fn of(&self, loan: &str) -> Result<u64, StoreError>;
}

impl Positions for View {
    fn above(&self, position: u64, limit: usize) -> Result<Vec<(u64, String)>, StoreError> {
        self.loans_by_position(position, limit)
    }

    fn below(&self, position: u64, limit: usize) -> Result<Vec<(u64, String)>, StoreError> {
        self.loans_before(position, limit)
    }

    fn of(&self, loan: &str) -> Result<u64, StoreError> {
        self.loan(loan).map(|state| state.position)
    }
}

pub(super) fn page<'a>(
    positions: &dyn Positions,
    models: impl Into<Models<'a>>,
    query: &ListQuery,
) -> Result<Rowset, StoreError> {
    let models = models.into();
    let since = query.changed_since.unwrap_or_default();
    let found = found::page(models, query, &|loan, _| {
        let position = positions.of(loan)?;
        Ok((position > since).then(|| row_key_of(position)))
    })?;
    if let Some(rows) = found {
        return Ok(rows);
    }
    let mut walk = Walk::new(positions, query);
    let (mut array, mut skip, mut last) = (Array::expecting(query.limit), query.offset, None);
    while let Some((position, loan)) = walk.next()? {
        let wanted = is_wanted(models, &loan, query)?;
        if wanted && skip > 0 {
            skip -= 1;
        } else if wanted && array.count >= query.limit {
            return counted(positions, array.finish(last, 0), models, query);
        } else if wanted {
            array.element().extend_from_slice(&list::row_of(models.loans, &loan)?);
            last = Some(row_key_of(position));
        }
        if walk.examined >= models.bounds.examined {
            let cut = Rowset { offset_left: skip, ..array.finish(Some(row_key_of(position)), 0) };
            return counted(positions, cut, models, query);
        }
    }
    if query.after.is_none() && query.changed_since.is_some() {
        // This is all there is.
        let total = query.offset - skip + array.count as u64;
        return Ok(array.finish(None, total));
    }
    counted(positions, array.finish(None, 0), models, query)
}

/// The row key that stands for a log position.
fn row_key_of(position: u64) -> Vec<u8> {
    position.to_be_bytes().to_vec()
}

/// The page with the number of rows on all pages; what changed since a position is counted up to a bound.
fn counted(
    positions: &dyn Positions,
    rows: Rowset,
    models: Models<'_>,
    query: &ListQuery,
) -> Result<Rowset, StoreError> {
    if query.changed_since.is_none() {
        return list::counted(rows, models, query);
    }
    let mut walk = Walk::new(positions, &ListQuery { after: None, ..query.clone() });
    let mut total = 0;
    while let Some((_, loan)) = walk.next()? {
        if total >= models.bounds.counted || walk.examined > models.bounds.examined {
            return Ok(Rowset { total, total_is_exact: false, ..rows });
        }
        total += u64::from(is_wanted(models, &loan, query)?);
    }
    Ok(Rowset { total, ..rows })
}

/// Whether the loan, which may be gone, is one of those that the query wants.
pub(super) fn is_wanted(models: Models<'_>, loan: &str, query: &ListQuery) -> Result<bool, StoreError> {
    let Some(facts) = Facts::of(models.loans, loan)? else { return Ok(false) };
    let of_status = |status: &String| order::of_text(status) == facts.status;
    let of_status = query.statuses.is_empty() || query.statuses.iter().any(of_status);
    Ok(of_status && (query.include_deleted || !facts.deleted) && query.wants(models, loan)?)
}

/// Loans by position, fetched in chunks.
struct Walk<'a> {
    positions: &'a dyn Positions,
    descending: bool,
    /// The position last given or begun after.
    at: u64,
    chunk: std::vec::IntoIter<(u64, String)>,
    chunk_size: usize,
    examined: usize,
}

impl<'a> Walk<'a> {
    fn new(positions: &'a dyn Positions, query: &ListQuery) -> Self {
        let after = query.after.as_ref().and_then(|key| key.as_slice().try_into().ok()).map(u64::from_be_bytes);
        let start = if query.descending { u64::MAX } else { query.changed_since.unwrap_or_default() };
        let (chunk, chunk_size) = (Vec::new().into_iter(), query.limit.saturating_add(1).min(MAX_CHUNK));
        let descending = query.descending;
        Self { positions, descending, at: after.unwrap_or(start), chunk, chunk_size, examined: 0 }
    }

    fn next(&mut self) -> Result<Option<(u64, String)>, StoreError> {
        if self.chunk.len() == 0 {
            let (at, size) = (self.at, self.chunk_size);
            let more = if self.descending { self.positions.below(at, size) } else { self.positions.above(at, size) };
            self.chunk = more?.into_iter();
        }
        let next = self.chunk.next();
        self.at = next.as_ref().map_or(self.at, |(position, _)| *position);
        self.examined += 1;
        Ok(next)
    }
}
