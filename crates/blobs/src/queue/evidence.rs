//! Puts wrong bytes aside.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::StreamExt;

use super::quarantine::Evidence;
use crate::disk::blocking;
use crate::metrics;
use crate::service::core::Core;
use crate::shelf::Digest;

/// Puts a file aside; `found`: its size, and its digest where it was taken to the end.
pub(crate) async fn file(
    core: &Arc<Core>,
    file: PathBuf,
    digest: &Digest,
    reason: &str,
    found: (u64, Option<Digest>),
    authority: &str,
) -> io::Result<()> {
    let (core, digest) = (Arc::clone(core), *digest);
    let (reason, authority) = (reason.to_owned(), authority.to_owned());
    blocking(move || {
        let row = core.index.row(&digest).map_err(io::Error::other)?;
        let evidence = Evidence {
            expected_sha256: hex::encode(digest),
            expected_bytes: row.and_then(|row| row.size),
            found_sha256: found.1.map(hex::encode),
            found_bytes: found.0,
            authority,
            at: core.now().to_string(),
            reason,
        };
        metrics::quarantined(core.quarantine.take(&file, &digest, &evidence)?);
        Ok(())
    })
    .await
}

/// Copies what is on the shelf, as far as it can be read, and puts the copy aside.
pub(crate) async fn stored(
    core: &Arc<Core>,
    digest: &Digest,
    reason: &str,
    found: Option<(u64, Digest)>,
) -> io::Result<()> {
    let Some(blob) = core.places.shelf.open(digest).await? else { return Ok(()) };
    let (path, size) = (core.quarantine.staging(digest), blob.size);
    let copy = path.clone();
    let mut copy = blocking(move || std::fs::File::create(copy)).await?;
    let mut pieces = std::pin::pin!(blob.stream(0..size));
    while let Some(Ok(piece)) = pieces.next().await {
        copy = blocking(move || copy.write_all(&piece).map(|()| copy)).await?;
    }
    let found = found.map_or((size, None), |(size, sha256)| (size, Some(sha256)));
    file(core, path, digest, reason, found, "store").await
}
