//! What the replica measures of itself, and when that is kept.

use std::time::Duration;

use continuity_api::{ApiState, metrics::totals};
use continuity_base::Stop;
use continuity_history::{History, Reading};
use continuity_log::Log;

/// Often enough that a lag that grows and goes within a step of ten seconds is seen.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const SAVE_EVERY: Duration = Duration::from_mins(1);

/// Looks until it is stopped. Nothing in it waits for a disk: a full or hanging one is what it is to show.
pub(crate) async fn look(history: History, state: ApiState, log: Log, until: Stop) {
    while !until.is_stopped() {
        history.look(reading(&state, &log));
        pause(LOOK_EVERY, &until).await;
    }
}

/// Keeps the history every minute, and when it is stopped.
pub(crate) async fn keep(history: History, until: Stop) {
    loop {
        pause(SAVE_EVERY, &until).await;
        let kept = history.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || kept.save()).await {
            tracing::warn!(%error, "the history could not be kept");
        }
        if until.is_stopped() {
            return;
        }
    }
}

async fn pause(time: Duration, until: &Stop) {
    tokio::select! {
        () = until.stopped() => {}
        () = tokio::time::sleep(time) => {}
    }
}

/// Where everything stands now. The read models are looked at first: the log is never behind them.
fn reading(state: &ApiState, log: &Log) -> Reading {
    let applied = state.engine.view().position;
    let (sync, answered) = (state.sync.snapshot_at(applied), totals());
    Reading {
        lag: sync.lag,
        head: sync.head.as_ref().map(|head| head.number),
        behind: sync.head.and_then(|head| head.behind),
        logged: log.head().position,
        applied,
        stored: state.blobs.stored(),
        reads: answered.reads,
        errors: answered.errors,
    }
}
