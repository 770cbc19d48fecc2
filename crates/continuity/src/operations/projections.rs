//! Read models: list them, rebuild one, choose between two builds of one.

use anyhow::Result;
use continuity_readmodel::{BuildsReport, EngineHandle, ModelState, ModelStatus};
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
    let kept = status.kept.map(|kept| json!({"digest": short(&kept.digest), "rows": kept.rows, "bytes": kept.bytes}));
    json!({
        "rebuild": rebuild,
        "name": status.name,
        "version": status.version,
        "state": match status.state { ModelState::Serving => "serving", ModelState::Rebuilding { .. } => "rebuilding" },
        "position": status.position,
        "rows": status.rows,
        "bytes": status.bytes,
        "digest": short(&status.digest),
        "kept": kept,
        "alarm": status.alarm,
    })
}

fn short(digest: &[u8; 32]) -> String {
    hex::encode(&digest[..8])
}

/// Folds `name` again and serves the result.
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

/// Which build is served since one was chosen.
#[expect(clippy::unnecessary_wraps, reason = "as every other command")]
pub(super) fn chosen(name: &str, report: &BuildsReport) -> Result<Value> {
    Ok(json!({
        "name": name,
        "position": report.position,
        "rows": report.rows,
        "digest": short(&report.served),
        "otherDigest": short(&report.kept),
    }))
}

fn progress(engine: &EngineHandle, name: &str, out: &mut dyn FnMut(Reply)) {
    let statuses = engine.statuses();
    if let Some(ModelState::Rebuilding { done, of }) = statuses.iter().find(|s| s.name == name).map(|s| &s.state) {
        out(Reply::Progress { done: *done, of: *of });
    }
}
