//! What the loops and the handle share.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use continuity_base::{DirectorySpace, Space, Timestamp};
use futures_util::StreamExt;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tracing::error;

use super::scrub::Scrub;
use super::{BlobOptions, BlobPlaces, BlobServiceError};
use crate::OpenBlob;
use crate::disk::blocking;
use crate::index::{Fault, Index, IndexError, Row, State, Writer};
use crate::queue::pace::Pace;
use crate::queue::quarantine::Quarantine;
use crate::shelf::Digest;

/// Blobs that are asked for ahead of the queue, at a time. Beyond that they wait for their turn.
const MOST_WANTED: usize = 256;

pub(crate) struct Core {
    pub(crate) options: BlobOptions,
    pub(crate) places: BlobPlaces,
    pub(crate) index: Arc<Index>,
    pub(crate) incoming: PathBuf,
    pub(crate) quarantine: Quarantine,
    space: DirectorySpace,
    pub(crate) pace: Pace,
    pub(crate) scrub_pace: Pace,
    /// For bytes that somebody waits for.
    pub(crate) unpaced: Pace,
    /// What somebody asked for and is not here.
    pub(crate) wanted: Mutex<HashSet<Digest>>,
    /// What is to be hashed again now.
    pub(crate) suspects: Mutex<HashSet<Digest>>,
    /// The last time that somebody wanted everything hashed again.
    pub(crate) scrub: Mutex<Option<Scrub>>,
    /// Wakes the queue.
    pub(crate) wake: Notify,
    /// What keeps the service from its work at the moment.
    pub(crate) troubles: Troubles,
    /// Bytes that there was no room for, and what was said then.
    pub(crate) short: Mutex<Option<(u64, String)>>,
    /// Stored bytes that are known to be wrong, until they were taken away: the index may not have heard of it.
    pub(crate) bad: Mutex<HashSet<Digest>>,
    /// References are read from the beginning, and not through yet.
    pub(crate) anew: AtomicBool,
    /// Guards that keep the collector still.
    pub(crate) holds: Arc<AtomicUsize>,
    pub(crate) runtime: Handle,
    claimed: Mutex<HashSet<Digest>>,
}

impl Core {
    pub(crate) fn open(options: BlobOptions, places: BlobPlaces) -> Result<Arc<Self>, BlobServiceError> {
        let (incoming, quarantine) = (options.directory.join("incoming"), options.directory.join("quarantine"));
        make(&incoming)?;
        make(&quarantine)?;
        let runtime = Handle::try_current().map_err(|_| BlobServiceError::NoRuntime)?;
        let index = Index::open(&options.directory.join("index.redb"), options.references_version, options.log_head)?;
        let pace = |rate| Pace::new(Arc::clone(&places.clock), rate);
        Ok(Arc::new(Self {
            anew: AtomicBool::new(index.tally().cursor.is_none()),
            index,
            incoming,
            space: DirectorySpace::new(&options.directory),
            quarantine: Quarantine::new(quarantine, options.quarantine_bytes),
            pace: pace(options.max_bytes_per_second),
            scrub_pace: pace(options.scrub_bytes_per_second),
            unpaced: pace(0),
            wanted: Mutex::default(),
            suspects: Mutex::default(),
            scrub: Mutex::default(),
            wake: Notify::new(),
            troubles: Troubles::default(),
            short: Mutex::default(),
            bad: Mutex::default(),
            holds: Arc::default(),
            runtime,
            claimed: Mutex::default(),
            options,
            places,
        }))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.places.clock.now()
    }

    /// The only right to fetch, hash or remove these bytes until it is dropped; `None` while somebody has it.
    pub(crate) fn claim(self: &Arc<Self>, digest: Digest) -> Option<Claim> {
        let claimed = self.claimed.lock().insert(digest);
        claimed.then(|| Claim { core: Arc::clone(self), digest })
    }

    /// Asks for the bytes ahead of the queue.
    pub(crate) fn want(&self, digest: Digest) {
        let mut wanted = self.wanted.lock();
        if wanted.len() < MOST_WANTED && wanted.insert(digest) {
            self.wake.notify_one();
        }
    }

    /// A durable change of the index, off the async threads.
    pub(crate) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut Writer<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, BlobServiceError> {
        let index = Arc::clone(&self.index);
        blocking(move || Ok(index.write(change)?)).await
    }

    /// Bytes that may be written before what has to stay free is touched.
    pub(crate) fn room(&self) -> std::io::Result<u64> {
        Ok(self.space.free()?.saturating_sub(self.options.min_free_bytes))
    }

    /// Why nothing is fetched or verified, or references are not known, at this moment.
    pub(crate) fn failing(&self) -> Option<String> {
        let mut short = self.short.lock();
        // The disk is looked at now: what was short of room may have it.
        if short.as_ref().is_some_and(|(wanted, _)| self.room().is_ok_and(|room| room >= *wanted)) {
            *short = None;
        }
        let told = short.as_ref().map(|(_, told)| told.clone());
        drop(short);
        self.troubles.any().or(told)
    }

    /// What is on the shelf is lost or wrong: raises the alarm and has it fetched again.
    pub(crate) fn damaged(&self, digest: &Digest, reason: &str) -> Result<(), IndexError> {
        let now = self.now();
        self.index.write(|writer| writer.change(digest, |row| row.damage(reason, now)))?;
        alarm(digest, reason);
        self.wake.notify_one();
        Ok(())
    }

    /// The row of a blob that can be given.
    pub(crate) fn available(&self, digest: &Digest) -> Result<Option<Row>, IndexError> {
        Ok(self.index.row(digest)?.filter(|row| row.state == State::Available))
    }
}

/// What keeps the service from its work, by the part that found it out.
#[derive(Default)]
pub(crate) struct Troubles(Mutex<BTreeMap<&'static str, String>>);

impl Troubles {
    /// What that part says now; `None`: it is well.
    pub(crate) fn tell(&self, part: &'static str, trouble: Option<String>) {
        match trouble {
            Some(trouble) => drop(self.0.lock().insert(part, trouble)),
            None => drop(self.0.lock().remove(part)),
        }
    }

    /// One of them, if there is any.
    pub(crate) fn any(&self) -> Option<String> {
        self.0.lock().values().next().cloned()
    }
}

/// See [`Core::claim`].
pub(crate) struct Claim {
    core: Arc<Core>,
    digest: Digest,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.core.claimed.lock().remove(&self.digest);
    }
}

/// Bytes are wrong: an operator should know.
pub(crate) fn alarm(digest: &Digest, reason: &str) {
    error!(blob.sha256 = hex::encode(digest), reason, "a blob is damaged; it is not served, and fetched again");
}

/// Input/output error (errno 5): the disk does not give the bytes back any more.
const EIO: i32 = 5;

/// Whether bytes that are stored cannot be had any more.
pub(crate) fn unreadable(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::UnexpectedEof || error.raw_os_error() == Some(EIO)
}

/// Size and digest of what is on the shelf.
pub(crate) async fn hash(blob: OpenBlob, pace: &Pace) -> std::io::Result<(u64, Digest)> {
    let (mut length, mut hash, size) = (0, Sha256::new(), blob.size);
    let mut pieces = std::pin::pin!(blob.stream(0..size));
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        length += piece.len() as u64;
        pace.take(piece.len() as u64).await;
        hash = blocking(move || {
            hash.update(&piece);
            Ok::<_, std::io::Error>(hash)
        })
        .await?;
    }
    Ok((length, hash.finalize().into()))
}

fn make(directory: &Path) -> Result<(), BlobServiceError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|cause| BlobServiceError::Directory { path: directory.to_owned(), cause })
}
