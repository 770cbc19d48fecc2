//! The record of each read of sensitive data.

use crate::control::event::AccessRecorded;
use crate::keys::secret;
use crate::{AuthError, Scope};

/// What of a sensitive task was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accessed {
    /// The task's form data: audit action `TASK_FORM_DATA_READ`.
    FormData,
    /// The bytes of one of its items: audit action `TASK_ATTACHMENT_READ`.
    Attachment,
}

impl Accessed {
    /// The audit entry's action.
    pub const fn action(self) -> &'static str {
        match self {
            Self::FormData => "TASK_FORM_DATA_READ",
            Self::Attachment => "TASK_ATTACHMENT_READ",
        }
    }
}

/// A read of sensitive data that is about to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The loan's id.
    pub loan: String,
    /// The task's id.
    pub task: String,
    /// The item's id, when an item was read.
    pub item: Option<String>,
    /// What was read.
    pub what: Accessed,
    /// Who read it: [`crate::Principal::client_id`].
    pub client_id: String,
    /// The id of the HTTP request.
    pub request_id: String,
}

/// One entry for a loan's audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessEntry {
    /// RFC 3339, UTC, milliseconds.
    pub occurred_at: String,
    /// Its position in the control log: the order among the replica's own entries.
    pub sequence: u64,
    /// The audit entry as served, `origin` is `REPLICA`.
    pub json: String,
}

/// The longest id that is recorded, in bytes; no real one comes near, and the log takes longer ones.
const MAX_ID_BYTES: usize = 4_096;

/// The record of an access, with an id of its own so that the audit entry keeps it through every replay.
pub(crate) fn recorded(access: Access, client_name: Option<String>) -> Result<AccessRecorded, AuthError> {
    let item = access.item.as_deref().unwrap_or_default();
    let ids = [&access.loan, &access.task, item, &access.client_id, &access.request_id];
    if ids.iter().any(|id| id.len() > MAX_ID_BYTES) {
        return Err(AuthError::Invalid("an id of the access is too long to be recorded".to_owned()));
    }
    let mut random = [0; 16];
    secret::random(&mut random)?;
    Ok(AccessRecorded {
        id: uuid::Builder::from_random_bytes(random).into_uuid().to_string(),
        loan: access.loan,
        task: access.task,
        item: access.item,
        action: access.what.action().to_owned(),
        client_id: access.client_id,
        client_name,
        scope: Scope::TasksRead.as_str().to_owned(),
        request_id: access.request_id,
    })
}
