//! Where in the log a manifest is evaluated, and which records count there.

use continuity_events::manifest::At;
use continuity_events::record::{Quarantined, SourcePosition, SourceProgress, decode};
use continuity_log::{Kind, Record};
use continuity_readmodel::ledger::{MARK_EVERY, Mark, number_at, partition, partition_name};

use super::{AuditError, Look, received};

/// How a record stands to a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was there by then.
    By,
    /// It was there by then and came from elsewhere: it may be newer than `at`.
    Elsewhere,
    /// It came later.
    After,
}

/// What was found of a manifest's place.
#[derive(Debug)]
pub(super) enum Found {
    /// It can be evaluated.
    Place(Place),
    /// These are not read up to `at` yet.
    Waiting(Vec<String>),
}

/// The place of a manifest in the log.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Nothing beyond this log position counts.
    pub(super) through: u64,
    /// No record of a named partition up to this log position is beyond `at`.
    pub(super) plain: u64,
    /// The named partitions; none: everything up to `through` counts.
    parts: Vec<Part>,
    /// Where the manifest itself came from.
    from: Option<SourcePosition>,
    /// Of each record in `plain + 1 ..= through`: whether it is beyond `at`, and whether it came from elsewhere.
    zone: Vec<u8>,
    /// What is to be said of it.
    pub(super) notes: Vec<String>,
}

/// A partition that `at` names.
#[derive(Debug)]
struct Part {
    key: Vec<u8>,
    name: String,
    /// The last number covered; `None`: nothing of it is.
    covers: Option<u64>,
    /// The partition is the one that the manifest means from behind this log position ...
    since: u64,
    /// ... up to before this one.
    until: Option<u64>,
    /// It was replaced before it had been read up to `covers`.
    replaced: bool,
}

const BY: u8 = 0;
const ELSEWHERE: u8 = 1;
const AFTER: u8 = 2;

impl Place {
    /// The place of the manifest at log position `manifest`, which came from `from`.
    pub(super) fn find(
        look: Look<'_>,
        manifest: u64,
        from: &SourcePosition,
        at: &[At<'_>],
    ) -> Result<Found, AuditError> {
        let from_there = Some(from.clone());
        let mut place = Self { through: manifest, plain: manifest, from: from_there, ..Self::default() };
        let mut waiting = Vec::new();
        for mut part in named(look, from, at)? {
            let marks = look.ledger.marks(&part.key)?;
            part.settle(&marks, manifest);
            let Some(reached) = part.reached(look, &marks)? else {
                waiting.push(format!("{} {}", part.name, part.covers.unwrap_or_default()));
                continue;
            };
            if part.replaced {
                place.notes.push(format!(
                    "{} was replaced at log position {} before it had been read up to `at`: evaluated over what was logged before",
                    part.name, reached + 1
                ));
            }
            if part.covers.is_some() {
                place.through = place.through.max(reached);
            }
            place.plain = place.plain.min(reached.saturating_sub(u64::from(!part.replaced)));
            place.parts.push(part);
        }
        if !waiting.is_empty() || place.through > look.ledger.position() {
            return Ok(Found::Waiting(waiting));
        }
        if place.parts.is_empty() {
            let why = if at.is_empty() { "names nothing" } else { "names no position of the source that it came from" };
            place.notes.push(format!("its `at` {why}: evaluated over what was logged before it"));
        }
        place.look_into_zone(look)?;
        Ok(Found::Place(place))
    }

    /// How the record at a log position stands to the manifest.
    pub(super) fn standing(&self, position: u64) -> Standing {
        if position > self.through {
            return Standing::After;
        }
        let Some(index) = position.checked_sub(self.plain + 1) else { return Standing::By };
        match usize::try_from(index).ok().and_then(|index| self.zone.get(index)) {
            Some(&AFTER) => Standing::After,
            Some(&ELSEWHERE) => Standing::Elsewhere,
            _ => Standing::By,
        }
    }

    /// Whether the record at a log position shows that more is here than the source had given out by `at`.
    pub(super) fn was_given_out(&self, look: Look<'_>, position: u64) -> Result<bool, AuditError> {
        match self.standing(position) {
            Standing::Elsewhere | Standing::After => Ok(false),
            Standing::By if position > self.plain => Ok(true),
            Standing::By => {
                let from = received(position, &look.log.get(position)?)?.position;
                let beside = || self.from.as_ref().is_some_and(|manifest| are_of_one_source(manifest, &from));
                Ok(if self.parts.is_empty() { beside() } else { self.part(&from).is_some() })
            }
        }
    }

    fn part(&self, from: &SourcePosition) -> Option<&Part> {
        let key = partition(from);
        self.parts.iter().find(|part| part.key == key)
    }

    fn look_into_zone(&mut self, look: Look<'_>) -> Result<(), AuditError> {
        if self.parts.is_empty() || self.plain >= self.through {
            return Ok(());
        }
        let (first, last) = (self.plain + 1, self.through);
        let mut zone = Vec::new();
        look.records(first, last, &mut |position, record| {
            zone.push(self.look_at(position, record)?);
            Ok(true)
        })?;
        self.zone = zone;
        Ok(())
    }

    fn look_at(&self, position: u64, record: &Record) -> Result<u8, AuditError> {
        if !matches!(record.kind, Kind::Event | Kind::Held | Kind::Snapshot) {
            return Ok(BY);
        }
        let from = received(position, record)?.position;
        let Some(part) = self.part(&from) else { return Ok(ELSEWHERE) };
        let by = match part.until {
            _ if position <= part.since => true,
            Some(until) if position >= until => false,
            _ if part.replaced => true,
            _ => number_at(&from).zip(part.covers).is_some_and(|(number, covers)| number <= covers),
        };
        Ok(if by { BY } else { AFTER })
    }
}

impl Part {
    /// Finds out of which of several partitions of the name the manifest speaks.
    fn settle(&mut self, marks: &[Mark], manifest: u64) {
        let restarts = || marks.iter().filter(|mark| mark.number.is_none()).map(|mark| mark.position);
        self.since = restarts().filter(|position| *position <= manifest).max().unwrap_or(0);
        self.until = restarts().find(|position| *position > manifest);
    }

