//! Read models: list them, rebuild one.

use anyhow::Result;
use continuity_readmodel::{EngineHandle, ModelState, ModelStatus};
use serde_json::{Value, json};

use crate::control::Reply;
use crate::progress::telling;

/// Name, position, size and digest of each.
pub(super) fn list(engine: &EngineHandle) -> Value {
    Value::Array(engine.statuses().iter().map(row).collect())
}

fn row(status: &ModelStatus) -> Value {
    let rebuild = match status.state {
        ModelState::Serving => Value::Null,
        ModelState::Rebuilding { done, of } => json!({ "done": done, "of": of }),
    };
    json!({
        "rebuild": rebuild,
        "name": status.name,
        "version": status.version,
        "state": match status.state { ModelState::Serving => "serving", ModelState::Rebuilding { .. } => "rebuilding" },
        "position": status.position,
        "rows": status.rows,
        "bytes": status.bytes,
        "digest": short(&status.digest),
        "alarm": status.alarm,
    })
}

fn short(digest: &[u8; 32]) -> String {
    hex::encode(&digest[..8])
}

/// Folds `name` again and puts the result in the place of the old build.
pub(super) fn rebuild(engine: &EngineHandle, name: &str, out: &mut dyn FnMut(Reply)) -> Result<Value> {
    let report = telling(|| engine.rebuild(name), &mut || progress(engine, name, out))??;
    Ok(json!({
        "name": name,
        "position": report.position,
        "rows": report.rows,
        "digest": short(&report.new_digest),
        "agrees": report.old_digest.is_none_or(|old| old == report.new_digest),
    }))
}

fn progress(engine: &EngineHandle, name: &str, out: &mut dyn FnMut(Reply)) {
    let statuses = engine.statuses();
    if let Some(ModelState::Rebuilding { done, of }) = statuses.iter().find(|s| s.name == name).map(|s| &s.state) {
        out(Reply::Progress { done: *done, of: *of });
    }
}
