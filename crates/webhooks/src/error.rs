//! What can go wrong.

use std::path::PathBuf;

use continuity_log::LogError;
use continuity_readmodel::StoreError;
use thiserror::Error;

/// Webhooks do not work, or an order about them cannot be carried out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// A subscription cannot be used as it is configured.
    #[error("the webhook subscription {id} cannot be used: {cause}")]
    Subscription {
        /// Which.
        id: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Nothing of that name.
    #[error("there is no webhook subscription {0}; `webhooks list` names them")]
    Unknown(String),
    /// The order cannot be carried out.
    #[error("{0}")]
    Refused(String),
    /// Another process, or an earlier service of this one, has the state open.
    #[error("the state of webhooks {} is in use; stop the other process of this data directory", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Reading or writing the state failed.
    #[error("the state of webhooks {} cannot be used: {cause}; look at the disk", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The read models or the ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record of the log does not decode.
    #[error("log position {position} cannot be read: {cause}; run `log verify`, and start the version that wrote it")]
    Record {
        /// Its position.
        position: u64,
        /// What the decoder said.
        cause: String,
    },
    /// A part of it panicked; the log says where.
    #[error("a part of the work panicked; the log says where")]
    Panicked,
}
