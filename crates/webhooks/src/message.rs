//! What is sent: thin messages, from which a receiver learns what to ask the API for.
//!
//! A body has `type`, `timestamp` (when it happened) and `data` with ids, places and states. Never a name, an amount or
//! anything else about a person: who may see that is decided where it is asked for.

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::Kind;

/// One message, the same at each attempt and replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// By which a receiver knows it again: `webhook-id`.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// The JSON text that is signed and sent.
    pub(crate) body: String,
    /// The log position at which it became true.
    pub(crate) position: u64,
    pub(crate) loan: Option<String>,
    /// It says that its loan was purged: the only thing that is still told of such a loan.
    pub(crate) purge: bool,
    /// When the replica got to know it, microseconds since 1970.
    pub(crate) known_at: i64,
}

/// Where in the log, and when, something became known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) known_at: i64,
}

impl Message {
    /// `identity` is what makes it this message and no other: it gives the same id after a restart, and of an event after a restore too.
    pub(crate) fn new(kind: Kind, identity: &[&str], place: Place, timestamp: &str, data: &Map<String, Value>) -> Self {
        let loan = data.get("loanRequestId").and_then(Value::as_str).map(str::to_owned);
        let body = json!({ "type": kind.name(), "timestamp": timestamp, "data": data }).to_string();
        let Place { position, known_at } = place;
        Self { id: id(kind, identity), kind, body, position, loan, purge: false, known_at }
    }

    /// Something of this moment, of which there is no record.
    pub(crate) fn of_now(kind: Kind, now: Timestamp, position: u64, data: &Map<String, Value>) -> Self {
        let chance = format!("{:032x}", rand::random::<u128>());
        let place = Place { position, known_at: now.as_micros() };
        Self::new(kind, &[&chance], place, &now.to_string(), data)
    }
}

fn id(kind: Kind, identity: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in std::iter::once(&kind.name()).chain(identity) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let digest: [u8; 32] = digest.finalize().into();
    let hex = digest[..16].iter().map(|byte| format!("{byte:02x}"));
    format!("msg_{}", hex.collect::<String>())
}

/// `data` from names and values.
pub(crate) fn data<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_where_and_when_and_has_its_id_for_good() {
        let data = || data([("loanRequestId", "L1".into()), ("sequence", 7.into()), ("status", "BID".into())]);
        let place = Place { position: 12, known_at: 5 };
        let make =
            |source| Message::new(Kind::LoanStatusChanged, &[source, "e1"], place, "2026-01-01T00:00:00Z", &data());
        let message = make("/s");
        assert_eq!(
            message.body,
            r#"{"type":"loan.status_changed","timestamp":"2026-01-01T00:00:00Z","data":{"loanRequestId":"L1","sequence":7,"status":"BID"}}"#
        );
        assert_eq!(message, make("/s"));
        assert_ne!(message.id, make("/other").id);
        assert_eq!(message.id, "msg_148d8b0f7d65193eec1bff0eee40b755", "the id of a message must never change");
        assert_eq!(message.loan.as_deref(), Some("L1"));
    }

    #[test]
    fn parts_of_an_identity_do_not_run_into_each_other() {
        assert_ne!(id(Kind::Ping, &["ab", "c"]), id(Kind::Ping, &["a", "bc"]));
        let now = || Message::of_now(Kind::Ping, Timestamp::from_micros(0), 1, &Map::new());
        assert_ne!(now().id, now().id);
    }
}
