//! Where bytes come from: the seam that every place of the platform's files is read through.

#[cfg(feature = "object-store")]
mod bucket;
mod http;
mod local;
mod nats;
mod router;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use thiserror::Error;

use crate::reference::Reference;
#[cfg(feature = "object-store")]
pub use bucket::BucketOrigin;
pub use http::{HttpOptions, HttpOptionsError, HttpOrigin};
pub use local::DirectoryOrigin;
pub use nats::NatsOrigin;
pub use router::Origins;

/// What is here of a blob already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Have {
    /// Bytes from the beginning.
    pub bytes: u64,
    /// The entity tag (strong, RFC 9110, section 8.8.3) that they came with. Without one they cannot be gone on with
    /// over HTTP.
    pub tag: Option<String>,
}

/// Bytes on their way. They are not verified.
pub struct Incoming {
    /// Which byte comes first: [`Have::bytes`], or 0 where the origin begins again.
    pub from: u64,
    /// How many the whole blob has, where the origin says so.
    pub total: Option<u64>,
    /// The strong entity tag of what comes.
    pub tag: Option<String>,
    /// The media type that the origin names.
    pub media_type: Option<String>,
    /// The bytes. A stream that ends before `total` is cut off: the queue sees that.
    pub bytes: BoxStream<'static, Result<Bytes, FetchError>>,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, total, tag, media_type, .. } = self;
        f.debug_struct("Incoming")
            .field("from", from)
            .field("total", total)
            .field("tag", tag)
            .field("media_type", media_type)
            .finish_non_exhaustive()
    }
}

/// Why no bytes come.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchError {
    /// The origin does not have them (404).
    #[error("it is not there: {0}")]
    Missing(String),
    /// The reference is not good any more (401, 403, 410): a fresh one may be.
    #[error("the reference is not accepted: {0}")]
    Expired(String),
    /// The origin wants to be left alone for a while (429, or 503 with `Retry-After`).
    #[error("the origin is busy: {detail}")]
    Busy {
        /// What it said.
        detail: String,
        /// `Retry-After`, where it sent one.
        retry_after: Option<Duration>,
    },
    /// It is never fetched: a scheme, host or place that the configuration does not allow.
    #[error("it may not be fetched: {0}")]
    Refused(String),
    /// Anything else: a connection that breaks, a 5xx, a time limit.
    #[error("{0}")]
    Failed(String),
}

/// The authority of what is on this machine.
pub const LOCAL: &str = "local";

/// A place that bytes are read from.
pub trait Origin: Send + Sync + 'static {
    /// Who is asked for the bytes, for limits: `host:port`, `s3:bucket`, `nats:bucket`, or [`LOCAL`].
    fn authority(&self, reference: &Reference) -> String;

    /// The bytes behind what is here already.
    fn fetch<'a>(&'a self, reference: &'a Reference, have: &'a Have) -> BoxFuture<'a, Result<Incoming, FetchError>>;

    /// A fresh reference (raw JSON) to the same blob, in place of one that expired.
    fn renew<'a>(&'a self, reference: &'a Reference) -> BoxFuture<'a, Result<String, FetchError>>;
}
