//! Which origin a reference belongs to.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};

use super::local::inline;
use super::{DirectoryOrigin, FetchError, Have, HttpOrigin, Incoming, LOCAL, Origin};
use crate::{Fetch, Reference};

/// All places that bytes come from. What a reference names and nobody here serves is refused.
#[derive(Clone, Default)]
pub struct Origins {
    /// The files of a feed: `file:` URLs, and objects of buckets that nobody else serves.
    pub directory: Option<DirectoryOrigin>,
    /// `http:` and `https:` URLs, and fresh references.
    pub http: Option<HttpOrigin>,
    /// Who serves the objects of which bucket.
    pub buckets: HashMap<String, Arc<dyn Origin>>,
}

impl Origins {
    fn of(&self, fetch: &Fetch) -> Result<&dyn Origin, FetchError> {
        let directory = || self.directory.as_ref().map(|origin| origin as &dyn Origin);
        let (found, place) = match fetch {
            Fetch::Object { bucket, .. } => {
                let served = self.buckets.get(bucket).map(AsRef::as_ref);
                (served.or_else(directory), format!("the bucket {bucket:?}"))
            }
            Fetch::Url(url) if url.starts_with("file:") => (directory(), "files".to_owned()),
            Fetch::Url(_) => (self.http.as_ref().map(|origin| origin as &dyn Origin), "URLs".to_owned()),
            Fetch::Inline(_) | Fetch::Unknown => (None, "such references".to_owned()),
        };
        let unknown = || FetchError::Refused(format!("the configuration names no place for {place}; see [blobs]"));
        found.ok_or_else(unknown)
    }
}

impl Origin for Origins {
    fn authority(&self, reference: &Reference) -> String {
        self.of(&reference.fetch).map_or_else(|_| LOCAL.to_owned(), |origin| origin.authority(reference))
    }

    fn fetch<'a>(&'a self, reference: &'a Reference, have: &'a Have) -> BoxFuture<'a, Result<Incoming, FetchError>> {
        async move {
            match &reference.fetch {
                Fetch::Inline(base64) => inline(reference, base64),
                fetch => self.of(fetch)?.fetch(reference, have).await,
            }
        }
        .boxed()
    }

    fn renew<'a>(&'a self, reference: &'a Reference) -> BoxFuture<'a, Result<String, FetchError>> {
        async move { self.of(&reference.fetch)?.renew(reference).await }.boxed()
    }
}
