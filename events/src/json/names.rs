//! The member names of the objects that are open, to find one that comes twice.

use std::borrow::Cow;
use std::collections::HashSet;

use super::strings;

/// Up to this many members an object's names are compared one by one, beyond it they are hashed (with a random key:
/// the names come from outside).
const COMPARED: usize = 24;

/// Room that an event of common size needs; at 24 bytes a name it stays within what allocators hand out quickly.
const ROOM: usize = 40;

#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// Names of all open objects that are compared one by one, innermost last.
    names: Vec<Name<'a>>,
    objects: Vec<Object<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Name<'a> {
    /// With its quotes, as written.
    key: &'a str,
    escaped: bool,
    print: u32,
}

#[derive(Debug)]
struct Object<'a> {
    first: usize,
    hashed: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Names<'a> {
    /// With room for the names of an event of common size.
    pub(super) fn with_room() -> Self {
        Self { names: Vec::with_capacity(ROOM), objects: Vec::with_capacity(8) }
    }

    /// An object opens.
    pub(super) fn enter(&mut self) {
        self.objects.push(Object { first: self.names.len(), hashed: None });
    }

    /// The innermost object closes.
    pub(super) fn leave(&mut self) {
        if let Some(object) = self.objects.pop() {
            self.names.truncate(object.first);
        }
    }

    /// Notes a name of the innermost object, which the scanner has checked; false when the object has it already.
    pub(super) fn note(&mut self, key: &'a str, escaped: bool) -> bool {
        let Some(object) = self.objects.last_mut() else { return true };
        if let Some(hashed) = &mut object.hashed {
            return hashed.insert(text(key, escaped));
        }
        let print = if escaped { fingerprint(&text(key, true)) } else { fingerprint(inner(key)) };
        let name = Name { key, escaped, print };
        let known = &self.names[object.first..];
        if known.iter().any(|other| other.print == print && name.is(other)) {
            return false;
        }
        let many = known.len() >= COMPARED;
        self.names.push(name);
        if many {
            let all = self.names.drain(object.first..).map(|name| text(name.key, name.escaped));
            object.hashed = Some(all.collect());
        }
        true
    }
}

impl Name<'_> {
    fn is(&self, other: &Self) -> bool {
        if self.escaped || other.escaped {
            return text(self.key, self.escaped) == text(other.key, other.escaped);
        }
        self.key == other.key
    }
}

fn text(key: &str, escaped: bool) -> Cow<'_, str> {
    if escaped { strings::unquote(key).unwrap_or(Cow::Borrowed(key)) } else { Cow::Borrowed(inner(key)) }
}

fn inner(key: &str) -> &str {
    &key[1..key.len() - 1]
}

/// Length, first, middle and last byte: names of one object seldom agree in all of them.
fn fingerprint(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let Some((first, last)) = bytes.first().zip(bytes.last()) else { return 0 };
    let len = bytes.len().to_le_bytes()[0];
    u32::from_le_bytes([len, *first, *last, bytes[bytes.len() / 2]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_within_its_own_object_only() {
        let mut names = Names::default();
        names.enter();
        assert!(names.note("\"a\"", false));
        names.enter();
        assert!(names.note("\"a\"", false));
        assert!(!names.note(r#""\u0061""#, true));
        names.leave();
        assert!(names.note(r#""\u0062""#, true));
        assert!(!names.note("\"b\"", false));
        assert!(!names.note("\"a\"", false));
        names.leave();
        assert!(names.names.is_empty());
    }

    #[test]
    fn many_names_are_hashed_and_still_found() {
        let keys: Vec<_> = (0..200).map(|i| format!("\"m{i}\"")).collect();
        let mut names = Names::with_room();
        names.enter();
        for key in &keys {
            assert!(names.note(key, false), "{key}");
        }
        for key in &keys {
            assert!(!names.note(key, false), "{key}");
        }
        assert!(!names.note(r#""\u006d7""#, true));
    }
}
