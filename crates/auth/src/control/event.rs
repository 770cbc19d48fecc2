//! What the control log's records hold: one version byte and a postcard body, in records of kind `Operator`.
//!
//! Format v1 is fixed by `fixtures/control/v1`. Variants may be added at the end of [`Change`]; anything else is a new version.

#[cfg(test)]
mod tests;

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};

use crate::AuthError;
use crate::keys::secret::SecretDigest;

const VERSION: u8 = 1;

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Who did it: "cli", "demo", ...; for an access, the client.
    pub(crate) actor: String,
    pub(crate) change: Change,
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
    /// What stays clear in the log: the client, or the loan of an access; nothing for counted reads, which are of many.
    pub(crate) fn subject(&self) -> &str {
        match self {
            Self::ClientCreated(ClientCreated { id, .. })
            | Self::ClientEnabled { id }
            | Self::ClientDisabled { id }
            | Self::SecretRotated(SecretRotated { id, .. }) => id,
            Self::AccessRecorded(access) => &access.loan,
            Self::DocumentRead(read) => &read.loan,
            Self::ReadsRecorded(_) => "",
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
        }
    }
}

impl Entry {
    pub(crate) fn encode(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![VERSION]).expect("plain data always encodes into memory")
    }

    pub(crate) fn decode(payload: &[u8]) -> Result<Self, AuthError> {
        let refused = |what: String| Err(AuthError::ControlLog(what));
        match payload.split_first() {
            Some((&VERSION, body)) => postcard::from_bytes(body).or_else(|_| {
                refused("a record holds a change that this version cannot read; start the version that wrote it".into())
            }),
            Some((version, _)) => {
                refused(format!("a record has format version {version}; start the version that wrote it"))
            }
            None => refused("a record is empty: the log is damaged; verify it".into()),
        }
    }
}

/// One line for people who look into the control log: actor, change, and what it was about. Shows no digest.
pub fn describe_control_record(payload: &[u8]) -> Result<String, AuthError> {
    let Entry { actor, change } = Entry::decode(payload)?;
    let about = match &change {
        Change::ClientCreated(created) => format!("scopes {}", created.scopes.join(" ")),
        Change::ClientEnabled { .. } | Change::ClientDisabled { .. } => String::new(),
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
    };
    let parts = [change.name(), change.subject(), &about];
    let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Ok(format!("{actor}: {}", said.join(" ")))
}
