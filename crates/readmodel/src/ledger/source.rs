//! What is known of the source's own identity, and what an operator decided about following it.

use continuity_events::record::{Divergence, SourceChange, SourceEvent, SourcePosition};
use serde::{Deserialize, Serialize};

use super::batch::{LedgerBatch, corrupt, decode};
use super::reader::LedgerReader;
use super::tables;
use crate::error::StoreError;
use crate::key::{Key, KeyReader};
use crate::store::Direction;

/// What a part of a source showed of itself that stays the same for as long as it is the same one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The part: a stream, a topic's partition, a file. As [`partition_name`] says it.
    pub partition: String,
    /// Name and value of each fact, e.g. when the stream was created.
    pub facts: Vec<(String, String)>,
}

impl Identity {
    /// The value of a fact.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A divergence that is the newest event of its part of the source: nothing was read from it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDivergence {
    /// The part, as [`partition_name`] says it.
    pub partition: String,
    /// In what way.
    pub cause: Divergence,
    /// The last point that both are known to share, in words.
    pub point: String,
    /// What was found, in words.
    pub detail: String,
    /// When it was found, microseconds since the epoch.
    pub since: i64,
}

/// An [`OpenDivergence`] as it is stored below its partition.
#[derive(Serialize, Deserialize)]
struct StoredDivergence {
    cause: Divergence,
    point: String,
    detail: String,
    since: i64,
}

impl StoredDivergence {
    fn open(self, partition: String) -> OpenDivergence {
        let Self { cause, point, detail, since } = self;
        OpenDivergence { partition, cause, point, detail, since }
    }
}

/// What people call the part of the source that a position is in.
pub fn partition_name(position: &SourcePosition) -> String {
    match position {
        SourcePosition::File { name, .. } => name.clone(),
        SourcePosition::Stream { stream, .. } => stream.clone(),
        SourcePosition::Topic { topic, partition, .. } => format!("{topic}/{partition}"),
        SourcePosition::Simulator { seed, .. } => format!("seed {seed}"),
        SourcePosition::Operator { .. } => "operator".to_owned(),
    }
}

impl LedgerBatch {
    /// The identity of a part of the source, this batch included.
    pub fn identity(&mut self, partition: &str) -> Result<Option<Identity>, StoreError> {
        let found = self.get(tables::IDENTITIES, &key(partition))?;
        let identity = |value: Vec<u8>| {
            Ok(Identity { partition: partition.to_owned(), facts: decode(tables::IDENTITIES, &value)? })
        };
        found.map(identity).transpose()
    }

    /// The divergences that are the newest events of their parts of the source, this batch included.
    pub fn divergences(&mut self) -> Result<Vec<OpenDivergence>, StoreError> {
        let found = self.scan_all(tables::DIVERGENCES)?;
        found.iter().map(|(key, value)| divergence(key, value)).collect()
    }

    /// An identity that was seen or accepted; acceptance forgets how far that part was read.
    pub(super) fn source(&mut self, at: i64, event: &SourceEvent) -> Result<(), StoreError> {
        let key = key(&event.partition);
        match &event.change {
            SourceChange::Identified { facts } => {
                self.delete(tables::DIVERGENCES, &key);
                self.identify(key, facts)
            }
            SourceChange::Diverged { cause, point, detail } => {
                let (point, detail) = (point.clone(), detail.clone());
                let stored = StoredDivergence { cause: *cause, point, detail, since: at };
                let value = postcard::to_stdvec(&stored).map_err(|_| corrupt(tables::DIVERGENCES))?;
                self.put(tables::DIVERGENCES, key, value);
                Ok(())
            }
            SourceChange::Accepted { facts, .. } => {
                self.delete(tables::DIVERGENCES, &key);
                self.forget_positions(&event.partition)?;
                self.identify(key, facts)
            }
        }
    }

    fn identify(&mut self, key: Vec<u8>, facts: &Vec<(String, String)>) -> Result<(), StoreError> {
        if facts.is_empty() {
            self.delete(tables::IDENTITIES, &key);
        } else {
            let value = postcard::to_stdvec(facts).map_err(|_| corrupt(tables::IDENTITIES))?;
            self.put(tables::IDENTITIES, key, value);
        }
        Ok(())
    }

    fn forget_positions(&mut self, partition: &str) -> Result<(), StoreError> {
        self.partitions.retain(|_, position| partition_name(position) != partition);
        for (key, value) in self.scan_all(tables::PARTITIONS)? {
            if partition_name(&decode(tables::PARTITIONS, &value)?) == partition {
                self.delete(tables::PARTITIONS, &key);
            }
        }
        Ok(())
    }
}

