//! Waiting until what the feed held at the start is visible over the API.

use std::time::Duration;

use continuity_api::ApiState;

use crate::progress::Progress;

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Returns once the source's end, as it was seen since the start, is applied and `/ready` would answer 200.
pub(super) async fn wait(state: &ApiState) {
    let mut progress = Progress::new("catching up");
    loop {
        let applied = state.engine.view().position;
        if state.sync.caught_up_at(applied).is_some() && state.readiness().is_ok() {
            break;
        }
        progress.set(applied, state.sync.snapshot().counters.log_position.max(applied));
        tokio::time::sleep(LOOK_EVERY).await;
    }
    progress.finish();
}
