//! Where the bytes are kept.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use continuity_blobs::shelf::{LocalShelf, Shelf};

use crate::config::Place;

/// The configured store, or the local disk below `directory`.
pub(super) async fn open(place: &Place, directory: &Path) -> Result<Arc<dyn Shelf>> {
    if place.url.is_empty() {
        let shelf = LocalShelf::new(directory).context("cannot use the directory of the blobs")?;
        return Ok(Arc::new(shelf));
    }
    remote(place).await
}

#[cfg(feature = "object-store")]
async fn remote(place: &Place) -> Result<Arc<dyn Shelf>> {
    use continuity_blobs::shelf::{ObjectShelf, ProbeError};

    use crate::config::BootstrapUrl;
    match BootstrapUrl::parse(&place.url, "blobs.store.url").map_err(anyhow::Error::msg)? {
        BootstrapUrl::File(_) => anyhow::bail!("blobs.store.url has to be s3://BUCKET/PREFIX"),
        BootstrapUrl::S3(url) => {
            let shelf = ObjectShelf::in_bucket(&crate::sources::object_store(url, place))?;
            match shelf.probe(&hex::encode(rand::random::<[u8; 8]>())).await {
                Ok(()) => {}
                Err(error @ ProbeError::Overwrites { .. }) => {
                    return Err(error).context("blobs.store.url cannot be used");
                }
                // Loans are served without it, and nothing is kept before it was tried again.
                Err(error) => tracing::error!(%error, "the store of blobs cannot be used now; tried again"),
            }
            Ok(Arc::new(shelf))
        }
    }
}

/// This build cannot use object stores.
#[cfg(not(feature = "object-store"))]
#[expect(clippy::unused_async, reason = "a build with object stores waits for them")]
async fn remote(_: &Place) -> Result<Arc<dyn Shelf>> {
    Err(anyhow::Error::msg(crate::sources::NO_OBJECT_STORE))
}
