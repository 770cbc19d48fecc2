//! What both modes have in common: attributes as they were found, and the checks that make an event of them.

use std::borrow::Cow;

use super::{CloudEvent, Limits, Role, known_name, loan_id, name};
use crate::instant::Instant;
use crate::{CONTROL_SUBJECT, Reason, Rejection, catalogue, data, json};

/// A text attribute as found.
#[derive(Debug, Default)]
pub(super) enum Found<'a> {
    #[default]
    Nothing,
    Text(Cow<'a, str>),
    /// Another type, raw.
    Other(&'a str),
}

/// The attributes and data of one event, not checked yet.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    specversion: Found<'a>,
    id: Found<'a>,
    source: Found<'a>,
    event_type: Found<'a>,
    subject: Found<'a>,
    time: Found<'a>,
    sequence: Found<'a>,
    actor: Found<'a>,
    attributes: Vec<(String, String)>,
    pub(super) data: Option<&'a str>,
}

impl<'a> Draft<'a> {
    /// Takes one attribute other than `data`; `raw` gives its raw JSON text, should it be kept as it is.
    pub(super) fn take(
        &mut self,
        name: Cow<'a, str>,
        value: Found<'a>,
        raw: impl FnOnce() -> String,
    ) -> Result<(), Rejection> {
        let slot = match name.as_ref() {
            "specversion" => &mut self.specversion,
            "id" => &mut self.id,
            "source" => &mut self.source,
            "type" => &mut self.event_type,
            "subject" => &mut self.subject,
            "time" => &mut self.time,
            "sequence" => &mut self.sequence,
            "actor" => &mut self.actor,
            "datacontenttype" | "dataschema" | "partitionkey" | "traceparent" => {
                check_text(&name, &value)?;
                self.attributes.push((name.into_owned(), raw()));
                return Ok(());
            }
            "data_base64" => return Err(bad_data("data_base64 is not accepted: send the JSON itself as data")),
            _ => {
                self.attributes.push((name.into_owned(), raw()));
                return Ok(());
            }
        };
        *slot = value;
        Ok(())
    }

    /// Checks everything and makes the event. `size` is that of the event as received, in bytes.
    pub(super) fn finish(mut self, size: usize, limits: &Limits) -> Result<CloudEvent, Rejection> {
        match &self.specversion {
            Found::Text(version) if version == "1.0" => {}
            Found::Nothing => return Err(Rejection::new(Reason::NotCloudEvents, "specversion is missing")),
            _ => return Err(Rejection::new(Reason::NotCloudEvents, "specversion is not \"1.0\"")),
        }
        let event_type = required(self.event_type, "type")?;
        check_size(&event_type, size, limits)?;
        let id = required(self.id, "id")?;
        let source = required(self.source, "source")?;
        let subject = subject(self.subject, &event_type)?;
        let role = role(&event_type, &subject)?;
        let time = time(self.time)?;
        let sequence = sequence(self.sequence, role, &mut self.attributes)?;
        let actor = optional(self.actor, "actor", &mut self.attributes)?;
        check_data(role, &event_type, sequence, self.data)?;
        Ok(CloudEvent {
            id: id.into_owned(),
            source: source.into_owned(),
            event_type: event_type.into_owned(),
            subject: subject.into_owned(),
            time: time.into_owned(),
            sequence,
            actor: actor.map(Cow::into_owned),
            attributes: self.attributes,
            data: self.data.unwrap_or_default().to_owned(),
        })
    }
}

/// Optional attributes with a meaning: text, and JSON where the type of `data` is told.
fn check_text(name: &str, value: &Found<'_>) -> Result<(), Rejection> {
    match value {
        Found::Text(text) if name == "datacontenttype" && !is_json(text) => {
            Err(bad_attribute("datacontenttype is not a JSON media type"))
        }
        Found::Text(_) | Found::Nothing | Found::Other("null") => Ok(()),
        Found::Other(_) => Err(bad_attribute(format!("{name} is not a string"))),
    }
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

fn check_size(event_type: &str, size: usize, limits: &Limits) -> Result<(), Rejection> {
    let large = matches!(known_name(event_type), Some(catalogue::SNAPSHOT | catalogue::ERASURE | catalogue::MANIFEST));
    let limit = if large { limits.max_snapshot_bytes } else { limits.max_event_bytes };
    if size <= limit { Ok(()) } else { Err(super::too_large(size, limit)) }
}

fn required<'a>(found: Found<'a>, name: &str) -> Result<Cow<'a, str>, Rejection> {
    match found {
        Found::Text(text) if text.is_empty() => Err(bad_attribute(format!("{name} is empty"))),
        Found::Text(text) => Ok(text),
        Found::Nothing | Found::Other("null") => {
            Err(Rejection::new(Reason::MissingAttribute, format!("{name} is missing")))
        }
        Found::Other(_) => Err(bad_attribute(format!("{name} is not a string"))),
    }
}

