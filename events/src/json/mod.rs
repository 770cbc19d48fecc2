//! Tools on raw JSON text: number literals, member order, unknown members and raw keys survive.
//!
//! They read text that already passed an event's checks; on anything else they answer with an error or change
//! nothing, and never panic.

use std::borrow::Cow;

/// Why a JSON text could not be used. Offsets are in bytes from the start of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON.
    #[error("not JSON: expected {expected} at byte {at}")]
    Malformed {
        /// Where.
        at: usize,
        /// What would have been right there.
        expected: &'static str,
    },
    /// Half of a surrogate pair in a string.
    #[error("lone surrogate in the string at byte {at}")]
    LoneSurrogate {
        /// Where the escape begins.
        at: usize,
    },
    /// A member that its object already has.
    #[error("duplicate member at byte {at}")]
    DuplicateMember {
        /// Where the second one's name begins.
        at: usize,
    },
    /// Nested beyond the limit.
    #[error("nested more than {limit} deep at byte {at}")]
    TooDeep {
        /// Where the first container too many opens.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// JSON, but not an object.
    #[error("not a JSON object")]
    NotAnObject,
}

/// Applies an RFC 7396 merge patch to raw text. Untouched keys and values stay byte for byte, members keep their
/// order, new ones come at the end.
pub fn merge_patch(target: &str, patch: &str) -> Result<String, JsonError> {
    let _ = (target, patch);
    todo!()
}

/// The members of an object in order: the name, unescaped, and the raw value.
pub fn members(object: &str) -> Result<Vec<(Cow<'_, str>, &str)>, JsonError> {
    let _ = object;
    todo!()
}

/// The raw value of one member of an object.
pub fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let _ = (object, name);
    todo!()
}

/// The elements of an array, raw.
pub fn elements(array: &str) -> Result<Vec<&str>, JsonError> {
    let _ = array;
    todo!()
}

/// The text of a raw JSON string; `None` for any other value.
pub fn text(raw: &str) -> Option<Cow<'_, str>> {
    let _ = raw;
    todo!()
}

/// The object without the named members; borrowed when it has none of them.
pub fn without<'a>(object: &'a str, names: &[&str]) -> Cow<'a, str> {
    let _ = names;
    Cow::Borrowed(object)
}

/// Appends a member before the closing brace; leaves a text that does not end in one as it is.
pub fn push_member(object: &mut String, name: &str, raw: &str) {
    let _ = (object, name, raw);
    todo!()
}
