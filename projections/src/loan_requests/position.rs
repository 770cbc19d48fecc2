//! The list by log position, for loss-free polling: the engine knows the positions, this read model the rows.

use continuity_events::json;
use continuity_readmodel::{StoreError, View};

use super::list::{ListQuery, MAX_EXAMINED, Models, counted};
use super::{LOANS, row_key, unreadable};
use crate::page::{Array, Rowset};

/// So many positions are asked for at a time.
const CHUNK: usize = 256;

/// The row key that stands for a log position in the order by position: a page after it has what changed since.
pub fn position_key(position: u64) -> Vec<u8> {
    position.to_be_bytes().to_vec()
}

/// Where the positions come from.
pub(super) trait Positions {
    /// Loans above a position, ascending.
    fn above(&self, position: u64, limit: usize) -> Result<Vec<(u64, String)>, StoreError>;
    /// The loans that changed last, descending.
    fn latest(&self, limit: usize) -> Result<Vec<(u64, String)>, StoreError>;
}

impl Positions for View {
    fn above(&self, position: u64, limit: usize) -> Result<Vec<(u64, String)>, StoreError> {
        self.loans_by_position(position, limit)
    }

    fn latest(&self, limit: usize) -> Result<Vec<(u64, String)>, StoreError> {
        self.latest_loans(limit)
    }
}

pub(super) fn page<'a>(
    positions: &dyn Positions,
    models: impl Into<Models<'a>>,
    query: &ListQuery,
) -> Result<Rowset, StoreError> {
    let models = models.into();
    let mut walk = Walk::new(positions, query);
    let (mut array, mut skip, mut last) = (Array::default(), query.offset, None);
    while let Some((position, loan)) = walk.next()? {
        let row = models.loans.get(LOANS, &row_key(&loan))?;
        let shown = row.as_deref().map_or(Ok(false), |row| is_wanted(models, &loan, row, query))?;
        if let Some(row) = row.filter(|_| shown) {
            if skip > 0 {
                skip -= 1;
            } else if array.count >= query.limit {
                return counted(array.finish(last, 0), models, query);
            } else {
                array.element().extend_from_slice(&row);
                last = Some(position_key(position));
            }
        }
        if walk.examined >= MAX_EXAMINED {
            return counted(array.finish(Some(position_key(position)), 0), models, query);
        }
    }
    counted(array.finish(None, 0), models, query)
}

pub(super) fn is_wanted(models: Models<'_>, loan: &str, row: &[u8], query: &ListQuery) -> Result<bool, StoreError> {
    if !query.wants(models, loan, row)? {
        return Ok(false);
    }
    if query.include_deleted && query.statuses.is_empty() {
        return Ok(true);
    }
    let members = json::members(std::str::from_utf8(row).unwrap_or_default()).map_err(|error| unreadable(&error))?;
    let raw = |name: &str| members.iter().find(|(member, _)| member == name).map(|(_, raw)| *raw);
    let deleted = raw("deletedAt").is_some_and(|raw| raw != "null");
    let status = raw("status").and_then(json::text);
    let of_status = status.is_some_and(|status| query.statuses.iter().any(|wanted| *wanted == *status));
    Ok((query.include_deleted || !deleted) && (query.statuses.is_empty() || of_status))
}

/// Loans by position, fetched in chunks.
struct Walk<'a> {
    positions: &'a dyn Positions,
    descending: bool,
    /// The position last given or begun after.
    at: Option<u64>,
    chunk: std::vec::IntoIter<(u64, String)>,
    /// How many of the latest loans to ask for, when descending.
    reach: usize,
    examined: usize,
}

impl<'a> Walk<'a> {
    fn new(positions: &'a dyn Positions, query: &ListQuery) -> Self {
        let at = query.after.as_ref().and_then(|key| key.as_slice().try_into().ok()).map(u64::from_be_bytes);
        let chunk = Vec::new().into_iter();
        Self { positions, descending: query.descending, at, chunk, reach: CHUNK, examined: 0 }
    }

    fn next(&mut self) -> Result<Option<(u64, String)>, StoreError> {
        if self.chunk.len() == 0 {
            self.chunk = if self.descending { self.lower()? } else { self.higher()? }.into_iter();
        }
        let next = self.chunk.next();
        self.at = next.as_ref().map(|(position, _)| *position).or(self.at);
        self.examined += 1;
        Ok(next)
    }

    fn higher(&self) -> Result<Vec<(u64, String)>, StoreError> {
        self.positions.above(self.at.unwrap_or(0), CHUNK)
    }

    /// Reaches back twice as far until something older than the last one turns up, or nothing is left.
    fn lower(&mut self) -> Result<Vec<(u64, String)>, StoreError> {
        loop {
            let mut latest = self.positions.latest(self.reach)?;
            let all = latest.len() < self.reach;
            latest.retain(|(position, _)| self.at.is_none_or(|at| *position < at));
            if all || !latest.is_empty() {
                return Ok(latest);
            }
            self.reach = self.reach.saturating_mul(2);
        }
    }
}
