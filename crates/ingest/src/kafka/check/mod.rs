//! One look at everything: are the topics still the ones that were read, and where do they end?

mod verdicts;

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use continuity_base::{Clock, Timestamp};
use continuity_events::record::Divergence;
use continuity_readmodel::ledger::Identity;

pub(super) use self::verdicts::failure;
use super::known::{self, KnownParts, Part, Point};
use super::look::{At, Blind, Looker};
use super::verdict::Found;
use crate::SourceError;

/// Before a topic is called gone, or shorter than it was, it is looked at again, so often and after such a pause: a
/// broker that has just started may not know yet what it holds.
const LOOKS: usize = 3;
const PAUSE: Duration = Duration::from_millis(300);
/// How far before our position a record is looked for, where markers or aborted records are right at it.
const LOOK_BACK: i64 = 256;

/// What to look at.
pub(super) struct Check<'a> {
    /// The source's name, for errors.
    pub(super) name: &'a str,
    /// The configured topics.
    pub(super) topics: &'a [String],
    /// What is known of them.
    pub(super) known: &'a KnownParts,
    /// Records may vanish from the middle: what is missing there proves nothing.
    pub(super) compaction: bool,
    /// Look at the oldest records, too: when connecting, and when in doubt.
    pub(super) thorough: bool,
    /// Partitions of which nothing came since the last look, with the next offset: perhaps nothing will.
    pub(super) idle: &'a BTreeMap<Part, i64>,
}

/// What a look showed of sound topics.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// Just before the first question.
    pub(super) asked_at: Timestamp,
    /// Every partition that there is.
    pub(super) parts: BTreeMap<Part, PartReport>,
}

/// A partition.
#[derive(Clone, Debug)]
pub(super) struct PartReport {
    /// Its first offset.
    pub(super) low: i64,
    /// The offset behind its last committed record.
    pub(super) high: i64,
    /// What it shows of itself.
    pub(super) identity: Identity,
    /// From this offset to `high` there is no record: markers, aborted records, holes.
    pub(super) hole_from: Option<i64>,
}

