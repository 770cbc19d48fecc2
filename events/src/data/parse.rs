//! Reading `data` and checking its form (contract, sections 2 and 5). Members inside an after-image are never looked at.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Change, Form, Parent, SnapshotData, SnapshotEntity};
use crate::catalogue;
use crate::json::{self, JsonError, Scanner};
use crate::{Reason, Rejection};

/// The change in the `data` of a loan's event. `correction`: of `EventCorrected`, which names what it corrects.
pub(crate) fn change(data: &str, correction: bool) -> Result<Change<'_>, Rejection> {
    let members = Members::of_change(data, correction)?;
    Ok(Change {
        form: members.form()?,
        entity: required(members.entity, "entity")?,
        id: required(members.id, "id")?,
        parent: members.parent.map(parent).transpose()?,
        version: required(members.version, "version")?,
        changes: members.changes.map(raw_array).transpose()?,
        reason: members.reason,
        corrects_event_id: members.corrects_event_id,
    })
}

/// Whether [`change`] would find a change, at less cost.
pub(crate) fn check_change(data: &str, correction: bool) -> Result<(), Rejection> {
    let members = Members::of_change(data, correction)?;
    members.form()?;
    required(members.entity, "entity")?;
    required(members.id, "id")?;
    required(members.version, "version").map(drop)
}

/// The state in the `data` of a snapshot.
pub(crate) fn snapshot(data: &str) -> Result<SnapshotData<'_>, Rejection> {
    let as_of = json::member(data, "asOfSequence").and_then(sequence_number);
    let as_of_sequence = as_of.ok_or_else(|| bad("data.asOfSequence is not a sequence from 1"))?;
    Ok(SnapshotData { as_of_sequence, entities: entities(data)? })
}

/// The state in the `data` of an erasure, which is as of the event's own sequence.
pub(crate) fn erasure(data: &str, sequence: u64) -> Result<SnapshotData<'_>, Rejection> {
    let participants = json::member(data, "participantIds").and_then(|raw| json::elements(raw).ok());
    if !participants.is_some_and(|ids| ids.iter().all(|id| json::unquote(id).is_some())) {
        return Err(bad("data.participantIds is not an array of strings"));
    }
    for name in ["entity", "legalBasis", "requestedAt"] {
        if json::member(data, name).is_some_and(|raw| raw != "null" && json::unquote(raw).is_none()) {
            return Err(bad(format!("data.{name} is not a string")));
        }
    }
    if json::member(data, "asOfSequence").is_some_and(|raw| sequence_number(raw) != Some(sequence)) {
        return Err(bad("data.asOfSequence is not the event's own sequence"));
    }
    Ok(SnapshotData { as_of_sequence: sequence, entities: entities(data)? })
}

/// A sequence as a number or as a decimal string.
fn sequence_number(raw: &str) -> Option<u64> {
    let text = json::unquote(raw).unwrap_or(Cow::Borrowed(raw));
    super::sequence(&text)
}

fn entities(data: &str) -> Result<Vec<SnapshotEntity<'_>>, Rejection> {
    let list = json::member(data, "entities").ok_or_else(|| bad("data.entities is missing"))?;
    let list = json::elements(list).map_err(|_| bad("data.entities is not an array"))?;
    list.into_iter().enumerate().map(|(i, raw)| entity(raw, i)).collect()
}

fn entity(raw: &str, i: usize) -> Result<SnapshotEntity<'_>, Rejection> {
    let path = |error: Rejection| Rejection {
        detail: error.detail.replacen("data", &format!("data.entities[{i}]"), 1),
        ..error
    };
    let members = Members::read(raw).map_err(path)?;
    let Some(after) = members.after.filter(|after| after.starts_with('{')) else {
        return Err(path(bad("data.after is not an object")));
    };
    let entity = required(members.entity, "entity").map_err(path)?;
    // Audit entries have no counter of their own.
    let version = members.version.or_else(|| (entity == "auditEntry").then_some(1));
    Ok(SnapshotEntity {
        id: required(members.id, "id").map_err(path)?,
        parent: members.parent.map(parent).transpose().map_err(path)?,
        version: required(version, "version").map_err(path)?,
        entity,
        after,
    })
}

/// The known members of a change or of an entity in a snapshot, each of its type.
#[derive(Default)]
struct Members<'a> {
    entity: Option<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    parent: Option<&'a str>,
    version: Option<u64>,
    after: Option<&'a str>,
    patch: Option<&'a str>,
    base_version: Option<u64>,
    changes: Option<&'a str>,
    reason: Option<Cow<'a, str>>,
    corrects_event_id: Option<Cow<'a, str>>,
}

impl<'a> Members<'a> {
    fn of_change(data: &'a str, correction: bool) -> Result<Self, Rejection> {
        let members = Self::read(data)?;
        if correction && members.corrects_event_id.is_none() {
            return Err(bad("data.correctsEventId is missing: a correction names the event that it corrects"));
        }
        Ok(members)
    }

