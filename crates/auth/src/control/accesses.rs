//! Recorded reads as rows: all in the order of time, those of one loan through an index, and how many a loan has.

mod entry;

#[cfg(test)]
mod tests;

use std::ops::Bound;

use continuity_base::Timestamp;
use continuity_readmodel::{Direction, Key, KeyReader, Rows, Scan, Snapshot, StoreError, Table, prefix_end};
use serde::{Deserialize, Serialize};

use super::event::{AccessRecorded, CountedRead, DocumentRead, ReadsRecorded};
use super::projection::store_failed;
use crate::AuthError;

pub use entry::AccessEntry;

/// [`Place`] -> [`Access`] in postcard.
pub(super) const ACCESSES: Table = "accesses";
/// Loan, [`Place`] -> nothing.
pub(super) const OF_LOAN: Table = "accesses-of-loan";
/// Loan -> how many it has, eight bytes, big-endian.
pub(super) const COUNTS: Table = "access-counts";

/// One recorded read, or several that were counted together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Access {
    Task(AccessRecorded),
    Document(DocumentRead),
    Counted {
        /// The id of the record.
        id: [u8; 16],
        /// Length of the period.
        seconds: u32,
        read: CountedRead,
    },
}

impl Access {
    fn loan(&self) -> Option<&str> {
        match self {
            Self::Task(read) => Some(&read.loan),
            Self::Document(read) => Some(&read.loan),
            Self::Counted { read, .. } => read.loan.as_deref(),
        }
    }
}

/// Where a read stands among all: its time, its record in the control log, its row in that record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Milliseconds since 1970, because times are shown with these.
    at: i64,
    position: u64,
    row: u64,
}

impl Place {
    fn new(at: Timestamp, position: u64, row: u64) -> Self {
        Self { at: at.as_micros().div_euclid(1_000), position, row }
    }

    fn after(self, key: Key) -> Vec<u8> {
        key.u64(sortable(self.at)).u64(self.position).u64(self.row).finish()
    }

    fn read(key: &[u8]) -> Option<Self> {
        let mut key = KeyReader::new(key);
        let (at, position, row) = (key.u64()?, key.u64()?, key.u64()?);
        Some(Self { at: unsortable(at), position, row })
    }
}

/// Instants before 1970 sort first too.
fn sortable(at: i64) -> u64 {
    at.cast_unsigned() ^ (1 << 63)
}

fn unsortable(sorted: u64) -> i64 {
    (sorted ^ (1 << 63)).cast_signed()
}

pub(super) fn put_task(
    read: AccessRecorded,
    at: Timestamp,
    position: u64,
    rows: &mut Rows<'_>,
) -> Result<(), AuthError> {
    put(&Access::Task(read), Place::new(at, position, 0), rows)
}

pub(super) fn put_document(
    read: DocumentRead,
    at: Timestamp,
    position: u64,
    rows: &mut Rows<'_>,
) -> Result<(), AuthError> {
    put(&Access::Document(read), Place::new(at, position, 0), rows)
}

pub(super) fn put_reads(reads: ReadsRecorded, position: u64, rows: &mut Rows<'_>) -> Result<(), AuthError> {
    let ReadsRecorded { id, from, seconds, reads } = reads;
    let at = Timestamp::from_micros(from.saturating_mul(1_000_000));
    for (row, read) in (0..).zip(reads) {
        put(&Access::Counted { id, seconds, read }, Place::new(at, position, row), rows)?;
    }
    Ok(())
}

fn put(access: &Access, place: Place, rows: &mut Rows<'_>) -> Result<(), AuthError> {
    let value = postcard::to_stdvec(access).expect("plain data always encodes into memory");
    rows.put(ACCESSES, place.after(Key::new()), value);
    if let Some(loan) = access.loan() {
        rows.put(OF_LOAN, place.after(Key::new().text(loan)), Vec::new());
        let count = rows.get(COUNTS, loan.as_bytes()).map_err(store_failed)?.map_or(0, |count| number(&count));
        rows.put(COUNTS, loan.as_bytes().to_vec(), (count + 1).to_be_bytes().to_vec());
    }
    Ok(())
}

fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_be_bytes)
}

/// Which recorded reads are wanted; the default wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessRange {
    /// Only those of this loan.
    pub loan: Option<String>,
    /// Only those of this time or later, as it is shown: in milliseconds.
    pub from: Option<Timestamp>,
    /// Only those of this time or earlier.
    pub to: Option<Timestamp>,
}

/// The recorded reads at one position of the control log.
#[derive(Clone, Debug)]
pub struct AccessLog {
    snapshot: Snapshot,
}

impl AccessLog {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        Self { snapshot }
    }

    /// How many entries a loan has; constant time.
    pub fn count(&self, loan: &str) -> Result<u64, AuthError> {
        let count = self.snapshot.get(COUNTS, loan.as_bytes()).map_err(store_failed)?;
        Ok(count.map_or(0, |count| number(&count)))
    }

    /// Those in `range`, oldest first, behind the one with the place `after` ([`AccessEntry::place`]).
    pub fn forward(&self, range: &AccessRange, after: Option<&[u8]>) -> Result<Accesses, AuthError> {
        self.scan(range, after.and_then(Place::read), Direction::Forward)
    }

    /// Those in `range`, newest first.
    pub fn backward(&self, range: &AccessRange) -> Result<Accesses, AuthError> {
        self.scan(range, None, Direction::Backward)
    }

    fn scan(&self, range: &AccessRange, after: Option<Place>, direction: Direction) -> Result<Accesses, AuthError> {
        let prefix = || range.loan.as_deref().map_or_else(Key::new, |loan| Key::new().text(loan));
        let table = if range.loan.is_some() { OF_LOAN } else { ACCESSES };
        let from = range.from.map_or(i64::MIN, |from| from.as_micros().saturating_add(999).div_euclid(1_000));
        let least = prefix().u64(sortable(from)).finish();
        let low = match after.map(|after| after.after(prefix())).filter(|after| *after >= least) {
            Some(after) => Bound::Excluded(after),
            None => Bound::Included(least),
        };
        let high = match range.to.and_then(|to| to.as_micros().div_euclid(1_000).checked_add(1)) {
            Some(end) => Bound::Excluded(prefix().u64(sortable(end)).finish()),
            None => prefix_end(&prefix().finish()).map_or(Bound::Unbounded, Bound::Excluded),
        };
        let scan = self.snapshot.scan(table, (low, high), direction).map_err(store_failed)?;
        let indexed = range.loan.is_some().then(|| (self.snapshot.clone(), prefix().finish().len()));
        Ok(Accesses { scan, indexed })
    }
}

/// Recorded reads in order. Nothing is read before it is asked for.
pub struct Accesses {
    scan: Scan,
    /// For a scan of the index: where the rows are, and how long the part before the place is.
    indexed: Option<(Snapshot, usize)>,
}

impl Iterator for Accesses {
    type Item = Result<AccessEntry, AuthError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.scan.next()?;
        Some(row.map_err(store_failed).and_then(|(key, value)| match &self.indexed {
            None => entry(&key, &value),
            Some((snapshot, prefix)) => {
                let key = &key[*prefix..];
                let row = snapshot.get(ACCESSES, key).map_err(store_failed)?.ok_or_else(damaged)?;
                entry(key, &row)
            }
        }))
    }
}

fn entry(key: &[u8], value: &[u8]) -> Result<AccessEntry, AuthError> {
    let place = Place::read(key).ok_or_else(damaged)?;
    Ok(AccessEntry { place, access: postcard::from_bytes(value).map_err(|_| damaged())? })
}

fn damaged() -> AuthError {
    store_failed(StoreError::corrupt("control", "an access"))
}
