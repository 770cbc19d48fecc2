//! The record of each read of sensitive data.

/// What of a sensitive task was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accessed {
    /// The task's form data: audit action `TASK_FORM_DATA_READ`.
    FormData,
    /// The bytes of one of its items: audit action `TASK_ATTACHMENT_READ`.
    Attachment,
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
