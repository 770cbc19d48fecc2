//! Items packed into blocks: sorted by key, some sixteen to a row.
//!
//! Where a block begins depends on its first item alone (a hash of its key), so equal items give equal rows,
//! whatever the order in which they came: live, rebuilt and neighbouring read models have the same digest.

use std::ops::Range;

use continuity_readmodel::{Found, Key, Rows, StoreError, Table};

use super::SPEC;

/// One item in so many begins a block.
const ITEMS_A_BLOCK: u64 = 16;

/// Where an entry came from, least to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Source {
    /// An `auditEntry` in a snapshot.
    Snapshot = 0,
    /// `AuditEntryRecorded`.
    Recorded = 1,
    /// Derived from an event.
    Event = 2,
}

impl Source {
    pub(super) fn of(number: u8) -> Option<Self> {
        [Self::Snapshot, Self::Recorded, Self::Event].into_iter().find(|source| *source as u8 == number)
    }
}

/// One item within a block: its source, the lengths of key and JSON (little-endian), the key, the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packed<'a> {
    pub(super) source: Source,
    pub(super) key: &'a [u8],
    /// The entry as served; empty in an index.
    pub(super) json: &'a [u8],
}

/// A loan's blocks in a table: (loan, 0) -> the items before the first boundary; (loan, 1, key of its first item) ->
/// the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks<'a> {
    table: Table,
    loan: &'a str,
}

impl<'a> Blocks<'a> {
    pub(super) fn of(table: Table, loan: &'a str) -> Self {
        Self { table, loan }
    }

    /// Adds an item, in place of one with the same key.
    pub(super) fn insert(self, item: Packed<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let found = self.holding(item.key, rows)?;
        let (block_key, mut block) = found.unwrap_or_else(|| (self.first_block(), Vec::new()));
        let place = place(&block, item.key)?;
        if place.is_empty() && begins_block(item.key) {
            let tail = block.split_off(place.start);
            rows.put(self.table, block_from(self.loan, item.key), [&pack(item)[..], &tail].concat());
            if tail.is_empty() {
                return Ok(()); // The block before stays as it is.
            }
        } else {
            block.splice(place, pack(item));
        }
        self.write(block_key, block, rows);
        Ok(())
    }

    /// Takes the item with that key away.
    pub(super) fn remove(self, key: &[u8], rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let Some((block_key, mut block)) = self.holding(key, rows)? else { return Ok(()) };
        let place = place(&block, key)?;
        if place.is_empty() {
            return Ok(());
        }
        block.drain(place);
        if !begins_block(key) {
            self.write(block_key, block, rows);
            return Ok(());
        }
        rows.delete(self.table, &block_key);
        if !block.is_empty() {
            let (before_key, before) = self.holding(key, rows)?.unwrap_or_else(|| (self.first_block(), Vec::new()));
            self.write(before_key, [before, block].concat(), rows);
        }
        Ok(())
    }

    /// Keeps the items whose source passes.
    pub(super) fn retain(self, rows: &mut Rows<'_>, keep: impl Fn(Source) -> bool) -> Result<(), StoreError> {
        let blocks = self.all(rows)?;
        let mut kept = Vec::new();
        for (key, block) in &blocks {
            rows.delete(self.table, key);
            kept.extend(unpack(block)?.into_iter().filter(|packed| keep(packed.source)));
        }
        self.fill(kept.into_iter(), rows);
        Ok(())
    }

