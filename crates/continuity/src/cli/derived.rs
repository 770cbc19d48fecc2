//! `continuity projection` and `continuity blobs`: what is made of the log.

use clap::{Args, Subcommand};

use super::OnData;

#[derive(Debug, Subcommand)]
pub(crate) enum Projection {
    /// Each read model with its position, rows, size and digest.
    List(OnData),
    /// Fold a read model again from the log into a new file, which then is served. A build whose rows were others is kept.
    Rebuild {
        #[command(flatten)]
        on: OnData,
        /// Name as `projection list` prints it.
        name: String,
    },
    /// Serve the build that is kept since a rebuild differed, and keep the one that is served now.
    Rollback(Choice),
    /// Remove the build that is kept: the one that is served is right. This cannot be undone.
    Discard(Choice),
}

#[derive(Debug, Args)]
pub(crate) struct Choice {
    #[command(flatten)]
    pub(crate) on: OnData,
    /// Name as `projection list` prints it.
    pub(crate) name: String,
    /// Number of the kept build, as `projection list` says it: refused if another one is kept by now.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) build: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Blobs {
    /// How many are on their way, stored, failed and damaged.
    Status {
        #[command(flatten)]
        on: OnData,
        /// Only those of this loan.
        #[arg(long, value_name = "ID")]
        loan: Option<String>,
    },
    /// Failed and damaged ones, and those that were tried often in vain: why, and whose they are.
    List {
        #[command(flatten)]
        on: OnData,
        /// How many.
        #[arg(long, default_value_t = 100)]
        limit: u64,
    },
    /// Fetch one that failed again, now.
    Retry(BlobId),
    /// Hash a stored one again, now; when it is damaged, it is fetched again.
    Verify(BlobId),
    /// Hash all that are stored again, now, and wait for the end; damaged ones are fetched again.
    Scrub(OnData),
}

#[derive(Debug, Args)]
pub(crate) struct BlobId {
    #[command(flatten)]
    pub(crate) on: OnData,
    /// Its SHA-256 as `blobs list` prints it.
    pub(crate) sha256: String,
}
