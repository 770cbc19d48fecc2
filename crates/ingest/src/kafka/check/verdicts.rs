//! From what was seen to what the source says.

use std::collections::{BTreeMap, BTreeSet};

use continuity_events::record::Divergence;
use continuity_readmodel::ledger::Identity;

use super::super::known::{Part, gone, identity};
use super::super::look::Blind;
use super::super::verdict::{Finding, Found, judge, never_read};
use super::Check;
use crate::{Diverged, SourceError};

/// What was seen of each partition.
type Looked = BTreeMap<Part, Found>;

impl Check<'_> {
    /// A topic that was read is not configured any more: what it had still to give would never be read.
    pub(super) fn renamed(&self, cluster: Option<&str>, looked: &Looked) -> Result<(), SourceError> {
        let mut given_up = self.known.identified_topics();
        given_up.retain(|topic| !self.topics.iter().any(|configured| configured == topic));
        if given_up.is_empty() {
            return Ok(());
        }
        let old: BTreeSet<Part> = given_up.iter().flat_map(|topic| self.known.of_topic(topic)).collect();
        let names: Vec<&str> = given_up.into_iter().collect();
        let (names, point) = (names.join(", "), self.points(&old));
        let detail = format!("so far {names} was read, and {} is configured", self.topics.join(", "));
        // Those that are followed as before are not read anew.
        let new = looked.keys().filter(|part| self.known.of_topic(&part.topic).is_empty());
        let present = old.iter().map(gone).chain(new.map(|part| identity(part, cluster, None))).collect();
        Err(self.diverged(Divergence::Renamed, &names, point, detail, present))
    }

    /// The brokers are another cluster's.
    pub(super) fn other_cluster(&self, cluster: Option<&str>, looked: &Looked) -> Result<(), SourceError> {
        let Some(now) = cluster else { return Ok(()) };
        let other = |part: &&Part| self.known.cluster(part).is_some_and(|known| known != now);
        let parts: BTreeSet<Part> = looked.keys().filter(other).cloned().collect();
        let Some(part) = parts.first() else { return Ok(()) };
        let before = self.known.cluster(part).unwrap_or_default();
        let detail = format!("the cluster is {now}; it was {before}");
        let present = parts.iter().map(|part| identity(part, cluster, None)).collect();
        Err(self.diverged(Divergence::Recreated, &part.topic, self.points(&parts), detail, present))
    }

    /// A topic never loses partitions.
    pub(super) fn fewer_partitions(&self, looked: &Looked) -> Result<(), SourceError> {
        let known = self.topics.iter().flat_map(|topic| self.known.of_topic(topic));
        let missing: BTreeSet<Part> = known.filter(|part| !looked.contains_key(part)).collect();
        let Some(part) = missing.first() else { return Ok(()) };
        let now = looked.keys().filter(|other| other.topic == part.topic).count();
        let detail =
            format!("the topic {} has {now} partitions now, and {} is not among them", part.topic, part.name());
        let present = missing.iter().map(gone).collect();
        Err(self.diverged(Divergence::Missing, &part.name(), self.points(&missing), detail, present))
    }

    /// Each partition that was read still holds what was read, and what follows.
    pub(super) fn judged(&self, cluster: Option<&str>, looked: &Looked) -> Result<(), SourceError> {
        let judge_one = |(part, found): (&Part, &Found)| {
            let finding = match self.known.points.get(part) {
                Some(point) => judge(*point, self.known.first(part), found)?,
                None => never_read(self.known.next(part).filter(|_| self.thorough)?, found)?,
            };
            Some((part.clone(), finding))
        };
        let findings: Vec<(Part, Finding)> = looked.iter().filter_map(judge_one).collect();
        let Some((part, first)) = findings.first() else { return Ok(()) };
        let more: Vec<String> =
            findings[1..].iter().map(|(part, finding)| format!("{} {}", part.name(), finding.cause.name())).collect();
        let also = if more.is_empty() { String::new() } else { format!("; also {}", more.join(", ")) };
        let detail = format!("{}{also}", first.detail);
        let present = findings.iter().map(|(part, _)| identity(part, cluster, None)).collect();
        Err(self.diverged(first.cause, &part.name(), first.point.clone(), detail, present))
    }

    /// How far partitions were read, in words.
    pub(super) fn points(&self, parts: &BTreeSet<Part>) -> String {
        let point = |part: &Part| {
            let point = self.known.points.get(part)?;
            Some(format!("offset {} of {}", point.offset, part.name()))
        };
        let points: Vec<String> = parts.iter().filter_map(point).collect();
        if points.is_empty() { "its beginning".to_owned() } else { points.join(", ") }
    }

    pub(super) fn diverged(
        &self,
        cause: Divergence,
        partition: &str,
        point: String,
        detail: String,
        present: Vec<Identity>,
    ) -> SourceError {
        let partition = partition.to_owned();
        let found = Box::new(Diverged { cause, partition, point, detail, present });
        SourceError::Diverged { source_name: self.name.to_owned(), found }
    }

    /// Nothing was seen.
    pub(super) fn blind(&self, blind: &Blind) -> SourceError {
        failure(self.name, blind)
    }
}

/// What the source says when a look showed nothing.
pub(in super::super) fn failure(name: &str, blind: &Blind) -> SourceError {
    let source_name = name.to_owned();
    match blind {
        Blind::Refused(detail) => SourceError::Refused { source_name, detail: detail.clone() },
        // The topic was there a moment ago: the next look at everything tells.
        Blind::Unreachable(_) | Blind::NoTopic => SourceError::Disconnected { source_name, detail: blind.to_string() },
    }
}
