//! The control stream in `/health`: what this replica and the others tell each other.

use continuity_auth::Auth;
use serde_json::{Value, json};

use crate::ControlStreamHealth;

pub(super) fn component(health: ControlStreamHealth, auth: &Auth) -> Value {
    json!({
        "state": state(health),
        "secondsInState": health.since.as_secs(),
        "waitingChanges": health.waiting,
        "behindMessages": health.behind,
        "refusedMessages": health.refused_messages,
        "laterMessages": health.later_messages,
        // The control log's failure is told in `accessRecords`.
        "conflicts": auth.control_stream().conflicts(0).map(|(_, count)| count).ok(),
    })
}

/// Alone: it is tried again; refused: somebody has to change something.
fn state(health: ControlStreamHealth) -> &'static str {
    match (health.connected, health.refused) {
        (true, _) => "connected",
        (false, false) => "alone",
        (false, true) => "refused",
    }
}
