//! Why there are no bytes to give.

use thiserror::Error;

/// Why there are no bytes to give.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BlobError {
    /// The bytes are not here yet.
    #[error("the bytes are not synced yet: {0}; ask again later")]
    NotSynced(String),
    /// The reference says that the bytes were erased: they never come back.
    #[error("the bytes were erased")]
    Erased,
    /// The bytes or the reference are wrong. They are not served; an operator has to look at the blob named.
    #[error("blob {sha256}: {detail}; restore the bytes from the source or from a backup")]
    Damaged {
        /// The digest that the reference names, empty when it names none.
        sha256: String,
        /// What is wrong.
        detail: String,
    },
    /// Bigger than the caller accepts.
    #[error("the blob has {size} bytes, more than the {max} accepted here")]
    TooLarge {
        /// Bytes that the reference names, or at least so many found.
        size: u64,
        /// The caller's bound, in bytes.
        max: u64,
    },
}
