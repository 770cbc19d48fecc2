//! Files of the platform in an S3-compatible store, read with our own key.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{Attribute, Error, GetOptions, GetRange, GetResult, ObjectStore, ObjectStoreExt};

use super::{FetchError, Have, Incoming, Origin};
use crate::remote::RemoteOptions;
use crate::{Fetch, Reference, bucket, causes};

/// Reads references of the kind `OBJECT_STORE` from the buckets that are allowed.
///
/// Its client asks again by itself, a few times, and goes on where a body broke off.
pub struct BucketOrigin {
    buckets: HashMap<String, Arc<dyn ObjectStore>>,
}

/// One object.
struct Place<'a> {
    store: &'a dyn ObjectStore,
    bucket: &'a str,
    path: ObjectPath,
}

impl BucketOrigin {
    /// A client for each bucket; `bucket` and `prefix` of the options do not count. Nothing is connected before the first
    /// fetch. The error says what in the options is wrong.
    pub fn new(options: RemoteOptions, allowed_buckets: Vec<String>) -> Result<Self, String> {
        let mut options = options;
        let mut buckets: HashMap<String, Arc<dyn ObjectStore>> = HashMap::new();
        for name in allowed_buckets {
            options.bucket.clone_from(&name);
            let client = bucket::streaming(&options).map_err(|error| format!("the bucket {name}: {error}"))?;
            buckets.insert(name, Arc::new(client));
        }
        Ok(Self { buckets })
    }

    fn place<'a>(&'a self, reference: &'a Reference) -> Result<Place<'a>, FetchError> {
        let refused = |detail: String| Err(FetchError::Refused(detail));
        let Fetch::Object { bucket, key } = &reference.fetch else {
            return refused("the reference names no object".to_owned());
        };
        let Some(store) = self.buckets.get(bucket) else {
            return refused(format!("the bucket {bucket} is not among those allowed"));
        };
        // The parser takes away slashes at the ends: what is left is another key then.
        match ObjectPath::parse(key) {
            Ok(path) if !key.is_empty() && path.as_ref() == key => Ok(Place { store: &**store, bucket, path }),
            _ => refused(format!("{key:?} is no key that is read")),
        }
    }
}

impl Origin for BucketOrigin {
    fn authority(&self, reference: &Reference) -> String {
        match &reference.fetch {
            Fetch::Object { bucket, .. } => format!("s3:{bucket}"),
            _ => "s3:".to_owned(),
        }
    }

    fn fetch<'a>(&'a self, reference: &'a Reference, have: &'a Have) -> BoxFuture<'a, Result<Incoming, FetchError>> {
        async move { self.place(reference)?.fetch(have).await }.boxed()
    }

    fn renew<'a>(&'a self, _: &'a Reference) -> BoxFuture<'a, Result<String, FetchError>> {
        async { Err(FetchError::Refused("an object needs no fresh reference".to_owned())) }.boxed()
    }
}

impl Place<'_> {
    async fn fetch(&self, have: &Have) -> Result<Incoming, FetchError> {
        let tag = have.tag.clone().filter(|_| have.bytes > 0);
        let Some(tag) = tag else { return self.whole().await };
        let range = Some(GetRange::Offset(have.bytes));
        let options = GetOptions { if_match: Some(tag), range, ..GetOptions::default() };
        match self.store.get_opts(&self.path, options).await {
            Ok(got) => Ok(incoming(got)),
            Err(Error::Precondition { .. }) => self.whole().await,
            Err(error) if self.ends_within(have.bytes, &error).await => self.whole().await,
            Err(error) => Err(self.failure(&error)),
        }
    }

    async fn whole(&self) -> Result<Incoming, FetchError> {
        let got = self.store.get_opts(&self.path, GetOptions::default()).await;
        got.map(incoming).map_err(|error| self.failure(&error))
    }

    /// Whether the error comes of asking for bytes behind the end: stores say that in many ways.
    async fn ends_within(&self, bytes: u64, error: &Error) -> bool {
        matches!(error, Error::Generic { .. }) && self.store.head(&self.path).await.is_ok_and(|meta| meta.size <= bytes)
    }

    fn failure(&self, error: &Error) -> FetchError {
        let place = format!("s3://{}/{}: {}", self.bucket, self.path, causes(error));
        match error {
            Error::NotFound { .. } => FetchError::Missing(place),
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => FetchError::Failed(format!(
                "{place}; give this replica's key the right to read the bucket's objects, and to list them: without it a \
                 store may answer so for an object that is not there"
            )),
            _ => FetchError::Failed(place),
        }
    }
}

fn incoming(got: GetResult) -> Incoming {
    let tag = got.meta.e_tag.clone().filter(|tag| !tag.starts_with("W/"));
    let media_type = got.attributes.get(&Attribute::ContentType).map(|value| value.as_ref().to_owned());
    let (from, total) = (got.range.start, Some(got.meta.size));
    let bytes = got.into_stream().map(|piece| piece.map_err(|error| FetchError::Failed(causes(&error)))).boxed();
    Incoming { from, total, tag, media_type, bytes }
}

#[cfg(test)]
mod tests;
