//! Tools on raw JSON text: number literals, member order, unknown members and raw keys survive.
//!
//! They read text that already passed an event's checks; on anything else they answer with an error or change
//! nothing, and never panic. None of them recurses with the input's depth beyond [`MAX_MERGE_DEPTH`].

mod edit;
mod member;
mod merge;
mod names;
mod scan;
mod strings;

pub use edit::{edit_elements, edit_member, elements, member, members, only, push_member, text, without};
pub use merge::{MAX_MERGE_DEPTH, merge_patch};
pub use strings::push_string;

pub(crate) use strings::unquote;

#[cfg(test)]
pub(crate) use merge::tests::value as value_strategy;
pub(crate) use scan::Scanner;

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
    #[error("lone surrogate at byte {at}")]
    LoneSurrogate {
        /// Where the escape is.
        at: usize,
    },
    /// A member that its object already has.
    #[error("an object has the member named at byte {at} twice")]
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
    /// JSON, but not an array.
    #[error("not a JSON array")]
    NotAnArray,
}

/// Checks that a text is one JSON value without duplicate members, without lone surrogates and nested at most
/// `max_depth` deep; everything else that RFC 8259 allows is allowed.
pub fn check(text: &str, max_depth: usize) -> Result<(), JsonError> {
    let mut scanner = Scanner::<true>::new(text, max_depth);
    scanner.value()?;
    scanner.end()
}
