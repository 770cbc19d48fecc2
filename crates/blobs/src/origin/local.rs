//! What needs no network: `INLINE` bytes, and the files that a feed brings along.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream;

use super::{FetchError, Have, Incoming, LOCAL, Origin};
use crate::reference::{Fetch, MAX_INLINE};
use crate::{OpenBlob, Reference, place};

/// Files below one directory: `<directory>/<bucket>/<key>`, or what a `file:` URL names in it. Whatever a reference uses
/// to get outside of it is refused: `..`, an absolute path, a NUL, a symbolic link.
#[derive(Clone, Debug)]
pub struct DirectoryOrigin(PathBuf);

impl DirectoryOrigin {
    /// The directory need not be there yet.
    pub fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    fn open(&self, reference: &Reference, from: u64) -> Result<(File, u64, u64), FetchError> {
        let path = self.path(&reference.fetch).map_err(FetchError::Refused)?;
        let path = path.ok_or_else(|| FetchError::Missing("there is no such file in the blob directory".to_owned()))?;
        let unreadable = |error: io::Error| FetchError::Failed(format!("the file cannot be read: {error}"));
        let file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        let from = if from < size { from } else { 0 };
        Ok((file, from, size))
    }

    fn path(&self, fetch: &Fetch) -> Result<Option<PathBuf>, String> {
        let directory: &Path = &self.0;
        match fetch {
            Fetch::Object { bucket, key } => place::of_object(directory, bucket, key),
            Fetch::Url(url) => place::of_url(directory, url),
            Fetch::Inline(_) | Fetch::Unknown => Err("it names no file".to_owned()),
        }
    }
}

impl Origin for DirectoryOrigin {
    fn authority(&self, _: &Reference) -> String {
        LOCAL.to_owned()
    }

    fn fetch<'a>(&'a self, reference: &'a Reference, have: &'a Have) -> BoxFuture<'a, Result<Incoming, FetchError>> {
        let (origin, reference, from) = (self.clone(), reference.clone(), have.bytes);
        async move {
            let opened = tokio::task::spawn_blocking(move || (origin.open(&reference, from), reference.sha256)).await;
            let (opened, sha256) = opened.map_err(|error| FetchError::Failed(error.to_string()))?;
            let (file, from, size) = opened?;
            let pieces = OpenBlob::file(file, size, sha256).stream(from..size);
            let bytes = pieces.map(|piece| piece.map_err(|error| FetchError::Failed(error.to_string()))).boxed();
            Ok(Incoming { from, total: Some(size), tag: None, media_type: None, bytes })
        }
        .boxed()
    }

    fn renew<'a>(&'a self, _: &'a Reference) -> BoxFuture<'a, Result<String, FetchError>> {
        async { Err(FetchError::Refused("a file needs no fresh reference".to_owned())) }.boxed()
    }
}

/// The bytes in the reference itself.
pub(super) fn inline(reference: &Reference, base64: &str) -> Result<Incoming, FetchError> {
    let bytes = reference.inline_bytes(base64, MAX_INLINE).map_err(|error| FetchError::Refused(error.to_string()))?;
    let total = Some(bytes.len() as u64);
    let bytes = stream::iter([Ok(Bytes::from(bytes))]).boxed();
    Ok(Incoming { from: 0, total, tag: None, media_type: None, bytes })
}
