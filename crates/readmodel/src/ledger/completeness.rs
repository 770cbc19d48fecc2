//! What the evaluation of completeness manifests needs, and what it showed.
//!
//! Four things are kept beside the order of the loans: which manifests wait for their evaluation, the newest results,
//! which snapshots cover how much of a loan, and where in the log which point of a source was reached. All of it follows
//! from the log's records, as everything in the ledger does.

use continuity_events::record::{Completeness, SourceChange, SourcePosition};
use continuity_events::{CloudEvent, Role, catalogue, json};
use continuity_log::Record;
use serde::{Deserialize, Serialize};

use super::batch::{LedgerBatch, corrupt, decode, number_in};
use super::fold::Entry;
use super::reader::LedgerReader;
use super::source::partition_name;
use super::{partition, tables};
use crate::error::StoreError;
use crate::key::{Key, KeyReader};
use crate::store::{Direction, Row, Table};

/// Results that are kept; older ones are in the log alone.
pub const RESULTS_KEPT: u64 = 1_000;
/// Manifests that wait for their evaluation, at most; beyond it the oldest is given up.
const OPEN_KEPT: usize = 1_000;
/// A partition has one mark in each such stretch of the log (positions from a multiple of it on) in which it was read, at
/// its first record there; so many records have to be looked at to find a place.
pub const MARK_EVERY: u64 = 1_024;

/// A manifest that was not evaluated yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenManifest {
    /// Log position of its record.
    pub position: u64,
    /// Id of its event.
    pub id: String,
    /// Its `asOf`; empty when it has none.
    pub as_of: String,
    /// When it arrived, microseconds since the Unix epoch.
    pub arrived_at: i64,
}

/// A result of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptResult {
    /// Counts the results, from 1.
    pub number: u64,
    /// Log position of its record.
    pub position: u64,
    /// When it was recorded, microseconds since the Unix epoch.
    pub at: i64,
    /// The result.
    pub result: Completeness,
}

/// What is known of one loan, and since which log position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The loan.
    pub loan: String,
    /// Its events, visible or held: (sequence, log position), by sequence.
    pub events: Vec<(u64, u64)>,
    /// Snapshots and erasures that cover every sequence up to one: (log position, sequence), both ascending.
    pub covers: Vec<(u64, u64)>,
}

/// A record at which it was noted how far a partition was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its log position.
    pub position: u64,
    /// Stream sequence, offset in a topic's partition or in a file; `None`: from here on the partition is another one, or
    /// read from its beginning again.
    pub number: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct OpenRow {
    id: String,
    as_of: String,
    arrived_at: i64,
}

/// How far into its partition a position is, where partitions count: stream sequence, or offset.
pub fn number_at(position: &SourcePosition) -> Option<u64> {
    match position {
        SourcePosition::Stream { sequence, .. } => Some(*sequence),
        SourcePosition::Topic { offset, .. } => u64::try_from(*offset).ok(),
        SourcePosition::File { offset, .. } => Some(*offset),
        SourcePosition::Simulator { .. } | SourcePosition::Operator { .. } => None,
    }
}

impl LedgerBatch {
    /// Takes from a record, before it is folded, what evaluations need of it.
    pub(super) fn note(&mut self, record: &Record, entry: Entry<'_>) -> Result<(), StoreError> {
        match entry {
            Entry::Event(received) | Entry::Held(received) => {
                self.mark(&received.position)?;
                let erasure = received.event.role() == Role::Erasure;
                if erasure { self.covered(&record.subject, record.sequence) } else { Ok(()) }
            }
            Entry::Snapshot(received) => {
                self.mark(&received.position)?;
                self.covered(&record.subject, record.sequence)
            }
            Entry::Control(received) => {
                self.mark(&received.position)?;
                let manifest = received.event.name() == catalogue::MANIFEST;
                if manifest { self.open_manifest(record.arrived_at, &received.event) } else { Ok(()) }
            }
            Entry::Quarantined(quarantined) => self.mark(&quarantined.position),
            Entry::SourceProgress(progress) => self.mark(&progress.position),
            Entry::Source(event) if matches!(event.change, SourceChange::Accepted { .. }) => {
                self.restarted(&event.partition)
            }
            Entry::Completeness(result) => self.keep_result(record.arrived_at, result),
            _ => Ok(()),
        }
    }

