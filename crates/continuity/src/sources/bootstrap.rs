//! The snapshot feed that is read before the source.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;
use continuity_base::{Clock, Stop};
use continuity_ingest::{Bootstrap, BootstrapOptions, Fetch, FetchProgress, Source};

use crate::config::{BootstrapUrl, Config, Place};
use crate::progress::telling;

/// Puts the configured bootstrap in front of `main`; without one `main` itself.
pub(super) fn before(
    main: Box<dyn Source>,
    config: &Config,
    data_dir: &Path,
    clock: &Arc<dyn Clock>,
) -> Result<Box<dyn Source>> {
    let url = &config.bootstrap.url;
    if url.is_empty() {
        return Ok(main);
    }
    let reserve = config.ingest.min_free_bytes;
    let Feed { files, fetch } = feed(url, "bootstrap.url", &config.bootstrap, data_dir, reserve)?;
    let max_line_bytes = config.ingest.max_snapshot_bytes;
    let options = BootstrapOptions { url: url.clone(), files, max_line_bytes, fetch, clock: Arc::clone(clock) };
    Ok(Box::new(Bootstrap::new(options, main)))
}

/// A feed's files, and what brings them there when they are elsewhere.
struct Feed {
    files: PathBuf,
    fetch: Option<Fetch>,
}

/// The files of the feed at `url` (`key` in messages), brought here first when they are in an object store.
pub(crate) fn feed_files(
    url: &str,
    key: &str,
    configured: &Place,
    data_dir: &Path,
    reserve: u64,
    stop: &Stop,
    told: &mut dyn FnMut(u64, u64),
) -> Result<PathBuf> {
    let Feed { files, fetch } = feed(url, key, configured, data_dir, reserve)?;
    if let Some(fetch) = fetch {
        let progress = FetchProgress::default();
        let tell = &mut || told(progress.done.load(Ordering::Relaxed), progress.of.load(Ordering::Relaxed));
        telling(|| fetch(stop, &progress), tell)?.map_err(anyhow::Error::msg)?;
    }
    Ok(files)
}

fn feed(url: &str, key: &str, configured: &Place, data_dir: &Path, reserve: u64) -> Result<Feed> {
    match BootstrapUrl::parse(url, key).map_err(anyhow::Error::msg)? {
        BootstrapUrl::File(files) => Ok(Feed { files, fetch: None }),
        BootstrapUrl::S3(place) => remote(url, place, configured, data_dir, reserve),
    }
}

#[cfg(feature = "object-store")]
fn remote(
    url: &str,
    place: crate::config::ObjectStoreUrl,
    configured: &Place,
    data_dir: &Path,
    reserve: u64,
) -> Result<Feed> {
    use std::sync::{Mutex, PoisonError};

    use continuity_base::{DirectorySpace, Space};
    use continuity_blobs::remote::RemoteFeed;

    static FETCHING: Mutex<()> = Mutex::new(());
    let remote = RemoteFeed::new(&super::object_store(place, configured))?;
    // Exports of different places do not meet, and one is found again by its place.
    let files = data_dir.join("bootstrap").join(hex::encode(url_key(url)));
    let (into, space) = (files.clone(), DirectorySpace::new(data_dir));
    let fetch: Fetch = Arc::new(move |stop, progress| {
        let told = |done: u64, of: u64| {
            progress.of.store(of, Ordering::Relaxed);
            progress.done.store(done, Ordering::Relaxed);
            match space.free() {
                Ok(free) if free < reserve.saturating_add(of - done) => Err(format!(
                    "{} bytes are still to come, {free} are free on the disk, and {reserve} have to stay free",
                    of - done
                )),
                _ => Ok(()),
            }
        };
        // The bootstrap and a repair may want the same files.
        let _one_at_a_time = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
        remote.fetch(&into, stop, &told).map_err(|error| error.to_string())
    });
    Ok(Feed { files, fetch: Some(fetch) })
}

#[cfg(feature = "object-store")]
fn url_key(url: &str) -> [u8; 8] {
    let mut key = [0; 8];
    // FNV-1a: short, and the same in every version.
    let hash = url
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    key.copy_from_slice(&hash.to_be_bytes());
    key
}

/// This build cannot read object stores.
#[cfg(not(feature = "object-store"))]
fn remote(_: &str, _: crate::config::ObjectStoreUrl, _: &Place, _: &Path, _: u64) -> Result<Feed> {
    Err(anyhow::Error::msg(super::NO_OBJECT_STORE))
}
