//! A copy of everything that is stored, in a directory of its own: the part of a backup that has the bytes.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::Ordering;

use futures_util::{StreamExt, TryStreamExt};
use sha2::{Digest as _, Sha256};

use super::BlobService;
use crate::OpenBlob;
use crate::shelf::{Digest, LocalShelf, Shelf};

/// Files between two reports of progress.
const TELL_EVERY: usize = 64;

/// What a copy holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopiedBlobs {
    /// Each that is in the copy and in the store, in order.
    pub digests: Vec<Digest>,
    /// Their bytes.
    pub bytes: u64,
    /// Those that were written now, and were not there from before.
    pub written_bytes: u64,
    /// Those whose stored bytes are wrong, or cannot be read: they are not in the copy, and are looked at again at once.
    pub damaged: Vec<Digest>,
    /// How many of an earlier copy were removed: nobody refers to them any more, and the store has let go of them.
    pub removed: u64,
}

impl BlobService {
    /// Copies everything that is stored to `<directory>/sha256`, where files of an earlier copy are left as they are, unless
    /// nobody refers to them any more. What is copied is hashed on the way. Tells `progress` how many files are done, and of how many. Blocks.
    pub fn copy_to(&self, directory: &Path, progress: &mut dyn FnMut(u64, u64)) -> io::Result<CopiedBlobs> {
        let _kept = self.hold();
        let target = LocalShelf::new(directory)?;
        self.core.runtime.block_on(self.copy(&target, &directory.join("part"), progress))
    }

    async fn copy(
        &self,
        target: &LocalShelf,
        part: &Path,
        progress: &mut dyn FnMut(u64, u64),
    ) -> io::Result<CopiedBlobs> {
        let shelf = &self.core.places.shelf;
        let there: HashSet<(Digest, u64)> = target.list().try_collect().await?;
        let mut all: Vec<(Digest, u64)> = shelf.list().try_collect().await?;
        all.sort_unstable();
        let mut copied = CopiedBlobs::default();
        for (number, (digest, size)) in all.iter().enumerate() {
            if number % TELL_EVERY == 0 {
                progress(number as u64, all.len() as u64);
            }
            if !there.contains(&(*digest, *size)) {
                // It may have been let go of since.
                let Some(blob) = shelf.open(digest).await? else { continue };
                if !write(blob, part, digest).await? {
                    self.core.suspects.lock().insert(*digest);
                    copied.damaged.push(*digest);
                    continue;
                }
                target.keep(part, digest, *size).await?;
                copied.written_bytes += size;
            }
            copied.digests.push(*digest);
            copied.bytes += size;
        }
        progress(all.len() as u64, all.len() as u64);
        copied.removed = self.let_go(target, there, &all).await?;
        Ok(copied)
    }

    /// Removes what the store let go of for good, as after an erasure. What is missing there by accident stays.
    async fn let_go(
        &self,
        target: &LocalShelf,
        there: HashSet<(Digest, u64)>,
        all: &[(Digest, u64)],
    ) -> io::Result<u64> {
        let mut removed = 0;
        for (digest, _) in there {
            let is_stored = all.binary_search_by_key(&digest, |(stored, _)| *stored).is_ok();
            if !is_stored && self.is_let_go(&digest) {
                removed += u64::from(target.remove(&digest).await?);
            }
        }
        Ok(removed)
    }

    /// Whether nobody refers to it, as far as all references are known.
    fn is_let_go(&self, digest: &Digest) -> bool {
        let knows_all = !self.core.anew.load(Ordering::SeqCst);
        knows_all && self.row(digest).is_ok_and(|row| row.is_none_or(|row| !row.referenced()))
    }
}

/// Writes the bytes to `part`; `false` where they are not those of that digest, or cannot be read.
async fn write(blob: OpenBlob, part: &Path, digest: &Digest) -> io::Result<bool> {
    let mut file = File::create(part)?;
    let (size, mut hash) = (blob.size, Sha256::new());
    let mut pieces = std::pin::pin!(blob.stream(0..size));
    while let Some(piece) = pieces.next().await {
        let Ok(piece) = piece else { return Ok(false) };
        hash.update(&piece);
        file.write_all(&piece)?;
    }
    file.sync_all()?;
    Ok(hash.finalize()[..] == digest[..])
}
