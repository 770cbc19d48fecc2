//! Loan requests: one row a loan, as served, and an index for every order of the list, alone and with `status`.
//!
//! An index key holds the sort member and the id, so that a page is an index scan and one look-up a row; soft-deleted
//! loans stand apart in every index, because lists leave them out unless asked. Counters by status make totals exact.
//! A table of words finds loans by reference and by the names of participants; they go from it in the same transaction in
//! which they go from the loan.

mod as_of;
mod found;
mod index;
mod list;
mod position;
mod words;

use std::borrow::Cow;

use continuity_events::json;
use continuity_readmodel::{ChangeForm, EntityChange, Key, Projection, Rows, Snapshot, Spec, StoreError};

use index::Facts;

pub use as_of::{ByCreation, wanted};
pub use list::{ListQuery, list};
pub use words::Search;

static SPEC: Spec = Spec {
    name: "loan-requests",
    version: 2,
    tables: &[LOANS, index::BY, index::BY_STATUS, index::COUNTS, index::WORDS, index::FACTS],
    entities: &["loanRequest"],
};

/// (loan) -> JSON as served.
const LOANS: &str = "loans";

/// What the list of loan requests can be ordered by; ties go by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// `createdAt`, as an instant.
    #[default]
    CreatedAt,
    /// `updatedAt`, as an instant.
    UpdatedAt,
    /// `statusChangedAt`, as an instant.
    StatusChangedAt,
    /// `requestedAmount`, as a number.
    RequestedAmount,
    /// `reference`, by code point.
    Reference,
    /// `status`, by code point.
    Status,
    /// The log position of the loan's newest event of any entity.
    Position,
}

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(LoanRequests)
}

/// The loan request as served; `None` when there is none.
pub fn get(snapshot: &Snapshot, loan: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(snapshot.get(LOANS, &row_key(loan))?.map(|row| row.to_vec()))
}

/// The `team` of the loan request as it is; `None` when there is no such loan, or it is of no team.
pub fn team(snapshot: &Snapshot, loan: &str) -> Result<Option<String>, StoreError> {
    let row = snapshot.get(LOANS, &row_key(loan))?;
    Ok(row.and_then(|row| team_of(&row).map(Cow::into_owned)))
}

/// The `team` of a loan request as served.
pub fn team_of(row: &[u8]) -> Option<Cow<'_, str>> {
    json::member(std::str::from_utf8(row).ok()?, "team").and_then(json::text)
}

struct LoanRequests;

impl Projection for LoanRequests {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        if change.id != change.loan {
            return Ok(()); // Parked by the engine; nothing of it may show.
        }
        let new = match change.form {
            ChangeForm::Gone => None,
            ChangeForm::After(after) => Some(Cow::Borrowed(after)),
            ChangeForm::Patch(patch) => {
                let merged = json::merge_patch(stored(change.loan, rows)?.as_deref().unwrap_or("{}"), patch);
                Some(Cow::Owned(merged.map_err(|error| unreadable(&error))?))
            }
        };
        replace(change.loan, new.as_deref(), rows)
    }

    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        replace(loan, None, rows)
    }
}

fn replace(loan: &str, new: Option<&str>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    let old = Facts::stored(loan, rows)?;
    let facts = new.map(Facts::read).transpose().map_err(|error| unreadable(&error))?;
    index::replace(loan, old.as_ref(), facts.as_ref(), rows)?;
    match new {
        Some(json) => rows.put(LOANS, row_key(loan), json.as_bytes().to_vec()),
        None if old.is_some() => rows.delete(LOANS, &row_key(loan)),
        None => {}
    }
    Ok(())
}

fn stored(loan: &str, rows: &Rows<'_>) -> Result<Option<String>, StoreError> {
    let row = rows.get(LOANS, &row_key(loan))?;
    row.map(String::from_utf8).transpose().map_err(|_| StoreError::corrupt(SPEC.name, "a loan request"))
}

fn row_key(loan: &str) -> Vec<u8> {
    Key::new().text(loan).finish()
}

fn unreadable(error: &json::JsonError) -> StoreError {
    StoreError::Other(format!("the state of a loanRequest cannot be read: {error}"))
}

#[cfg(test)]
mod tests;
