//! Log lines and metrics: where they go.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use continuity_api::ApiState;
use continuity_base::Stop;
use continuity_webhooks::Webhooks;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Telemetry};

/// Upper bounds of the duration histograms, in seconds: 10 µs to 10 s.
const SECONDS: &[f64] = &[
    0.000_01, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0,
];

/// How often histograms are summed up; at 50,000 requests a second some 4 MB wait for it.
const SUM_UP: Duration = Duration::from_secs(5);

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
    continuity_blobs::metrics::describe();
    crate::backup::metrics::describe();
    continuity_webhooks::metrics::describe();
    continuity_api::metrics::describe();
    Ok(recorder)
}

/// Sums up what histograms were given, until it is stopped: they keep every sample until then, and nobody may be scraping.
/// `cargo xtask bench load` fails when memory grows with requests.
pub(crate) async fn sum_up(handle: PrometheusHandle, until: Stop) {
    while !until.is_stopped() {
        tokio::select! {
            () = until.stopped() => return,
            () = tokio::time::sleep(SUM_UP) => handle.run_upkeep(),
        }
    }
}

/// `GET /metrics` in the Prometheus text format. What ages is derived for each scrape, from the board and from what the
/// read models hold, so that nothing that stands still can look well.
pub(crate) fn metrics_router(handle: PrometheusHandle, state: ApiState, webhooks: Webhooks) -> Router {
    let render = move || {
        let view = state.engine.view();
        continuity_ingest::metrics::show(&state.sync.snapshot_at(view.position));
        continuity_readmodel::metrics::show(&view, &state.sync);
        state.auth.show_metrics();
        if let Err(error) = state.blobs.show_metrics() {
            tracing::warn!(%error, "the figures of blobs are those of an earlier scrape");
        }
        if let Err(error) = webhooks.show_metrics() {
            tracing::warn!(%error, "the figures of webhooks are those of an earlier scrape");
        }
        let text = handle.render();
        async move { ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text) }
    };
    Router::new().route("/metrics", get(render))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use continuity_base::{Clock, ManualClock, Timestamp};
    use continuity_events::record::Divergence;
    use continuity_readmodel::{Fault, FaultKind, HeadSeen, Outage, RetentionSeen, SyncBoard};

    use super::*;

    /// What a scrape at this moment holds, by the line's beginning.
    fn scraped(board: &SyncBoard) -> impl Fn(&str) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || continuity_ingest::metrics::show(&board.snapshot_at(1)));
        let text = recorder.handle().render();
        move |metric| {
            let value = text.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
            value.unwrap_or("absent").to_owned()
        }
    }

    #[test]
    fn nothing_that_stands_still_looks_well_in_a_scrape() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_000_000_000)));
        let board = SyncBoard::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let seen = scraped(&board);
        assert_eq!(seen("continuity_source_state{state=\"starting\"}"), "1");
        assert_eq!(
            (seen("continuity_replica_lag_seconds"), seen("continuity_source_head")),
            ("NaN".into(), "NaN".into())
        );
        board.connected();
        board.retention(Some(RetentionSeen { max_age_seconds: None, outage: Outage::Seconds(90.0) }));
        board.head(HeadSeen { number: 42, ..HeadSeen::default() });
        board.held(Duration::ZERO, 1);
        let seen = scraped(&board);
        let live = "continuity_source_state{state=\"live\"}";
        let names =
            [live, "continuity_source_connected", "continuity_source_head", "continuity_source_behind_messages"];
        assert_eq!(names.map(&seen), ["1", "1", "42", "0"]);
        assert_eq!(seen("continuity_source_head_seen_timestamp_seconds"), "1000");
        assert_eq!(seen("continuity_source_retention_seconds").to_lowercase().trim_start_matches('+'), "inf");
        assert_eq!(seen("continuity_source_outage_survived_seconds"), "90");
        board.retention(Some(RetentionSeen { max_age_seconds: None, outage: Outage::Unknown }));
        assert_eq!(scraped(&board)("continuity_source_outage_survived_seconds"), "NaN");
        clock.advance(Duration::from_secs(100));
        let seen = scraped(&board);
        assert_eq!(names.map(&seen), ["0", "0", "42", "NaN"]);
        assert_eq!(
            (seen("continuity_replica_lag_seconds"), seen(&live.replace("live", "stale"))),
            ("100".into(), "1".into())
        );
        let (cause, point) = (Divergence::Purged, String::new());
        let kind = FaultKind::Diverged { cause, partition: String::new(), point, number: None };
        board.failed(Fault { kind, detail: String::new() });
        let seen = scraped(&board);
        let causes =
            ["purged", "recreated"].map(|cause| seen(&format!("continuity_source_diverged{{cause=\"{cause}\"}}")));
        assert_eq!(causes, ["1", "0"]);
    }
}
