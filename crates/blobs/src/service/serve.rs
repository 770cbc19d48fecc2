//! What is asked of the service for one reference.

use tracing::error;

use super::{BlobService, BlobServiceError};
use crate::index::{Row, State};
use crate::shelf::Digest;
use crate::{BlobError, OpenBlob, Reference, direct};

const ON_ITS_WAY: &str = "they are on their way, and fetched before others now";
const NO_INDEX: &str = "the blob index cannot be read";
const NO_STORE: &str = "the blob store does not answer";

/// How the bytes of a reference are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobState {
    /// On their way.
    Pending,
    /// Stored and verified.
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

impl BlobService {
    /// How the bytes of the reference (raw JSON) are: one read of the index.
    pub fn state(&self, reference_json: &str) -> BlobState {
        let reference = match Reference::parse(reference_json) {
            Ok(reference) => reference,
            Err(BlobError::Erased) => return BlobState::Erased,
            Err(_) => return BlobState::Damaged,
        };
        let Some(row) = self.row(&reference.sha256).ok().flatten() else { return BlobState::Pending };
        match row.state {
            State::Available if other_size(&reference, &row).is_some() => BlobState::Damaged,
            State::Available => BlobState::Available,
            State::Failed => BlobState::Failed,
            State::Damaged => BlobState::Damaged,
            State::Pending => BlobState::Pending,
        }
    }

    /// Has the bytes fetched ahead of the queue, if they are to be fetched at all.
    pub fn want(&self, reference_json: &str) {
        if let Ok(reference) = Reference::parse(reference_json) {
            self.core.want(reference.sha256);
        }
    }

    /// The bytes of the reference, which were verified when they were stored. Bytes that are lost raise the alarm.
    pub async fn open(&self, reference_json: &str) -> Result<OpenBlob, BlobError> {
        let reference = Reference::parse(reference_json)?;
        if self.core.bad.lock().contains(&reference.sha256) {
            return Err(reference.damaged("its stored bytes are wrong".to_owned()));
        }
        let Ok(row) = self.row(&reference.sha256) else { return self.unindexed(&reference).await };
        let Some(row) = row else { return Err(self.on_its_way(&reference, ON_ITS_WAY)) };
        match row.state {
            State::Available => {}
            State::Pending => return Err(self.on_its_way(&reference, ON_ITS_WAY)),
            State::Failed => return Err(self.on_its_way(&reference, "they could not be fetched so far")),
            State::Damaged => {
                self.core.want(reference.sha256);
                return Err(reference.damaged(row.error.unwrap_or_default()));
            }
        }
        if let Some((size, stored)) = other_size(&reference, &row) {
            return Err(reference.damaged(format!("has {stored} bytes instead of {size}")));
        }
        match self.core.places.shelf.open(&reference.sha256).await {
            Ok(Some(blob)) if Some(blob.size) == row.stored => Ok(blob),
            Ok(Some(blob)) => self.lost(&reference, format!("{} bytes are in the store", blob.size)).await,
            Ok(None) => self.lost(&reference, "it is gone from the store".to_owned()).await,
            Err(cause) => {
                error!(blob.sha256 = hex::encode(reference.sha256), %cause, "the blob store does not answer");
                Err(BlobError::NotSynced(NO_STORE.to_owned()))
            }
        }
    }

    /// The verified bytes of the reference, at most `max`, whether it is one that is stored or not: then they are asked
    /// for where they come from. Blocks: not for a thread that runs async tasks.
    pub fn read(&self, reference_json: &str, max: u64) -> Result<Vec<u8>, BlobError> {
        let origin = &self.core.places.origin;
        self.core.runtime.block_on(direct(origin.as_ref(), reference_json, max))
    }

    /// Has the stored bytes hashed again now; `false` where none of that digest are stored.
    pub fn suspect(&self, sha256: [u8; 32]) -> bool {
        let stored = self.core.available(&sha256).is_ok_and(|row| row.is_some());
        if stored {
            self.core.suspects.lock().insert(sha256);
        }
        stored
    }

    /// Begins again with a blob that is not here; `false` where there is no such blob. Blocks for a write.
    pub fn retry(&self, sha256: [u8; 32]) -> Result<bool, BlobServiceError> {
        let now = self.core.now();
        let again = |row: &mut Row| {
            if row.state != State::Available {
                row.begin_again(now);
            }
        };
        let row = self.core.index.write(|writer| writer.change(&sha256, again))?;
        self.core.want(sha256);
        Ok(row.is_some_and(|row| row.referenced()))
    }

    /// While the index cannot be read: only verified bytes ever get onto the shelf.
    async fn unindexed(&self, reference: &Reference) -> Result<OpenBlob, BlobError> {
        match self.core.places.shelf.open(&reference.sha256).await {
            Ok(Some(blob)) if reference.size.is_none_or(|size| size == blob.size) => Ok(blob),
            Ok(_) => Err(BlobError::NotSynced(NO_INDEX.to_owned())),
            Err(_) => Err(BlobError::NotSynced(NO_STORE.to_owned())),
        }
    }

    /// Somebody waits for them: they come before others.
    fn on_its_way(&self, reference: &Reference, how: &str) -> BlobError {
        self.core.want(reference.sha256);
        BlobError::NotSynced(how.to_owned())
    }

    pub(super) fn row(&self, digest: &Digest) -> Result<Option<Row>, BlobError> {
        self.core.index.row(digest).map_err(|cause| {
            error!(%cause, "the state of a blob is not known");
            BlobError::NotSynced(NO_INDEX.to_owned())
        })
    }

    async fn lost(&self, reference: &Reference, detail: String) -> Result<OpenBlob, BlobError> {
        let (core, digest, reason) = (std::sync::Arc::clone(&self.core), reference.sha256, detail.clone());
        let noted = tokio::task::spawn_blocking(move || core.damaged(&digest, &reason)).await;
        if !matches!(noted, Ok(Ok(()))) {
            error!(blob.sha256 = hex::encode(digest), "the loss of a blob could not be noted");
        }
        Err(reference.damaged(detail))
    }
}

/// What the reference says and what there is, where they differ: the bytes are right, the reference is not.
fn other_size(reference: &Reference, row: &Row) -> Option<(u64, u64)> {
    reference.size.zip(row.stored).filter(|(size, stored)| size != stored)
}
