//! What the control log's records hold: one version byte and a postcard body, in records of kind `Operator`.
//!
//! The formats are fixed by `fixtures/control/v1` and `v2`; v1 had no address, no reason and no origin. Variants may be added
//! at the end of [`Change`]; anything else is a new version.

#[cfg(test)]
mod tests;

use std::fmt;

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};

use super::settings::{FirstSettings, Settings};
use super::stamp::Origin;
use crate::AuthError;
use crate::authorization::event::GrantEvent;
use crate::keys::algorithm::PublicKey;
use crate::keys::secret::SecretDigest;
use crate::people::event::{AccountEvent, SessionEvent, SessionProved, SessionStarted};

const VERSION: u8 = 2;

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) by: By,
    /// Of a change that replicas share; `None` in records of version 1, whose origin follows from the record.
    pub(crate) origin: Option<Origin>,
    pub(crate) change: Change,
}

/// Who made a change, from where, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// A person's account, a client, or what runs here: "cli", "demo", "replica", ...
    pub actor: String,
    /// The address that the request came from; `None` where it came over no network.
    pub address: Option<String>,
    /// As it was given; `None` where nobody was asked for one.
    pub reason: Option<String>,
}

impl By {
    /// Who made it, and no more.
    pub fn actor(actor: &str) -> Self {
        Self { actor: actor.to_owned(), ..Self::default() }
    }
}

/// A record of version 1.
#[derive(Deserialize)]
struct EntryV1 {
    actor: String,
    change: Change,
}

