//! What can go wrong with the stores and the engine, named by what the caller must do.

use std::path::PathBuf;

use thiserror::Error;

/// A store could not be opened, read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system refused; check the path, its permissions and the space left, then start again.
    #[error("cannot use {path}: {source}")]
    Io {
        /// File or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Another process has the file open; stop it first.
    #[error("store {name} is open in another process; stop that process, or point this one at another directory")]
    InUse {
        /// Name of the store.
        name: String,
    },
    /// The storage engine failed. The store must not be written again by this process: restart, and it resumes from its last durable checkpoint.
    #[error("store {name} failed: {source}; restart, and it resumes from its last durable checkpoint")]
    Redb {
        /// Name of the store.
        name: String,
        /// What redb said.
        source: Box<redb::Error>,
    },
    /// Stored bytes do not decode: the store must be rebuilt from the log.
    #[error("store {name} holds {what} that does not decode; rebuild it from the log")]
    Corrupt {
        /// Name of the store.
        name: String,
        /// Which row or value.
        what: String,
    },
    /// redb panicked, as it may on a damaged file.
    #[error("store {name} panicked, as it may when it is damaged; rebuild it from the log")]
    Panicked {
        /// Name of the store, or its file.
        name: String,
    },
    /// A table that the store was not opened with: a mistake in the caller.
    #[error("store {name} has no table {table}")]
    UnknownTable {
        /// Name of the store.
        name: String,
        /// The table asked for.
        table: String,
    },
    /// What the caller keeps in the store, or reads to fill it, is not usable.
    #[error("{0}")]
    Other(String),
}

impl StoreError {
    /// Wraps any of redb's errors.
    pub(crate) fn redb(name: &str, source: impl Into<redb::Error>) -> Self {
        match source.into() {
            redb::Error::DatabaseAlreadyOpen => Self::InUse { name: name.to_owned() },
            source => Self::Redb { name: name.to_owned(), source: Box::new(source) },
        }
    }

    /// A value that does not decode.
    pub fn corrupt(name: &str, what: impl Into<String>) -> Self {
        Self::Corrupt { name: name.to_owned(), what: what.into() }
    }
}
