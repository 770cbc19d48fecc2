//! What `data` holds: one change of one entity, or the whole loan.

mod control;
mod parse;

pub(crate) use control::check as check_control;
pub(crate) use parse::{bad, change, check_change, erasure, integer, snapshot};

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One change of one entity of a loan.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// Which kind of thing changed; may be unknown to this version.
    pub entity: Cow<'a, str>,
    /// Which one.
    pub id: Cow<'a, str>,
    /// Where it now hangs; `None` when that did not change.
    pub parent: Option<Parent>,
    /// The entity's own counter after this change, from 1: a check, never the order.
    pub version: u64,
    /// The new state.
    pub form: Form<'a>,
    /// The producer's list of changed fields, raw.
    pub changes: Option<&'a RawValue>,
    /// Why, in words.
    pub reason: Option<Cow<'a, str>>,
    /// The event that this one corrects (`EventCorrected`).
    pub corrects_event_id: Option<Cow<'a, str>>,
}

/// How a change gives the entity's new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form<'a> {
    /// The whole entity after the change: a raw JSON object.
    After(&'a str),
    /// The entity is gone (`after: null`).
    Gone,
    /// An RFC 7396 merge patch onto one version.
    Patch {
        /// The version that the patch was made from.
        base_version: u64,
        /// The patch: a raw JSON object.
        patch: &'a str,
    },
}

/// The ids of what an entity hangs on, by name: `taskId`, `bidRequestId`, `guildId`, `channelId`, `spaceId`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent(pub Vec<(String, String)>);

impl Parent {
    /// The parent id of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, id)| id.as_str())
    }
}

/// The whole loan as of one sequence.
#[derive(Clone, Debug)]
pub struct SnapshotData<'a> {
    /// The last sequence that the state includes.
    pub as_of_sequence: u64,
    /// Every entity of the loan; one that is not listed is gone.
    pub entities: Vec<SnapshotEntity<'a>>,
}

/// One entity in a snapshot.
#[derive(Clone, Debug)]
pub struct SnapshotEntity<'a> {
    /// Its kind; may be unknown to this version.
    pub entity: Cow<'a, str>,
    /// Its id.
    pub id: Cow<'a, str>,
    /// Where it hangs.
    pub parent: Option<Parent>,
    /// Its counter, from 1.
    pub version: u64,
    /// The entity: a raw JSON object.
    pub after: &'a str,
}

/// A sequence as the contract writes it: decimal from 1, no leading zero, at most 19 digits.
pub(crate) fn sequence(text: &str) -> Option<u64> {
    let digits = text.as_bytes();
    let right = (1..=19).contains(&digits.len()) && digits[0] != b'0' && digits.iter().all(u8::is_ascii_digit);
    right.then(|| text.parse().ok()).flatten()
}
