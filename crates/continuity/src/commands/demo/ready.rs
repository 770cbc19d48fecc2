//! Waiting until what the feed held at the start is visible over the API.

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
}
