//! Waiting until what the feed held at the start is visible over the API, documents included.

use std::time::Duration;

use continuity_api::ApiState;
use continuity_log::Log;

use crate::progress::Progress;

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Returns once the source's end, as it was seen since the start, is applied and `/ready` would answer 200.
pub(super) async fn wait(state: &ApiState, log: &Log) {
    let mut progress = Progress::new("catching up");
    loop {
        let applied = state.engine.view().position;
        let ready = state.sync.snapshot().synchronised && applied >= state.start_position;
        if ready && state.sync.caught_up_at(applied).is_some() {
            break;
        }
        progress.set(applied, log.head().position);
        tokio::time::sleep(LOOK_EVERY).await;
    }
    progress.finish();
    bytes(state).await;
}

/// Returns once every blob that is known now is stored, or has failed for good as far as can be said.
async fn bytes(state: &ApiState) {
    let position = state.engine.view().position;
    let mut progress = Progress::new("fetching documents");
    let mut known = None;
    loop {
        let Ok(lag) = state.blobs.lag() else { break };
        if known.is_none() && lag.known_up_to >= Some(position) {
            known = Some(state.clock.now());
        }
        if let Some(by) = known
            && state.blobs.settled(by).unwrap_or(true)
        {
            break;
        }
        let here = lag.available.count;
        progress.set(here, here + lag.pending.count);
        tokio::time::sleep(LOOK_EVERY).await;
    }
    progress.finish();
}