impl Check<'_> {
    /// Looks; an error is what the source then says.
    pub(super) fn run(&self, looker: &Looker, clock: &dyn Clock) -> Result<Report, SourceError> {
        let asked_at = clock.now();
        looker.listen();
        let mut there = BTreeMap::new();
        for topic in self.topics {
            there.insert(topic.as_str(), self.partitions(looker, topic)?);
        }
        let cluster = looker.cluster();
        let mut looked = BTreeMap::new();
        for (topic, partitions) in &there {
            looked.extend(self.topic(looker, topic, partitions).map_err(|blind| self.blind(&blind))?);
        }
        let cluster = cluster.as_deref();
        self.renamed(cluster, &looked)?;
        self.other_cluster(cluster, &looked)?;
        self.fewer_partitions(&looked)?;
        self.judged(cluster, &looked)?;
        let part = |(part, found): (&Part, &Found)| (part.clone(), self.part(part, cluster, found));
        let mut parts: BTreeMap<Part, PartReport> = looked.iter().map(part).collect();
        self.holes(looker, &mut parts).map_err(|blind| self.blind(&blind))?;
        Ok(Report { asked_at, parts })
    }

    fn partitions(&self, looker: &Looker, topic: &str) -> Result<Vec<i32>, SourceError> {
        let mut found = looker.partitions(topic);
        for _ in 1..LOOKS {
            if !matches!(found, Err(Blind::NoTopic)) {
                break;
            }
            thread::sleep(PAUSE);
            found = looker.partitions(topic);
        }
        match found {
            Err(Blind::NoTopic) => {
                let parts = self.known.of_topic(topic);
                if parts.is_empty() {
                    let detail = format!("the brokers have no topic {topic}: create it, or name another one");
                    return Err(SourceError::Refused { source_name: self.name.to_owned(), detail });
                }
                let point = self.points(&parts);
                let detail = format!("the brokers have no topic {topic} any more");
                Err(self.diverged(Divergence::Missing, topic, point, detail, parts.iter().map(known::gone).collect()))
            }
            other => other.map_err(|blind| self.blind(&blind)),
        }
    }

    /// Looks at the partitions of one topic.
    fn topic(&self, looker: &Looker, topic: &str, partitions: &[i32]) -> Result<BTreeMap<Part, Found>, Blind> {
        let mut looked = BTreeMap::new();
        for partition in partitions {
            let (low, high) = looker.watermarks(topic, *partition)?;
            looked.insert(*partition, Found { low, high, ..Found::default() });
        }
        self.look_again(looker, topic, &mut looked)?;
        self.look_at_positions(looker, topic, &mut looked)?;
        for (partition, found) in &mut looked {
            let part = Part::new(topic, *partition);
            if let Some(point) = self.known.points.get(&part) {
                self.in_doubt(looker, &part, *point, found)?;
            }
        }
        if self.thorough {
            self.look_at_oldest(looker, topic, &mut looked)?;
        }
        Ok(looked.into_iter().map(|(partition, found)| (Part::new(topic, partition), found)).collect())
    }

    /// Looks again where a partition seems to end before our position, or to begin behind it.
    fn look_again(&self, looker: &Looker, topic: &str, looked: &mut BTreeMap<i32, Found>) -> Result<(), Blind> {
        for _ in 1..LOOKS {
            let doubtful = |(partition, found): &(&i32, &mut Found)| {
                let point = self.known.points.get(&Part::new(topic, **partition));
                point.is_some_and(|point| !(found.low..=found.high).contains(&point.offset.saturating_add(1)))
            };
            let doubtful: Vec<_> = looked.iter_mut().filter(doubtful).collect();
            if doubtful.is_empty() {
                break;
            }
            thread::sleep(PAUSE);
            for (partition, found) in doubtful {
                (found.low, found.high) = looker.watermarks(topic, *partition)?;
            }
        }
        Ok(())
    }

    /// What is at our position, where it should be there, all partitions in one go.
    fn look_at_positions(&self, looker: &Looker, topic: &str, looked: &mut BTreeMap<i32, Found>) -> Result<(), Blind> {
        let wanted: Vec<(i32, i64)> = looked
            .iter()
            .filter_map(|(partition, found)| {
                let point = self.known.points.get(&Part::new(topic, *partition))?;
                (point.mark != 0 && (found.low..found.high).contains(&point.offset))
                    .then_some((*partition, point.offset))
            })
            .collect();
        for (partition, at) in if wanted.is_empty() { BTreeMap::new() } else { looker.first_at(topic, &wanted)? } {
            if let Some(found) = looked.get_mut(&partition) {
                found.at = Some(at);
            }
        }
        Ok(())
    }

    /// Looks closer where a partition seems not to be what it was.
    fn in_doubt(&self, looker: &Looker, part: &Part, point: Point, found: &mut Found) -> Result<(), Blind> {
        let (topic, partition, next) = (part.topic.as_str(), part.partition, point.offset.saturating_add(1));
        let look = |offset: i64| looker.first_at(topic, &[(partition, offset)]).map(|at| at.get(&partition).copied());
        if found.high < next {
            found.at = look(point.offset)?;
        } else if found.low > next {
            found.next = look(next)?;
        } else if !self.compaction
            && point.mark != 0
            && found.at.is_some_and(|at| !matches!(at, At::Record(seen) if seen.offset == point.offset))
        {
            let from = point.offset.saturating_sub(LOOK_BACK).max(found.low);
            found.last = looker.last_up_to(topic, partition, from, point.offset)?;
        }
        Ok(())
    }

    /// What is where the oldest record was, or the oldest record now, where none was seen so far.
    fn look_at_oldest(&self, looker: &Looker, topic: &str, looked: &mut BTreeMap<i32, Found>) -> Result<(), Blind> {
        let wanted: Vec<(i32, i64)> = looked
            .iter()
            .filter_map(|(partition, found)| {
                let first = self.known.first(&Part::new(topic, *partition)).map_or(found.low, |(offset, _)| offset);
                (found.low..found.high).contains(&first).then_some((*partition, first))
            })
            .collect();
        for (partition, at) in if wanted.is_empty() { BTreeMap::new() } else { looker.first_at(topic, &wanted)? } {
            if let Some(found) = looked.get_mut(&partition) {
                found.first = Some(at);
            }
        }
        Ok(())
    }

    /// Whether anything is left to come of partitions that have not moved since the last look.
    fn holes(&self, looker: &Looker, parts: &mut BTreeMap<Part, PartReport>) -> Result<(), Blind> {
        for (part, next) in self.idle {
            let Some(report) = parts.get_mut(part).filter(|report| (report.low..report.high).contains(next)) else {
                continue;
            };
            let at = looker.first_at(&part.topic, &[(part.partition, *next)])?;
            report.hole_from = matches!(at.get(&part.partition), Some(At::End)).then_some(*next);
        }
        Ok(())
    }

    fn part(&self, part: &Part, cluster: Option<&str>, found: &Found) -> PartReport {
        let seen = match found.first {
            Some(At::Record(seen)) => Some(known::as_first(seen)),
            _ => None,
        };
        // What was known of it stays known when it does not show it now.
        let first = self.known.first(part).or(seen);
        let cluster = cluster.or_else(|| self.known.cluster(part));
        let begin = if found.low < found.high { found.low } else { found.high };
        let next = self.known.next(part).or((!self.known.points.contains_key(part)).then_some(begin));
        PartReport {
            low: found.low,
            high: found.high,
            identity: known::to_be_read_from(known::identity(part, cluster, first), next),
            hole_from: None,
        }
    }
}
