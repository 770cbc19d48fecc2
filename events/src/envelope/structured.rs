//! Structured mode: the event is one JSON object.

use std::borrow::Cow;

use super::draft::{Draft, Found};
use super::{CloudEvent, Limits};
use crate::json::{self, JsonError, Scanner};
use crate::{Reason, Rejection};

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<CloudEvent, Rejection> {
    let largest = limits.max_event_bytes.max(limits.max_snapshot_bytes);
    if bytes.len() > largest {
        return Err(super::too_large(bytes.len(), largest));
    }
    let text = utf8(bytes)?;
    let mut scanner = Scanner::<true>::new(text, limits.max_depth);
    if !scanner.begin_object().map_err(rejection)? {
        json::check(text, limits.max_depth).map_err(rejection)?;
        return Err(Rejection::new(Reason::NotCloudEvents, "the event is JSON, but not an object"));
    }
    let mut draft = Draft::default();
    let mut refused = None;
    while let Some(member) = scanner.next_member().map_err(rejection)? {
        let name = member.name().map_err(rejection)?;
        if name == "data" {
            draft.data = Some(member.value);
        } else if let Err(rejection) = draft.take(name, found(member.value), || member.value.to_owned()) {
            // What is wrong with the text itself is told first: read it to its end.
            refused.get_or_insert(rejection);
        }
    }
    scanner.end().map_err(rejection)?;
    match refused {
        Some(rejection) => Err(rejection),
        None => draft.finish(bytes.len(), limits),
    }
}

pub(super) fn write(event: &CloudEvent) -> String {
    let sequence = event.sequence.map(|sequence| sequence.to_string());
    let mut out = String::with_capacity(event.data.len() + 512);
    out.push_str("{\"specversion\":\"1.0\"");
    let texts = [
        ("id", Some(event.id.as_str())),
        ("source", Some(&event.source)),
        ("type", Some(&event.event_type)),
        ("subject", Some(&event.subject)),
        ("time", Some(&event.time)),
        ("sequence", sequence.as_deref()),
        ("actor", event.actor.as_deref()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            push_name(&mut out, name);
            json::push_string(&mut out, text);
        }
    }
    for (name, raw) in &event.attributes {
        push_name(&mut out, name);
        out.push_str(raw);
    }
    if !event.data.is_empty() {
        push_name(&mut out, "data");
        out.push_str(&event.data);
    }
    out.push('}');
    out
}

fn push_name(out: &mut String, name: &str) {
    out.push(',');
    json::push_string(out, name);
    out.push(':');
}

/// `raw` passed the scanner, so what begins as a string is one.
fn found(raw: &str) -> Found<'_> {
    json::unquote(raw).map_or(Found::Other(raw), Found::Text)
}

pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Rejection> {
    std::str::from_utf8(bytes)
        .map_err(|error| Rejection::new(Reason::NotJson, format!("not UTF-8 at byte {}", error.valid_up_to())))
}

pub(super) fn rejection(error: JsonError) -> Rejection {
    let reason = match error {
        JsonError::LoneSurrogate { .. } => Reason::LoneSurrogate,
        JsonError::DuplicateMember { .. } => Reason::DuplicateMember,
        JsonError::TooDeep { .. } => Reason::TooDeep,
        JsonError::Malformed { .. } | JsonError::NotAnObject | JsonError::NotAnArray => Reason::NotJson,
    };
    Rejection::new(reason, error.to_string())
}

/// What could be read of an event that was refused, for the operator who looks for it.
pub(super) fn hints(bytes: &[u8]) -> (Option<String>, Option<String>) {
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let mut scanner = Scanner::<false>::new(valid, usize::MAX);
    let (mut id, mut event_type) = (None, None);
    if !matches!(scanner.begin_object(), Ok(true)) {
        return (None, None);
    }
    while let Ok(Some(member)) = scanner.next_member() {
        let text = || json::text(member.value).map(Cow::into_owned);
        match member.name().as_deref() {
            Ok("id") => id = text(),
            Ok("type") => event_type = text(),
            _ => {}
        }
    }
    (id, event_type)
}
