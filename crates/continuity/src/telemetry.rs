//! Log lines and metrics: where they go.

use std::io::{IsTerminal, stderr};

use anyhow::{Context, Result, anyhow};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use continuity_readmodel::{EngineHandle, SyncBoard};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Telemetry};

/// Upper bounds of the duration histograms, in seconds: 10 µs to 10 s.
const SECONDS: &[f64] = &[
    0.000_01, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];

/// Sends log lines to standard error as `settings` say.
pub(crate) fn log_to_stderr(settings: &Telemetry) -> Result<()> {
    let filter = EnvFilter::try_new(&settings.log)
        .with_context(|| format!("telemetry.log is {:?}, which is not a filter such as info", settings.log))?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(stderr().is_terminal());
    let installed = match settings.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    installed.map_err(|e| anyhow!("cannot install the log: {e}"))
}

/// Collects metrics from now on, for [`metrics_router`].
pub(crate) fn collect_metrics() -> Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?;
    let recorder = builder.install_recorder().context("cannot install the metrics recorder")?;
    continuity_log::metrics::describe();
    continuity_readmodel::metrics::describe();
    continuity_ingest::metrics::describe();
    continuity_auth::metrics::describe();
    continuity_api::metrics::describe();
    Ok(recorder)
}

/// `GET /metrics` in the Prometheus text format. What ages is derived for each scrape, from the board and from what the
/// read models hold, so that nothing that stands still can look well.
pub(crate) fn metrics_router(handle: PrometheusHandle, sync: SyncBoard, engine: EngineHandle) -> Router {
    let render = move || {
        let view = engine.view();
        continuity_ingest::metrics::show(&sync.snapshot_at(view.position));
        continuity_readmodel::metrics::show(&view, &sync);
        let text = handle.render();
        async move { ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text) }
    };
    Router::new().route("/metrics", get(render))
}