/// What happened. No variant holds a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Change {
    ClientCreated(ClientCreated),
    ClientEnabled {
        id: String,
    },
    /// Ends the client's tokens for good.
    ClientDisabled {
        id: String,
    },
    SecretRotated(SecretRotated),
    AccessRecorded(AccessRecorded),
    /// The bytes of a sensitive document were given.
    DocumentRead(DocumentRead),
    /// All other reads of one period, counted.
    ReadsRecorded(ReadsRecorded),
    /// A signing key was made, and is published from now on.
    KeyMade(KeyMade),
    /// It signs from now on; what signed before does not.
    KeyActivated {
        id: String,
        /// Until when what the one before signed is accepted, in microseconds since 1970.
        previous_until: i64,
    },
    /// What it signed is refused from now on.
    KeyRetired {
        id: String,
        reason: String,
    },
    /// One access token is refused from now on.
    TokenRevoked(TokenRevoked),
    /// Read as `ClientRegistered`, which has settings that came later.
    ClientRegisteredFirst(ClientRegistered<FirstSettings>),
    /// Read as `ClientChanged`.
    ClientChangedFirst {
        id: String,
        settings: FirstSettings,
    },
    /// The client is gone, and its tokens with it. Its id is never used again.
    ClientDeleted {
        id: String,
    },
    /// When clients last got a token, and with which secret.
    ClientsUsed(Vec<ClientUsed>),
    /// Something happened to a person's account.
    Account {
        id: String,
        what: AccountEvent,
    },
    /// A person signed in or out.
    Session(SessionEvent),
    /// A person let an application do something, or no longer.
    Grant(GrantEvent),
    /// The last token that a key signed has expired, as far as this replica knows: it is published here no longer.
    KeyExpired {
        id: String,
    },
    /// A client was created, with all its settings. Clients of before version 2 have `ClientCreated`.
    ClientRegistered(ClientRegistered),
    /// All settings of a client, as they are from now on.
    ClientChanged {
        id: String,
        settings: Settings,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClientRegistered<S = Settings> {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    pub(crate) settings: S,
    /// `None` for a client that has no secret, or none yet.
    pub(crate) secret: Option<SecretDigest>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClientUsed {
    pub(crate) id: String,
    /// When the secret was made that was used, in microseconds since 1970; `None`: the client used none.
    pub(crate) secret: Option<i64>,
    /// In microseconds since 1970.
    pub(crate) at: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeyMade {
    /// The thumbprint of the public half.
    pub(crate) id: String,
    pub(crate) algorithm: String,
    pub(crate) public: PublicKey,
    /// The private half, sealed.
    pub(crate) sealed: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TokenRevoked {
    /// Its `jti`.
    pub(crate) id: String,
    /// Its client.
    pub(crate) client_id: String,
    /// Its `exp`, in seconds since 1970: from then on it needs no mark.
    pub(crate) expires: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClientCreated {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    /// Names, so that the record outlives any numbering.
    pub(crate) scopes: Vec<String>,
    pub(crate) token_seconds: Option<u32>,
    pub(crate) secret: SecretDigest,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SecretRotated {
    pub(crate) id: String,
    pub(crate) secret: SecretDigest,
    /// Until when the secret before is accepted, in microseconds since 1970; `None`: no longer.
    pub(crate) previous_until: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccessRecorded {
    /// The audit entry's id.
    pub(crate) id: String,
    pub(crate) loan: String,
    pub(crate) task: String,
    pub(crate) item: Option<String>,
    /// The audit entry's action.
    pub(crate) action: String,
    /// With the person, if one let the client in: see `reader`. So in all records of reads.
    pub(crate) client_id: String,
    /// The client's name at that time.
    pub(crate) client_name: Option<String>,
    /// The scope that the read needed.
    pub(crate) scope: String,
    pub(crate) request_id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DocumentRead {
    /// The audit entry's id.
    pub(crate) id: String,
    pub(crate) loan: String,
    pub(crate) document: String,
    /// The version that was asked for; `None` for the present one.
    pub(crate) version: Option<u64>,
    /// The operation of the API.
    pub(crate) endpoint: String,
    pub(crate) client_id: String,
    /// The client's name at that time.
    pub(crate) client_name: Option<String>,
    /// The scope that the read needed.
    pub(crate) scope: String,
    pub(crate) request_id: String,
}

/// At most [`MAX_READS`](crate::tally::MAX_READS) rows of one period; a period may have several records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReadsRecorded {
    /// Random: with a row's number it is the id of the row's audit entry.
    pub(crate) id: [u8; 16],
    /// When the period began, in seconds since 1970.
    pub(crate) from: i64,
    /// How long the period is, in seconds.
    pub(crate) seconds: u32,
    pub(crate) reads: Vec<CountedRead>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CountedRead {
    pub(crate) client_id: String,
    /// The client's name when the record was written.
    pub(crate) client_name: Option<String>,
    /// `None` for what is of no one loan, such as a list of loans.
    pub(crate) loan: Option<String>,
    /// The operation of the API.
    pub(crate) endpoint: String,
    pub(crate) count: u64,
}

impl Change {
    /// As it would be written now.
    fn upcast(self) -> Self {
        match self {
            Self::ClientRegisteredFirst(ClientRegistered { id, enabled, settings, secret }) => {
                Self::ClientRegistered(ClientRegistered { id, enabled, settings: settings.into(), secret })
            }
            Self::ClientChangedFirst { id, settings } => Self::ClientChanged { id, settings: settings.into() },
            other => other,
        }
    }

    /// What stays clear in the log: the client, key or account, or the loan of an access; nothing for counted reads, which are of many.
    pub(crate) fn subject(&self) -> &str {
        match self {
            Self::ClientCreated(ClientCreated { id, .. })
            | Self::ClientEnabled { id }
            | Self::ClientDisabled { id }
            | Self::SecretRotated(SecretRotated { id, .. })
            | Self::KeyMade(KeyMade { id, .. })
            | Self::KeyActivated { id, .. }
            | Self::KeyRetired { id, .. }
            | Self::KeyExpired { id }
            | Self::ClientRegisteredFirst(ClientRegistered { id, .. })
            | Self::ClientChangedFirst { id, .. }
            | Self::ClientRegistered(ClientRegistered { id, .. })
            | Self::ClientChanged { id, .. }
            | Self::ClientDeleted { id }
            | Self::Account { id, .. } => id,
            Self::Session(
                SessionEvent::Started(SessionStarted { account, .. })
                | SessionEvent::StartedElsewhere { started: SessionStarted { account, .. }, .. }
                | SessionEvent::Proved(SessionProved { account, .. })
                | SessionEvent::Ended { account, .. },
            ) => account,
            Self::Grant(what) => what.account(),
            Self::TokenRevoked(revoked) => &revoked.client_id,
            Self::AccessRecorded(access) => &access.loan,
            Self::DocumentRead(read) => &read.loan,
            Self::ReadsRecorded(_) | Self::ClientsUsed(_) => "",
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::ClientCreated(_) => "ClientCreated",
            Self::ClientEnabled { .. } => "ClientEnabled",
            Self::ClientDisabled { .. } => "ClientDisabled",
            Self::SecretRotated(_) => "SecretRotated",
            Self::AccessRecorded(_) => "AccessRecorded",
            Self::DocumentRead(_) => "DocumentRead",
            Self::ReadsRecorded(_) => "ReadsRecorded",
            Self::KeyMade(_) => "KeyMade",
            Self::KeyActivated { .. } => "KeyActivated",
            Self::KeyRetired { .. } => "KeyRetired",
            Self::TokenRevoked(_) => "TokenRevoked",
            Self::ClientRegistered(_) | Self::ClientRegisteredFirst(_) => "ClientRegistered",
            Self::ClientChanged { .. } | Self::ClientChangedFirst { .. } => "ClientChanged",
            Self::ClientDeleted { .. } => "ClientDeleted",
            Self::ClientsUsed(_) => "ClientsUsed",
            Self::Account { what, .. } => what.name(),
            Self::Session(what) => what.name(),
            Self::Grant(what) => what.name(),
            Self::KeyExpired { .. } => "KeyExpired",
        }
    }

    /// Whether all replicas of a fleet have to know it. What is not shared tells what happened on one replica.
    pub(crate) fn is_shared(&self) -> bool {
        match self {
            Self::ClientCreated(_)
            | Self::ClientEnabled { .. }
            | Self::ClientDisabled { .. }
            | Self::SecretRotated(_)
            | Self::KeyMade(_)
            | Self::KeyActivated { .. }
            | Self::KeyRetired { .. }
            | Self::TokenRevoked(_)
            | Self::ClientRegisteredFirst(_)
            | Self::ClientChangedFirst { .. }
            | Self::ClientRegistered(_)
            | Self::ClientChanged { .. }
            | Self::ClientDeleted { .. } => true,
            Self::AccessRecorded(_)
            | Self::DocumentRead(_)
            | Self::ReadsRecorded(_)
            | Self::ClientsUsed(_)
            | Self::KeyExpired { .. }
            | Self::Account { .. }
            | Self::Session(_)
            | Self::Grant(_) => false,
        }
    }
}

impl Entry {
    pub(crate) fn encode(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![VERSION]).expect("plain data always encodes into memory")
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Self, AuthError> {
        let refused = |what: String| Err(AuthError::ControlLog(what));
        let unknown = "a record holds a change that this version cannot read; start the version that wrote it";
        match payload.split_first() {
            Some((&VERSION, body)) => match postcard::from_bytes::<Self>(body) {
                Ok(entry) => Ok(Self { change: entry.change.upcast(), ..entry }),
                Err(_) => refused(unknown.to_owned()),
            },
            Some((1, body)) => match postcard::from_bytes(body) {
                Ok(EntryV1 { actor, change }) => Ok(Self { by: By::actor(&actor), origin: None, change }),
                Err(_) => refused(unknown.to_owned()),
            },
            Some((version, _)) => {
                refused(format!("a record has format version {version}; start the version that wrote it"))
            }
            None => refused("a record is empty: the log is damaged; verify it".into()),
        }
    }
}

/// A record of the control log for people and for audit. Shows no secret, digest or key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlRecord {
    /// Who did it: a person, a client, or what runs here ("cli", "demo", "replica").
    pub actor: String,
    /// Where the request came from, if it came over a network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The replica that it was made on, when it came from another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica: Option<String>,
    /// Why, if somebody was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What happened.
    pub change: &'static str,
    /// To which client, key or loan; empty when it is about none, or many.
    pub subject: String,
    /// The rest in a few words.
    pub about: String,
}

impl ControlRecord {
    /// Reads a record's payload.
    pub fn read(payload: &[u8]) -> Result<Self, AuthError> {
        let Entry { by: By { actor, address, reason }, origin, change } = Entry::decode(payload)?;
        let replica = origin.filter(|origin| origin.received).map(|origin| origin.version.stamp.replica);
        let (name, subject, about) = (change.name(), change.subject().to_owned(), about(&change));
        Ok(Self { actor, address, replica, reason, change: name, subject, about })
    }
}

impl fmt::Display for ControlRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.actor)?;
        if let Some(address) = &self.address {
            write!(f, " from {address}")?;
        }
        if let Some(replica) = &self.replica {
            write!(f, " on {replica}")?;
        }
        write!(f, ": {}", self.change)?;
        for part in [&self.subject, &self.about].into_iter().filter(|part| !part.is_empty()) {
            write!(f, " {part}")?;
        }
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}

fn about(change: &Change) -> String {
    match change {
        Change::ClientCreated(created) => format!("scopes {}", created.scopes.join(" ")),
        Change::ClientEnabled { .. }
        | Change::ClientDisabled { .. }
        | Change::ClientDeleted { .. }
        | Change::ClientRegisteredFirst(_)
        | Change::ClientChangedFirst { .. }
        | Change::KeyExpired { .. } => String::new(),
        Change::SecretRotated(rotated) => match rotated.previous_until {
            Some(_) => "the secret before stays for a while".to_owned(),
            None => "the secret before ends at once".to_owned(),
        },
        Change::AccessRecorded(access) => format!("{} of task {} by {}", access.action, access.task, access.client_id),
        Change::DocumentRead(read) => format!("DOCUMENT_READ of document {} by {}", read.document, read.client_id),
        Change::ReadsRecorded(ReadsRecorded { from, seconds, reads, .. }) => {
            let (count, from) = (reads.iter().map(|read| read.count).sum::<u64>(), from.saturating_mul(1_000_000));
            format!("{count} reads in {} rows, {seconds} s from {}", reads.len(), Timestamp::from_micros(from))
        }
        Change::KeyMade(made) => made.algorithm.clone(),
        Change::KeyActivated { previous_until, .. } => {
            format!("tokens of the key before are accepted until {}", Timestamp::from_micros(*previous_until))
        }
        Change::KeyRetired { reason, .. } => reason.clone(),
        Change::TokenRevoked(revoked) => format!("token {}", revoked.id),
        Change::ClientRegistered(ClientRegistered { settings, .. }) | Change::ClientChanged { settings, .. } => {
            settings.describe()
        }
        Change::ClientsUsed(used) => format!("{} clients", used.len()),
        Change::Account { what, .. } => what.describe(),
        Change::Session(what) => what.describe(),
        Change::Grant(what) => what.describe(),
    }
}
