//! Writes of one batch, kept in memory until they are committed: later writes of a row replace earlier ones, and the
//! flush goes in key order.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::Table;
use super::snapshot::{Direction, Scan, Snapshot};
use crate::error::StoreError;
use crate::key::prefix_end;

pub(super) type Overlay = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// One found row: key and value.
pub type Found = (Vec<u8>, Vec<u8>);

/// Uncommitted writes over the state that the store had when the batch began.
#[derive(Debug)]
pub struct Batch {
    base: Snapshot,
    names: &'static [Table],
    tables: Vec<Overlay>,
    bytes: usize,
    unknown: Option<Table>,
}

impl Batch {
    pub(super) fn new(base: Snapshot, names: &'static [Table]) -> Self {
        let tables = names.iter().map(|_| Overlay::new()).collect();
        Self { base, names, tables, bytes: 0, unknown: None }
    }

    /// Read and write access.
    pub fn rows(&mut self) -> Rows<'_> {
        Rows { batch: self }
    }

    /// The row of `key`, if there is one, with the batch's own writes.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(written) = self.overlay(table).and_then(|overlay| overlay.get(key)) {
            return Ok(written.clone());
        }
        Ok(self.base.get(table, key)?.map(|row| row.to_vec()))
    }

    /// Number of rows written or deleted.
    pub fn len(&self) -> usize {
        self.tables.iter().map(BTreeMap::len).sum()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.tables.iter().all(BTreeMap::is_empty)
    }

    /// Bytes of keys and values handed in so far: an upper bound of what the batch holds.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The writes by table, once they are all for known tables.
    pub(super) fn finish(self) -> Result<impl Iterator<Item = (Table, Overlay)>, StoreError> {
        if let Some(table) = self.unknown {
            return Err(StoreError::UnknownTable { name: self.base.name().to_owned(), table: table.to_owned() });
        }
        Ok(self.names.iter().copied().zip(self.tables))
    }

    fn overlay(&self, table: Table) -> Option<&Overlay> {
        self.names.iter().position(|name| *name == table).map(|index| &self.tables[index])
    }

    fn write(&mut self, table: Table, key: Vec<u8>, value: Option<Vec<u8>>) {
        let Some(index) = self.names.iter().position(|name| *name == table) else {
            self.unknown = Some(table);
            return;
        };
        self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        self.tables[index].insert(key, value);
    }
}

/// Access of one projection within a batch: reads see the batch's own writes.
#[derive(Debug)]
pub struct Rows<'a> {
    batch: &'a mut Batch,
}

impl Rows<'_> {
    /// The row of `key`, if there is one.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.batch.get(table, key)
    }

    /// Writes a row, whether or not there was one. A table that the store does not have fails the commit.
    pub fn put(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.batch.write(table, key, Some(value));
    }

    /// Deletes a row, if there is one.
    pub fn delete(&mut self, table: Table, key: &[u8]) {
        self.batch.write(table, key.to_vec(), None);
    }

    /// All rows whose keys begin with `prefix`, in key order.
    pub fn scan_prefix(&self, table: Table, prefix: &[u8]) -> Result<Vec<Found>, StoreError> {
        self.merged_prefix(table, prefix)?.collect()
    }

    /// Deletes all rows whose keys begin with `prefix`.
    pub fn delete_prefix(&mut self, table: Table, prefix: &[u8]) -> Result<(), StoreError> {
        let keys = self.merged_prefix(table, prefix)?.map(|row| row.map(|(key, _)| key));
        for key in keys.collect::<Result<Vec<_>, _>>()? {
            self.batch.write(table, key, None);
        }
        Ok(())
    }

    /// The row with the greatest key that begins with `prefix` and is not greater than `key`.
    pub fn last_at_or_before(&self, table: Table, prefix: &[u8], key: &[u8]) -> Result<Option<Found>, StoreError> {
        if key < prefix {
            return Ok(None);
        }
        let end = prefix_end(prefix);
        let upper = match end.as_deref() {
            Some(end) if key >= end => Bound::Excluded(end),
            _ => Bound::Included(key),
        };
        let bounds = (Bound::Included(prefix), upper);
        let base = self.batch.base.scan_slices(table, bounds, Direction::Backward)?;
        let overlay = self.batch.overlay(table).into_iter();
        let overlay = overlay.flat_map(|rows| rows.range::<[u8], _>(bounds).rev());
        Merge::new(base, overlay, Direction::Backward).next().transpose()
    }

    /// The row with the smallest key that begins with `prefix` and is not smaller than `key`.
    pub fn first_at_or_after(&self, table: Table, prefix: &[u8], key: &[u8]) -> Result<Option<Found>, StoreError> {
        let end = prefix_end(prefix);
        if end.as_deref().is_some_and(|end| key >= end) {
            return Ok(None);
        }
        let bounds = (Bound::Included(key.max(prefix)), end.as_deref().map_or(Bound::Unbounded, Bound::Excluded));
        let base = self.batch.base.scan_slices(table, bounds, Direction::Forward)?;
        let overlay = self.batch.overlay(table).into_iter();
        let overlay = overlay.flat_map(|rows| rows.range::<[u8], _>(bounds));
        Merge::new(base, overlay, Direction::Forward).next().transpose()
    }

    fn merged_prefix(
        &self,
        table: Table,
        prefix: &[u8],
    ) -> Result<impl Iterator<Item = Result<Found, StoreError>>, StoreError> {
        let base = self.batch.base.scan_prefix(table, prefix, Direction::Forward)?;
        let end = prefix_end(prefix);
        let bounds = (Bound::Included(prefix), end.as_deref().map_or(Bound::Unbounded, Bound::Excluded));
        let overlay = self.batch.overlay(table).into_iter();
        let rows: Vec<_> = overlay.flat_map(|rows| rows.range::<[u8], _>(bounds)).collect();
        Ok(Merge::new(base, rows.into_iter(), Direction::Forward))
    }
}

/// The stored rows and the written ones as one sequence: a written row replaces the stored one of the same key.
struct Merge<'a, O: Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>> {
    base: std::iter::Peekable<Scan>,
    overlay: std::iter::Peekable<O>,
    direction: Direction,
}

impl<'a, O: Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>> Merge<'a, O> {
    fn new(base: Scan, overlay: O, direction: Direction) -> Self {
        Self { base: base.peekable(), overlay: overlay.peekable(), direction }
    }

    /// Whether the next stored row comes before the next written one, and whether it is the same row.
    fn base_first(&mut self) -> (bool, bool) {
        match (self.base.peek(), self.overlay.peek()) {
            (Some(Ok((stored, _))), Some((written, _))) => {
                let order = (**stored).cmp(written.as_slice());
                let order = if self.direction == Direction::Forward { order } else { order.reverse() };
                (order.is_lt(), order.is_eq())
            }
            (Some(_), _) => (true, false),
            (None, _) => (false, false),
        }
    }
}

impl<'a, O: Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>> Iterator for Merge<'a, O> {
    type Item = Result<Found, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (base_first, same) = self.base_first();
            if base_first {
                let row = self.base.next()?;
                return Some(row.map(|(key, value)| (key.to_vec(), value.to_vec())));
            }
            if same {
                self.base.next();
            }
            let (key, value) = self.overlay.next()?;
            if let Some(value) = value {
                return Some(Ok((key.clone(), value.clone())));
            }
        }
    }
}
