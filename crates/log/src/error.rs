//! What can go wrong, told to the operator who has to act on it.

use std::{io, sync::Arc};

/// An error of the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The operating system refused an operation on one of the log's files.
    #[error(
        "cannot {action} the log's {file}: {source}; check the disk's space, health and permissions, then start again"
    )]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file of the log's directory.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// Something that was durable is missing or is not what was written. Nothing has been changed.
    #[error(
        "the log is damaged: {what} ({segment} at byte {offset}, log position {position}). Nothing was changed. \
         Ways out: `continuity log verify` shows how far the log is good; restore the log's directory from a backup \
         or a neighbouring replica; or move the data directory aside and fetch everything again from the source"
    )]
    Damaged {
        /// The file.
        segment: String,
        /// Where in the file, in bytes.
        offset: u64,
        /// The first position concerned.
        position: u64,
        /// What is wrong there.
        what: String,
    },
    /// The log holds something that a newer version of the program wrote.
    #[error(
        "{file} of the log holds {what}, which this version cannot read; start the version that wrote it, or a newer one"
    )]
    Unsupported {
        /// The file.
        file: String,
        /// What is not known.
        what: String,
    },
    /// A position that the log does not hold, or not yet.
    #[error("the log has no position {position}: it holds 1 to {head}")]
    OutOfRange {
        /// The position asked for.
        position: u64,
        /// The last durable position.
        head: u64,
    },
    /// A record is larger than the format allows. Nothing was appended.
    #[error("a record's {what} has {bytes} bytes, more than the log's limit of {limit}; nothing was appended")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The most allowed.
        limit: usize,
    },
    /// An earlier write failed. What was acknowledged before is safe; nothing more is taken until a restart,
    /// because after a failed write or sync nobody can say what the disk holds.
    #[error("the log takes no more records since: {cause}. What was acknowledged is safe; mend the cause and restart")]
    WriterStopped {
        /// The first error, in full.
        cause: Arc<str>,
    },
}

impl LogError {
    /// An adapter for `map_err`: what was tried on which file.
    pub(crate) fn io(action: &'static str, file: &str) -> impl FnOnce(io::Error) -> LogError {
        let file = file.to_owned();
        move |source| LogError::Io { action, file, source }
    }
}
