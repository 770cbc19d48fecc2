//! From the configuration to the source that is followed, and to the feed that it is bootstrapped from.

mod bootstrap;
mod broker;
mod progress;
mod schedule;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use continuity_base::Clock;
use continuity_blobs::Blobs;
use continuity_ingest::{FileOptions, FileSource, Source};

use crate::config::{Config, SourceUrl};

pub(crate) use bootstrap::feed_files;
pub(crate) use progress::tell_progress;
pub(crate) use schedule::schedule;

/// What is said of kafka:// in builds that cannot follow it.
pub(crate) const NO_KAFKA: &str =
    "source.url names Kafka, but this build has no Kafka client: build it with the cargo feature kafka (on by default)";
/// What is said of s3:// in builds that cannot read it.
pub(crate) const NO_OBJECT_STORE: &str = "s3:// was asked for, but this build has no object store client: build it with \
                                          the cargo feature object-store (on by default)";

/// The source that `config` names, with its bootstrap in front of it when there is one; `data_dir` keeps what is fetched.
pub(crate) fn open(config: &Config, data_dir: &Path, clock: &Arc<dyn Clock>) -> Result<Box<dyn Source>> {
    let main = of_url(&config.source.url, "source.url", config, clock)?;
    bootstrap::before(main, config, data_dir, clock)
}

/// The source behind `url` (`key` in messages), with everything else as configured.
pub(crate) fn of_url(url: &str, key: &str, config: &Config, clock: &Arc<dyn Clock>) -> Result<Box<dyn Source>> {
    match SourceUrl::parse(url, key).map_err(anyhow::Error::msg)? {
        SourceUrl::File(path) => Ok(file(path, config)),
        SourceUrl::Nats { servers, tls } => Ok(broker::nats(servers, tls, config, clock)),
        SourceUrl::Kafka { brokers } => broker::kafka(brokers, config, clock),
    }
}

fn file(path: PathBuf, config: &Config) -> Box<dyn Source> {
    let (follow, max_line_bytes) = (config.source.follow, config.ingest.max_snapshot_bytes);
    Box::new(FileSource::new(FileOptions { follow, max_line_bytes, ..FileOptions::new(path) }))
}

/// The bytes that a feed at `url` brings along; without a file feed only those that are in the events themselves, unless
/// a directory is configured.
pub(crate) fn blobs(url: &str, config: &Config) -> Blobs {
    let configured = &config.source.blobs_dir;
    if !configured.as_os_str().is_empty() {
        return Blobs::new(Some(configured.clone()));
    }
    Blobs::new(url.strip_prefix("file:").map(|feed| beside(Path::new(feed))))
}

/// `blobs` beside the file, or in the directory.
fn beside(feed: &Path) -> PathBuf {
    let directory = if feed.is_dir() { feed } else { feed.parent().unwrap_or(feed) };
    directory.join("blobs")
}

/// Refuses a file feed that is not there.
pub(crate) fn must_exist(url: &str) -> Result<()> {
    match url.strip_prefix("file:") {
        Some(path) if !Path::new(path).exists() => bail!("there is no feed at {path}"),
        _ => Ok(()),
    }
}