    /// The loan was purged at that sequence, or at an earlier one.
    pub(super) fn note_purge(&mut self, loan: &str, sequence: u64) {
        let value = postcard::to_stdvec(&sequence).expect("a number always encodes");
        self.put(tables::PURGED, tables::loan(loan), value);
    }

    fn mark(&mut self, position: &SourcePosition) -> Result<(), StoreError> {
        let Some(number) = number_at(position) else { return Ok(()) };
        let key = partition(position);
        let newest = match self.marked.get(&key) {
            Some(newest) => *newest,
            None => self.newest_mark(&key)?,
        };
        if newest.is_none_or(|newest| newest / MARK_EVERY < self.position / MARK_EVERY) {
            self.put_mark(&key, Some(number));
            self.marked.insert(key, Some(self.position));
        } else {
            self.marked.entry(key).or_insert(newest);
        }
        Ok(())
    }

    /// Where the newest mark of a partition is, unless it says that the partition is another one since.
    fn newest_mark(&mut self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        let Some((row, value)) = self.last_row(tables::REACHED, key)? else { return Ok(None) };
        let number: Option<u64> = decode(tables::REACHED, &value)?;
        Ok(number.and(mark_position(key, &row)))
    }

    fn put_mark(&mut self, key: &[u8], number: Option<u64>) {
        let mut row = key.to_vec();
        row.extend_from_slice(&self.position.to_be_bytes());
        let value = postcard::to_stdvec(&number).expect("a number always encodes");
        self.put(tables::REACHED, row, value);
    }

    /// A part of a source is read from its beginning again.
    fn restarted(&mut self, name: &str) -> Result<(), StoreError> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        for (key, value) in self.scan_all(tables::PARTITIONS)? {
            if partition_name(&decode(tables::PARTITIONS, &value)?) == name {
                keys.push(key);
            }
        }
        let here = self.partitions.iter().filter(|(_, position)| partition_name(position) == name);
        keys.extend(here.map(|(key, _)| key.clone()));
        for key in keys {
            self.put_mark(&key, None);
            self.marked.insert(key, None);
        }
        Ok(())
    }

    /// A snapshot or erasure covers the loan up to a sequence; one that covers no more than an earlier one says nothing.
    fn covered(&mut self, loan: &str, sequence: u64) -> Result<(), StoreError> {
        let key = tables::loan(loan);
        let value = postcard::to_stdvec(&sequence).expect("a number always encodes");
        let position = self.position;
        self.put(tables::SNAPSHOTS, tables::loan_number(loan, position), value.clone());
        let before = match self.last_row(tables::COVERS, &key)? {
            Some((_, value)) => decode(tables::COVERS, &value)?,
            None => 0_u64,
        };
        if sequence > before {
            self.put(tables::COVERS, tables::loan_number(loan, position), value);
        }
        Ok(())
    }

    fn open_manifest(&mut self, arrived_at: i64, event: &CloudEvent) -> Result<(), StoreError> {
        let as_of = json::member(&event.data, "asOf").and_then(json::text).unwrap_or_default();
        let row = OpenRow { id: event.id.clone(), as_of: as_of.into_owned(), arrived_at };
        let value = postcard::to_stdvec(&row).map_err(|_| corrupt(tables::MANIFESTS))?;
        self.put(tables::MANIFESTS, number_key(self.position), value);
        let open = self.scan_all(tables::MANIFESTS)?;
        if let Some((oldest, _)) = open.first().filter(|_| open.len() > OPEN_KEPT) {
            tracing::warn!(
                manifests = open.len(),
                "too many manifests wait for their evaluation: the oldest is given up"
            );
            self.delete(tables::MANIFESTS, oldest);
        }
        Ok(())
    }

    fn keep_result(&mut self, at: i64, result: &Completeness) -> Result<(), StoreError> {
        self.delete(tables::MANIFESTS, &number_key(result.manifest));
        let newest = self.last_row(tables::RESULTS, &[])?;
        let number = newest.map_or(Ok(0), |(key, _)| number_of_key(tables::RESULTS, &key))? + 1;
        let row = (self.position, at, result);
        let value = postcard::to_stdvec(&row).map_err(|_| corrupt(tables::RESULTS))?;
        self.put(tables::RESULTS, number_key(number), value);
        if let Some(oldest) = number.checked_sub(RESULTS_KEPT) {
            self.delete(tables::RESULTS, &number_key(oldest));
        }
        Ok(())
    }
}

