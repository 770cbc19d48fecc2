//! Read models: list them, rebuild one, choose between two builds of one.

use anyhow::Result;
use continuity_readmodel::{BuildStatus, BuildsReport, EngineHandle, ModelState, ModelStatus};
use serde_json::{Value, json};
use tracing::info;

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
        "build": status.build,
        "state": match status.state { ModelState::Serving => "serving", ModelState::Rebuilding { .. } => "rebuilding" },
        "position": status.position,
        "rows": status.rows,
        "bytes": status.bytes,
        "digest": short(&status.digest),
        "kept": status.kept.as_ref().map(build),
        "alarm": status.alarm,
    })
}

fn build(status: &BuildStatus) -> Value {
    json!({"build": status.build, "digest": short(&status.digest), "rows": status.rows, "bytes": status.bytes})
}

fn short(digest: &[u8; 32]) -> String {
    hex::encode(&digest[..8])
}

/// Folds `name` again and serves the result; `agrees` is null where there was nothing to compare it with.
pub(super) fn rebuild(engine: &EngineHandle, name: &str, out: &mut dyn FnMut(Reply)) -> Result<Value> {
    let report = telling(|| engine.rebuild(name), &mut || progress(engine, name, out))??;
    Ok(json!({
        "name": name,
        "position": report.position,
        "rows": report.rows,
        "digest": short(&report.new_digest),
        "agrees": report.old_digest.map(|old| old == report.new_digest),
    }))
}

/// Serves the kept build, and keeps the served one.
pub(super) fn roll_back(engine: &EngineHandle, actor: &str, name: &str, build: u64) -> Result<Value> {
    let report = engine.roll_back(name, build)?;
    info!(actor, projection.name = name, build, "a build is served again");
    Ok(chosen(name, &report))
}

/// Removes the kept build.
pub(super) fn discard(engine: &EngineHandle, actor: &str, name: &str, build: u64) -> Result<Value> {
    let report = engine.discard(name, build)?;
    info!(actor, projection.name = name, build, "a build is discarded");
    Ok(chosen(name, &report))
}

fn chosen(name: &str, report: &BuildsReport) -> Value {
    let BuildsReport { position, served, other } = report;
    json!({"name": name, "position": position, "served": build(served), "other": build(other)})
}

fn progress(engine: &EngineHandle, name: &str, out: &mut dyn FnMut(Reply)) {
    let statuses = engine.statuses();
    if let Some(ModelState::Rebuilding { done, of }) = statuses.iter().find(|s| s.name == name).map(|s| &s.state) {
        out(Reply::Progress { done: *done, of: *of });
    }
}
