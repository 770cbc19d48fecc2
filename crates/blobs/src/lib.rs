//! The bytes of documents and attachments: found, verified, then handed out.
//!
//! Events carry references (event contract, section 3), never big bytes. This crate turns a reference into bytes and
//! holds one promise: **no byte is given before its SHA-256 and its size were checked against the reference.**
//! So far it reads what a file feed brings along: `INLINE` base64, and files below one directory, named by
//! `OBJECT_STORE` (`<directory>/<bucket>/<key>`) or by a `file:` URL. A reference that points outside that directory is
//! refused, whatever it uses to get there: `..`, an absolute path, a NUL, a symbolic link.

#[cfg(feature = "object-store")]
mod bucket;
mod face;
mod index;
pub mod metrics;
mod open;
pub mod origin;
mod place;
mod queue;
mod reference;
pub mod references;
#[cfg(feature = "object-store")]
pub mod remote;
pub mod scan;
mod service;
pub mod shelf;
#[cfg(test)]
mod testing;

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use thiserror::Error;

pub use face::BlobState;
pub use open::OpenBlob;
pub use reference::{Fetch, Reference};
pub use service::{
    BlobAmount, BlobFailure, BlobLag, BlobOptions, BlobPlaces, BlobService, BlobServiceError, Hold, IndexError,
    LoanBlobs, Window,
};

/// Verified bytes and what the reference says of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The bytes; their digest and size agree with the reference.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`.
    pub sha256: [u8; 32],
    /// `mediaType` of the reference, as received.
    pub media_type: Option<String>,
    /// `fileName` of the reference, as received: not safe as a path, nor as a header value.
    pub file_name: Option<String>,
}

/// Why there are no bytes to give.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BlobError {
    /// The bytes are not here yet: no reference to them, no such file, or a place that this replica cannot read.
    #[error("the bytes are not synced yet: {0}; ask again later")]
    NotSynced(&'static str),
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

const FOREIGN: &str = "the reference names no place that this replica reads";

/// Where the bytes are. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Blobs {
    directory: Option<PathBuf>,
}

impl Blobs {
    /// `directory` is the blob directory of the file feed; without one only `INLINE` references can be read.
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// The verified bytes of the blob reference `blob_json` (raw JSON), at most `max` bytes.
    ///
    /// Reads a file: call it where blocking is allowed. `null` and a reference with `erasedAt` are [`BlobError::Erased`].
    pub fn read(&self, blob_json: &str, max: u64) -> Result<Blob, BlobError> {
        let reference = Reference::parse(blob_json)?;
        if let Some(size) = reference.size.filter(|size| *size > max) {
            return Err(BlobError::TooLarge { size, max });
        }
        let bytes = match &reference.fetch {
            Fetch::Inline(base64) => reference.inline_bytes(base64, max)?,
            Fetch::Object { bucket, key } => {
                self.file_bytes(&reference, max, |directory| place::of_object(directory, bucket, key))?
            }
            Fetch::Url(url) if url.starts_with("file:") => {
                self.file_bytes(&reference, max, |directory| place::of_url(directory, url))?
            }
            Fetch::Url(_) | Fetch::Unknown => return Err(BlobError::NotSynced(FOREIGN)),
        };
        verify(&reference, &bytes)?;
        Ok(Blob { bytes, sha256: reference.sha256, media_type: reference.media_type, file_name: reference.file_name })
    }

    fn file_bytes(
        &self,
        reference: &Reference,
        max: u64,
        place: impl FnOnce(&std::path::Path) -> Result<Option<PathBuf>, String>,
    ) -> Result<Vec<u8>, BlobError> {
        let Some(directory) = &self.directory else {
            return Err(BlobError::NotSynced("no blob directory is configured"));
        };
        let path = place(directory)
            .map_err(|detail| reference.damaged(detail))?
            .ok_or(BlobError::NotSynced("there is no such file in the blob directory"))?;
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(max.saturating_add(1)).read_to_end(&mut bytes))
            .map_err(|error| reference.damaged(format!("cannot be read: {error}")))?;
        let size = bytes.len() as u64;
        if size > max { Err(BlobError::TooLarge { size, max }) } else { Ok(bytes) }
    }
}

/// An error with what is behind it, once each.
#[cfg(feature = "object-store")]
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

fn verify(reference: &Reference, bytes: &[u8]) -> Result<(), BlobError> {
    let found = bytes.len() as u64;
    if let Some(size) = reference.size.filter(|size| *size != found) {
        return Err(reference.damaged(format!("has {found} bytes instead of {size}")));
    }
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    if digest == reference.sha256 {
        return Ok(());
    }
    Err(reference.damaged(format!("its bytes have the SHA-256 {}", hex::encode(digest))))
}

#[cfg(test)]
mod tests;
