//! Feeds in an S3-compatible object store: brought to a local directory, where the file feed reads them.
//!
//! Only objects directly below the prefix count, and of those the ones that a file feed would read. A fetch that broke
//! off goes on where it was; an object that is here, with the size and entity tag that the store names, is not fetched
//! again. What is not whole yet has a name that no feed reads.

mod local;

use std::path::{Path, PathBuf};

use continuity_base::Stop;
use object_store::aws::AmazonS3;
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore};

use self::local::Copy;
use crate::{bucket, causes};

/// Bytes that are fetched at a time, and held in memory.
const PART: u64 = 8 << 20;
/// What the objects of a feed end in.
const ENDINGS: [&str; 3] = [".ndjson", ".ndjson.gz", ".ndjson.zst"];

/// Where a feed is and who asks for it. Without a key the usual AWS variables and roles of the environment count.
#[derive(Clone, Default)]
pub struct RemoteOptions {
    /// The bucket.
    pub bucket: String,
    /// What the objects' names begin with, in whole parts between slashes; empty: the whole bucket.
    pub prefix: String,
    /// Where the store is, when it is not AWS itself: `https://host:port`, addressed path-style.
    pub endpoint: Option<String>,
    /// Region; `None`: as the environment says, else `us-east-1`.
    pub region: Option<String>,
    /// Key and secret.
    pub key: Option<(String, String)>,
    /// Session token that belongs to the key.
    pub session_token: Option<String>,
    /// Speak to an endpoint without TLS.
    pub allow_http: bool,
    /// PEM file of the authorities that the endpoint's certificate may come from, beside the system's.
    pub ca: Option<PathBuf>,
}

/// Why a feed is not here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// The store, or what was said about it, cannot be used.
    #[error("the object store cannot be used: {0}")]
    Store(String),
    /// There is nothing to fetch.
    #[error("there is no .ndjson, .ndjson.gz or .ndjson.zst object directly below s3://{0}")]
    Nothing(String),
    /// An object cannot be read.
    #[error("{object} cannot be fetched: {detail}")]
    Object {
        /// Its name.
        object: String,
        /// What the store said.
        detail: String,
    },
    /// The local copy cannot be written.
    #[error("{path} cannot be written: {cause}; make room, or see who may write there")]
    Local {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The caller wanted no more.
    #[error("{0}")]
    Refused(String),
    /// The stop was asked for.
    #[error("it was stopped")]
    Stopped,
}

/// Told how many bytes of how many are here; an error ends the fetch with these words.
pub type Told<'a> = dyn Fn(u64, u64) -> Result<(), String> + 'a;

/// A feed in an object store.
pub struct RemoteFeed {
    store: AmazonS3,
    prefix: ObjectPath,
    /// Bucket and prefix.
    place: String,
}

impl RemoteFeed {
    /// Nothing is connected before [`RemoteFeed::fetch`].
    pub fn new(options: &RemoteOptions) -> Result<Self, RemoteError> {
        let wrong = |error: String| RemoteError::Store(error);
        let store = bucket::client(options).map_err(wrong)?;
        let prefix = ObjectPath::parse(&options.prefix).map_err(|e| wrong(causes(&e)))?;
        let place = format!("{}/{prefix}", options.bucket);
        Ok(Self { store, prefix, place })
    }

    /// Brings every object of the feed into `directory`, in name order. Blocks until all are there.
    pub fn fetch(&self, directory: &Path, stop: &Stop, told: &Told<'_>) -> Result<(), RemoteError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| RemoteError::Store(format!("no runtime: {e}")))?;
        runtime.block_on(async {
            tokio::select! {
                fetched = self.fetch_all(directory, told) => fetched,
                () = stop.stopped() => Err(RemoteError::Stopped),
            }
        })
    }

    async fn fetch_all(&self, directory: &Path, told: &Told<'_>) -> Result<(), RemoteError> {
        let prefix = Some(&self.prefix).filter(|prefix| !prefix.as_ref().is_empty());
        let listed = self.store.list_with_delimiter(prefix).await;
        let mut objects =
            listed.map_err(|e| RemoteError::Store(format!("s3://{}: {}", self.place, causes(&e))))?.objects;
        objects.retain(|object| name_of(object).is_some_and(is_of_a_feed));
        objects.sort_by(|a, b| a.location.cmp(&b.location));
        if objects.is_empty() {
            return Err(RemoteError::Nothing(self.place.clone()));
        }
        local::create(directory)?;
        let of = objects.iter().map(|object| object.size).sum();
        let mut before = 0;
        for object in &objects {
            let report = |done: u64| told(before + done, of).map_err(RemoteError::Refused);
            self.fetch_one(object, directory, &report).await?;
            before += object.size;
        }
        Ok(())
    }

    async fn fetch_one(
        &self,
        object: &ObjectMeta,
        directory: &Path,
        report: &dyn Fn(u64) -> Result<(), RemoteError>,
    ) -> Result<(), RemoteError> {
        let failed = |detail: String| RemoteError::Object { object: object.location.to_string(), detail };
        let name = name_of(object).ok_or_else(|| failed("it has no name".to_owned()))?;
        let tag = object.e_tag.as_deref().unwrap_or_default();
        let Some(mut copy) = Copy::begin(directory, name, object.size, tag)? else {
            tracing::debug!(object = %object.location, "is here already");
            return report(object.size);
        };
        tracing::info!(object = %object.location, bytes = object.size, have = copy.len(), "fetching an object of the bootstrap feed");
        report(copy.len())?;
        while copy.len() < object.size {
            let until = object.size.min(copy.len() + PART);
            let range = Some(GetRange::Bounded(copy.len()..until));
            let options = GetOptions { if_match: object.e_tag.clone(), range, ..GetOptions::default() };
            let got = self.store.get_opts(&object.location, options).await.map_err(|e| failed(causes(&e)))?;
            let bytes = got.bytes().await.map_err(|e| failed(causes(&e)))?;
            if bytes.len() as u64 != until - copy.len() {
                return Err(failed(format!("{} bytes came, {} were asked for", bytes.len(), until - copy.len())));
            }
            copy.write(&bytes)?;
            report(copy.len())?;
        }
        copy.finish()
    }
}

/// The last part of an object's name.
fn name_of(object: &ObjectMeta) -> Option<&str> {
    object.location.as_ref().rsplit('/').next()
}

fn is_of_a_feed(name: &str) -> bool {
    !name.starts_with('.') && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests;