    fn read(data: &'a str) -> Result<Self, Rejection> {
        let mut members = Self::default();
        let mut scanner = Scanner::<false>::new(data, usize::MAX);
        if !scanner.begin_object().map_err(not_json)? {
            return Err(bad("data is not an object"));
        }
        while let Some(member) = scanner.next_member().map_err(not_json)? {
            members.take(&member.name().map_err(not_json)?, member.value)?;
        }
        scanner.end().map_err(not_json)?;
        Ok(members)
    }

    fn take(&mut self, name: &str, raw: &'a str) -> Result<(), Rejection> {
        // `null` is a value for `after` alone; elsewhere it says that the member is not there.
        match (name, raw) {
            ("after", _) => self.after = Some(raw),
            (
                "entity" | "id" | "parent" | "version" | "patch" | "baseVersion" | "changes" | "reason"
                | "correctsEventId",
                "null",
            ) => {}
            ("entity", _) => self.entity = Some(text(name, raw)?),
            ("id", _) => self.id = Some(text(name, raw)?),
            ("parent", _) => self.parent = Some(checked_parent(raw)?),
            ("version", _) => {
                let version = integer(raw).filter(|version| *version > 0);
                self.version = Some(version.ok_or_else(|| not_integer(name, 1))?);
            }
            ("patch", _) => self.patch = Some(raw),
            ("baseVersion", _) => self.base_version = Some(integer(raw).ok_or_else(|| not_integer(name, 0))?),
            ("changes", _) if raw.starts_with('[') => self.changes = Some(raw),
            ("changes", _) => return Err(not_an_array(name)),
            ("reason", _) => self.reason = Some(json::unquote(raw).ok_or_else(|| bad("data.reason is not a string"))?),
            ("correctsEventId", _) => self.corrects_event_id = Some(text(name, raw)?),
            _ => {}
        }
        Ok(())
    }

    fn form(&self) -> Result<Form<'a>, Rejection> {
        match (self.after, self.patch, self.base_version) {
            (Some("null"), None, None) => Ok(Form::Gone),
            (Some(after), None, None) if after.starts_with('{') => Ok(Form::After(after)),
            (Some(_), None, None) => Err(bad("data.after is neither an object nor null")),
            (None, Some(patch), Some(base_version)) if patch.starts_with('{') => {
                Ok(Form::Patch { base_version, patch })
            }
            (None, Some(_), Some(_)) => Err(bad("data.patch is not an object")),
            (None, Some(_), None) => {
                Err(bad("data.baseVersion is missing: a patch names the version that it was made from"))
            }
            (None, None, _) => Err(bad("data has neither `after` nor `patch`")),
            (Some(_), _, _) => {
                Err(bad("data has `after` together with `patch` or `baseVersion`: exactly one form is allowed"))
            }
        }
    }
}

/// The ids that have a name the catalogue knows are text; `null` says that there is none.
fn checked_parent(raw: &str) -> Result<&str, Rejection> {
    let not_an_object = |_| bad("data.parent is not an object");
    let mut scanner = Scanner::<false>::new(raw, usize::MAX);
    if !scanner.begin_object().map_err(not_an_object)? {
        return Err(bad("data.parent is not an object"));
    }
    while let Some(member) = scanner.next_member().map_err(not_an_object)? {
        let name = member.name().map_err(not_json)?;
        if json::unquote(member.value).is_none() && member.value != "null" && catalogue::is_parent(&name) {
            return Err(bad(format!("data.parent.{name} is not a string")));
        }
    }
    Ok(raw)
}

fn parent(raw: &str) -> Result<Parent, Rejection> {
    let members = json::members(raw).map_err(not_json)?;
    let id = |(name, value): (Cow<'_, str>, &str)| Some((name.into_owned(), json::unquote(value)?.into_owned()));
    Ok(Parent(members.into_iter().filter_map(id).collect()))
}

fn text<'a>(name: &str, raw: &'a str) -> Result<Cow<'a, str>, Rejection> {
    json::unquote(raw)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| bad(format!("data.{name} is not a string with something in it")))
}

fn raw_array(raw: &str) -> Result<&RawValue, Rejection> {
    serde_json::from_str(raw).map_err(|_| not_an_array("changes"))
}

fn not_an_array(name: &str) -> Rejection {
    bad(format!("data.{name} is not an array"))
}

/// A non-negative integer written as digits alone, within 64 bits.
pub(crate) fn integer(raw: &str) -> Option<u64> {
    let digits = !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| raw.parse().ok()).flatten()
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, Rejection> {
    value.ok_or_else(|| bad(format!("data.{name} is missing")))
}

fn not_integer(name: &str, from: u8) -> Rejection {
    bad(format!("data.{name} is not an integer from {from}"))
}

fn not_json(error: JsonError) -> Rejection {
    bad(format!("data: {error}"))
}

pub(crate) fn bad(detail: impl Into<String>) -> Rejection {
    Rejection::new(Reason::BadData, detail)
}

#[cfg(test)]
mod tests;
