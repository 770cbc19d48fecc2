//! The store in a bucket: `<prefix>/sha256/ab/abcd…`, one object a digest.
//!
//! Small bytes are put with create-if-absent (`If-None-Match: *`). Large ones go up in parts, which stores do not join
//! conditionally: we look first, and check the size afterwards. That is safe because a name is the digest of what is
//! behind it: whoever writes it writes the same verified bytes, an upload shows nothing until it is complete, and
//! completing it puts the whole object in place at once. The worst of a race is work done twice.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{Error, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode};
use thiserror::Error as ThisError;
use tokio::io::AsyncReadExt;

use super::{Digest, Kept, Shelf, digest_of};
use crate::remote::RemoteOptions;
use crate::{OpenBlob, bucket, causes};

/// Up to here an object is put in one request; above, in parts of this size. It is what a writer holds in memory.
const PART: u64 = 8 << 20;

/// Why a bucket does not do.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum ProbeError {
    /// The client cannot be made, or the store does not answer as it should.
    #[error(
        "the blob store {place} cannot be used: {detail}; check bucket, endpoint, key and its rights to read, write and delete"
    )]
    Unusable {
        /// Bucket or prefix.
        place: String,
        /// What is wrong.
        detail: String,
    },
    /// It lets a second writer overwrite what the first one created.
    #[error(
        "the blob store {place} does not support create-if-absent (If-None-Match: *): {detail}; use a store that does (AWS S3, MinIO, Ceph from Squid on), or the local disk"
    )]
    Overwrites {
        /// Bucket or prefix.
        place: String,
        /// What it did.
        detail: String,
    },
}

/// Objects below a prefix of a store.
#[derive(Clone, Debug)]
pub struct ObjectShelf {
    store: Arc<dyn ObjectStore>,
    root: ObjectPath,
}

impl ObjectShelf {
    /// A shelf below `prefix` (empty: the whole store). Call [`ObjectShelf::probe`] before it is used.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Result<Self, ProbeError> {
        let unusable = |detail| ProbeError::Unusable { place: prefix.to_owned(), detail };
        let root = ObjectPath::parse(prefix).map_err(|error| unusable(causes(&error)))?;
        Ok(Self { store, root })
    }

    /// A shelf in an S3-compatible bucket, below the options' prefix. Nothing is connected before
    /// [`ObjectShelf::probe`].
    pub fn in_bucket(options: &RemoteOptions) -> Result<Self, ProbeError> {
        let unusable = |detail| ProbeError::Unusable { place: options.bucket.clone(), detail };
        let store = bucket::client(options).map_err(unusable)?;
        Self::new(Arc::new(store), &options.prefix)
    }

    /// Makes sure that the store creates only what is absent, and gives back what it was given. `unique` is part of the
    /// name of the object that it writes and removes: one of its own for each call.
    pub async fn probe(&self, unique: &str) -> Result<(), ProbeError> {
        let path = self.root.clone().join("probe").join(unique);
        let probed = self.probe_at(&path).await;
        let removed = self.store.delete(&path).await;
        probed?;
        removed.map_err(|error| self.unusable(&error))
    }

    async fn probe_at(&self, path: &ObjectPath) -> Result<(), ProbeError> {
        let first = Bytes::from_static(b"first");
        let overwrites = |detail: String| ProbeError::Overwrites { place: self.root.to_string(), detail };
        match self.store.put_opts(path, first.clone().into(), PutMode::Create.into()).await {
            Err(error @ (Error::NotImplemented { .. } | Error::NotSupported { .. })) => {
                return Err(overwrites(causes(&error)));
            }
            done => done.map_err(|error| self.unusable(&error))?,
        };
        match self.store.put_opts(path, Bytes::from_static(b"second").into(), PutMode::Create.into()).await {
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {}
            Err(error) => return Err(self.unusable(&error)),
            Ok(_) => return Err(overwrites("it created the same object twice".to_owned())),
        }
        let got = self.store.get(path).await.map_err(|error| self.unusable(&error))?;
        let bytes = got.bytes().await.map_err(|error| self.unusable(&error))?;
        if bytes == first { Ok(()) } else { Err(overwrites("the first of two writes was not kept".to_owned())) }
    }

    fn unusable(&self, error: &Error) -> ProbeError {
        ProbeError::Unusable { place: self.root.to_string(), detail: causes(error) }
    }

    fn place(&self, digest: &Digest) -> ObjectPath {
        self.root.clone().join("sha256").join(hex::encode(&digest[..1])).join(hex::encode(digest))
    }

    async fn head(&self, path: &ObjectPath) -> io::Result<Option<ObjectMeta>> {
        match self.store.head(path).await {
            Ok(meta) => Ok(Some(meta)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(at(path, &error)),
        }
    }

    async fn keep_now(&self, part: &Path, digest: &Digest, size: u64) -> io::Result<Kept> {
        let path = self.place(digest);
        let there = self.head(&path).await?;
        let kept = match there {
            Some(meta) if meta.size == size => Kept::WasThere,
            there => self.put(&path, part, size, there.is_some()).await?,
        };
        tokio::fs::remove_file(part).await?;
        Ok(kept)
    }

    async fn put(&self, path: &ObjectPath, part: &Path, size: u64, replace: bool) -> io::Result<Kept> {
        let mut file = tokio::fs::File::open(part).await?;
        if file.metadata().await?.len() != size {
            return Err(io::Error::new(ErrorKind::InvalidData, format!("{} has not {size} bytes", part.display())));
        }
        if size <= PART {
            let mode = if replace { PutMode::Overwrite } else { PutMode::Create };
            let bytes = read(&mut file, size).await?;
            return match self.store.put_opts(path, bytes.into(), mode.into()).await {
                Ok(_) => Ok(Kept::Stored),
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Kept::WasThere),
                Err(error) => Err(at(path, &error)),
            };
        }
        let mut upload = self.store.put_multipart(path).await.map_err(|error| at(path, &error))?;
        if let Err(error) = send(&mut *upload, &mut file, size, path).await {
            // The store forgets the parts by its own rules if this does not get through.
            drop(upload.abort().await);
            return Err(error);
        }
        match self.head(path).await? {
            Some(meta) if meta.size == size => Ok(Kept::Stored),
            _ => Err(io::Error::new(ErrorKind::InvalidData, format!("{path}: the store has not {size} bytes of it"))),
        }
    }
}

