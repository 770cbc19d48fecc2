//! Reading and editing the top level of an object or array.

use std::borrow::Cow;

use super::member::Member;
use super::{JsonError, Scanner, strings};

/// The depth is not looked at here: what comes in passed the event's own limit, and scanning does not recurse.
const ANY_DEPTH: usize = usize::MAX;

/// The members of an object in order: the name, unescaped, and the raw value.
pub fn members(object: &str) -> Result<Vec<(Cow<'_, str>, &str)>, JsonError> {
    raw_members(object)?.into_iter().map(|member| Ok((member.name()?, member.value))).collect()
}

/// The raw value of one member of an object; `None` when the text has no such member or is not an object.
pub fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut scanner = Scanner::<false>::new(object, ANY_DEPTH);
    if !scanner.begin_object().ok()? {
        return None;
    }
    while let Some(member) = scanner.next_member().ok()? {
        if member.name().ok()? == name {
            return Some(member.value);
        }
    }
    None
}

/// The elements of an array in order, raw.
pub fn elements(array: &str) -> Result<Vec<&str>, JsonError> {
    let mut scanner = Scanner::<false>::new(array, ANY_DEPTH);
    if !scanner.begin_array()? {
        super::check(array, ANY_DEPTH)?;
        return Err(JsonError::NotAnArray);
    }
    let mut elements = Vec::new();
    while let Some(element) = scanner.next_element()? {
        elements.push(element);
    }
    scanner.end()?;
    Ok(elements)
}

/// The text of a raw JSON string; `None` for any other value and for a string with a lone surrogate.
pub fn text(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.starts_with('"') {
        return None;
    }
    let mut scanner = Scanner::<false>::new(raw, ANY_DEPTH);
    let value = scanner.value().ok()?;
    scanner.end().ok()?;
    strings::unquote(value)
}

/// The object without the named members; borrowed when it has none of them or is not an object.
pub fn without<'a>(object: &'a str, names: &[&str]) -> Cow<'a, str> {
    let Ok(members) = raw_members(object) else { return Cow::Borrowed(object) };
    let dropped = |member: &Member<'_>| member.name().is_ok_and(|name| names.contains(&name.as_ref()));
    if !members.iter().any(dropped) {
        return Cow::Borrowed(object);
    }
    let mut kept = String::with_capacity(object.len());
    kept.push('{');
    for member in members.iter().filter(|member| !dropped(member)) {
        push_raw(&mut kept, member.key, member.value);
    }
    kept.push('}');
    Cow::Owned(kept)
}

/// The object with the named members only, in its own order; a text that is no object as it is.
pub fn only(object: &str, names: &[&str]) -> String {
    let Ok(members) = raw_members(object) else { return object.to_owned() };
    let mut kept = String::from("{");
    for member in members.iter().filter(|member| member.name().is_ok_and(|name| names.contains(&name.as_ref()))) {
        push_raw(&mut kept, member.key, member.value);
    }
    kept.push('}');
    kept
}

/// Appends a member before the closing brace; leaves a text that does not end in one as it is. The caller sees to it
/// that `raw` is JSON and that the object has no member of that name yet.
pub fn push_member(object: &mut String, name: &str, raw: &str) {
    let Some(head) = object.trim_end().strip_suffix('}') else { return };
    object.truncate(head.trim_end().len());
    if !object.ends_with('{') {
        object.push(',');
    }
    strings::push_string(object, name);
    object.push(':');
    object.push_str(raw);
    object.push('}');
}

/// The object with another value of the member `name`, as `edit` makes it of the raw one; every other byte stays.
/// `None` when it has no such member or `edit` leaves it as it is.
pub fn edit_member(object: &str, name: &str, edit: impl FnOnce(&str) -> Option<String>) -> Option<String> {
    let value = member(object, name)?;
    let edited = edit(value)?;
    let at = offset(object, value);
    Some([&object[..at], &edited, &object[at + value.len()..]].concat())
}

/// The array with other elements, as `edit` makes them of the raw ones; every other byte stays. `None` when it is no
/// array or `edit` leaves all of them as they are.
pub fn edit_elements(array: &str, mut edit: impl FnMut(&str) -> Option<String>) -> Option<String> {
    let (mut edited, mut done) = (String::new(), 0);
    for element in elements(array).ok()? {
        let Some(other) = edit(element) else { continue };
        let at = offset(array, element);
        edited.push_str(&array[done..at]);
        edited.push_str(&other);
        done = at + element.len();
    }
    if done == 0 {
        return None;
    }
    edited.push_str(&array[done..]);
    Some(edited)
}

/// Where `part`, a slice of `whole`, begins in it.
fn offset(whole: &str, part: &str) -> usize {
    part.as_ptr().addr() - whole.as_ptr().addr()
}

pub(super) fn raw_members(object: &str) -> Result<Vec<Member<'_>>, JsonError> {
    let mut scanner = Scanner::<false>::new(object, ANY_DEPTH);
    if !scanner.begin_object()? {
        super::check(object, ANY_DEPTH)?;
        return Err(JsonError::NotAnObject);
    }
    let mut members = Vec::with_capacity(16);
    while let Some(member) = scanner.next_member()? {
        members.push(member);
    }
    scanner.end()?;
    Ok(members)
}

/// Appends a member to an object that is being written and not yet closed.
pub(super) fn push_raw(out: &mut String, key: &str, value: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    out.push_str(key);
    out.push(':');
    out.push_str(value);
}

#[cfg(test)]
mod tests;
