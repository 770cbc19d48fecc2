//! One try to fetch one blob: receive, verify, scan, keep.

use std::sync::Arc;

use continuity_base::Timestamp;
use futures_util::StreamExt;
use tracing::warn;

use super::evidence;
use super::outcome::{self, Failure};
use super::part::Part;
use crate::disk::{blocking, remove};
use crate::index::Row;
use crate::origin::{FetchError, Have, Incoming};
use crate::scan::Verdict;
use crate::service::BlobServiceError;
use crate::service::core::{Core, hash, unreadable};
use crate::shelf::Digest;
use crate::{Reference, metrics};

/// Tries, and writes down what came of it; until when the authority wants to be left alone.
pub(super) async fn run(
    core: &Arc<Core>,
    digest: Digest,
    authority: &str,
) -> Result<Option<Timestamp>, BlobServiceError> {
    let Some(row) = core.index.row(&digest)? else { return Ok(None) };
    let attempt = match Reference::parse(row.usable()) {
        Ok(reference) => Attempt { core, digest, authority, row, reference }.go().await,
        Err(error) => Err(Failure::Refused(error.to_string())),
    };
    match attempt {
        Ok((size, how)) => outcome::arrived(core, digest, size, how).await.map(|()| None),
        Err(failure) => outcome::failed(core, digest, authority, failure).await,
    }
}

struct Attempt<'a> {
    core: &'a Arc<Core>,
    digest: Digest,
    authority: &'a str,
    row: Row,
    reference: Reference,
}

