//! `continuity demo`: everything in one process, on localhost.

mod admin;
mod client;
mod ready;
mod source;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use continuity_api::TlsFiles;
use continuity_base::{Clock, SystemClock};
use continuity_simulator::objects::ObjectServer;
use serde_json::json;
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::net::TcpListener;

use crate::app::{self, App, Serving};
use crate::certificates::{self, DemoCertificates};
use crate::cli::Demo;
use crate::config::{Config, LogFormat, Telemetry};
use crate::core::{Core, ingest_options};
use crate::datadir::DataDir;
use crate::operations::{InForce, Repair};
use crate::{blobs, output, telemetry, webhooks};

/// The usual port of the metrics beside the usual port of the API.
const METRICS_PORT: u16 = 9464;

/// Runs until a signal ends it.
pub(crate) fn run(options: Demo) -> Result<()> {
    let filter = std::env::var("CONTINUITY_TELEMETRY__LOG").unwrap_or_else(|_| "warn".to_owned());
    telemetry::log_to_stderr(&Telemetry { log: filter, format: LogFormat::Text })?;
    tokio::runtime::Runtime::new()?.block_on(demo(options))
}

/// What the reader of the JSON line, or of the lines for people, needs.
struct Access {
    base_url: String,
    metrics_url: String,
    authority: PathBuf,
    client_id: String,
    client_secret: String,
    admin_password: String,
    data_dir: PathBuf,
    /// For `continuity get`.
    profile: PathBuf,
}

async fn demo(options: Demo) -> Result<()> {
    let (directory, _temporary) = data_dir(options.data_dir.as_deref())?;
    let api = bind(options.port, "API").await?;
    let metrics = bind(if options.port == 0 { 0 } else { METRICS_PORT }, "metrics").await?;
    let mut config =
        Config { public_url: format!("https://localhost:{}", api.local_addr()?.port()), ..Config::default() };
    config.auth.second_factor_required = false;
    let recorder = telemetry::collect_metrics()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let core = Core::open(DataDir::open(&directory)?, &config, Arc::clone(&clock))?;
    let certificates = certificates::create(&core.dir.tls(), wall(&*clock)?)?;
    let created = client::with_all_scopes(&core.auth)?;
    let profile = client::profile(core.dir.root(), &config.public_url, &certificates.authority, &created)?;
    let access = Access {
        base_url: config.public_url.clone(),
        metrics_url: format!("http://{}/metrics", metrics.local_addr()?),
        authority: certificates.authority.clone(),
        client_id: created.client.id.clone(),
        client_secret: created.secret.unwrap_or_default(),
        admin_password: admin::with_all_roles(&core.auth)?,
        data_dir: core.dir.root().to_owned(),
        profile,
    };
    let log = core.log.clone();
    let (app, _objects) = serve(core, &options, config, Listeners { api, metrics }, recorder, &certificates).await?;
    let state = app.state.clone();
    let told = async {
        ready::wait(&state, &log).await;
        tell(&access, options.json)
    };
    // The end may be asked for, or a task may fail, before everything is visible.
    app.run_beside(told).await
}

struct Listeners {
    api: TcpListener,
    metrics: TcpListener,
}

/// The replica, and what has to live as long as it does.
async fn serve(
    core: Core,
    options: &Demo,
    mut config: Config,
    listeners: Listeners,
    recorder: metrics_exporter_prometheus::PrometheusHandle,
    certificates: &DemoCertificates,
) -> Result<(App, Option<ObjectServer>)> {
    let source::Opened { source, directory, objects } = source::open(options, &mut config, &core)?;
    let blobs = blobs::open(&core, &config, blobs::of_config(&config, directory, &core.clock).await?).await?;
    let serving = Serving {
        source,
        ingest: ingest_options(&config, core.dir.root(), Arc::clone(&core.clock))?,
        blobs,
        webhooks: webhooks::open(&core, &config)?,
        fleet: None,
        provider: None,
        api: listeners.api,
        metrics: listeners.metrics,
        recorder,
        tls: TlsFiles { certificate: certificates.certificate.clone(), key: certificates.key.clone() },
        compat: config.compat.clone(),
        limits: config.limits.clone().without_rates(),
        changes: config.changes.options(),
        repair: Repair::new(&config, &source::url(options), core.dir.root().to_owned()),
        in_force: InForce::new(&config, serde_json::Value::Null),
        backups: None,
    };
    Ok((app::start(core, serving)?, objects))
}

async fn bind(port: u16, what: &str) -> Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    app::listen(address, what).await.context("choose another with --port, or --port 0 for any free one")
}

/// The directory to use, and its guard when it is a temporary one that goes away at the end.
fn data_dir(given: Option<&Path>) -> Result<(PathBuf, Option<TempDir>)> {
    if let Some(path) = given {
        return Ok((path.to_owned(), None));
    }
    let temporary = tempfile::Builder::new().prefix("continuity-demo-").tempdir().context("no temporary directory")?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

fn wall(clock: &dyn Clock) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(clock.now().as_seconds()).context("the clock shows an impossible time")
}

fn tell(access: &Access, as_json: bool) -> Result<()> {
    if as_json {
        return output::json(&json!({
            "baseUrl": access.base_url,
            "caFile": access.authority,
            "clientId": access.client_id,
            "clientSecret": access.client_secret,
            "adminUser": admin::EMAIL,
            "adminPassword": access.admin_password,
            "consoleUrl": format!("{}/console/", access.base_url),
            "metricsUrl": access.metrics_url,
            "dataDir": access.data_dir,
            "profile": access.profile,
        }));
    }
    output::text(&for_people(access))
}

fn for_people(access: &Access) -> String {
    let Access { base_url, metrics_url, client_id, client_secret, admin_password, .. } = access;
    let email = admin::EMAIL;
    let (ca, data, profile) = (access.authority.display(), access.data_dir.display(), access.profile.display());
    format!(
        "
continuity is ready: {base_url}

  API documents   {base_url}/~/open-api/
  health          {base_url}/health
  metrics         {metrics_url}
  CA certificate  {ca}
  client id       {client_id}
  client secret   {client_secret}
  console         {base_url}/console/
  administrator   {email}, password {admin_password}
  data            {data}

Look at it from another terminal:

export CONTINUITY_PROFILE={profile}
continuity get loans --status BID

Or with curl:

TOKEN=$(curl -s --cacert {ca} {base_url}/api/v1/oauth/token \\
  -d grant_type=client_credentials -d client_id={client_id} -d client_secret={client_secret} \\
  | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/') && \\
curl -s --cacert {ca} -H \"Authorization: Bearer $TOKEN\" '{base_url}/api/v1/loan-requests?status=BID&limit=2'

Ctrl-C ends it.
"
    )
}
