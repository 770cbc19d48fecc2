//! Read models: list them, rebuild one.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};
use continuity_readmodel::{EngineHandle, ModelState, ModelStatus};
use serde_json::{Value, json};

use crate::control::Reply;

const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// Name, position, size and digest of each.
pub(super) fn list(engine: &EngineHandle) -> Value {
    Value::Array(engine.statuses().iter().map(row).collect())
}

fn row(status: &ModelStatus) -> Value {
    json!({
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
    let (done, finished) = sync_channel(1);
    let (worker, wanted) = (engine.clone(), name.to_owned());
    thread::Builder::new().name("rebuild-command".to_owned()).spawn(move || {
        // Nobody waits any more when this fails: the command's connection has gone.
        drop(done.send(worker.rebuild(&wanted)));
    })?;
    let report = loop {
        match finished.recv_timeout(PROGRESS_EVERY) {
            Ok(report) => break report?,
            Err(RecvTimeoutError::Timeout) => progress(engine, name, out),
            Err(RecvTimeoutError::Disconnected) => return Err(anyhow!("the rebuild of {name} ended without a result")),
        }
    };
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
