//! Files of the platform in object stores of `JetStream`.

use std::error::Error as _;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::context::{
    Context, GetStreamError, GetStreamErrorKind, ObjectStoreError, ObjectStoreErrorKind,
};
use async_nats::jetstream::object_store::{GetError, GetErrorKind, Object};
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::{FetchError, Have, Incoming, Origin};
use crate::{Fetch, Reference};

/// Bytes that are read, and held in memory, at a time.
const PIECE: usize = 256 * 1024;
/// How long the broker may take to open an object, and for each piece of it.
const LIMIT: Duration = Duration::from_secs(30);
/// The server's code for a stream that is not there.
const NO_STREAM: usize = 404;

/// Reads references of the kind `OBJECT_STORE`: the bucket is the name of an object store, the key that of an object.
///
/// These stores give an object from its beginning only. Links are not followed: they lead to places that the reference
/// does not name.
pub struct NatsOrigin {
    context: Context,
    allowed_buckets: Vec<String>,
    limit: Duration,
}

impl NatsOrigin {
    /// Reads over a connection that is there already.
    pub fn new(context: Context, allowed_buckets: Vec<String>) -> Self {
        Self { context, allowed_buckets, limit: LIMIT }
    }

    /// How long the broker may take to open an object, and for each piece of it; without this, 30 seconds.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    fn place<'a>(&self, reference: &'a Reference) -> Result<Place<'a>, FetchError> {
        let Fetch::Object { bucket, key } = &reference.fetch else {
            return Err(FetchError::Refused("the reference names no object".to_owned()));
        };
        if self.allowed_buckets.contains(bucket) {
            return Ok(Place { bucket, key });
        }
        Err(FetchError::Refused(format!("the object store {bucket} is not among those allowed")))
    }

    async fn open(&self, reference: &Reference) -> Result<Incoming, FetchError> {
        let place = self.place(reference)?;
        // Requests would wait for the connection to come back.
        if self.context.client().connection_state() != State::Connected {
            return Err(FetchError::Failed("there is no connection to the NATS server at present".to_owned()));
        }
        let opened = timeout(self.limit, place.open(&self.context)).await;
        let object = opened.map_err(|_| late(self.limit))??;
        let total = Some(object.info.size as u64);
        let bytes = pieces(object, place.to_string(), self.limit).boxed();
        Ok(Incoming { from: 0, total, tag: None, media_type: None, bytes })
    }
}

impl Origin for NatsOrigin {
    fn authority(&self, reference: &Reference) -> String {
        match &reference.fetch {
            Fetch::Object { bucket, .. } => format!("nats:{bucket}"),
            _ => "nats:".to_owned(),
        }
    }

    fn fetch<'a>(&'a self, reference: &'a Reference, _: &'a Have) -> BoxFuture<'a, Result<Incoming, FetchError>> {
        self.open(reference).boxed()
    }

    fn renew<'a>(&'a self, _: &'a Reference) -> BoxFuture<'a, Result<String, FetchError>> {
        async { Err(FetchError::Refused("an object needs no fresh reference".to_owned())) }.boxed()
    }
}

/// One object.
#[derive(Clone, Copy)]
struct Place<'a> {
    bucket: &'a str,
    key: &'a str,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the object {:?} of the object store {}", self.key, self.bucket)
    }
}

impl Place<'_> {
    async fn open(self, context: &Context) -> Result<Object, FetchError> {
        let store = context.get_object_store(self.bucket).await.map_err(|error| self.no_store(&error))?;
        // Asked for the object, the client would follow a link, and never come back from a circle of them.
        let info = store.info(self.key).await.map_err(|error| self.no_object(&error.into()))?;
        if info.options.is_some_and(|options| options.link.is_some()) {
            return Err(self.link());
        }
        let object = store.get(self.key).await.map_err(|error| self.no_object(&error))?;
        // It may have become a link meanwhile.
        if object.info.name == self.key && object.info.bucket == self.bucket { Ok(object) } else { Err(self.link()) }
    }

    fn no_store(self, error: &ObjectStoreError) -> FetchError {
        let cause = error.source().and_then(|cause| cause.downcast_ref::<GetStreamError>());
        match cause.map(GetStreamError::kind) {
            Some(GetStreamErrorKind::JetStream(said)) if said.code() == NO_STREAM => {
                FetchError::Missing(format!("there is no object store {}", self.bucket))
            }
            _ if error.kind() == ObjectStoreErrorKind::InvalidBucketName => {
                FetchError::Refused(format!("{:?} is no name of an object store", self.bucket))
            }
            _ => FetchError::Failed(format!("{self}: {error}")),
        }
    }

    fn no_object(self, error: &GetError) -> FetchError {
        match error.kind() {
            GetErrorKind::NotFound => FetchError::Missing(self.to_string()),
            GetErrorKind::BucketLink => self.link(),
            GetErrorKind::InvalidName => FetchError::Refused(format!("{self}: that is no name of an object")),
            _ => FetchError::Failed(format!("{self}: {error}")),
        }
    }

    fn link(self) -> FetchError {
        FetchError::Refused(format!("{self} is a link, and links are not followed; name the object itself"))
    }
}

/// The bytes of an object. The client checks them against the store's digest, and fails at the end when they are wrong.
fn pieces(object: Object, place: String, limit: Duration) -> impl Stream<Item = Result<Bytes, FetchError>> + Send {
    stream::try_unfold((object, place), move |(mut object, place)| async move {
        let mut piece = BytesMut::with_capacity(PIECE);
        match timeout(limit, object.read_buf(&mut piece)).await {
            Err(_) => Err(late(limit)),
            Ok(Err(error)) => Err(FetchError::Failed(format!("{place}: {error}"))),
            Ok(Ok(0)) => Ok(None),
            Ok(Ok(_)) => Ok(Some((piece.freeze(), (object, place)))),
        }
    })
}

fn late(limit: Duration) -> FetchError {
    FetchError::Failed(format!("the NATS server sent nothing for {} seconds", limit.as_secs_f32()))
}
