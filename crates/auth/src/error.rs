//! What can go wrong outside the two request paths.

use std::path::PathBuf;

impl AuthError {
    /// What it says, as a sentence.
    pub fn sentence(&self) -> String {
        let text = self.to_string();
        let mut characters = text.chars();
        let first = characters.next().map(char::to_uppercase).into_iter().flatten();
        first.chain(characters).chain(['.']).collect()
    }
}

/// Why the control log, the keys or a change to a client failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A file or directory could not be read or written.
    #[error("cannot {action} {}: {source}; check the directory's owner, mode and free space", path.display())]
    File {
        /// What was tried: "read", "create", ...
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A key file can be read by others than its owner.
    #[error("{} has mode {mode:o} and can be read by others; run chmod 600 on it, and replace the key if others had access", path.display())]
    KeyFileOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key file does not hold what it should.
    #[error("{} is damaged: {cause}; restore it from a backup", path.display())]
    KeyFileDamaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The control log holds something but the file that its secrets are keyed and sealed with is gone.
    #[error("{} is missing, no client secret can be checked and no token signed without it; restore it from where it is kept", path.display())]
    FleetKeyMissing {
        /// The file.
        path: PathBuf,
    },
    /// The keys are those of a version before fleet keys.
    #[error("{} holds keys of a version before fleet keys; move the directory above it away and create the clients anew", path.display())]
    OldKeys {
        /// Their directory.
        path: PathBuf,
    },
    /// The active signing key was sealed with another fleet key.
    #[error(
        "the signing key {id} cannot be opened with this fleet key; give the replica the fleet key that its control log was written with"
    )]
    KeySealed {
        /// The key.
        id: String,
    },
    /// There is no such signing key.
    #[error("there is no signing key {0}; list the keys to see their ids")]
    UnknownKey(String),
    /// What was asked does not fit the state that things are in.
    #[error("{0}")]
    Conflict(String),
    /// The operating system gives no random numbers, or a key could not be made or used.
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
    /// There is no such client.
    #[error("there is no client {0}; list the clients to see their ids")]
    UnknownClient(String),
    /// There is no such account.
    #[error("there is no account {0}; list the accounts to see their addresses")]
    UnknownAccount(String),
    /// Too long ago, the person proved who it is.
    #[error("this is done only within 10 minutes of a proof of who you are; prove it once more")]
    ProofWanted,
    /// A value is outside its limits.
    #[error("{0}")]
    Invalid(String),
    /// The control log could not be opened, or refused a record.
    #[error("control log: {0}")]
    ControlLog(String),
    /// What the control log holds could not be read.
    #[error("the control log cannot be read: {0}; verify it")]
    Unreadable(String),
    /// The control log takes no more records: it was closed or failed before; nothing that needs a record can be served.
    #[error("the control log is closed ({0}); restart the process once the cause is fixed")]
    Closed(String),
    /// More records wait for the disk than the queue holds.
    #[error("the control log has {0} records waiting; try again in a moment")]
    Overloaded(usize),
}
