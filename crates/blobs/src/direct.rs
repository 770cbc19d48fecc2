//! Bytes straight from where they come from, verified, and kept nowhere: for what is read once.

use futures_util::StreamExt;
use sha2::{Digest as _, Sha256};

use crate::origin::{FetchError, Have, Origin};
use crate::{BlobError, Fetch, Reference};

/// The verified bytes of the reference (raw JSON), at most `max`, asked for once, and once more with a fresh reference.
pub async fn direct(origin: &dyn Origin, reference_json: &str, max: u64) -> Result<Vec<u8>, BlobError> {
    let reference = Reference::parse(reference_json)?;
    let fetched = match fetch(origin, &reference, max).await {
        Err(Trouble::Fetch(FetchError::Expired(_))) => {
            let fresh = origin.renew(&reference).await.map_err(|error| not_synced(&error))?;
            let fresh = Reference::parse(&fresh)?;
            if fresh.sha256 != reference.sha256 {
                return Err(BlobError::NotSynced("the fresh reference is not to the same blob".to_owned()));
            }
            fetch(origin, &fresh, max).await
        }
        fetched => fetched,
    };
    let bytes = fetched.map_err(|trouble| match trouble {
        Trouble::Fetch(error) => not_synced(&error),
        Trouble::Blob(error) => error,
    })?;
    verify(&reference, &bytes).map(|()| bytes)
}

/// The verified bytes of an `INLINE` reference (raw JSON), at most `max`; nothing is asked for any other.
pub fn inline(reference_json: &str, max: u64) -> Result<Vec<u8>, BlobError> {
    let reference = Reference::parse(reference_json)?;
    let Fetch::Inline(base64) = &reference.fetch else {
        return Err(BlobError::NotSynced("they are elsewhere, and only a running replica asks for them".to_owned()));
    };
    let bytes = reference.inline_bytes(base64, max)?;
    verify(&reference, &bytes).map(|()| bytes)
}

enum Trouble {
    Fetch(FetchError),
    Blob(BlobError),
}

async fn fetch(origin: &dyn Origin, reference: &Reference, max: u64) -> Result<Vec<u8>, Trouble> {
    let too_large = |size| Err(Trouble::Blob(BlobError::TooLarge { size, max }));
    if let Some(size) = reference.size.filter(|size| *size > max) {
        return too_large(size);
    }
    let mut incoming = origin.fetch(reference, &Have::default()).await.map_err(Trouble::Fetch)?;
    let mut bytes = Vec::new();
    while let Some(piece) = incoming.bytes.next().await {
        bytes.extend_from_slice(&piece.map_err(Trouble::Fetch)?);
        if bytes.len() as u64 > max {
            return too_large(bytes.len() as u64);
        }
    }
    Ok(bytes)
}

fn not_synced(error: &FetchError) -> BlobError {
    BlobError::NotSynced(error.to_string())
}

/// Whether the bytes are those of the reference.
pub(crate) fn verify(reference: &Reference, bytes: &[u8]) -> Result<(), BlobError> {
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
