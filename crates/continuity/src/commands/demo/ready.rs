//! Waiting until what the feed held at the start is visible over the API, documents included.

use std::time::Duration;

use continuity_api::ApiState;
use continuity_base::Timestamp;
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
    while !settled(state, position, &mut known) {
        if let Ok(lag) = state.blobs.lag() {
            progress.set(lag.available.count, lag.available.count + lag.pending.count);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    progress.finish();
}

/// `known`: since when all references up to the position are known. While the index cannot be read, nothing is settled.
fn settled(state: &ApiState, position: u64, known: &mut Option<Timestamp>) -> bool {
    if known.is_none() && state.blobs.lag().is_ok_and(|lag| lag.known_up_to >= Some(position)) {
        *known = Some(state.clock.now());
    }
    known.is_some_and(|by| state.blobs.settled(by).unwrap_or(false))
}
