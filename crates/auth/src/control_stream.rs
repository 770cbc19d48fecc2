//! What replicas tell each other: the shared changes of the control log, sealed, and taken in from others.
//!
//! How messages travel is not known here. Each is sealed with a key that follows from the fleet key, which proves that a
//! replica of this fleet made it; its id tells it from all others, so that it takes effect once however often it comes.

mod message;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use continuity_base::Timestamp;
use continuity_log::Record;
use serde::Serialize;

use crate::control::event::{Change, Entry};
use crate::control::stamp::{Lost, Origin, Version};
use crate::{Auth, AuthError, By};

pub(crate) use message::Seal;
pub use message::{MAX_MESSAGE_BYTES, Refusal};

/// Frames of the control log that one look for changes reads at most.
const FRAMES: usize = 1_000;

/// Clocks that are further ahead than this are told of.
const FAST: Duration = Duration::from_mins(5);

/// The control log as other replicas see it.
#[derive(Clone, Debug)]
pub struct ControlStream {
    auth: Auth,
}

/// A change on its way to other replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Tells it from all others.
    pub id: String,
    /// Sealed.
    pub bytes: Vec<u8>,
}

/// Changes of the control log that others may not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// In the order of the log.
    pub messages: Vec<Outgoing>,
    /// They are all up to this position.
    pub until: u64,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is in the control log now, and in force.
    Applied,
    /// It was there already.
    Known,
    /// A later version of this program made it: it has to be read again by that one.
    Later,
    /// It proves nothing.
    Refused(Refusal),
}

/// Two changes that were made on two replicas without knowledge of each other, and which of them counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlConflict {
    /// The client or key.
    pub subject: String,
    /// Of what: "settings", "secret", "enabling", "signing key" or "change".
    pub what: String,
    /// The replica whose change does not count.
    pub lost_replica: String,
    /// When that one was made.
    #[serde(serialize_with = "crate::client::rfc3339")]
    pub lost_at: Timestamp,
    /// The replica whose change counts.
    pub kept_replica: String,
    /// When that one was made.
    #[serde(serialize_with = "crate::client::rfc3339")]
    pub kept_at: Timestamp,
}

impl Auth {
    /// The control log as other replicas see it.
    pub fn control_stream(&self) -> ControlStream {
        ControlStream { auth: self.acting(By::actor("replica")) }
    }
}

impl ControlStream {
    /// What this replica is called.
    pub fn replica(&self) -> &str {
        self.auth.control().in_force().stamps.replica()
    }

    /// The last position of the control log.
    pub fn head(&self) -> u64 {
        self.auth.control().log().head().position
    }

    /// Shared changes behind that position: those that were made here, or with `all` those of other replicas too. At most
    /// some `limit`; blocks while it reads.
    pub fn pending(&self, after: u64, all: bool, limit: usize) -> Result<Pending, AuthError> {
        let mut reader = self.auth.control().log().reader(after + 1);
        let mut pending = Pending { messages: Vec::new(), until: after };
        for _ in 0..FRAMES {
            if pending.messages.len() >= limit {
                break;
            }
            let frame = reader.next_frame().map_err(|error| AuthError::ControlLog(error.to_string()))?;
            let Some(frame) = frame else { break };
            for (position, record) in (frame.first..).zip(&frame.records).filter(|(at, _)| *at > after) {
                pending.messages.extend(self.outgoing(record, position, all)?);
            }
            pending.until = frame.last.max(after);
        }
        Ok(pending)
    }

    fn outgoing(&self, record: &Record, position: u64, all: bool) -> Result<Option<Outgoing>, AuthError> {
        let Entry { by, origin, change } = Entry::decode(&record.payload)?;
        let over = matches!(&change, Change::TokenRevoked(token) if token.expires < self.auth.now().as_seconds());
        let received = origin.as_ref().is_some_and(|origin| origin.received);
        if !change.is_shared() || over || (received && !all) {
            return Ok(None);
        }
        let version = origin.map_or_else(|| Version::of_before(record, position), |origin| origin.version);
        let id = version.stamp.id.to_string();
        let entry = Entry { by, origin: Some(Origin { version, received: false }), change };
        let bytes = self.auth.seal().seal(&entry)?;
        if bytes.len() > MAX_MESSAGE_BYTES {
            tracing::error!(position, "a change is too long to be told to other replicas: make it there by hand");
            return Ok(None);
        }
        Ok(Some(Outgoing { id, bytes }))
    }

    /// Takes in what other replicas sent. Blocks until what is new is durable and in force.
    pub fn take(&self, messages: &[Vec<u8>]) -> Result<Vec<Taken>, AuthError> {
        let control = self.auth.control();
        let (mut taken, mut records, mut ids) = (Vec::new(), Vec::new(), HashSet::new());
        for message in messages {
            let (entry, version) = match self.auth.seal().open(message) {
                Ok(opened) => opened,
                Err(what) => {
                    taken.push(what);
                    continue;
                }
            };
            if control.is_known(version.stamp.id)? || !ids.insert(version.stamp.id) {
                taken.push(Taken::Known);
                continue;
            }
            self.saw(&version);
            records.push(Entry { origin: Some(Origin { version, received: true }), ..entry });
            taken.push(Taken::Applied);
        }
        control.append_received(&records)?;
        if control.in_force().ring.set().active().is_none() {
            // The one that signed was retired elsewhere.
            self.auth.look_after_keys()?;
        }
        Ok(taken)
    }

    /// What is made here from now on is later.
    fn saw(&self, version: &Version) {
        let (at, now) = (version.stamp.at, self.auth.now());
        if at > now.plus(FAST) {
            let replica = &version.stamp.replica;
            tracing::warn!(replica, %at, "the clock of another replica is ahead of this one's: look at both");
        }
        self.auth.control().in_force().stamps.saw(at);
    }

    /// What was kept of how far the stream was followed.
    pub fn bookmark(&self) -> Result<Option<Vec<u8>>, AuthError> {
        self.auth.control().bookmark()
    }

    /// Keeps how far the stream was followed. A crash may bring an earlier one back; then some is sent and read again.
    pub fn keep_bookmark(&self, bookmark: Vec<u8>) -> Result<(), AuthError> {
        self.auth.control().keep_bookmark(bookmark)
    }

    /// The newest conflicts, the newest first, and how many there ever were.
    pub fn conflicts(&self, limit: usize) -> Result<(Vec<ControlConflict>, u64), AuthError> {
        let (conflicts, count) = self.auth.control().conflicts(limit)?;
        let shown = conflicts.into_iter().map(|conflict| {
            let Lost { what, loser, winner } = conflict.lost;
            ControlConflict {
                subject: conflict.subject,
                what,
                lost_replica: loser.replica,
                lost_at: loser.at,
                kept_replica: winner.replica,
                kept_at: winner.at,
            }
        });
        Ok((shown.collect(), count))
    }
}