fn key(partition: &str) -> Vec<u8> {
    Key::new().text(partition).finish()
}

fn divergence(key: &[u8], value: &[u8]) -> Result<OpenDivergence, StoreError> {
    let partition = KeyReader::new(key).text().ok_or_else(|| corrupt(tables::DIVERGENCES))?.into_owned();
    Ok(decode::<StoredDivergence>(tables::DIVERGENCES, value)?.open(partition))
}

impl LedgerReader {
    /// The divergences that are the newest events of their parts of the source.
    pub fn divergences(&self) -> Result<Vec<OpenDivergence>, StoreError> {
        let snapshot = self.snapshot();
        let found = snapshot.scan(tables::DIVERGENCES, Vec::new().., Direction::Forward)?;
        let open = |(key, value): (crate::store::Row, crate::store::Row)| divergence(&key, &value);
        found.map(|row| open(row?)).collect()
    }

    /// The identities of every part of every source that was ever read, without those that were given up.
    pub fn identities(&self) -> Result<Vec<Identity>, StoreError> {
        let snapshot = self.snapshot();
        let found = snapshot.scan(tables::IDENTITIES, Vec::new().., Direction::Forward)?;
        let identity = |(key, value): (crate::store::Row, crate::store::Row)| {
            let partition = KeyReader::new(&key).text().ok_or_else(|| corrupt(tables::IDENTITIES))?.into_owned();
            Ok(Identity { partition, facts: decode(tables::IDENTITIES, &value)? })
        };
        found.map(|row| identity(row?)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use continuity_events::record::{Divergence, SourceProgress, encode};
    use continuity_log::{Kind, Log, MemoryDisk, Opened, Options, Record};

    use super::*;
    use crate::MemoryShelf;
    use crate::ledger::Ledger;

    fn record(kind: Kind, payload: Vec<u8>) -> Record {
        Record { kind, subject: String::new(), sequence: 0, arrived_at: 0, payload }
    }

    fn change(partition: &str, change: SourceChange) -> Record {
        let event = SourceEvent { source: "nats:A".to_owned(), partition: partition.to_owned(), change };
        record(Kind::Source, encode(&event))
    }

    fn read(stream: &str, sequence: u64) -> Record {
        let position = SourcePosition::Stream { stream: stream.to_owned(), sequence, mark: 1 };
        let body = SourceProgress { source: "nats:A".to_owned(), position, duplicates: 0 };
        record(Kind::SourceProgress, encode(&body))
    }

    #[test]
    fn accepting_replaces_the_identity_and_forgets_the_position() {
        let Opened { log, mut writer, .. } = Log::open(Arc::new(MemoryDisk::new()), Options::default(), &[]).unwrap();
        let facts = |created: &str| vec![("created".to_owned(), created.to_owned())];
        let accepted = SourceChange::Accepted {
            facts: facts("later"),
            cause: Divergence::Recreated,
            actor: "uid 0".to_owned(),
            reason: "restored".to_owned(),
        };
        let diverged = SourceChange::Diverged {
            cause: Divergence::Recreated,
            point: "7".to_owned(),
            detail: "made anew".to_owned(),
        };
        let records = vec![
            change("A", SourceChange::Identified { facts: facts("first") }),
            change("B", SourceChange::Identified { facts: facts("other") }),
            read("A", 7),
            read("B", 9),
            change("A", diverged),
        ];
        writer.append(records).unwrap().wait().unwrap();
        let shelf = MemoryShelf::new();
        let (ledger, reader) = Ledger::open_on(Arc::new(shelf.clone()), &log, 1 << 20).unwrap();
        assert_eq!(reader.positions().unwrap().len(), 2);
        assert_eq!(reader.identities().unwrap()[0].fact("created"), Some("first"));
        writer.append(vec![read("A", 8), change("A", accepted)]).unwrap().wait().unwrap();
        drop((ledger, reader));
        let (_, reader) = Ledger::open_on(Arc::new(shelf), &log, 1 << 20).unwrap();
        let left: Vec<String> = reader.positions().unwrap().iter().map(partition_name).collect();
        assert_eq!(left, ["B"]);
        let identities = reader.identities().unwrap();
        assert_eq!((identities[0].partition.as_str(), identities[0].fact("created")), ("A", Some("later")));
        assert_eq!(identities[1].fact("created"), Some("other"));
    }
}
