//! The bytes of documents and attachments: fetched, verified, kept, then handed out.
//!
//! Events carry references (event contract, section 3), never big bytes. [`BlobService`] follows the read model of
//! references, fetches what they name from its [`origin`], keeps it on a [`shelf`] under its SHA-256, looks at it again
//! from time to time, and lets go of it when nobody refers to it any more. It holds one promise: **no byte is given
//! before its SHA-256 and its size were checked against the reference.**

#[cfg(feature = "object-store")]
mod bucket;
mod direct;
mod disk;
mod error;
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

pub use direct::{direct, inline};
pub use error::BlobError;
pub use open::OpenBlob;
pub use reference::{Fetch, Reference};
pub use service::{
    BlobAmount, BlobFailure, BlobLag, BlobOptions, BlobPlaces, BlobService, BlobServiceError, BlobState, CopiedBlobs,
    Hold, IndexError, LoanBlobs, Scrub, Window,
};

use continuity_base::causes;
