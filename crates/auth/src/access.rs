//! The record of one read of sensitive data, durable before the data leaves.

use crate::control::event::{AccessRecorded, Change, DocumentRead};
use crate::keys::secret;
use crate::{AuthError, Scope};

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accessed {
    /// The form data of a sensitive task: audit action `TASK_FORM_DATA_READ`.
    FormData {
        /// The task's id.
        task: String,
    },
    /// Bytes that belong to a sensitive task: audit action `TASK_ATTACHMENT_READ`.
    Attachment {
        /// The task's id.
        task: String,
        /// The item's id; `None` when the task was read with bytes in it.
        item: Option<String>,
    },
    /// The bytes of a sensitive document: audit action `DOCUMENT_READ`.
    Document {
        /// The document's id.
        document: String,
        /// The version that was asked for; `None` for the present one.
        version: Option<u64>,
        /// The operation of the API that gives them.
        endpoint: &'static str,
    },
}

/// A read of sensitive data that is about to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The loan's id.
    pub loan: String,
    /// What was read.
    pub what: Accessed,
    /// Who read it: [`crate::Principal::reader`].
    pub client_id: String,
    /// The id of the HTTP request.
    pub request_id: String,
}

/// The longest id that is recorded, in bytes; no real one comes near, and the log takes longer ones.
const MAX_ID_BYTES: usize = 4_096;

/// The record of an access, with an id of its own so that the audit entry keeps it through every replay.
pub(crate) fn recorded(access: Access, client_name: Option<String>) -> Result<Change, AuthError> {
    let Access { loan, what, client_id, request_id } = access;
    let (thing, part) = match &what {
        Accessed::FormData { task } => (task, ""),
        Accessed::Attachment { task, item } => (task, item.as_deref().unwrap_or_default()),
        Accessed::Document { document, .. } => (document, ""),
    };
    if [&loan, thing, part, &client_id, &request_id].iter().any(|id| id.len() > MAX_ID_BYTES) {
        return Err(AuthError::Invalid("an id of the access is too long to be recorded".to_owned()));
    }
    let id = uuid::Builder::from_random_bytes(random()?).into_uuid().to_string();
    let (action, task, item) = match what {
        Accessed::FormData { task } => ("TASK_FORM_DATA_READ", task, None),
        Accessed::Attachment { task, item } => ("TASK_ATTACHMENT_READ", task, item),
        Accessed::Document { document, version, endpoint } => {
            let (endpoint, scope) = (endpoint.to_owned(), Scope::DocumentsRead.as_str().to_owned());
            let read =
                DocumentRead { id, loan, document, version, endpoint, client_id, client_name, scope, request_id };
            return Ok(Change::DocumentRead(read));
        }
    };
    let (action, scope) = (action.to_owned(), Scope::TasksRead.as_str().to_owned());
    let read = AccessRecorded { id, loan, task, item, action, client_id, client_name, scope, request_id };
    Ok(Change::AccessRecorded(read))
}

/// Sixteen random bytes, for ids.
pub(crate) fn random() -> Result<[u8; 16], AuthError> {
    let mut bytes = [0; 16];
    secret::random(&mut bytes)?;
    Ok(bytes)
}
