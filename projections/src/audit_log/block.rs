//! Entries packed into blocks: sorted, some sixteen to a row.
//!
//! Where a block begins depends on its first entry alone (a hash of its key), so equal entries give equal rows,
//! whatever the order in which they came: live, rebuilt and neighbouring read models have the same digest.

use std::ops::Range;

use continuity_readmodel::{Found, Key, Rows, StoreError, Table};

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

/// One entry within a block: its source, the lengths of key and JSON (little-endian), the key, the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packed<'a> {
    source: Source,
    /// [`super::sort_key`] of the entry.
    pub(super) key: &'a [u8],
    /// As served.
    pub(super) json: &'a [u8],
}

/// Adds an entry, in place of one with the same key.
pub(super) fn insert(loan: &str, entry: &Entry, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    let found = block_of(loan, &entry.key, rows)?;
    let (block_key, mut block) = found.unwrap_or_else(|| (first_block(loan), Vec::new()));
    let place = place(&block, &entry.key)?;
    let packed = pack(entry);
    if place.is_empty() && begins_block(&entry.key) {
        let tail = block.split_off(place.start);
        rows.put(BLOCKS, block_from(loan, &entry.key), [&packed[..], &tail].concat());
        if tail.is_empty() {
            return Ok(()); // The block before stays as it is.
        }
    } else {
        block.splice(place, packed);
    }
    write(block_key, block, rows);
    Ok(())
}

/// Takes the entry with that key away.
pub(super) fn remove(loan: &str, key: &[u8], rows: &mut Rows<'_>) -> Result<(), StoreError> {
    let Some((block_key, mut block)) = block_of(loan, key, rows)? else { return Ok(()) };
    let place = place(&block, key)?;
    if place.is_empty() {
        return Ok(());
    }
    block.drain(place);
    if !begins_block(key) {
        write(block_key, block, rows);
        return Ok(());
    }
    rows.delete(BLOCKS, &block_key);
    if !block.is_empty() {
        let (before_key, before) = block_of(loan, key, rows)?.unwrap_or_else(|| (first_block(loan), Vec::new()));
        write(before_key, [before, block].concat(), rows);
    }
    Ok(())
}

/// Keeps the entries whose source passes.
pub(super) fn retain(loan: &str, rows: &mut Rows<'_>, keep: impl Fn(Source) -> bool) -> Result<(), StoreError> {
    let blocks = rows.scan_prefix(BLOCKS, &Key::new().text(loan).finish())?;
    let (mut block_key, mut kept) = (first_block(loan), Vec::new());
    for (key, block) in &blocks {
        rows.delete(BLOCKS, key);
        let mut at = 0;
        while let Some((packed, end)) = read(block, at)? {
            if keep(packed.source) {
                if begins_block(packed.key) {
                    write(
                        std::mem::replace(&mut block_key, block_from(loan, packed.key)),
                        std::mem::take(&mut kept),
                        rows,
                    );
                }
                kept.extend_from_slice(&block[at..end]);
            }
            at = end;
        }
    }
    write(block_key, kept, rows);
    Ok(())
}

/// Shows every entry's source and key.
pub(super) fn each(loan: &str, rows: &Rows<'_>, mut show: impl FnMut(Source, &[u8])) -> Result<(), StoreError> {
    for (_, block) in rows.scan_prefix(BLOCKS, &Key::new().text(loan).finish())? {
        for packed in unpack(&block)? {
            show(packed.source, packed.key);
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
pub(super) fn unpack(block: &[u8]) -> Result<Vec<Packed<'_>>, StoreError> {
    let (mut entries, mut at) = (Vec::new(), 0);
    while let Some((packed, end)) = read(block, at)? {
        entries.push(packed);
        at = end;
    }
    Ok(entries)
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

/// Where the entry of that key is; empty where it would be.
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

fn write(block_key: Vec<u8>, block: Vec<u8>, rows: &mut Rows<'_>) {
    if block.is_empty() {
        rows.delete(BLOCKS, &block_key);
    } else {
        rows.put(BLOCKS, block_key, block);
    }
}

fn pack(entry: &Entry) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("events are bounded far below 4 GiB").to_le_bytes();
    let (key, json) = (entry.key.as_slice(), entry.json.as_bytes());
    [&[entry.source as u8][..], &length(key), &length(json), key, json].concat()
}

/// The entry at an offset, and where the next one begins; `None` at the end.
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
