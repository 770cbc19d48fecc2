//! What is known of the source's own identity, and what an operator decided about following it.

use continuity_events::record::{SourceChange, SourceEvent, SourcePosition};

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
    /// An identity that was seen or accepted; acceptance forgets how far that part was read.
    pub(super) fn source(&mut self, event: &SourceEvent) -> Result<(), StoreError> {
        let key = Key::new().text(&event.partition).finish();
        match &event.change {
            SourceChange::Identified { facts } => self.identify(key, facts),
            SourceChange::Diverged { .. } => Ok(()),
            SourceChange::Accepted { facts, .. } => {
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

impl LedgerReader {
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
