//! Entries packed into blocks: sorted, some sixteen to a row.
//!
//! Where a block begins depends on its first entry alone (a hash of its key), so equal entries give equal rows,
//! whatever the order in which they came: live, rebuilt and neighbouring read models have the same digest.

use continuity_readmodel::{Found, Key, Rows, StoreError, Table};
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::{SPEC, id_of};

/// (loan, 0) -> the entries before the first boundary; (loan, 1, key of its first entry) -> the others.
pub(super) const BLOCKS: Table = "blocks";

/// One entry in so many begins a block.
const ENTRIES_A_BLOCK: u64 = 16;

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

/// One entry within a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Packed<'a> {
    source: u8,
    /// [`super::sort_key`] of the entry.
    pub(super) key: &'a [u8],
    /// As served.
    pub(super) json: &'a str,
}

/// Adds an entry, in place of one with the same key.
pub(super) fn insert(loan: &str, entry: &Entry, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    let found = block_of(loan, &entry.key, rows)?;
    let (block_key, stored) = found.unwrap_or_else(|| (first_block(loan), Vec::new()));
    let mut entries = unpack(&stored)?;
    let new = Packed { source: entry.source as u8, key: &entry.key, json: &entry.json };
    match entries.binary_search_by(|packed| packed.key.cmp(&entry.key)) {
        Ok(at) => entries[at] = new,
        Err(at) if begins_block(&entry.key) => {
            let tail = entries.split_off(at);
            let second: Vec<_> = std::iter::once(new).chain(tail.iter().copied()).collect();
            rows.put(BLOCKS, block_from(loan, &entry.key), pack(&second));
            if tail.is_empty() {
                return Ok(()); // The block before stays as it is.
            }
        }
        Err(at) => entries.insert(at, new),
    }
    write(block_key, &entries, rows);
    Ok(())
}

/// Takes the entry with that key away.
pub(super) fn remove(loan: &str, key: &[u8], rows: &mut Rows<'_>) -> Result<(), StoreError> {
    let Some((block_key, stored)) = block_of(loan, key, rows)? else { return Ok(()) };
    let mut entries = unpack(&stored)?;
    let Ok(at) = entries.binary_search_by(|packed| packed.key.cmp(key)) else { return Ok(()) };
    entries.remove(at);
    if !begins_block(key) {
        write(block_key, &entries, rows);
        return Ok(());
    }
    rows.delete(BLOCKS, &block_key);
    if entries.is_empty() {
        return Ok(());
    }
    let (before_key, before) = block_of(loan, key, rows)?.unwrap_or_else(|| (first_block(loan), Vec::new()));
    let mut joined = unpack(&before)?;
    joined.append(&mut entries);
    write(before_key, &joined, rows);
    Ok(())
}

/// Keeps the entries whose source passes.
pub(super) fn retain(loan: &str, rows: &mut Rows<'_>, keep: impl Fn(Source) -> bool) -> Result<(), StoreError> {
    let blocks = rows.scan_prefix(BLOCKS, &Key::new().text(loan).finish())?;
    let mut entries = Vec::new();
    for (key, stored) in &blocks {
        rows.delete(BLOCKS, key);
        entries.extend(unpack(stored)?.into_iter().filter(|packed| Source::of(packed.source).is_some_and(&keep)));
    }
    let boundaries = entries.iter().enumerate().skip(1).filter(|(_, packed)| begins_block(packed.key));
    let mut starts: Vec<_> = std::iter::once(0).chain(boundaries.map(|(at, _)| at)).collect();
    starts.push(entries.len());
    for range in starts.windows(2) {
        let block = &entries[range[0]..range[1]];
        let Some(first) = block.first() else { continue };
        let key = if begins_block(first.key) { block_from(loan, first.key) } else { first_block(loan) };
        rows.put(BLOCKS, key, pack(block));
    }
    Ok(())
}

/// Shows every entry's source and key.
pub(super) fn each(loan: &str, rows: &Rows<'_>, mut show: impl FnMut(Source, &[u8])) -> Result<(), StoreError> {
    for (_, stored) in rows.scan_prefix(BLOCKS, &Key::new().text(loan).finish())? {
        for packed in unpack(&stored)? {
            show(Source::of(packed.source).ok_or_else(corrupt)?, packed.key);
        }
    }
    Ok(())
}

/// Source and key of the entries with that id.
pub(super) fn with_id(loan: &str, id: &str, rows: &Rows<'_>) -> Result<Vec<(Source, Vec<u8>)>, StoreError> {
    let mut found = Vec::new();
    each(loan, rows, |source, key| {
        if id_of(key).is_some_and(|other| other == id) {
            found.push((source, key.to_vec()));
        }
    })?;
    Ok(found)
}

/// The entries of a block, in order.
pub(super) fn unpack(stored: &[u8]) -> Result<Vec<Packed<'_>>, StoreError> {
    if stored.is_empty() { Ok(Vec::new()) } else { postcard::from_bytes(stored).map_err(|_| corrupt()) }
}

/// Number of entries of a block, without reading them.
pub(super) fn count(stored: &[u8]) -> Result<u64, StoreError> {
    postcard::take_from_bytes::<u64>(stored).map(|(count, _)| count).map_err(|_| corrupt())
}

/// The key of the block that an entry of that key begins, if it begins one.
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
    hash(key).is_multiple_of(ENTRIES_A_BLOCK)
}

fn first_block(loan: &str) -> Vec<u8> {
    Key::new().text(loan).u8(0).finish()
}

/// The block that holds an entry of that key, or would.
fn block_of(loan: &str, key: &[u8], rows: &Rows<'_>) -> Result<Option<Found>, StoreError> {
    rows.last_at_or_before(BLOCKS, &Key::new().text(loan).finish(), &block_from(loan, key))
}

fn write(block_key: Vec<u8>, entries: &[Packed<'_>], rows: &mut Rows<'_>) {
    if entries.is_empty() {
        rows.delete(BLOCKS, &block_key);
    } else {
        rows.put(BLOCKS, block_key, pack(entries));
    }
}

fn pack(entries: &[Packed<'_>]) -> Vec<u8> {
    postcard::to_stdvec(entries).expect("numbers, bytes and texts always encode")
}

fn corrupt() -> StoreError {
    StoreError::corrupt(SPEC.name, "a block")
}
