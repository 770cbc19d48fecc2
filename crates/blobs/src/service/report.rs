//! How far the service is.

use continuity_base::Timestamp;

use super::{BlobAmount, BlobService, BlobServiceError};
use crate::index::{Row, State};

/// What of all that is referred to is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobLag {
    /// On their way.
    pub pending: BlobAmount,
    /// Stored and verified.
    pub available: BlobAmount,
    /// Given up, but for a try a day.
    pub failed: BlobAmount,
    /// Wrong; fetched again.
    pub damaged: BlobAmount,
    /// Pending ones that were tried eight times or more in vain.
    pub stuck: u64,
    /// Since when the oldest pending one has been wanted.
    pub oldest_pending: Option<Timestamp>,
    /// The log position up to which references are known; `None` before the first look.
    pub known_up_to: Option<u64>,
    /// Why nothing is fetched or verified at the moment, when that is so.
    pub failing: Option<String>,
}

/// What of a loan's is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoanBlobs {
    /// On their way.
    pub pending: BlobAmount,
    /// Stored and verified.
    pub available: BlobAmount,
    /// Given up, but for a try a day.
    pub failed: BlobAmount,
    /// Wrong; fetched again.
    pub damaged: BlobAmount,
}

/// A blob in trouble, for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobFailure {
    /// Its digest.
    pub sha256: [u8; 32],
    /// `FAILED`, `DAMAGED`, or `PENDING` when it was tried often in vain.
    pub state: &'static str,
    /// What the last try said.
    pub reason: String,
    /// Loans that refer to it, at most 16.
    pub loans: Vec<String>,
}

impl BlobLag {
    pub(crate) fn of(&self, state: State) -> BlobAmount {
        match state {
            State::Pending => self.pending,
            State::Available => self.available,
            State::Failed => self.failed,
            State::Damaged => self.damaged,
        }
    }
}

impl BlobService {
    /// The figures now. Reads one key, whatever the number of blobs.
    pub fn lag(&self) -> Result<BlobLag, BlobServiceError> {
        let index = &self.core.index;
        let tally = index.tally();
        Ok(BlobLag {
            pending: tally.of(State::Pending),
            available: tally.of(State::Available),
            failed: tally.of(State::Failed),
            damaged: tally.of(State::Damaged),
            oldest_pending: index.oldest_pending()?,
            known_up_to: tally.cursor,
            stuck: tally.stuck,
            failing: self.core.failing(),
        })
    }

    /// How many files are stored, from memory.
    pub fn stored(&self) -> u64 {
        self.core.index.tally().of(State::Available).count
    }

    /// Whether all that was wanted by `wanted_by` is stored, or has failed for good as far as is known.
    pub fn settled(&self, wanted_by: Timestamp) -> Result<bool, BlobServiceError> {
        let index = &self.core.index;
        if index.oldest_pending()?.is_some_and(|since| since <= wanted_by) {
            return Ok(false);
        }
        let hopeful = |row: &Row| row.may_come() && row.first_wanted_at <= wanted_by;
        Ok(!index.troubled(usize::MAX)?.iter().any(|(_, row)| hopeful(row)))
    }

    /// What of the loan's is here.
    pub fn loan(&self, loan: &str) -> Result<LoanBlobs, BlobServiceError> {
        let mut blobs = LoanBlobs::default();
        for (_, row) in self.core.index.of_loan(loan)? {
            let amount = match row.state {
                State::Pending => &mut blobs.pending,
                State::Available => &mut blobs.available,
                State::Failed => &mut blobs.failed,
                State::Damaged => &mut blobs.damaged,
            };
            amount.add(row.bytes());
        }
        Ok(blobs)
    }

    /// Blobs in trouble, at most so many.
    pub fn failures(&self, limit: usize) -> Result<Vec<BlobFailure>, BlobServiceError> {
        let mut failures = Vec::new();
        for (sha256, row) in self.core.index.troubled(limit)? {
            let loans = self.core.index.holders(&sha256, 16)?;
            failures.push(BlobFailure { sha256, state: row.state.name(), reason: reason(row), loans });
        }
        Ok(failures)
    }

    /// Sets the gauges, for a scrape.
    pub fn show_metrics(&self) -> Result<(), BlobServiceError> {
        crate::metrics::show(&self.lag()?);
        Ok(())
    }
}

fn reason(row: Row) -> String {
    row.error.unwrap_or_default()
}
