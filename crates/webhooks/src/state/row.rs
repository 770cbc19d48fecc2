//! What is kept of subscriptions, attempts and messages.

use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::scan::{Cursor, Marks};
use crate::send::Outcome;

/// How far a subscription is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// When it began, microseconds since 1970, and behind which log position.
    pub(crate) since: i64,
    pub(crate) begun: u64,
    /// What is dealt with of the log.
    pub(crate) cursor: Cursor,
    pub(crate) marks: Marks,
    /// The next fact, see [`super::Fact`].
    pub(crate) fact: u64,
    /// The message that is being tried.
    pub(crate) head: Option<Head>,
    /// It sends nothing any more.
    pub(crate) disabled: Option<Disabled>,
    /// Ranges to be sent once more, oldest order first.
    pub(crate) replays: Vec<Replay>,
    pub(crate) delivered: u64,
    pub(crate) delivered_at: Option<i64>,
    pub(crate) dead: u64,
    /// Number of the next attempt and of the next dead letter.
    pub(crate) number: u64,
}

/// A message that did not arrive yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) id: String,
    pub(crate) attempts: u32,
    pub(crate) first_at: i64,
    /// Since when the receiver has refused it; `None`: the last attempt was not refused.
    pub(crate) refused_since: Option<i64>,
    pub(crate) due_at: i64,
    pub(crate) known_at: i64,
    pub(crate) reason: String,
}

/// Why nothing is sent any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Disabled {
    /// The URL that said so: another one is tried.
    pub(crate) url: String,
    pub(crate) at: i64,
}

/// A range of log positions that is sent once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replay {
    /// What of it is done.
    pub(crate) cursor: Cursor,
    pub(crate) to: u64,
    pub(crate) marks: Marks,
}

/// A message that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dead {
    pub(crate) message: Message,
    pub(crate) attempts: u32,
    pub(crate) given_up_at: i64,
    pub(crate) reason: String,
}

/// An attempt that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) at: i64,
    pub(crate) id: String,
    pub(crate) kind: crate::Kind,
    pub(crate) loan: Option<String>,
    pub(crate) position: u64,
    pub(crate) attempt: u32,
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    pub(crate) millis: u64,
    pub(crate) detail: String,
}