    /// Writes all items, ascending, where there are none.
    pub(super) fn fill<'b>(self, items: impl Iterator<Item = Packed<'b>>, rows: &mut Rows<'_>) {
        let (mut block_key, mut block) = (self.first_block(), Vec::new());
        for item in items {
            if begins_block(item.key) {
                let before = std::mem::replace(&mut block_key, block_from(self.loan, item.key));
                self.write(before, std::mem::take(&mut block), rows);
            }
            block.extend(pack(item));
        }
        self.write(block_key, block, rows);
    }

    /// Replaces the JSON of items, where `change` gives another.
    pub(super) fn rewrite(
        self,
        rows: &mut Rows<'_>,
        change: impl Fn(Packed<'_>) -> Option<String>,
    ) -> Result<(), StoreError> {
        for (key, block) in self.all(rows)? {
            let mut changed = Vec::with_capacity(block.len());
            for packed in unpack(&block)? {
                let json = change(packed);
                changed.extend(pack(Packed { json: json.as_ref().map_or(packed.json, String::as_bytes), ..packed }));
            }
            if changed != block {
                rows.put(self.table, key, changed);
            }
        }
        Ok(())
    }

    /// Shows every item.
    pub(super) fn each(self, rows: &Rows<'_>, mut show: impl FnMut(Packed<'_>)) -> Result<(), StoreError> {
        self.all(rows)?.iter().try_for_each(|(_, block)| {
            unpack(block)?.into_iter().for_each(&mut show);
            Ok(())
        })
    }

    /// Shows the items whose keys begin with `prefix`, which is itself no key: they are in the block that would hold it
    /// and in those that begin with such an item.
    pub(super) fn near(
        self,
        prefix: &[u8],
        rows: &Rows<'_>,
        mut show: impl FnMut(Packed<'_>),
    ) -> Result<(), StoreError> {
        let first = self.holding(prefix, rows)?;
        let others = rows.scan_prefix(self.table, &block_from(self.loan, prefix))?;
        for (_, block) in first.iter().chain(others.iter()) {
            unpack(block)?.into_iter().filter(|packed| packed.key.starts_with(prefix)).for_each(&mut show);
        }
        Ok(())
    }

    fn all(self, rows: &Rows<'_>) -> Result<Vec<Found>, StoreError> {
        rows.scan_prefix(self.table, &Key::new().text(self.loan).finish())
    }

    /// The block that holds an item of that key, or would.
    fn holding(self, key: &[u8], rows: &Rows<'_>) -> Result<Option<Found>, StoreError> {
        rows.last_at_or_before(self.table, &Key::new().text(self.loan).finish(), &block_from(self.loan, key))
    }

    fn first_block(self) -> Vec<u8> {
        Key::new().text(self.loan).u8(0).finish()
    }

    fn write(self, block_key: Vec<u8>, block: Vec<u8>, rows: &mut Rows<'_>) {
        if block.is_empty() {
            rows.delete(self.table, &block_key);
        } else {
            rows.put(self.table, block_key, block);
        }
    }
}

/// The items of a block, in order.
pub(super) fn unpack(block: &[u8]) -> Result<Vec<Packed<'_>>, StoreError> {
    let (mut items, mut at) = (Vec::new(), 0);
    while let Some((packed, end)) = read(block, at)? {
        items.push(packed);
        at = end;
    }
    Ok(items)
}

/// The key of the block that an item of that key begins, if it begins one.
pub(super) fn block_from(loan: &str, key: &[u8]) -> Vec<u8> {
    let mut block_key = Key::new().text(loan).u8(1).finish();
    block_key.extend_from_slice(key);
    block_key
}

/// FNV-1a, with its bits mixed once more so that any of them can be used.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let fnv = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (fnv ^ (fnv >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

fn begins_block(key: &[u8]) -> bool {
    hash(key).is_multiple_of(ITEMS_A_BLOCK)
}

/// Where the item of that key is; empty where it would be.
fn place(block: &[u8], key: &[u8]) -> Result<Range<usize>, StoreError> {
    let mut at = 0;
    while let Some((packed, end)) = read(block, at)? {
        if packed.key >= key {
            return Ok(at..if packed.key == key { end } else { at });
        }
        at = end;
    }
    Ok(at..at)
}

fn pack(item: Packed<'_>) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("events are bounded far below 4 GiB").to_le_bytes();
    [&[item.source as u8][..], &length(item.key), &length(item.json), item.key, item.json].concat()
}

/// The item at an offset, and where the next one begins; `None` at the end.
fn read(block: &[u8], at: usize) -> Result<Option<(Packed<'_>, usize)>, StoreError> {
    let Some((source, rest)) = block[at..].split_first() else { return Ok(None) };
    let parse = || {
        let (key_length, rest) = rest.split_first_chunk::<4>()?;
        let (json_length, rest) = rest.split_first_chunk::<4>()?;
        let (key, rest) = rest.split_at_checked(u32::from_le_bytes(*key_length) as usize)?;
        let (json, rest) = rest.split_at_checked(u32::from_le_bytes(*json_length) as usize)?;
        let packed = Packed { source: Source::of(*source)?, key, json };
        Some((packed, block.len() - rest.len()))
    };
    parse().map(Some).ok_or_else(|| StoreError::corrupt(SPEC.name, "a block"))
}
