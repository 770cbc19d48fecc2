//! The blob service: every byte that a loan refers to is fetched, verified, kept, looked at again, and removed when
//! nobody needs it.
//!
//! [`BlobService`] is the handle, cheap to clone; [`BlobService::run`] is the work. Three promises hold it together: only
//! bytes whose size and SHA-256 were verified become AVAILABLE; whatever the process is killed in the middle of is taken
//! up again; one digest is worked on in one place at a time.

mod collect;
mod copy;
pub(crate) mod core;
mod follow;
mod inventory;
mod options;
mod report;
mod scrub;
mod serve;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use continuity_base::Stop;
use futures_util::FutureExt;
use thiserror::Error;

pub use copy::CopiedBlobs;
pub use options::{BlobOptions, BlobPlaces, Window};
pub use report::{BlobFailure, BlobLag, LoanBlobs};
pub use scrub::Scrub;
pub use serve::BlobState;

pub use crate::index::IndexError;
pub use crate::index::tally::BlobAmount;

use self::core::Core;
use crate::disk::blocking;
use crate::{metrics, queue};

/// The part of the troubles that stops everything.
const WORK: &str = "work";
/// The wait before work that failed is taken up again, in ticks.
const AGAIN: u32 = 20;

/// The service cannot work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BlobServiceError {
    /// The index does not open, or does not take a change.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// One of its directories cannot be made.
    #[error("the blob directory {} cannot be used: {cause}; look at its owner and the disk", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What went wrong.
        cause: io::Error,
    },
    /// It was made outside a Tokio runtime.
    #[error("the blob service needs a Tokio runtime; make it inside of one")]
    NoRuntime,
    /// What is stored, or a directory, cannot be read.
    #[error("stored blobs cannot be read: {0}; look at the store and the disk")]
    Io(#[from] io::Error),
}

/// Asks the service, and tells it what to do.
#[derive(Clone)]
pub struct BlobService {
    core: Arc<Core>,
}

/// While one lives, nothing is removed. For backups.
pub struct Hold(Arc<AtomicUsize>);

impl BlobService {
    /// Opens the index. Call it inside a Tokio runtime; it blocks for as long as counting all rows takes.
    pub fn new(options: BlobOptions, places: BlobPlaces) -> Result<Self, BlobServiceError> {
        metrics::describe();
        Ok(Self { core: Core::open(options, places)? })
    }

    /// Works until the stop is asked for. What is under way then is gone on with by the next run. When the index or the
    /// disk does not do its work, [`BlobLag::failing`] says so, what is stored is served on, and it is tried again.
    pub async fn run(self, stop: Stop) {
        let again = async {
            loop {
                let trouble = match AssertUnwindSafe(work(&self.core)).catch_unwind().await {
                    Ok(Ok(never)) => match never {},
                    Ok(Err(error)) => error.to_string(),
                    // Redb may over a damaged file, which is then opened again.
                    Err(_) => "a part of it panicked; the log says where".to_owned(),
                };
                tracing::error!(trouble, "blobs are neither fetched nor verified; tried again");
                self.core.troubles.tell(WORK, Some(trouble));
                self.core.scrub_gives_up();
                tokio::time::sleep(self.core.options.tick * AGAIN).await;
            }
        };
        tokio::select! {
            () = stop.stopped() => {}
            () = again => {}
        }
    }

    /// Keeps the collector still until the guard is dropped.
    #[must_use = "the collector goes on when it is dropped"]
    pub fn hold(&self) -> Hold {
        self.core.holds.fetch_add(1, Ordering::SeqCst);
        Hold(Arc::clone(&self.core.holds))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn work(core: &Arc<Core>) -> Result<Infallible, BlobServiceError> {
    let index = Arc::clone(&core.index);
    blocking(move || Ok::<_, BlobServiceError>(index.mend()?)).await?;
    core.places.shelf.check().await?;
    inventory::take(core).await?;
    core.troubles.tell(WORK, None);
    let (never, ..) = tokio::try_join!(follow::run(core), queue::run(core), collect::run(core), scrub::run(core))?;
    Ok(never)
}
