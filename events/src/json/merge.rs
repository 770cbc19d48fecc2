//! JSON Merge Patch (RFC 7396) on raw text.

use std::borrow::Cow;
use std::collections::HashMap;

use super::edit::{push_raw, raw_members};
use super::member::Member;
use super::{JsonError, check};

/// How deeply a patch may nest. An event's own limit lies below it, so a patch that was accepted always applies.
pub const MAX_MERGE_DEPTH: usize = 128;

/// Up to this many members a patch is searched one by one, beyond it by a hash map.
const SEARCHED: usize = 16;

/// Applies an RFC 7396 merge patch to raw text. Untouched keys and values stay byte for byte, members keep their
/// order, new ones come at the end in the patch's order. White space between the members of a changed object goes.
pub fn merge_patch(target: &str, patch: &str) -> Result<String, JsonError> {
    let (target, patch) = (trim(target), trim(patch));
    if !patch.starts_with('{') {
        check(patch, usize::MAX)?;
        return Ok(patch.to_owned());
    }
    let mut out = String::with_capacity(target.len() + patch.len());
    merge(Some(target), patch, 0, &mut out)?;
    Ok(out)
}

/// Writes `patch` applied to `target`. Recurses once per level of the patch, at most [`MAX_MERGE_DEPTH`] deep.
fn merge(target: Option<&str>, patch: &str, depth: usize, out: &mut String) -> Result<(), JsonError> {
    if !patch.starts_with('{') {
        out.push_str(patch);
        return Ok(());
    }
    if depth >= MAX_MERGE_DEPTH {
        return Err(JsonError::TooDeep { at: 0, limit: MAX_MERGE_DEPTH });
    }
    let mut changes = Changes::of(patch)?;
    out.push('{');
    for member in target.filter(|text| text.starts_with('{')).map(raw_members).transpose()?.unwrap_or_default() {
        match changes.take(&member.name()?) {
            None => push_raw(out, member.key, member.value),
            Some("null") => {}
            Some(value) => {
                push_raw(out, member.key, "");
                merge(Some(member.value), value, depth + 1, out)?;
            }
        }
    }
    for member in changes.left().filter(|member| member.value != "null") {
        push_raw(out, member.key, "");
        merge(None, member.value, depth + 1, out)?;
    }
    out.push('}');
    Ok(())
}

/// The members of one level of a patch, and which of them met a member of the target.
struct Changes<'a> {
    members: Vec<(Member<'a>, Cow<'a, str>, bool)>,
    index: HashMap<Cow<'a, str>, usize>,
}

impl<'a> Changes<'a> {
    fn of(patch: &'a str) -> Result<Self, JsonError> {
        let members: Vec<_> = raw_members(patch)?
            .into_iter()
            .map(|member| Ok((member, member.name()?, false)))
            .collect::<Result<_, JsonError>>()?;
        let index = if members.len() > SEARCHED {
            members.iter().enumerate().map(|(i, (_, name, _))| (name.clone(), i)).collect()
        } else {
            HashMap::new()
        };
        Ok(Self { members, index })
    }

    fn take(&mut self, name: &str) -> Option<&'a str> {
        let found = if self.index.is_empty() {
            self.members.iter().position(|(_, other, _)| other == name)
        } else {
            self.index.get(name).copied()
        }?;
        let (member, _, met) = &mut self.members[found];
        *met = true;
        Some(member.value)
    }

    fn left(&self) -> impl Iterator<Item = &Member<'a>> {
        self.members.iter().filter(|(_, _, met)| !met).map(|(member, _, _)| member)
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

#[cfg(test)]
pub(crate) mod tests;
