//! Binary mode: attributes as headers of the message, `data` as its body.

use std::borrow::Cow;

use super::draft::{Draft, Found, quoted};
use super::structured::{rejection, utf8};
use super::{CloudEvent, Limits};
use crate::json::Scanner;
use crate::{Reason, Rejection};

pub(super) fn parse(attributes: &[(&str, &str)], body: &[u8], limits: &Limits) -> Result<CloudEvent, Rejection> {
    let size = attributes.iter().fold(body.len(), |size, (name, value)| size + name.len() + value.len());
    let largest = limits.max_event_bytes.max(limits.max_snapshot_bytes);
    if size > largest {
        return Err(super::too_large(size, largest));
    }
    let mut draft = Draft::default();
    draft.data = data(body, limits)?;
    let mut seen = Vec::with_capacity(attributes.len());
    for (header, value) in attributes {
        let name = attribute_name(header);
        if seen.contains(&name) {
            return Err(Rejection::new(Reason::DuplicateMember, "an attribute comes twice"));
        }
        if name == "data" {
            return Err(Rejection::new(Reason::BadAttribute, "data is the body in binary mode, not an attribute"));
        }
        seen.push(name.clone());
        draft.take(name, Found::Text(Cow::Borrowed(value)), || quoted(value))?;
    }
    draft.finish(size, limits)
}

/// The body as one JSON value, nested one level less than the limit: in structured mode it would stand within the
/// event's own object, and an event is accepted or refused in both modes alike.
fn data<'a>(body: &'a [u8], limits: &Limits) -> Result<Option<&'a str>, Rejection> {
    let text = utf8(body)?;
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    let mut scanner = Scanner::<true>::new(text, limits.max_depth.saturating_sub(1));
    let value = scanner.value().map_err(rejection)?;
    scanner.end().map_err(rejection)?;
    Ok(Some(value))
}

/// `ce-id`, `ce_id`, `Ce-Id` and `id` are one; the content type of the message is that of `data`.
fn attribute_name<'a>(header: &'a str) -> Cow<'a, str> {
    let lower = |text: &'a str| {
        let changes = text.bytes().any(|byte| byte.is_ascii_uppercase());
        if changes { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
    };
    match header.split_at_checked(3) {
        Some((prefix, name)) if prefix.eq_ignore_ascii_case("ce-") || prefix.eq_ignore_ascii_case("ce_") => lower(name),
        _ if header.eq_ignore_ascii_case("content-type") => Cow::Borrowed("datacontenttype"),
        _ => lower(header),
    }
}
