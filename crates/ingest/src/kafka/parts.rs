//! The partitions that are read, and how far each was.

use std::collections::BTreeMap;

use continuity_base::Timestamp;
use continuity_events::record::SourcePosition;

use super::check::{PartReport, Report};
use super::known::{KnownParts, Part, Point};
use super::probe::Progress;
use crate::source::SourceHead;

/// A partition that is read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) part: Part,
    /// The next offset.
    pub(super) next: i64,
    /// The position, once there is one.
    pub(super) point: Option<Point>,
    /// The offset behind its last record, as the brokers last said.
    high: i64,
    /// It moved since that was last told.
    moved: bool,
}

impl Reading {
    /// From the position, or from the partition's beginning.
    fn new(part: Part, point: Option<Point>, report: &PartReport) -> Self {
        let next = point.map_or(report.low, |point| point.offset.saturating_add(1));
        Self { part, next, point, high: report.high, moved: true }
    }

    /// A record was handed over; `false` when it was there before.
    pub(super) fn took(&mut self, offset: i64, mark: u64) -> bool {
        let new = offset >= self.next;
        self.next = offset.saturating_add(1);
        self.point = Some(Point { offset, mark });
        self.moved = true;
        new
    }

    /// Everything before `next` was seen, and the rest of it is no record; the position that says so.
    fn pass(&mut self, next: i64) -> Option<SourcePosition> {
        if next <= self.next {
            return None;
        }
        self.next = next;
        // The mark stays that of the newest record, by which the partition is known again.
        let point = Point { offset: next - 1, mark: self.point.map_or(0, |point| point.mark) };
        self.point = Some(point);
        self.moved = true;
        Some(self.part.position(point))
    }
}

/// All partitions that are read.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// By topic, then by number; few topics, so the search is short.
    topics: Vec<(String, BTreeMap<i32, Reading>)>,
    /// When the brokers were last asked where they end.
    asked_at: Option<Timestamp>,
    /// The greatest number of an end so far.
    number: u64,
    /// When the newest record that was handed over was published, microseconds since the epoch.
    pub(super) newest: Option<i64>,
}

impl Parts {
    /// The partitions of a report that are not read yet; they are from now on.
    pub(super) fn add(&mut self, report: &Report, known: &KnownParts) -> Vec<(Part, Option<Point>)> {
        let mut added = Vec::new();
        for (part, seen) in &report.parts {
            if self.get(&part.topic, part.partition).is_none() {
                let point = known.points.get(part).copied();
                let reading = Reading::new(part.clone(), point, seen);
                self.topic(&part.topic).insert(part.partition, reading);
                added.push((part.clone(), point));
            }
        }
        added
    }

    fn topic(&mut self, name: &str) -> &mut BTreeMap<i32, Reading> {
        let index = self.topics.iter().position(|(topic, _)| topic == name).unwrap_or_else(|| {
            self.topics.push((name.to_owned(), BTreeMap::new()));
            self.topics.len() - 1
        });
        &mut self.topics[index].1
    }

