//! The decision per loan: what of its history is folded, taken once before any read model sees it.

mod decide;
mod loans;
mod read;
mod state;

use serde::{Deserialize, Serialize};

pub(crate) use decide::{Circumstances, LOAN_REQUEST, Verdict, Why, decide};
pub(crate) use loans::{Loan, Loans, entity_key};
pub use read::LoanState;
pub(crate) use read::{incomplete, loan_row, loan_state, loans_by_position};
pub(crate) use state::{Base, EntityState, LoanRow, NAME, TABLES};

/// Version of the decision and of what is stored for it; to be raised with every change of either.
pub(crate) const VERSION: u32 = 1;

/// How many loans and events are in a special state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Loans that exist.
    pub loans: u64,
    /// Loans with an event that cannot be folded.
    pub parked_loans: u64,
    /// Events kept back by that, the first of each loan included.
    pub parked_events: u64,
    /// Loans with a recorded gap or a parked event.
    pub incomplete_loans: u64,
    /// Events of entities that no read model knows.
    pub unprojected: u64,
    /// Entities that lack a patch because its base is behind a gap.
    pub skipped: u64,
    /// Loans of which something was erased, or all of it purged: not shown any more, but the log still holds the bytes.
    pub erased_loans: u64,
}
