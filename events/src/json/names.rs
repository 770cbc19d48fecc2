//! The member names of the objects that are open, to find one that comes twice.

use std::borrow::Cow;
use std::collections::HashSet;

/// Up to this many members an object's names are compared one by one, beyond it they are hashed (with a random key:
/// the names come from outside).
const COMPARED: usize = 24;

#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// Names of all open objects that are compared one by one, innermost last, each with a cheap fingerprint.
    names: Vec<(u32, Cow<'a, str>)>,
    objects: Vec<Object<'a>>,
}

#[derive(Debug)]
struct Object<'a> {
    first: usize,
    hashed: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Names<'a> {
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

    /// Notes a name of the innermost object; false when the object has it already.
    pub(super) fn note(&mut self, name: Cow<'a, str>) -> bool {
        let Some(object) = self.objects.last_mut() else { return true };
        if let Some(hashed) = &mut object.hashed {
            return hashed.insert(name);
        }
        let print = fingerprint(&name);
        let known = &self.names[object.first..];
        if known.iter().any(|(other, text)| *other == print && *text == name) {
            return false;
        }
        let many = known.len() >= COMPARED;
        self.names.push((print, name));
        if many {
            object.hashed = Some(self.names.drain(object.first..).map(|(_, text)| text).collect());
        }
        true
    }
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
        assert!(names.note("a".into()));
        names.enter();
        assert!(names.note("a".into()));
        assert!(!names.note("a".into()));
        names.leave();
        assert!(names.note("b".into()));
        assert!(!names.note("a".into()));
        names.leave();
        assert!(names.names.is_empty());
    }

    #[test]
    fn many_names_are_hashed_and_still_found() {
        let mut names = Names::default();
        names.enter();
        for i in 0..200 {
            assert!(names.note(format!("m{i}").into()), "{i}");
        }
        for i in 0..200 {
            assert!(!names.note(format!("m{i}").into()), "{i}");
        }
    }
}
