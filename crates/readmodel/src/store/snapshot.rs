//! Reading a store: one consistent state, cheap to share.

use std::fmt;
use std::ops::{Bound, Deref, RangeBounds};
use std::sync::Arc;

use redb::{
    Database, OwnedAccessGuard, OwnedRange, ReadOnlyTable, ReadableDatabase, ReadableTableMetadata, TableDefinition,
};

use super::{Meta, Table};
use crate::error::StoreError;
use crate::key::prefix_end;

pub(super) type Bytes = &'static [u8];

pub(super) fn definition(table: Table) -> TableDefinition<'static, Bytes, Bytes> {
    TableDefinition::new(table)
}

/// In which order a scan goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Ascending keys.
    #[default]
    Forward,
    /// Descending keys.
    Backward,
}

/// The state of a store after one commit. Cloning shares it; later commits do not change it.
#[derive(Clone)]
pub struct Snapshot(Arc<Inner>);

struct Inner {
    meta: Meta,
    // Before the database: reading ends before it is closed.
    tables: Vec<(Table, ReadOnlyTable<Bytes, Bytes>)>,
    _database: Arc<Database>,
}

impl Snapshot {
    pub(super) fn open(database: &Arc<Database>, tables: &'static [Table], meta: Meta) -> Result<Self, StoreError> {
        let txn = database.begin_read().map_err(|e| StoreError::redb(&meta.name, e))?;
        let open = |&table: &Table| {
            let opened = txn.open_table(definition(table)).map_err(|e| StoreError::redb(&meta.name, e))?;
            Ok((table, opened))
        };
        let tables = tables.iter().map(open).collect::<Result<_, StoreError>>()?;
        Ok(Self(Arc::new(Inner { meta, tables, _database: Arc::clone(database) })))
    }

    /// Name of the store.
    pub fn name(&self) -> &str {
        &self.0.meta.name
    }

    /// The log position that this state holds, see [`super::Checkpoint`].
    pub fn position(&self) -> u64 {
        self.0.meta.checkpoint.position
    }

    /// Version of the rows, see [`super::Store::open`].
    pub fn version(&self) -> u32 {
        self.0.meta.version
    }

    /// Number of rows in all tables.
    pub fn rows(&self) -> u64 {
        self.0.meta.rows
    }

    /// Bytes of the keys and values of all rows.
    pub fn row_bytes(&self) -> u64 {
        self.0.meta.row_bytes
    }

    /// Digest over all rows, see [`super::Store::digest`].
    pub fn digest(&self) -> [u8; 32] {
        self.0.meta.digest
    }

    /// The row of `key`, if there is one.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let found = self.table(table)?.get_owned(key).map_err(|e| self.failed(e))?;
        Ok(found.map(Row))
    }

    /// The rows with keys in `range`, in key order or its reverse.
    pub fn scan<R: RangeBounds<Vec<u8>>>(
        &self,
        table: Table,
        range: R,
        direction: Direction,
    ) -> Result<Scan, StoreError> {
        let bounds = (range.start_bound().map(Vec::as_slice), range.end_bound().map(Vec::as_slice));
        self.scan_slices(table, bounds, direction)
    }

    /// The rows whose keys begin with `prefix`.
    pub fn scan_prefix(&self, table: Table, prefix: &[u8], direction: Direction) -> Result<Scan, StoreError> {
        let end = prefix_end(prefix);
        let upper = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.scan_slices(table, (Bound::Included(prefix), upper), direction)
    }

    /// Number of rows of one table; constant time.
    pub fn count(&self, table: Table) -> Result<u64, StoreError> {
        self.table(table)?.len().map_err(|e| self.failed(e))
    }

    pub(super) fn scan_slices(
        &self,
        table: Table,
        bounds: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
    ) -> Result<Scan, StoreError> {
        let empty = match bounds {
            (Bound::Included(low), Bound::Included(high)) => low > high,
            (Bound::Included(low) | Bound::Excluded(low), Bound::Excluded(high))
            | (Bound::Excluded(low), Bound::Included(high)) => low >= high,
            _ => false,
        };
        let rows = self.table(table)?;
        let range = if empty { None } else { Some(rows.range_owned::<&[u8]>(bounds).map_err(|e| self.failed(e))?) };
        Ok(Scan { range, direction, name: Arc::clone(&self.0) })
    }

    fn table(&self, table: Table) -> Result<&ReadOnlyTable<Bytes, Bytes>, StoreError> {
        let found = self.0.tables.iter().find(|(name, _)| *name == table);
        found
            .map(|(_, opened)| opened)
            .ok_or_else(|| StoreError::UnknownTable { name: self.name().to_owned(), table: table.to_owned() })
    }

    fn failed(&self, error: impl Into<redb::Error>) -> StoreError {
        StoreError::redb(self.name(), error)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({} at {})", self.name(), self.position())
    }
}

/// Bytes of a stored key or value, not copied; they keep the snapshot alive.
pub struct Row(OwnedAccessGuard<Bytes>);

impl Deref for Row {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.value()
    }
}

impl AsRef<[u8]> for Row {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({} bytes)", self.len())
    }
}

/// Rows in order: (key, value). Nothing is read before it is asked for.
pub struct Scan {
    range: Option<OwnedRange<Bytes, Bytes>>,
    direction: Direction,
    name: Arc<Inner>,
}

impl Iterator for Scan {
    type Item = Result<(Row, Row), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let range = self.range.as_mut()?;
        let next = match self.direction {
            Direction::Forward => range.next(),
            Direction::Backward => range.next_back(),
        };
        Some(match next? {
            Ok((key, value)) => Ok((Row(key), Row(value))),
            Err(error) => Err(StoreError::redb(&self.name.meta.name, error)),
        })
    }
}
