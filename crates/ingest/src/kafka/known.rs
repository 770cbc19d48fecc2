//! What is known of the topics: how far each partition was read, and what it showed of itself.

use std::collections::{BTreeMap, BTreeSet};

use continuity_events::record::SourcePosition;
use continuity_readmodel::ledger::Identity;

use super::look::Seen;
use crate::source::Known;

/// The fact that says what kind of source a partition is in, and its value here.
const KIND: (&str, &str) = ("kind", "kafka");
/// The fact with the cluster's id.
const CLUSTER: &str = "cluster";
/// The fact with the oldest record that was there when the partition was first seen: offset and mark.
const FIRST: &str = "first";
/// The fact with the offset from which a partition was to be read when it was first seen.
const NEXT: &str = "next";

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Part {
    pub(super) topic: String,
    pub(super) partition: i32,
}

impl Part {
    pub(super) fn new(topic: &str, partition: i32) -> Self {
        Self { topic: topic.to_owned(), partition }
    }

    /// As `ledger::partition_name` says it.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.topic, self.partition)
    }

    fn parse(name: &str) -> Option<Self> {
        let (topic, partition) = name.rsplit_once('/')?;
        Some(Self::new(topic, partition.parse().ok()?))
    }

    pub(super) fn position(&self, point: Point) -> SourcePosition {
        SourcePosition::Topic {
            topic: self.topic.clone(),
            partition: self.partition,
            offset: point.offset,
            mark: point.mark,
        }
    }
}

/// How far a partition was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// Everything up to and including this offset was read.
    pub(super) offset: i64,
    /// Mark of the newest record up to it; 0: not known. Behind that record only transaction markers, aborted records
    /// and holes were passed.
    pub(super) mark: u64,
}

/// What the log, or this connection, knows of the topics.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownParts {
    pub(super) points: BTreeMap<Part, Point>,
    pub(super) identities: BTreeMap<Part, Identity>,
}

impl KnownParts {
    /// Of all that is known, what is of this kind.
    pub(super) fn of(known: &Known) -> Self {
        let mut found = Self::default();
        for position in &known.positions {
            if let SourcePosition::Topic { topic, partition, offset, mark } = position {
                found.points.insert(Part::new(topic, *partition), Point { offset: *offset, mark: *mark });
            }
        }
        for identity in &known.identities {
            if identity.fact(KIND.0) == Some(KIND.1)
                && let Some(part) = Part::parse(&identity.partition)
            {
                found.identities.insert(part, identity.clone());
            }
        }
        found
    }

    /// The known partitions of a topic.
    pub(super) fn of_topic(&self, topic: &str) -> BTreeSet<Part> {
        let parts = self.points.keys().chain(self.identities.keys());
        parts.filter(|part| part.topic == topic).cloned().collect()
    }

    /// The topics of known identity.
    pub(super) fn identified_topics(&self) -> BTreeSet<&str> {
        self.identities.keys().map(|part| part.topic.as_str()).collect()
    }

    /// The cluster in which a partition was, where that is known.
    pub(super) fn cluster(&self, part: &Part) -> Option<&str> {
        self.identities.get(part)?.fact(CLUSTER)
    }

    /// Offset and mark of the oldest record that a partition had when it was first seen, where that is known.
    pub(super) fn first(&self, part: &Part) -> Option<(i64, u64)> {
        let (offset, mark) = self.identities.get(part)?.fact(FIRST)?.split_once(':')?;
        Some((offset.parse().ok()?, u64::from_str_radix(mark, 16).ok()?))
    }

    /// The offset from which a partition was to be read when it was first seen, where that is known.
    pub(super) fn next(&self, part: &Part) -> Option<i64> {
        self.identities.get(part)?.fact(NEXT)?.parse().ok()
    }
}

/// The same identity, with the offset from which the partition is to be read.
pub(super) fn to_be_read_from(mut identity: Identity, next: Option<i64>) -> Identity {
    identity.facts.extend(next.map(|next| (NEXT.to_owned(), next.to_string())));
    identity
}

/// The identity of a partition that is there.
pub(super) fn identity(part: &Part, cluster: Option<&str>, first: Option<(i64, u64)>) -> Identity {
    let mut facts = vec![(KIND.0.to_owned(), KIND.1.to_owned())];
    facts.extend(cluster.map(|cluster| (CLUSTER.to_owned(), cluster.to_owned())));
    facts.extend(first.map(|(offset, mark)| (FIRST.to_owned(), format!("{offset}:{mark:016x}"))));
    Identity { partition: part.name(), facts }
}

/// The "identity" of a partition that is not there.
pub(super) fn gone(part: &Part) -> Identity {
    Identity { partition: part.name(), facts: Vec::new() }
}

/// A seen record as the fact that it becomes.
pub(super) fn as_first(seen: Seen) -> (i64, u64) {
    (seen.offset, seen.mark)
}
