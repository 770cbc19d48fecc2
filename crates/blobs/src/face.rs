//! What the API asks of blobs: how they are, and their bytes piece by piece.
//!
//! They are read in place: `INLINE` references and the files of a feed. Nothing is fetched, and no account is kept.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::reference::{Fetch, Reference};
use crate::{BlobError, Blobs, OpenBlob, place, verify};

/// The most bytes of an `INLINE` reference (contract, section 3: 64 KiB; some grace for producers that count otherwise).
pub(crate) const MAX_INLINE: u64 = 1024 * 1024;

/// How the bytes of a reference are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobState {
    /// On their way.
    Pending,
    /// Here and verified when they are opened.
    Available,
    /// They could not be fetched, for good as far as is known.
    Failed,
    /// They, or their reference, are wrong. Never served.
    Damaged,
    /// The platform erased them: they never come back.
    Erased,
}

impl BlobState {
    /// The word in `blob.state`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Available => "AVAILABLE",
            Self::Failed => "FAILED",
            Self::Damaged => "DAMAGED",
            Self::Erased => "ERASED",
        }
    }
}

impl Blobs {
    /// How the bytes of the blob reference (raw JSON) are. Looks at a file's size, not at its bytes: quick enough for
    /// the rows of a list.
    pub fn state(&self, reference_json: &str) -> BlobState {
        match self.look(reference_json) {
            Ok(()) => BlobState::Available,
            Err(BlobError::NotSynced(_)) => BlobState::Pending,
            Err(BlobError::Erased) => BlobState::Erased,
            Err(BlobError::TooLarge { .. }) => BlobState::Failed,
            Err(BlobError::Damaged { .. }) => BlobState::Damaged,
        }
    }

    /// The bytes of the blob reference, verified. Reads all of a file: call it where blocking is allowed.
    pub fn open(&self, reference_json: &str) -> Result<OpenBlob, BlobError> {
        let reference = Reference::parse(reference_json)?;
        if let Fetch::Inline(base64) = &reference.fetch {
            let bytes = reference.inline_bytes(base64, MAX_INLINE)?;
            verify(&reference, &bytes)?;
            return Ok(OpenBlob::memory(Bytes::from(bytes), reference.sha256));
        }
        let path = self.path(&reference)?;
        let unreadable = |error: io::Error| reference.damaged(format!("cannot be read: {error}"));
        let file = File::open(path).map_err(unreadable)?;
        let (size, digest) = digest(&file).map_err(unreadable)?;
        if reference.size.is_some_and(|expected| expected != size) || digest != reference.sha256 {
            return Err(reference.damaged(format!("its {size} bytes have the SHA-256 {}", hex::encode(digest))));
        }
        Ok(OpenBlob::file(file, size, digest))
    }

    fn look(&self, reference_json: &str) -> Result<(), BlobError> {
        let reference = Reference::parse(reference_json)?;
        if let Fetch::Inline(base64) = &reference.fetch {
            return verify(&reference, &reference.inline_bytes(base64, MAX_INLINE)?);
        }
        let found = self.path(&reference)?.metadata();
        let found = found.map_err(|error| reference.damaged(format!("cannot be looked at: {error}")))?.len();
        match reference.size.filter(|size| *size != found) {
            Some(size) => Err(reference.damaged(format!("has {found} bytes instead of {size}"))),
            None => Ok(()),
        }
    }

    /// The file that has the bytes.
    fn path(&self, reference: &Reference) -> Result<PathBuf, BlobError> {
        let Some(directory) = &self.directory else {
            return Err(BlobError::NotSynced("no blob directory is configured"));
        };
        let path = match &reference.fetch {
            Fetch::Object { bucket, key } => place::of_object(directory, bucket, key),
            Fetch::Url(url) if url.starts_with("file:") => place::of_url(directory, url),
            Fetch::Url(_) | Fetch::Unknown => return Err(BlobError::NotSynced(crate::FOREIGN)),
            Fetch::Inline(_) => Ok(None),
        };
        path.map_err(|detail| reference.damaged(detail))?
            .ok_or(BlobError::NotSynced("there is no such file in the blob directory"))
    }
}

/// Size and SHA-256 of what is in the file, read in pieces.
fn digest(mut file: &File) -> io::Result<(u64, [u8; 32])> {
    let (mut size, mut hash) = (0, Sha256::new());
    let mut piece = vec![0; 64 * 1024];
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            return Ok((size, hash.finalize().into()));
        }
        hash.update(&piece[..length]);
        size += length as u64;
    }
}
