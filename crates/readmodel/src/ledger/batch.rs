//! A batch: what arriving events are decided on, and where records are applied before they are durable.

use std::collections::HashMap;

use continuity_events::record::SourcePosition;
use serde::de::DeserializeOwned;

use super::chunk::{Chunk, number_of};
use super::order::{HeldEvent, LoanOrder, LoanRow};
use super::{NAME, Totals, tables};
use crate::error::StoreError;
use crate::key::KeyReader;
use crate::store::{Batch, Table};

/// A row's key and value.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// Records applied over the committed ledger. Its answers include them; dropping it forgets them.
#[derive(Debug)]
pub struct LedgerBatch {
    rows: Batch,
    loans: HashMap<String, LoanRow>,
    pub(super) partitions: HashMap<Vec<u8>, SourcePosition>,
    /// Partition -> log position of its newest mark, of those looked at.
    pub(super) marked: HashMap<Vec<u8>, Option<u64>>,
    pub(super) totals: Totals,
    pub(super) position: u64,
}

impl LedgerBatch {
    pub(super) fn new(rows: Batch, totals: Totals, position: u64) -> Self {
        let (loans, partitions, marked) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { rows, loans, partitions, marked, totals, position }
    }

    /// The last log position applied.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Figures with this batch.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The order of a loan; a fresh one for an unknown loan.
    pub fn order(&mut self, loan: &str) -> Result<&LoanOrder, StoreError> {
        Ok(&self.row(loan)?.order)
    }

    /// Log position of the event of that sequence, visible or held.
    pub fn position_of(&mut self, loan: &str, sequence: u64) -> Result<Option<u64>, StoreError> {
        let row = self.row(loan)?;
        let number = number_of(sequence);
        let known = if number == row.tail.number { row.tail.get(sequence) } else { None };
        if known.is_some() {
            return Ok(known);
        }
        if row.order.held > 0
            && let Some(held) = self.held(loan, sequence)?
        {
            return Ok(Some(held.position));
        }
        let row = self.row(loan)?;
        if sequence > row.order.last || number == row.tail.number {
            return Ok(None);
        }
        Ok(self.chunk(loan, number)?.get(sequence))
    }

    /// The held event of that sequence.
    pub fn held(&mut self, loan: &str, sequence: u64) -> Result<Option<HeldEvent>, StoreError> {
        let found = self.get(tables::HELD, &tables::loan_number(loan, sequence))?;
        found.map(|value| decode(tables::HELD, &value)).transpose()
    }

    /// All held events of a loan by sequence, ascending.
    pub fn held_events(&mut self, loan: &str) -> Result<Vec<(u64, HeldEvent)>, StoreError> {
        let found = self.rows.rows().scan_prefix(tables::HELD, &tables::loan(loan))?;
        found.iter().map(|(key, value)| Ok((number_in(tables::HELD, key)?, decode(tables::HELD, value)?))).collect()
    }

    /// A loan that holds back events of which the first was logged at or before `position`.
    pub fn waiting_since(&mut self, position: u64) -> Result<Option<String>, StoreError> {
        // Keys of the next position are longer than the bound, so they sort behind it.
        let bound = position.saturating_add(1).to_be_bytes();
        let Some((key, _)) = self.rows.rows().last_at_or_before(tables::WAITING, &[], &bound)? else { return Ok(None) };
        let mut reader = KeyReader::new(&key);
        let loan = reader.u64().and_then(|_| reader.text());
        loan.map(|loan| Some(loan.into_owned())).ok_or_else(|| corrupt(tables::WAITING))
    }

    /// Whether that control event is among the last [`CONTROL_IDS`](super::CONTROL_IDS).
    pub fn knows_control(&mut self, source: &str, id: &str) -> Result<bool, StoreError> {
        Ok(self.control_number(source, id)?.is_some())
    }

    /// Whether that snapshot of a loan is known, and need not be taken again. An export has to bring every loan that it
    /// announced: what was known before it began is taken again and counts.
    pub fn knows_snapshot(&mut self, source: &str, id: &str) -> Result<bool, StoreError> {
        let before = self.totals.snapshot.as_ref().map_or(0, |export| export.control_ids);
        Ok(self.control_number(source, id)?.is_some_and(|number| number > before))
    }

