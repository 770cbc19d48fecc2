//! The entries of a loan by id, packed as the entries themselves are: a write costs the same however many there are.

use std::borrow::Cow;

use continuity_readmodel::{Key, KeyReader, Rows, StoreError, Table};

use super::ENTRIES;
use super::block::{Blocks, Packed, Source, hash};

/// [`Blocks`] of (hash of the id, key of the entry), each with the entry's source; only for loans of which
/// [`super::Marks::by_id`] says so.
pub(super) const IDS: Table = "ids";

/// Enters every entry that the loan has.
pub(super) fn build(loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    let mut all = Vec::new();
    Blocks::of(ENTRIES, loan).each(rows, |packed| {
        all.extend(id_of(packed.key).map(|id| (key_of(&id, packed.key), packed.source)));
    })?;
    all.sort_unstable();
    let items = all.iter().map(|(key, source)| Packed { source: *source, key, json: b"" });
    Blocks::of(IDS, loan).fill(items, rows);
    Ok(())
}

/// Source and key of the entries with that id.
pub(super) fn with_id(loan: &str, id: &str, rows: &Rows<'_>) -> Result<Vec<(Source, Vec<u8>)>, StoreError> {
    let mut found = Vec::new();
    Blocks::of(IDS, loan).near(&hash(id.as_bytes()).to_be_bytes(), rows, |packed| {
        let key = &packed.key[HASH..];
        if id_of(key).is_some_and(|other| other == id) {
            found.push((packed.source, key.to_vec()));
        }
    })?;
    Ok(found)
}

pub(super) fn insert(loan: &str, id: &str, source: Source, key: &[u8], rows: &mut Rows<'_>) -> Result<(), StoreError> {
    Blocks::of(IDS, loan).insert(Packed { source, key: &key_of(id, key), json: b"" }, rows)
}

pub(super) fn remove(loan: &str, id: &str, key: &[u8], rows: &mut Rows<'_>) -> Result<(), StoreError> {
    Blocks::of(IDS, loan).remove(&key_of(id, key), rows)
}

/// Keeps the entries whose source passes.
pub(super) fn retain(loan: &str, rows: &mut Rows<'_>, keep: impl Fn(Source) -> bool) -> Result<(), StoreError> {
    Blocks::of(IDS, loan).retain(rows, keep)
}

/// Forgets all of them.
pub(super) fn drop(loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    rows.delete_prefix(IDS, &Key::new().text(loan).finish())
}

/// The id at the end of an entry's key.
pub(super) fn id_of(key: &[u8]) -> Option<Cow<'_, str>> {
    let mut reader = KeyReader::new(key);
    reader.bytes()?;
    reader.u64()?;
    reader.text()
}

const HASH: usize = 8;

fn key_of(id: &str, key: &[u8]) -> Vec<u8> {
    [&hash(id.as_bytes()).to_be_bytes(), key].concat()
}
