//! Why an event goes to quarantine instead of into a loan's history.

use std::fmt;

/// One event that was not accepted: the class of the fault for machines, and the words for the operator.
///
/// `detail` names attributes, members and byte offsets, never values: it may be logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Rejection {
    /// The class of the fault.
    pub reason: Reason,
    /// What is wrong, and where.
    pub detail: String,
}

impl Rejection {
    /// A rejection for `reason`, told in `detail`.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:expr])+ $name:ident = $code:literal,)+) => {
        /// Every class of fault that leads to quarantine. The codes are stored and shown: they never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)+];

            /// The stable kebab-case name, as stored, exported and printed.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

reasons! {
    /// The bytes are not UTF-8 or not one JSON value.
    NotJson = "not-json",
    /// A string holds half of a surrogate pair.
    LoneSurrogate = "lone-surrogate",
    /// An object names a member twice.
    DuplicateMember = "duplicate-member",
    /// Objects and arrays are nested more deeply than the limit.
    TooDeep = "too-deep",
    /// The event is larger than the limit for its type.
    TooLarge = "too-large",
    /// JSON, but not a `CloudEvents` 1.0 object.
    NotCloudEvents = "not-cloudevents",
    /// A required attribute is absent.
    MissingAttribute = "missing-attribute",
    /// An attribute has the wrong type or is empty.
    BadAttribute = "bad-attribute",
    /// `sequence` is not a decimal string from 1, without leading zeros, of at most 19 digits.
    BadSequence = "bad-sequence",
    /// `time` is not RFC 3339.
    BadTime = "bad-time",
    /// `subject` does not fit the type of the event.
    BadSubject = "bad-subject",
    /// `data` lacks a member, or one has the wrong type or form.
    BadData = "bad-data",
    /// Another event already holds this subject and sequence.
    Fork = "fork",
    /// The subject belongs to another source.
    ForeignSource = "foreign-source",
    /// The loan was purged at a lower sequence.
    AfterPurge = "after-purge",
}

impl Reason {
    /// The reason of that code, or `None` for a code of a later version.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_distinct_and_come_back() {
        for reason in Reason::ALL {
            let code = reason.code();
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
            assert_eq!(Reason::from_code(code), Some(*reason));
        }
        assert_eq!(Reason::from_code("of-a-later-version"), None);
    }

    #[test]
    fn a_rejection_reads_as_code_and_detail() {
        let rejection = Rejection::new(Reason::BadTime, "time is not RFC 3339");
        assert_eq!(rejection.to_string(), "bad-time: time is not RFC 3339");
    }
}
