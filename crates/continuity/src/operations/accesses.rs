//! Who read what: the replica's access records, one item each.

use anyhow::Result;
use continuity_auth::{AccessRange, Auth};
use serde_json::{Value, json};

use crate::control::Reply;

/// Those in `range`, of one client if it is given, oldest first. The result says up to when they are all there.
pub(super) fn export(
    auth: &Auth,
    range: &AccessRange,
    client: Option<&str>,
    out: &mut dyn FnMut(Reply),
) -> Result<Value> {
    // Asked before the records are looked at: what it says holds for them.
    let recording = auth.read_recording();
    let mut given: u64 = 0;
    for entry in auth.access_log().forward(range, None)? {
        let entry = entry?;
        if client.is_none_or(|client| client == entry.client_id()) {
            out(Reply::Item(serde_json::from_str(&entry.json())?));
            given += 1;
        }
    }
    Ok(json!({
        "entries": given,
        "completeUntil": recording.written_until.to_string(),
        "unrecordedReads": recording.unrecorded,
    }))
}
