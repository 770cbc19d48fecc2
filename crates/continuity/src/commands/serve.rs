//! `continuity serve`: the replica in production.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use continuity_api::TlsFiles;
use continuity_base::{Clock, SystemClock};

use crate::app::{self, Serving};
use crate::cli::Configured;
use crate::config::{self, Config, Loaded, given};
use crate::core::{Core, ingest_options};
use crate::datadir::DataDir;
use crate::operations::{InForce, Repair};
use crate::{blobs, fleet, provider, sources, telemetry, webhooks};

/// Runs until a signal ends it.
pub(crate) fn run(options: &Configured) -> Result<()> {
    let Loaded { config, told } = config::load_told(options.config.as_deref(), environment())?;
    check(&config)?;
    telemetry::log_to_stderr(&config.telemetry)?;
    let in_force = InForce::new(&config, told);
    tokio::runtime::Runtime::new()?.block_on(serve(&config, in_force))
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

/// The environment without `CONTINUITY_CONFIG`, which names the file and is no key in it, and without what is for
/// `continuity get`.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    const NO_KEYS: [&str; 6] = [
        "CONTINUITY_CONFIG",
        "CONTINUITY_PROFILE",
        "CONTINUITY_URL",
        "CONTINUITY_CA_FILE",
        "CONTINUITY_CLIENT_ID",
        "CONTINUITY_CLIENT_SECRET_FILE",
    ];
    std::env::vars().filter(|(name, _)| !NO_KEYS.contains(&name.as_str()))
}

async fn serve(config: &Config, in_force: InForce) -> Result<()> {
    let api = app::listen(config.listen.api, "API").await?;
    let metrics = app::listen(config.listen.metrics, "metrics").await?;
    let recorder = telemetry::collect_metrics()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let core = Core::open(DataDir::open(&config.data_dir)?, config, Arc::clone(&clock))?;
    let directory = sources::blobs_dir(&config.source.url, config);
    let blobs = blobs::open(&core, config, blobs::of_config(config, directory, &clock).await?).await?;
    let serving = Serving {
        provider: provider::open(config, &clock)?,
        source: sources::open(config, core.dir.root(), &clock)?,
        fleet: fleet::open(&core.auth, config, &clock).await?,
        ingest: ingest_options(config, core.dir.root(), clock)?,
        blobs,
        webhooks: webhooks::open(&core, config)?,
        api,
        metrics,
        recorder,
        tls: TlsFiles { certificate: config.tls.certificate.clone(), key: config.tls.key.clone() },
        compat: config.compat.clone(),
        limits: config.limits.clone(),
        changes: config.changes.options(),
        repair: Repair::new(config, &config.source.url, core.dir.root().to_owned()),
        in_force,
        backups: given(&config.backup.directory),
    };
    let app = app::start(core, serving)?;
    tracing::info!(address = %config.listen.api, public_url = config.public_url, "serving");
    app.run().await
}
