//! `continuity key list|rotate|retire`.

use anyhow::Result;
use serde_json::Value;

use crate::cli::{Key, OnData};
use crate::control::Command;
use crate::output;

/// Manages the keys that access tokens are signed with.
pub(crate) fn run(command: Key) -> Result<()> {
    match command {
        Key::List(on) => list(&on),
        Key::Rotate { on, algorithm, at_once, reason } => {
            change(&on, &Command::KeyRotate { algorithm, at_once, reason })
        }
        Key::Retire { on, id, reason } => change(&on, &Command::KeyRetire { id, reason }),
    }
}

fn list(on: &OnData) -> Result<()> {
    let result = super::on_data(on, &Command::KeyList, &mut |_| {})?;
    if on.json {
        return output::json(&result);
    }
    let columns = ["id", "algorithm", "state", "madeAt", "activatedAt", "passiveUntil", "retiredBecause"];
    let row = |key: &Value| columns.iter().map(|name| output::cell(key, name)).collect();
    let rows: Vec<Vec<String>> = result.as_array().into_iter().flatten().map(row).collect();
    output::text(&output::table(&columns, &rows))
}

fn change(on: &OnData, command: &Command) -> Result<()> {
    let key = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&key);
    }
    let (id, algorithm, state) =
        (output::cell(&key, "id"), output::cell(&key, "algorithm"), output::cell(&key, "state"));
    let then =
        if state == "next" { ": it is published, and signs when clients can know it, or with --at-once" } else { "" };
    output::text(&format!("key {id} ({algorithm}) is {state}{then}"))
}