impl Attempt<'_> {
    /// The size of what is on the shelf now, and how it got there.
    async fn go(mut self) -> Result<(u64, &'static str), Failure> {
        if let Some(size) = self.adopt().await? {
            return Ok((size, "adopted"));
        }
        self.admit_size()?;
        // Where the reference does not say, the origin does.
        if let Some(media_type) = &self.reference.media_type {
            self.admit_type(Some(media_type))?;
        }
        self.find_room(self.reference.size.unwrap_or(0))?;
        let path = self.core.incoming.join(Part::name(&self.digest));
        let mut part = Part::open(path, Arc::clone(&self.core.index)).await?;
        if part.length() > self.limit() {
            part = part.clear().await?;
        }
        if self.reference.size != Some(part.length()) || part.length() == 0 {
            part = self.receive(part).await?;
        }
        let size = self.verify(part).await?;
        let path = self.core.incoming.join(Part::name(&self.digest));
        self.core.places.shelf.keep(&path, &self.digest, size).await?;
        Ok((size, "stored"))
    }

    /// What is on the shelf already, verified: the index was derived anew, or the process killed before it was told.
    async fn adopt(&self) -> Result<Option<u64>, Failure> {
        let Some(blob) = self.core.places.shelf.open(&self.digest).await? else { return Ok(None) };
        let (size, sha256) = match hash(blob, &self.core.unpaced).await {
            Err(error) if unreadable(&error) => (0, [0; 32]),
            hashed => hashed?,
        };
        if sha256 == self.digest && self.reference.size.is_none_or(|expected| expected == size) {
            remove(&self.core.incoming.join(Part::name(&self.digest)))?;
            return Ok(Some(size));
        }
        let reason = format!("{size} bytes were in the store with the SHA-256 {}", hex::encode(sha256));
        if let Err(error) = evidence::stored(self.core, &self.digest, &reason, Some((size, sha256))).await {
            warn!(blob.sha256 = hex::encode(self.digest), %error, "the damaged bytes could not be put aside");
        }
        self.core.places.shelf.remove(&self.digest).await?;
        Err(Failure::Wrong(reason))
    }

    fn admit_size(&self) -> Result<(), Failure> {
        let max = self.core.options.max_bytes;
        match self.reference.size.filter(|size| *size > max) {
            Some(size) => Err(Failure::Refused(format!("it has {size} bytes, more than the {max} of blobs.max_bytes"))),
            None => Ok(()),
        }
    }

    fn admit_type(&self, media_type: Option<&str>) -> Result<(), Failure> {
        self.core.options.refused_type(media_type).map_or(Ok(()), |reason| Err(Failure::Refused(reason)))
    }

    /// A blob must not take the room that the log needs: so many bytes more have to leave what stays free.
    fn find_room(&self, bytes: u64) -> Result<(), Failure> {
        let room = self.core.room()?;
        if room >= bytes && room > 0 {
            return Ok(());
        }
        let told = format!(
            "the disk of the blobs has room for {room} of {bytes} bytes beside the {} that stay free: free space on it, then \
             fetching goes on by itself",
            self.core.options.min_free_bytes
        );
        *self.core.short.lock() = Some((bytes.max(1), told.clone()));
        Err(Failure::NoRoom(told))
    }

    fn limit(&self) -> u64 {
        self.reference.size.unwrap_or(self.core.options.max_bytes)
    }

    /// Asks the origin, once more with a fresh reference where this one expired.
    async fn ask(&mut self, have: &Have) -> Result<Incoming, Failure> {
        let origin = Arc::clone(&self.core.places.origin);
        match origin.fetch(&self.reference, have).await {
            Err(FetchError::Expired(_)) => {}
            answer => return answer.map_err(Failure::Origin),
        }
        let json = match origin.renew(&self.reference).await {
            Ok(json) => json,
            // Whoever gives references need not be whoever gives bytes: those are not kept waiting.
            Err(busy @ FetchError::Busy { .. }) => return Err(Failure::Retry(format!("no fresh reference: {busy}"))),
            Err(error) => return Err(Failure::Origin(error)),
        };
        let fresh = Reference::parse(&json).ok().filter(|fresh| fresh.sha256 == self.digest);
        let fresh = fresh.ok_or_else(|| Failure::Retry("the fresh reference is not to the same blob".to_owned()))?;
        let digest = self.digest;
        self.core.write(move |writer| writer.change(&digest, |row| row.renewed = Some(json))).await?;
        self.reference = fresh;
        origin.fetch(&self.reference, have).await.map_err(Failure::Origin)
    }

    async fn receive(&mut self, mut part: Part) -> Result<Part, Failure> {
        let have = Have { bytes: part.length(), tag: self.row.tag.clone().filter(|_| part.length() > 0) };
        let mut incoming = self.ask(&have).await?;
        self.admit_type(self.reference.media_type.as_deref().or(incoming.media_type.as_deref()))?;
        if incoming.from != part.length() {
            if incoming.from != 0 {
                return Err(Failure::Retry(format!("bytes from {} on were not asked for", incoming.from)));
            }
            part = part.clear().await?;
        }
        self.note_tag(incoming.tag.take()).await?;
        while let Some(bytes) = incoming.bytes.next().await {
            let bytes = match bytes {
                Ok(bytes) => bytes,
                Err(error) => {
                    part.flush().await?;
                    return Err(Failure::Origin(error));
                }
            };
            self.core.pace.take(bytes.len() as u64).await;
            metrics::fetched_bytes(bytes.len() as u64);
            if part.is_full(&bytes) {
                self.find_room(part.buffered())?;
            }
            part = part.push(bytes).await?;
            if part.length() > self.limit() {
                return Err(self.too_long(part).await?);
            }
        }
        let part = part.flush().await?;
        match incoming.total.filter(|total| part.length() < *total) {
            Some(total) => Err(Failure::Retry(format!("it was cut off after {} of {total} bytes", part.length()))),
            None => Ok(part),
        }
    }

    /// What the part comes with, so that it can be gone on with. Forgotten, it is fetched from the beginning.
    async fn note_tag(&self, tag: Option<String>) -> Result<(), Failure> {
        if tag == self.row.tag {
            return Ok(());
        }
        let (index, digest) = (Arc::clone(&self.core.index), self.digest);
        blocking(move || {
            index.touch(|writer| writer.change(&digest, |row| row.tag = tag))?;
            Ok::<_, BlobServiceError>(())
        })
        .await?;
        Ok(())
    }

    async fn too_long(&self, part: Part) -> Result<Failure, Failure> {
        let (length, path) = (part.length(), part.path().to_owned());
        drop(part.flush().await?);
        if self.reference.size.is_none() {
            remove(&path)?;
            return Ok(Failure::Refused(format!("it has more than the {} bytes allowed", self.limit())));
        }
        let reason = format!("it has more than the {} bytes expected", self.limit());
        evidence::file(self.core, path, &self.digest, &reason, (length, None), self.authority).await?;
        Ok(Failure::Wrong(reason))
    }

    /// The size of the part once it is known to be right, clean and durable.
    async fn verify(&self, part: Part) -> Result<u64, Failure> {
        let (size, path) = (part.length(), part.path().to_owned());
        let sha256 = part.finish().await?;
        let mut wrong = None;
        if sha256 != self.digest || self.reference.size.is_some_and(|expected| expected != size) {
            wrong = Some(format!("{size} bytes came with the SHA-256 {}", hex::encode(sha256)));
        } else if let Some(scanner) = &self.core.places.scanner {
            let verdict = scanner.scan(&path).await;
            let verdict = verdict.map_err(|cause| Failure::Retry(format!("it could not be scanned: {cause}")))?;
            if let Verdict::Infected(name) = verdict {
                wrong = Some(format!("the scanner found {name} in it"));
            }
        }
        let Some(reason) = wrong else { return Ok(size) };
        evidence::file(self.core, path, &self.digest, &reason, (size, Some(sha256)), self.authority).await?;
        Err(Failure::Wrong(reason))
    }
}
