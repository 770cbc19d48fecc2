//! A change as it travels: a version byte, then the record, sealed.

use continuity_base::Timestamp;

use super::Taken;
use crate::AuthError;
use crate::control::event::{Change, Entry};
use crate::control::stamp::{Stamp, Version};
use crate::keys::fleet::{FleetKey, Sealing};
use crate::keys::replica::is_name;

const FORMAT: u8 = 1;
/// Bound to every message: nothing else that is sealed can be taken for one.
const ABOUT: &str = "control stream v1";
/// The longest message, in bytes: more than any change has.
pub const MAX_MESSAGE_BYTES: usize = 256 << 10;
/// The longest id of a client, key or token, in bytes.
const MAX_ID_BYTES: usize = 1_024;
/// The last microsecond of the year 9999: no clock says more.
const LAST: Timestamp = Timestamp::from_micros(253_402_300_799_999_999);

/// Why a message proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not sealed, was altered, or belongs to another fleet.
    Unsealed,
    /// It is sealed, and yet no change that replicas share.
    Malformed,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Unsealed, Self::Malformed];

    /// As the metrics have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsealed => "unsealed",
            Self::Malformed => "malformed",
        }
    }
}

/// Seals messages, and opens those of the same fleet.
#[derive(Debug)]
pub(crate) struct Seal(Sealing);

impl Seal {
    pub(crate) fn new(fleet: &FleetKey) -> Result<Self, AuthError> {
        fleet.sealing("control stream").map(Self)
    }

    pub(super) fn seal(&self, entry: &Entry) -> Result<Vec<u8>, AuthError> {
        let mut message = vec![FORMAT];
        message.extend(self.0.seal(ABOUT, &entry.encode())?);
        Ok(message)
    }

    /// The change, and its version; else what is to be done with the message.
    pub(super) fn open(&self, message: &[u8]) -> Result<(Entry, Version), Taken> {
        if message.len() > MAX_MESSAGE_BYTES {
            return Err(Taken::Refused(Refusal::Unsealed));
        }
        let sealed = message.strip_prefix(&[FORMAT]).ok_or(Taken::Refused(Refusal::Unsealed))?;
        let payload = self.0.open(ABOUT, sealed).ok_or(Taken::Refused(Refusal::Unsealed))?;
        let entry = Entry::decode(&payload).map_err(|_| Taken::Later)?;
        let version = entry.origin.as_ref().map(|origin| origin.version.clone());
        let version = version.filter(|version| fits(&entry, version)).ok_or(Taken::Refused(Refusal::Malformed))?;
        Ok((entry, version))
    }
}

/// Whether the control log can hold it, and everybody can show it.
fn fits(entry: &Entry, version: &Version) -> bool {
    let Stamp { at, replica, .. } = &version.stamp;
    let named = replica.is_empty() || is_name(replica);
    let short = match &entry.change {
        Change::TokenRevoked(revoked) => revoked.id.len() <= MAX_ID_BYTES,
        _ => true,
    };
    let short = short && entry.change.subject().len() <= MAX_ID_BYTES;
    entry.change.is_shared() && named && short && (Timestamp::default()..=LAST).contains(at)
}