    /// The first log position at which it was read up to `covers`; `None`: it was not yet.
    fn reached(&mut self, look: Look<'_>, marks: &[Mark]) -> Result<Option<u64>, AuditError> {
        let until = self.until.unwrap_or(u64::MAX);
        let within = |mark: &&Mark| mark.number.is_some() && mark.position > self.since && mark.position < until;
        let marks: Vec<Mark> = marks.iter().filter(within).copied().collect();
        let Some(covers) = self.covers else {
            // Nothing of it counts, so its first record is already beyond.
            return Ok(Some(marks.first().map_or(u64::MAX, |mark| mark.position)));
        };
        let next = marks.partition_point(|mark| mark.number.is_some_and(|number| number < covers));
        let end = marks.get(next).map(|mark| mark.position);
        let mut found = None;
        if let Some(before) = next.checked_sub(1) {
            // Later records of the partition, in another stretch of the log, would have a mark.
            let start = marks[before].position;
            let last = (start | (MARK_EVERY - 1)).min(look.ledger.position()).min(until - 1);
            look.records(start, last, &mut |position, record| {
                let passed = position_in(position, record)?.filter(|from| partition(from) == self.key);
                if passed.as_ref().and_then(number_at).is_some_and(|number| number >= covers) {
                    found = Some(position);
                }
                Ok(found.is_none())
            })?;
        }
        self.replaced = found.or(end).is_none() && self.until.is_some();
        Ok(found.or(end).or(self.until.map(|until| until - 1)))
    }
}

/// Whether both are positions in the same source. A bootstrap feed is another one than the files that are followed.
fn are_of_one_source(one: &SourcePosition, other: &SourcePosition) -> bool {
    fn feed(name: &str) -> Option<&str> {
        name.split_once('/').map(|(feed, _)| feed).filter(|feed| feed.starts_with("bootstrap:"))
    }
    match (one, other) {
        (SourcePosition::File { name, .. }, SourcePosition::File { name: other, .. }) => feed(name) == feed(other),
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// The partitions that `at` names and that are of the kind of the one that the manifest came from.
fn named(look: Look<'_>, from: &SourcePosition, at: &[At<'_>]) -> Result<Vec<Part>, AuditError> {
    let files: Vec<SourcePosition> = match from {
        SourcePosition::File { .. } => look.ledger.positions()?,
        _ => Vec::new(),
    };
    let part = |at: &At<'_>| {
        let (position, covers) = match (from, at) {
            (SourcePosition::Stream { .. }, At::Stream { stream, sequence }) => {
                let stream = stream.clone().into_owned();
                (
                    SourcePosition::Stream { stream, sequence: *sequence, mark: 0 },
                    Some(*sequence).filter(|last| *last > 0),
                )
            }
            (SourcePosition::Topic { .. }, At::Topic { topic, partition, offset }) => {
                let topic = topic.clone().into_owned();
                let position = SourcePosition::Topic { topic, partition: *partition, offset: *offset, mark: 0 };
                (position, u64::try_from(*offset).ok())
            }
            (SourcePosition::File { .. }, At::Stream { stream, sequence }) => {
                let is_it =
                    |known: &&SourcePosition| matches!(known, SourcePosition::File { name, .. } if name == stream);
                (files.iter().find(is_it)?.clone(), Some(*sequence).filter(|last| *last > 0))
            }
            _ => return None,
        };
        let (key, name) = (partition(&position), partition_name(&position));
        Some(Part { key, name, covers, since: 0, until: None, replaced: false })
    };
    Ok(at.iter().filter_map(part).collect())
}

/// How far into its source a record was, if it says so.
fn position_in(position: u64, record: &Record) -> Result<Option<SourcePosition>, AuditError> {
    let broken = |source| {
        let error = continuity_readmodel::ledger::LedgerError::Decode { position, source };
        AuditError::Broken(error.into())
    };
    Ok(match record.kind {
        Kind::Event | Kind::Held | Kind::Snapshot | Kind::Control => Some(received(position, record)?.position),
        Kind::Quarantined => Some(decode::<Quarantined>(&record.payload).map_err(broken)?.position),
        Kind::SourceProgress => Some(decode::<SourceProgress>(&record.payload).map_err(broken)?.position),
        _ => None,
    })
}
