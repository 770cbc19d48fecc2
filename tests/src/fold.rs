//! What a replica must answer after a feed: an independent, naive fold, written from the event contract alone.
//!
//! Everything is kept in memory and folded from the beginning whenever something is asked; nothing here is shared with
//! the product. The feed is one structured `CloudEvents` line each, in order of arrival.

mod answers;
mod audit;
mod order;
mod received;
mod state;

pub use answers::{Answer, Forms};
pub use received::{Counts, Received};

use std::collections::BTreeMap;

use received::Loan;
use state::State;

/// Whether events behind a missing one are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    /// They wait for the missing ones (contract 6.2, before the time-out).
    Held,
    /// They were released behind recorded gaps (contract 6.2, after it).
    Released,
}

/// All loans of a feed, and how to fold them.
#[derive(Debug)]
pub struct Fold {
    received: Received,
    gaps: Gaps,
}

/// One loan, folded.
#[derive(Debug)]
pub struct Folded<'a> {
    loan: &'a Loan,
    state: State<'a>,
    gaps: Gaps,
}

impl Fold {
    /// A fold of nothing yet.
    pub fn new(gaps: Gaps) -> Self {
        Self { received: Received::default(), gaps }
    }

    /// The fold of a whole feed.
    pub fn of<'a>(gaps: Gaps, lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut fold = Self::new(gaps);
        for line in lines {
            fold.arrive(line);
        }
        fold
    }

    /// Takes one line as the replica would.
    pub fn arrive(&mut self, line: &str) {
        let gaps = self.gaps;
        self.received.arrive(line, gaps);
    }

    /// What became of the lines.
    pub fn counts(&self) -> Counts {
        self.received.counts
    }

    /// The ids of all loans that any event named, in order.
    pub fn loan_ids(&self) -> impl Iterator<Item = &str> {
        self.received.loans.keys().map(String::as_str)
    }

    /// One loan, folded; `None` when no event named it.
    pub fn loan(&self, id: &str) -> Option<Folded<'_>> {
        let loan = self.received.loans.get(id)?;
        Some(Folded { loan, state: State::fold(loan, self.gaps), gaps: self.gaps })
    }

    /// The loan requests that a list shows, newest first; soft-deleted ones only when asked for.
    pub fn loan_requests(&self, include_deleted: bool) -> Vec<crate::json::Json> {
        let mut rows: BTreeMap<String, crate::json::Json> = BTreeMap::new();
        for id in self.loan_ids() {
            if let Some(folded) = self.loan(id)
                && let Answer::Body(row) = folded.loan_request()
                && (include_deleted || row.get("deletedAt").is_none_or(|at| *at == crate::json::Json::Null))
            {
                rows.insert(id.to_owned(), row);
            }
        }
        order::sorted("loanRequest", rows.into_iter().collect())
    }
}
