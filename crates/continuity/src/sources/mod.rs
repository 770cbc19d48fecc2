//! From the configuration to the source that is followed, and to the feed that it is bootstrapped from.

mod bootstrap;
mod broker;
mod progress;
mod schedule;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use continuity_base::Clock;
#[cfg(feature = "object-store")]
use continuity_blobs::remote::RemoteOptions;
use continuity_ingest::{FileOptions, FileSource, NatsOptions, Source};

#[cfg(feature = "kafka")]
use crate::config::Kafka;
use crate::config::{Config, Nats, SourceUrl, given};
#[cfg(feature = "object-store")]
use crate::config::{ObjectStoreUrl, Place};

pub(crate) use bootstrap::feed_files;
pub(crate) use progress::tell_progress;
pub(crate) use schedule::{schedule, windows};

/// What is said of kafka:// in builds that cannot follow it.
pub(crate) const NO_KAFKA: &str =
    "kafka:// was asked for, but this build has no Kafka client: build it with the cargo feature kafka (on by default)";
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

/// How the `JetStream` servers of the source are reached.
pub(crate) fn nats(servers: Vec<String>, tls: bool, config: &Config, clock: &Arc<dyn Clock>) -> NatsOptions {
    broker::nats_options(servers, tls, config, clock)
}

/// How other servers are reached, for what is no source.
pub(crate) fn nats_access(servers: Vec<String>, tls: bool, nats: &Nats, clock: &Arc<dyn Clock>) -> NatsOptions {
    broker::nats_access(servers, tls, nats, clock)
}

/// What librdkafka needs to reach other brokers, for what is no source.
#[cfg(feature = "kafka")]
pub(crate) fn kafka_access(brokers: &[String], kafka: &Kafka) -> Result<Vec<(String, String)>> {
    broker::kafka_access(brokers, kafka)
}

fn file(path: PathBuf, config: &Config) -> Box<dyn Source> {
    let (follow, max_line_bytes) = (config.source.follow, config.ingest.max_snapshot_bytes);
    Box::new(FileSource::new(FileOptions { follow, max_line_bytes, ..FileOptions::new(path) }))
}

/// The directory with the bytes that a feed at `url` brings along: the configured one, else the one beside a file feed.
pub(crate) fn blobs_dir(url: &str, config: &Config) -> Option<PathBuf> {
    given(&config.source.blobs_dir).or_else(|| url.strip_prefix("file:").map(|feed| beside(Path::new(feed))))
}

/// `blobs` beside the file, or in the directory.
fn beside(feed: &Path) -> PathBuf {
    let directory = if feed.is_dir() { feed } else { feed.parent().unwrap_or(feed) };
    directory.join("blobs")
}

/// A bucket of the configuration, and who asks for it.
#[cfg(feature = "object-store")]
pub(crate) fn object_store(url: ObjectStoreUrl, place: &Place) -> RemoteOptions {
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    RemoteOptions {
        bucket: url.bucket,
        prefix: url.prefix,
        endpoint: url.endpoint,
        region: text(&place.region),
        key: text(&place.access_key_id).zip(place.secret_access_key.given()),
        session_token: place.session_token.given(),
        allow_http: place.allow_http,
        ca: given(&place.ca),
    }
}

/// Refuses a file feed that is not there.
pub(crate) fn must_exist(url: &str) -> Result<()> {
    match url.strip_prefix("file:") {
        Some(path) if !Path::new(path).exists() => bail!("there is no feed at {path}"),
        _ => Ok(()),
    }
}
