//! `continuity serve`: the replica in production.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use continuity_api::TlsFiles;
use continuity_base::SystemClock;
use continuity_blobs::Blobs;
use continuity_ingest::{FileOptions, FileSource, Source};

use crate::app::{self, Serving};
use crate::cli::Configured;
use crate::config::{self, Config};
use crate::core::{Core, ingest_options};
use crate::datadir::DataDir;
use crate::telemetry;

/// Runs until a signal ends it.
pub(crate) fn run(options: &Configured) -> Result<()> {
    let config = config::load(options.config.as_deref(), environment())?;
    check(&config)?;
    telemetry::log_to_stderr(&config.telemetry)?;
    tokio::runtime::Runtime::new()?.block_on(serve(&config))
}

/// Everything that can be checked before anything is opened.
pub(crate) fn check(config: &Config) -> Result<()> {
    let url = &config.public_url;
    let authority = url.strip_prefix("https://").unwrap_or_default();
    if authority.is_empty() || authority.contains(['/', '?', '#', ' ']) {
        bail!("public_url has to be https://HOST or https://HOST:PORT without a path; it is {url:?}");
    }
    for file in [&config.tls.certificate, &config.tls.key] {
        std::fs::metadata(file).with_context(|| format!("cannot read the TLS file {}", file.display()))?;
    }
    Ok(())
}

/// The environment without `CONTINUITY_CONFIG`, which names the file and is no key in it.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars().filter(|(name, _)| name != "CONTINUITY_CONFIG")
}

async fn serve(config: &Config) -> Result<()> {
    let api = app::listen(config.listen.api, "API").await?;
    let metrics = app::listen(config.listen.metrics, "metrics").await?;
    let recorder = telemetry::collect_metrics()?;
    let clock = Arc::new(SystemClock::new());
    let core = Core::open(DataDir::open(&config.data_dir)?, config, clock.clone())?;
    let feed = config.source.url.strip_prefix("file:").unwrap_or(&config.source.url);
    let serving = Serving {
        source: file_source(&config.source.url, config)?,
        ingest: ingest_options(config, clock),
        blobs: Blobs::new(Some(blobs_dir(Path::new(feed), &config.source.blobs_dir))),
        api,
        metrics,
        recorder,
        tls: TlsFiles { certificate: config.tls.certificate.clone(), key: config.tls.key.clone() },
        unknown_parameters: config.compat.unknown_parameters,
    };
    let app = app::start(core, serving)?;
    tracing::info!(address = %config.listen.api, public_url = config.public_url, "serving");
    app.run().await
}

/// The source of a `file:` URL.
pub(crate) fn file_source(url: &str, config: &Config) -> Result<Box<dyn Source>> {
    let Some(path) = url.strip_prefix("file:") else {
        bail!("the source {url:?} cannot be followed; there is file:PATH");
    };
    let follow = config.source.follow;
    let max_line_bytes = config.ingest.max_snapshot_bytes;
    Ok(Box::new(FileSource::new(FileOptions { follow, max_line_bytes, ..FileOptions::new(path) })))
}

/// Where a feed's bytes are: as configured, else `blobs` beside the file or in the directory.
pub(crate) fn blobs_dir(feed: &Path, configured: &Path) -> PathBuf {
    if !configured.as_os_str().is_empty() {
        return configured.to_owned();
    }
    let directory = if feed.is_dir() { feed } else { feed.parent().unwrap_or(feed) };
    directory.join("blobs")
}