    /// The number by which that control event is remembered.
    pub(super) fn control_number(&mut self, source: &str, id: &str) -> Result<Option<u64>, StoreError> {
        let Some(number) = self.get(tables::CONTROL, &tables::control_id(source, id))? else { return Ok(None) };
        number.try_into().map(|number| Some(u64::from_be_bytes(number))).map_err(|_| corrupt(tables::CONTROL))
    }

    /// Whether these bytes, from this place in the source, were quarantined already.
    pub fn has_refused(&mut self, position: &SourcePosition, raw: &[u8]) -> Result<bool, StoreError> {
        Ok(self.get(tables::REFUSED, &tables::refused(position, raw))?.is_some())
    }

    /// The newest position of that partition of the source.
    pub fn newest(&mut self, partition: &[u8]) -> Result<Option<SourcePosition>, StoreError> {
        if let Some(position) = self.partitions.get(partition) {
            return Ok(Some(position.clone()));
        }
        let found = self.get(tables::PARTITIONS, partition)?;
        found.map(|value| decode(tables::PARTITIONS, &value)).transpose()
    }

    /// What is to be committed: rows and totals.
    pub(super) fn finish(mut self) -> Result<(Batch, Totals), StoreError> {
        let mut rows = self.rows.rows();
        for (loan, row) in self.loans {
            rows.put(tables::LOANS, tables::loan(&loan), row.encode());
        }
        for (partition, position) in self.partitions {
            let value = postcard::to_stdvec(&position).map_err(|_| corrupt(tables::PARTITIONS))?;
            rows.put(tables::PARTITIONS, partition, value);
        }
        rows.put(tables::TOTALS, Totals::KEY.to_vec(), self.totals.encode());
        Ok((self.rows, self.totals))
    }

    /// A loan's row for reading and writing; what is changed in it is committed with the batch.
    pub(super) fn row(&mut self, loan: &str) -> Result<&mut LoanRow, StoreError> {
        if !self.loans.contains_key(loan) {
            let stored = self.rows.rows().get(tables::LOANS, &tables::loan(loan))?;
            let row = stored.map_or(Ok(LoanRow::default()), |bytes| LoanRow::decode(loan, &bytes))?;
            self.loans.insert(loan.to_owned(), row);
        }
        Ok(self.loans.get_mut(loan).expect("inserted just above when it was not there"))
    }

    pub(super) fn chunk(&mut self, loan: &str, number: u64) -> Result<Chunk, StoreError> {
        let stored = self.get(tables::POSITIONS, &tables::loan_number(loan, number))?;
        let decode = |bytes: Vec<u8>| Chunk::decode(number, &bytes).ok_or_else(|| corrupt(tables::POSITIONS));
        stored.map_or_else(|| Ok(Chunk::empty(number)), decode)
    }

    pub(super) fn store_chunk(&mut self, loan: &str, chunk: &Chunk) {
        let mut bytes = Vec::new();
        chunk.encode(&mut bytes);
        self.put(tables::POSITIONS, tables::loan_number(loan, chunk.number), bytes);
    }

    pub(super) fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.rows.rows().get(table, key)
    }

    /// The last row whose key begins with `prefix`.
    pub(super) fn last_row(&mut self, table: Table, prefix: &[u8]) -> Result<Option<Pair>, StoreError> {
        // Longer than every key, which ends in at most a number of eight bytes.
        let bound = [prefix, &[u8::MAX; 16]].concat();
        self.rows.rows().last_at_or_before(table, prefix, &bound)
    }

    pub(super) fn scan_all(&mut self, table: Table) -> Result<Vec<Pair>, StoreError> {
        self.rows.rows().scan_prefix(table, &[])
    }

    pub(super) fn put(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.rows.rows().put(table, key, value);
    }

    pub(super) fn delete(&mut self, table: Table, key: &[u8]) {
        self.rows.rows().delete(table, key);
    }
}

pub(super) fn decode<T: DeserializeOwned>(table: Table, value: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(value).map_err(|_| corrupt(table))
}

/// The number in a key of (loan, number).
pub(super) fn number_in(table: Table, key: &[u8]) -> Result<u64, StoreError> {
    let mut reader = KeyReader::new(key);
    reader.text().and_then(|_| reader.u64()).ok_or_else(|| corrupt(table))
}

pub(super) fn corrupt(table: Table) -> StoreError {
    StoreError::corrupt(NAME, format!("a row of table {table}"))
}
