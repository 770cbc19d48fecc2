//! `continuity projection list`, `rebuild`, `rollback` and `discard`.

use anyhow::Result;
use serde_json::Value;

use crate::cli::{Choice, OnData, Projection};
use crate::control::Command;
use crate::output;

/// Lists read models, rebuilds one, or chooses between two builds of one.
pub(crate) fn run(command: Projection) -> Result<()> {
    match command {
        Projection::List(on) => list(&on),
        Projection::Rebuild { on, name } => rebuild(&on, name),
        Projection::Rollback(Choice { on, name, build }) => {
            choose(&on, &Command::ProjectionRollback { name, build }, "is kept")
        }
        Projection::Discard(Choice { on, name, build }) => {
            choose(&on, &Command::ProjectionDiscard { name, build }, "is removed")
        }
    }
}

fn list(on: &OnData) -> Result<()> {
    let result = super::on_data(on, &Command::ProjectionList, &mut |_| {})?;
    if on.json {
        return output::json(&result);
    }
    let columns = ["name", "version", "build", "state", "position", "rows", "bytes", "digest", "alarm"];
    let row = |model: &Value| columns.iter().map(|name| output::cell(model, name)).collect();
    let rows: Vec<Vec<String>> = result.as_array().into_iter().flatten().map(row).collect();
    output::text(&output::table(&columns, &rows))
}

fn rebuild(on: &OnData, name: String) -> Result<()> {
    let report = super::on_data(on, &Command::ProjectionRebuild { name }, &mut |_| {})?;
    if on.json {
        return output::json(&report);
    }
    let of = |name| output::cell(&report, name);
    let compared = match report["agrees"].as_bool() {
        Some(true) => "as before",
        Some(false) => "NOT as before: the build before is kept, see `projection list`",
        None => "there was nothing to compare it with",
    };
    output::text(&format!(
        "{} rebuilt at position {}: {} rows, digest {} ({compared})",
        of("name"),
        of("position"),
        of("rows"),
        of("digest"),
    ))
}

fn choose(on: &OnData, command: &Command, other: &str) -> Result<()> {
    let report = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&report);
    }
    let build = |name: &str| {
        let of = |figure| output::cell(&report[name], figure);
        format!("build {} ({} rows, digest {})", of("build"), of("rows"), of("digest"))
    };
    let (name, position) = (output::cell(&report, "name"), output::cell(&report, "position"));
    let text = format!("{name} at position {position}: {} is served, {} {other}", build("served"), build("other"));
    output::text(&text)
}