impl LedgerReader {
    /// Manifests that wait for their evaluation, oldest first.
    pub fn open_manifests(&self) -> Result<Vec<OpenManifest>, StoreError> {
        let found = self.snapshot().scan(tables::MANIFESTS, Vec::new().., Direction::Forward)?;
        let manifest = |row: Result<(Row, Row), StoreError>| {
            let (key, value) = row?;
            let OpenRow { id, as_of, arrived_at } = decode(tables::MANIFESTS, &value)?;
            Ok(OpenManifest { position: number_of_key(tables::MANIFESTS, &key)?, id, as_of, arrived_at })
        };
        found.map(manifest).collect()
    }

    /// The newest results below number `below`, or of all, newest first, at most `limit`.
    pub fn results(&self, below: Option<u64>, limit: usize) -> Result<Vec<KeptResult>, StoreError> {
        let end = number_key(below.unwrap_or(u64::MAX));
        let found = self.snapshot().scan(tables::RESULTS, ..end, Direction::Backward)?;
        let kept = |row: Result<(Row, Row), StoreError>| {
            let (key, value) = row?;
            let (position, at, result) = decode(tables::RESULTS, &value)?;
            Ok(KeptResult { number: number_of_key(tables::RESULTS, &key)?, position, at, result })
        };
        found.take(limit).map(kept).collect()
    }

    /// How many results are kept.
    pub fn results_kept(&self) -> Result<u64, StoreError> {
        self.snapshot().count(tables::RESULTS)
    }

    /// Purged loans with the sequence of their purge, by id, at most `limit` of those after `after`.
    pub fn purged(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, u64)>, StoreError> {
        let found = self.snapshot().scan(tables::PURGED, behind(after).., Direction::Forward)?;
        let purged = |row: Result<(Row, Row), StoreError>| {
            let (key, value) = row?;
            Ok((loan_in(tables::PURGED, &key)?, decode(tables::PURGED, &value)?))
        };
        found.take(limit).map(purged).collect()
    }

    /// How many loans were purged.
    pub fn purged_count(&self) -> Result<u64, StoreError> {
        self.snapshot().count(tables::PURGED)
    }

    /// What is known of the loans after `after`, ascending by the bytes of their ids, at most `limit`.
    pub fn inventory(&self, after: Option<&str>, limit: usize) -> Result<Vec<Inventory>, StoreError> {
        let snapshot = self.snapshot();
        let found = snapshot.scan(tables::LOANS, behind(after).., Direction::Forward)?;
        let mut loans = Vec::new();
        for row in found.take(limit) {
            let loan = loan_in(tables::LOANS, &row?.0)?;
            let mut covers = Vec::new();
            for cover in snapshot.scan_prefix(tables::COVERS, &tables::loan(&loan), Direction::Forward)? {
                let (key, value) = cover?;
                covers.push((number_in(tables::COVERS, &key)?, decode(tables::COVERS, &value)?));
            }
            let events = self.events(&loan, 1..=u64::MAX)?;
            loans.push(Inventory { loan, events, covers });
        }
        Ok(loans)
    }

    /// Where it was noted how far a partition was read, in the order of the log; `key` is as
    /// [`partition`](super::partition) makes it.
    pub fn marks(&self, key: &[u8]) -> Result<Vec<Mark>, StoreError> {
        let found = self.snapshot().scan_prefix(tables::REACHED, key, Direction::Forward)?;
        let mark = |row: Result<(Row, Row), StoreError>| {
            let (row, value) = row?;
            let position = mark_position(key, &row).ok_or_else(|| corrupt(tables::REACHED))?;
            Ok(Mark { position, number: decode(tables::REACHED, &value)? })
        };
        found.map(mark).collect()
    }
}

fn mark_position(key: &[u8], row: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(row.get(key.len()..)?.try_into().ok()?))
}

fn number_key(number: u64) -> Vec<u8> {
    Key::new().u64(number).finish()
}

fn number_of_key(table: Table, key: &[u8]) -> Result<u64, StoreError> {
    KeyReader::new(key).u64().ok_or_else(|| corrupt(table))
}

fn loan_in(table: Table, key: &[u8]) -> Result<String, StoreError> {
    let loan = KeyReader::new(key).text();
    loan.map(std::borrow::Cow::into_owned).ok_or_else(|| corrupt(table))
}

/// The least key behind that of a loan.
fn behind(after: Option<&str>) -> Vec<u8> {
    after.map_or_else(Vec::new, |loan| {
        let mut key = tables::loan(loan);
        key.push(0);
        key
    })
}

#[cfg(test)]
mod tests;