impl Shelf for ObjectShelf {
    fn check(&self) -> BoxFuture<'_, io::Result<()>> {
        async { self.probe(&hex::encode(rand::random::<[u8; 8]>())).await.map_err(io::Error::other) }.boxed()
    }

    fn keep<'a>(&'a self, part: &'a Path, digest: &'a Digest, size: u64) -> BoxFuture<'a, io::Result<Kept>> {
        self.keep_now(part, digest, size).boxed()
    }

    fn open<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, io::Result<Option<OpenBlob>>> {
        async move {
            let path = self.place(digest);
            let meta = self.head(&path).await?;
            Ok(meta.map(|meta| OpenBlob::object(Arc::clone(&self.store), path, meta.size, *digest)))
        }
        .boxed()
    }

    fn remove<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, io::Result<bool>> {
        async move {
            let path = self.place(digest);
            if self.head(&path).await?.is_none() {
                return Ok(false);
            }
            self.store.delete(&path).await.map_err(|error| at(&path, &error))?;
            Ok(true)
        }
        .boxed()
    }

    fn list(&self) -> BoxStream<'_, io::Result<(Digest, u64)>> {
        let root = self.root.clone().join("sha256");
        let objects = self.store.list(Some(&root));
        objects
            .filter_map(move |object| {
                let found = match object {
                    Ok(meta) => meta
                        .location
                        .filename()
                        .and_then(digest_of)
                        .filter(|digest| self.place(digest) == meta.location)
                        .map(|digest| Ok((digest, meta.size))),
                    Err(error) => Some(Err(at(&root, &error))),
                };
                async move { found }
            })
            .boxed()
    }
}

async fn send(
    upload: &mut dyn MultipartUpload,
    file: &mut tokio::fs::File,
    size: u64,
    path: &ObjectPath,
) -> io::Result<()> {
    let mut left = size;
    while left > 0 {
        let bytes = read(file, left.min(PART)).await?;
        left -= bytes.len() as u64;
        upload.put_part(bytes.into()).await.map_err(|error| at(path, &error))?;
    }
    upload.complete().await.map_err(|error| at(path, &error))?;
    Ok(())
}

async fn read(file: &mut tokio::fs::File, length: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact(&mut bytes).await?;
    Ok(Bytes::from(bytes))
}

fn at(path: &ObjectPath, error: &Error) -> io::Error {
    io::Error::other(format!("{path}: {}", causes(error)))
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::super::conformance;
    use super::*;

    #[tokio::test]
    async fn it_conforms() {
        for prefix in ["", "a/b"] {
            let shelf = ObjectShelf::new(Arc::new(InMemory::new()), prefix).unwrap();
            shelf.probe("one").await.unwrap();
            conformance::check(&shelf).await;
        }
    }

    #[tokio::test]
    async fn foreign_names_are_passed_over_and_other_sizes_replaced() {
        let store = Arc::new(InMemory::new());
        let shelf = ObjectShelf::new(Arc::clone(&store) as _, "p").unwrap();
        let digest = conformance::stored(&shelf, b"hello").await;
        store.put(&"p/sha256/2c/notes".into(), Bytes::from_static(b"x").into()).await.unwrap();
        store.put(&shelf.place(&digest), Bytes::from_static(b"hel").into()).await.unwrap();
        assert_eq!(conformance::listed(&shelf).await, [(digest, 3)]);
        assert_eq!(conformance::keep(&shelf, b"hello").await.unwrap(), Kept::Stored);
        assert_eq!(conformance::bytes_of(&shelf, &digest).await.unwrap(), b"hello");
    }

    #[tokio::test]
    async fn stores_that_overwrite_or_do_not_answer_are_refused() {
        let directory = tempfile::TempDir::new().unwrap();
        let options = RemoteOptions {
            bucket: "b".to_owned(),
            endpoint: Some("https://127.0.0.1:1".to_owned()),
            ca: Some(directory.path().join("none.pem")),
            ..Default::default()
        };
        let error = ObjectShelf::in_bucket(&options).unwrap_err().to_string();
        assert!(error.contains("none.pem"), "{error}");
        assert!(ObjectShelf::new(Arc::new(InMemory::new()), "a//b").is_err());
        let store = Arc::new(InMemory::new());
        let shelf = ObjectShelf::new(Arc::clone(&store) as _, "").unwrap();
        store.put(&"probe/x".into(), Bytes::from_static(b"x").into()).await.unwrap();
        assert!(matches!(shelf.probe("x").await, Err(ProbeError::Unusable { .. })));
    }
}
