//! Reading the committed ledger.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use continuity_events::record::SourcePosition;

use super::batch::{corrupt, decode, number_in};
use super::chunk::{Chunk, number_of};
use super::order::{HeldEvent, LoanOrder, LoanRow};
use super::quarantine::QuarantineEntry;
use super::{Shared, Totals, tables};
use crate::error::StoreError;
use crate::key::KeyReader;
use crate::store::{Direction, Row, Snapshot};

/// Reads the committed ledger; each call sees one consistent state.
#[derive(Clone, Debug)]
pub struct LedgerReader {
    shared: Arc<Shared>,
}

impl LedgerReader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.shared.store.snapshot()
    }

    /// The last log position that is in the ledger; never beyond the log's durable head.
    pub fn position(&self) -> u64 {
        *self.shared.position.lock()
    }

    /// Blocks until the ledger is beyond `position`, or `timeout` has passed; its position then.
    pub fn wait_beyond(&self, position: u64, timeout: Duration) -> u64 {
        self.shared.wait_beyond(position, timeout)
    }

    /// The known events of a loan, visible or held, with those sequences: (sequence, log position of the Event or Held
    /// record), ascending. It may know more than a reader of the log that is not as far yet.
    pub fn events(&self, loan: &str, sequences: RangeInclusive<u64>) -> Result<Vec<(u64, u64)>, StoreError> {
        let snapshot = self.shared.store.snapshot();
        let Some(row) = Self::row(&snapshot, loan)? else { return Ok(Vec::new()) };
        let mut known = Vec::new();
        let chunks = (number_of(*sequences.start()), number_of(*sequences.end()).min(row.tail.number));
        if chunks.0 < row.tail.number {
            let range = tables::loan_number(loan, chunks.0)..=tables::loan_number(loan, chunks.1);
            for found in snapshot.scan(tables::POSITIONS, range, Direction::Forward)? {
                let (key, value) = found?;
                let number = number_in(tables::POSITIONS, &key)?;
                known.extend(Chunk::decode(number, &value).ok_or_else(|| corrupt(tables::POSITIONS))?.known());
            }
        }
        known.extend(row.tail.known());
        known.retain(|(sequence, _)| sequences.contains(sequence));
        if row.order.held > 0 {
            let held = held(&snapshot, loan)?;
            known.extend(
                held.into_iter().filter(|(at, _)| sequences.contains(at)).map(|(at, held)| (at, held.position)),
            );
            known.sort_unstable();
        }
        Ok(known)
    }

    /// Every snapshot and erasure of a loan, held ones included: (log position, its sequence), in the order of the log.
    pub fn snapshots(&self, loan: &str) -> Result<Vec<(u64, u64)>, StoreError> {
        let rows = self.snapshot().scan_prefix(tables::SNAPSHOTS, &tables::loan(loan), Direction::Forward)?;
        let one =
            |(key, value): (Row, Row)| Ok((number_in(tables::SNAPSHOTS, &key)?, decode(tables::SNAPSHOTS, &value)?));
        rows.map(|row| one(row?)).collect()
    }

    /// Log positions at which held events of a loan became visible, ascending.
    pub fn releases(&self, loan: &str) -> Result<Vec<u64>, StoreError> {
        let rows = self.snapshot().scan_prefix(tables::RELEASES, &tables::loan(loan), Direction::Forward)?;
        rows.map(|row| number_in(tables::RELEASES, &row?.0)).collect()
    }

    /// The order of a loan; `None` for an unknown one.
    pub fn loan(&self, id: &str) -> Result<Option<LoanOrder>, StoreError> {
        Ok(Self::row(&self.shared.store.snapshot(), id)?.map(|row| row.order))
    }

    /// The source that a loan belongs to.
    pub fn source_of(&self, order: &LoanOrder) -> Result<Option<String>, StoreError> {
        let found = self.shared.store.snapshot().get(tables::SOURCES, &order.source())?;
        found.map(|name| String::from_utf8(name.to_vec()).map_err(|_| corrupt(tables::SOURCES))).transpose()
    }

    /// The events of a loan that gaps hold back, by sequence.
    pub fn held(&self, loan: &str) -> Result<Vec<(u64, HeldEvent)>, StoreError> {
        held(&self.shared.store.snapshot(), loan)
    }

    /// Loans with recorded gaps, by id, at most `limit` of those after `after`.
    pub fn incomplete(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        let start = after.map_or_else(Vec::new, |loan| beyond(tables::loan(loan)));
        let found = self.shared.store.snapshot().scan(tables::INCOMPLETE, start.., Direction::Forward)?;
        let loan = |key: &[u8]| KeyReader::new(key).text().map(std::borrow::Cow::into_owned);
        found.take(limit).map(|row| loan(&row?.0).ok_or_else(|| corrupt(tables::INCOMPLETE))).collect()
    }

    /// Quarantined records with their log positions, at most `limit` of those after `after`.
    pub fn quarantined(&self, after: u64, limit: usize) -> Result<Vec<(u64, QuarantineEntry)>, StoreError> {
        let start = after.saturating_add(1).to_be_bytes().to_vec();
        let found = self.shared.store.snapshot().scan(tables::QUARANTINE, start.., Direction::Forward)?;
        let entry = |(key, value): (Row, Row)| {
            let position = KeyReader::new(&key).u64().ok_or_else(|| corrupt(tables::QUARANTINE))?;
            Ok((position, QuarantineEntry::decode(&value)?))
        };
        found.take(limit).map(|row| entry(row?)).collect()
    }

    /// The newest position of each partition of the source.
    pub fn positions(&self) -> Result<Vec<SourcePosition>, StoreError> {
        let found = self.shared.store.snapshot().scan(tables::PARTITIONS, Vec::new().., Direction::Forward)?;
        found.map(|row| decode(tables::PARTITIONS, &row?.1)).collect()
    }

    /// Figures over everything committed.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        Totals::read(&self.shared.store.snapshot())
    }

    fn row(snapshot: &Snapshot, loan: &str) -> Result<Option<LoanRow>, StoreError> {
        let found = snapshot.get(tables::LOANS, &tables::loan(loan))?;
        found.map(|bytes| LoanRow::decode(loan, &bytes)).transpose()
    }
}

fn held(snapshot: &Snapshot, loan: &str) -> Result<Vec<(u64, HeldEvent)>, StoreError> {
    let found = snapshot.scan_prefix(tables::HELD, &tables::loan(loan), Direction::Forward)?;
    let held = |row: Result<_, StoreError>| {
        let (key, value): (Row, Row) = row?;
        Ok((number_in(tables::HELD, &key)?, decode(tables::HELD, &value)?))
    };
    found.map(held).collect()
}

/// The least key behind `key`.
fn beyond(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}
