//! Commands on a data directory: a Unix socket in it, JSON lines, for the owner alone.
//!
//! A client writes one [`Command`] as a line; the server answers with any number of `progress` and `item` lines and
//! one `result` or `error` line, and closes.

pub(crate) mod client;
pub(crate) mod server;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What can be asked of a data directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum Command {
    Status,
    LogVerify {
        control: bool,
    },
    LogSegments {
        control: bool,
    },
    LogCat {
        control: bool,
        from: u64,
        limit: u64,
        payload: bool,
    },
    ProjectionList,
    ProjectionRebuild {
        name: String,
    },
    ProjectionRollback {
        name: String,
        build: u64,
    },
    ProjectionDiscard {
        name: String,
        build: u64,
    },
    ClientCreate {
        settings: Value,
    },
    ClientList {
        unused_days: Option<u32>,
    },
    ClientShow {
        id: String,
    },
    /// `change` is merged into the settings (RFC 7396).
    ClientChange {
        id: String,
        change: Value,
    },
    ClientDelete {
        id: String,
    },
    ClientConflicts,
    ClientExport,
    /// Each as [`Command::ClientExport`] gives it.
    ClientImport {
        definitions: Vec<Value>,
    },
    ClientSetEnabled {
        id: String,
        enabled: bool,
    },
    ClientRotate {
        id: String,
        overlap_seconds: u64,
    },
    Account {
        order: AccountOrder,
    },
    KeyList,
    KeyRotate {
        algorithm: Option<String>,
        at_once: bool,
        reason: Option<String>,
    },
    KeyRetire {
        id: String,
        reason: String,
    },
    QuarantineList {
        after: u64,
        limit: u64,
    },
    QuarantineShow {
        position: u64,
    },
    /// Looks at the bytes once more, and takes them in if they are good now.
    QuarantineRetry {
        position: u64,
        reason: String,
    },
    QuarantineDismiss {
        position: u64,
        reason: String,
    },
    /// Loans with an event that cannot be folded, by id, behind `after`.
    Parked {
        after: Option<String>,
        limit: u64,
    },
    Completeness {
        again: bool,
        limit: u64,
    },
    AccessExport {
        from: Option<i64>,
        to: Option<i64>,
        loan: Option<String>,
        client: Option<String>,
    },
    BlobStatus {
        loan: Option<String>,
    },
    BlobList {
        limit: u64,
    },
    BlobRetry {
        sha256: String,
    },
    BlobScrub,
    BlobVerify {
        sha256: String,
    },
    Webhook {
        order: WebhookOrder,
    },
    BackupStatus,
    /// In the configured directory unless another one is named.
    BackupCreate {
        to: Option<PathBuf>,
    },
    BackupVerify,
    /// What the process was started with.
    Configuration,
    SourceStatus,
    SourcePause {
        reason: String,
    },
    SourceResume {
        reason: String,
    },
    SourceSync,
    SourceAccept {
        reason: String,
    },
    SourceResync {
        loan: String,
        from: Option<String>,
        reason: String,
    },
}

/// What can be asked about accounts. `account` is an e-mail address or an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum AccountOrder {
    Create {
        settings: Value,
    },
    List,
    Show {
        account: String,
    },
    /// `change` is merged into the settings (RFC 7396).
    Change {
        account: String,
        change: Value,
    },
    SetEnabled {
        account: String,
        enabled: bool,
    },
    Delete {
        account: String,
    },
    Link {
        account: String,
    },
    LinkProvider {
        account: String,
        subject: String,
        issuer: Option<String>,
        reason: String,
    },
    UnlinkProvider {
        account: String,
        reason: String,
    },
    ResetPassword {
        account: String,
        reason: String,
    },
    ResetFactors {
        account: String,
        reason: String,
    },
}

impl AccountOrder {
    /// Why, where somebody was asked.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::LinkProvider { reason, .. }
            | Self::UnlinkProvider { reason, .. }
            | Self::ResetPassword { reason, .. }
            | Self::ResetFactors { reason, .. } => Some(reason),
            _ => None,
        }
    }
}

/// What can be asked about webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum WebhookOrder {
    List,
    Deliveries {
        subscription: Option<String>,
        limit: u64,
    },
    Dead {
        subscription: Option<String>,
        limit: u64,
    },
    /// A range of log positions, else one dead letter, else all.
    Replay {
        subscription: String,
        message: Option<String>,
        range: Option<(u64, u64)>,
    },
    Enable {
        subscription: String,
    },
    Test {
        subscription: String,
    },
}

/// One line of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reply {
    /// How far long work has come.
    Progress { done: u64, of: u64 },
    /// One element of a long result.
    Item(Value),
    /// The result; the last line.
    Result(Value),
    /// Why there is no result; the last line.
    Error(String),
}

/// Longest line that either side takes, in bytes: a quarantined event of 64 MiB as base64 fits.
pub(crate) const MAX_LINE_BYTES: u64 = 128 << 20;