/// An attribute that may be absent. One that is `null` is kept among the others.
fn optional<'a>(
    found: Found<'a>,
    name: &str,
    kept: &mut Vec<(String, String)>,
) -> Result<Option<Cow<'a, str>>, Rejection> {
    match found {
        Found::Text(text) => Ok(Some(text)),
        Found::Nothing => Ok(None),
        Found::Other("null") => {
            kept.push((name.to_owned(), "null".to_owned()));
            Ok(None)
        }
        Found::Other(_) => Err(bad_attribute(format!("{name} is not a string"))),
    }
}

fn subject<'a>(found: Found<'a>, event_type: &str) -> Result<Cow<'a, str>, Rejection> {
    if matches!(found, Found::Nothing | Found::Other("null"))
        && known_name(event_type).is_some_and(catalogue::is_control)
    {
        return Ok(Cow::Borrowed(CONTROL_SUBJECT));
    }
    required(found, "subject").map_err(|rejection| match rejection.reason {
        Reason::BadAttribute => Rejection { reason: Reason::BadSubject, ..rejection },
        _ => rejection,
    })
}

/// What the event is, provided that its subject fits its type.
fn role(event_type: &str, subject: &str) -> Result<Role, Rejection> {
    let of_loan = loan_id(subject).is_some();
    let known = known_name(event_type);
    let bad_subject = |detail: &str| Err(Rejection::new(Reason::BadSubject, detail));
    match known {
        Some(catalogue::SNAPSHOT) if of_loan => Ok(Role::Snapshot),
        Some(catalogue::ERASURE) if of_loan => Ok(Role::Erasure),
        Some(catalogue::SNAPSHOT | catalogue::ERASURE) => bad_subject("subject is not loan-requests/{id}"),
        Some(name) if catalogue::is_control(name) && subject != CONTROL_SUBJECT => {
            bad_subject("subject of a control event is not \"control\"")
        }
        Some(name) if subject == CONTROL_SUBJECT && catalogue::event(name).is_some_and(|e| e.role != Role::Control) => {
            bad_subject("subject of a loan's event is \"control\"")
        }
        _ if subject == CONTROL_SUBJECT => Ok(Role::Control),
        _ if of_loan => Ok(Role::Loan),
        _ => bad_subject("subject is neither loan-requests/{id} nor \"control\""),
    }
}

fn time(found: Found<'_>) -> Result<Cow<'_, str>, Rejection> {
    let bad = || Rejection::new(Reason::BadTime, "time is not RFC 3339");
    match found {
        Found::Other(raw) if raw != "null" => Err(bad()),
        Found::Text(text) if Instant::parse(&text).is_none() => Err(bad()),
        found => required(found, "time"),
    }
}

/// The sequence, which only events of a loan must have; another event's own idea of one is kept among its attributes.
fn sequence(found: Found<'_>, role: Role, kept: &mut Vec<(String, String)>) -> Result<Option<u64>, Rejection> {
    let number = match &found {
        Found::Text(text) => data::sequence(text),
        _ => None,
    };
    match (number, found) {
        (Some(number), _) => Ok(Some(number)),
        (None, Found::Nothing) if role == Role::Control => Ok(None),
        (None, Found::Nothing | Found::Other("null")) if role != Role::Control => {
            Err(Rejection::new(Reason::MissingAttribute, "sequence is missing"))
        }
        (None, found) if role == Role::Control => {
            let raw = match found {
                Found::Text(text) => quoted(&text),
                Found::Other(raw) => raw.to_owned(),
                Found::Nothing => return Ok(None),
            };
            kept.push(("sequence".to_owned(), raw));
            Ok(None)
        }
        _ => {
            Err(Rejection::new(Reason::BadSequence, "sequence is not a decimal string from \"1\" of at most 19 digits"))
        }
    }
}

fn check_data(role: Role, event_type: &str, sequence: Option<u64>, data: Option<&str>) -> Result<(), Rejection> {
    let Some(data) = data else {
        return match role {
            Role::Control if !known_name(event_type).is_some_and(catalogue::is_control) => Ok(()),
            _ => Err(bad_data("data is missing")),
        };
    };
    match role {
        Role::Loan => data::check_change(data, name(event_type) == catalogue::CORRECTION),
        Role::Snapshot => match data::snapshot(data)? {
            snapshot if Some(snapshot.as_of_sequence) == sequence => Ok(()),
            _ => Err(Rejection::new(Reason::BadSequence, "sequence is not data.asOfSequence")),
        },
        Role::Erasure => data::erasure(data, sequence.unwrap_or_default()).map(drop),
        Role::Control => match known_name(event_type) {
            Some(name) => data::check_control(name, data),
            None => Ok(()),
        },
    }
}

pub(super) fn quoted(text: &str) -> String {
    let mut raw = String::with_capacity(text.len() + 2);
    json::push_string(&mut raw, text);
    raw
}

fn bad_attribute(detail: impl Into<String>) -> Rejection {
    Rejection::new(Reason::BadAttribute, detail)
}

fn bad_data(detail: &str) -> Rejection {
    Rejection::new(Reason::BadData, detail)
}