    pub(super) fn get(&mut self, topic: &str, partition: i32) -> Option<&mut Reading> {
        self.topics.iter_mut().find(|(name, _)| name == topic)?.1.get_mut(&partition)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Reading> {
        self.topics.iter().flat_map(|(_, parts)| parts.values())
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Reading> {
        self.topics.iter_mut().flat_map(|(_, parts)| parts.values_mut())
    }

    /// Takes the ends of a report; positions behind holes at the end.
    pub(super) fn ends(&mut self, report: &Report) -> Vec<SourcePosition> {
        let mut passed = Vec::new();
        for reading in self.all_mut() {
            if let Some(seen) = report.parts.get(&reading.part) {
                reading.high = seen.high;
                if seen.hole_from == Some(reading.next) {
                    passed.extend(reading.pass(seen.high));
                }
            }
        }
        self.asked_at = Some(report.asked_at);
        passed
    }

    /// Everything before these offsets was handed over.
    pub(super) fn passed(&mut self, positions: impl Iterator<Item = (String, i32, i64)>) -> Vec<SourcePosition> {
        let mut passed = Vec::new();
        for (topic, partition, next) in positions {
            passed.extend(self.get(&topic, partition).and_then(|reading| reading.pass(next)));
        }
        passed
    }

    /// Whether a partition is exactly at that position.
    pub(super) fn is_at(&mut self, position: &SourcePosition) -> bool {
        let SourcePosition::Topic { topic, partition, offset, .. } = position else { return false };
        self.get(topic, *partition).is_some_and(|reading| reading.next == offset.saturating_add(1))
    }

    /// Everything up to the end that was last shown has been handed over.
    pub(super) fn at_end(&self) -> bool {
        self.asked_at.is_some() && self.all().all(|reading| reading.next >= reading.high)
    }

    /// Whether something that was shown has not come yet.
    pub(super) fn behind(&self) -> u64 {
        let behind = |reading: &Reading| u64::try_from(reading.high.saturating_sub(reading.next)).unwrap_or(0);
        self.all().map(behind).fold(0, u64::saturating_add)
    }

    /// The end that was last shown. What was handed over was there, whatever the brokers say.
    pub(super) fn head(&mut self) -> SourceHead {
        let end = |reading: &Reading| u64::try_from(reading.high.max(reading.next)).unwrap_or(0);
        self.number = self.number.max(self.all().map(end).fold(0, u64::saturating_add));
        let mut all = self.all();
        let text = match (all.next(), all.next()) {
            (Some(only), None) => format!("offset {} of {}", only.high, only.part.name()),
            _ => format!("{} messages in {} partitions", self.number, self.all().count()),
        };
        let behind = self.behind();
        let published_at = self.newest.filter(|_| behind == 0).map(Timestamp::from_micros);
        SourceHead {
            text,
            number: self.number,
            behind,
            asked_at: self.asked_at,
            source_clock: None,
            published_at,
            retention: None,
        }
    }

    /// The partitions that moved since this was last asked.
    pub(super) fn moved(&mut self) -> Vec<(Part, Progress)> {
        let tell = |reading: &mut Reading| {
            let progress = Progress { next: reading.next, point: reading.point };
            std::mem::take(&mut reading.moved).then(|| (reading.part.clone(), progress))
        };
        self.all_mut().filter_map(tell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::known;

    fn report(ends: &[(i32, i64, i64)]) -> Report {
        let part = |(partition, low, high): &(i32, i64, i64)| {
            let part = Part::new("t", *partition);
            let identity = known::identity(&part, None, None);
            (part, PartReport { low: *low, high: *high, identity, hole_from: None })
        };
        Report { asked_at: Timestamp::from_micros(5), parts: ends.iter().map(part).collect() }
    }

    fn reading(ends: &[(i32, i64, i64)], points: &[(i32, i64)]) -> Parts {
        let mut known = KnownParts::default();
        for (partition, offset) in points {
            known.points.insert(Part::new("t", *partition), Point { offset: *offset, mark: 1 });
        }
        let (mut parts, report) = (Parts::default(), report(ends));
        parts.add(&report, &known);
        assert!(parts.ends(&report).is_empty());
        parts
    }

    #[test]
    fn the_end_is_reached_when_every_partition_is() {
        let mut parts = reading(&[(0, 0, 10), (1, 5, 7)], &[(0, 8)]);
        assert_eq!((parts.behind(), parts.at_end()), (3, false));
        assert!(parts.get("t", 0).unwrap().took(9, 1));
        parts.get("t", 1).unwrap().took(5, 1);
        parts.get("t", 1).unwrap().took(6, 1);
        let head = parts.head();
        assert_eq!((head.number, head.behind, parts.at_end()), (17, 0, true));
    }

    #[test]
    fn an_end_that_is_shown_short_gives_no_negative_lag_and_no_smaller_number() {
        let mut parts = reading(&[(0, 0, 10)], &[(0, 9)]);
        assert_eq!(parts.head().number, 10);
        parts.ends(&report(&[(0, 0, 4)]));
        let head = parts.head();
        assert_eq!((head.number, head.behind, parts.at_end()), (10, 0, true));
        parts.ends(&report(&[(0, 0, 12)]));
        assert_eq!((parts.head().number, parts.behind(), parts.at_end()), (12, 2, false));
    }

    #[test]
    fn markers_at_the_end_are_passed_and_keep_the_mark() {
        let mut parts = reading(&[(0, 0, 10)], &[(0, 8)]);
        let passed = parts.passed([("t".to_owned(), 0, 10)].into_iter());
        assert_eq!(passed, [SourcePosition::Topic { topic: "t".to_owned(), partition: 0, offset: 9, mark: 1 }]);
        assert!(parts.at_end() && parts.passed([("t".to_owned(), 0, 10)].into_iter()).is_empty());
    }

    #[test]
    fn a_hole_at_the_end_is_passed_only_where_it_was_looked_at() {
        let mut parts = reading(&[(0, 0, 10)], &[(0, 8)]);
        let mut seen = report(&[(0, 0, 12)]);
        seen.parts.get_mut(&Part::new("t", 0)).unwrap().hole_from = Some(5);
        assert!(parts.ends(&seen).is_empty() && !parts.at_end(), "a look at where it was before shows nothing");
        seen.parts.get_mut(&Part::new("t", 0)).unwrap().hole_from = Some(9);
        assert_eq!(parts.ends(&seen).len(), 1);
        assert!(parts.at_end());
    }

    #[test]
    fn a_record_that_comes_again_is_told() {
        let mut parts = reading(&[(0, 0, 10)], &[(0, 8)]);
        assert!(!parts.get("t", 0).unwrap().took(8, 1));
    }

    #[test]
    fn a_new_partition_is_read_from_its_beginning() {
        let mut parts = reading(&[(0, 0, 10)], &[(0, 9)]);
        let grown = report(&[(0, 0, 10), (1, 0, 3)]);
        assert_eq!(parts.add(&grown, &KnownParts::default()), [(Part::new("t", 1), None)]);
        parts.ends(&grown);
        assert_eq!((parts.behind(), parts.moved().len()), (3, 2));
    }
}
