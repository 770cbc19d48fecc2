//! `continuity projection list`, `rebuild`, `rollback` and `discard`.

use anyhow::Result;
use serde_json::Value;

use crate::cli::{OnData, Projection};
use crate::control::Command;
use crate::output;

/// Lists read models, rebuilds one, or chooses between two builds of one.
pub(crate) fn run(command: Projection) -> Result<()> {
    match command {
        Projection::List(on) => list(&on),
        Projection::Rebuild { on, name } => rebuild(&on, name),
        Projection::Rollback { on, name } => {
            choose(&on, &Command::ProjectionRollback { name }, "the build that was served until now is kept")
        }
        Projection::Discard { on, name } => {
            choose(&on, &Command::ProjectionDiscard { name }, "the other build is removed")
        }
    }
}

fn list(on: &OnData) -> Result<()> {
    let result = super::on_data(on, &Command::ProjectionList, &mut |_| {})?;
    if on.json {
        return output::json(&result);
    }
    let columns = ["name", "version", "state", "position", "rows", "bytes", "digest", "alarm"];
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
    output::text(&format!(
        "{} rebuilt at position {}: {} rows, digest {} ({})",
        of("name"),
        of("position"),
        of("rows"),
        of("digest"),
        if report["agrees"] == true {
            "as before"
        } else {
            "NOT as before: the old build differed, or was elsewhere in the log"
        }
    ))
}

fn choose(on: &OnData, command: &Command, other: &str) -> Result<()> {
    let report = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&report);
    }
    let of = |name| output::cell(&report, name);
    output::text(&format!(
        "{} serves the build with digest {} at position {}: {} rows; {other}, digest {}",
        of("name"),
        of("digest"),
        of("position"),
        of("rows"),
        of("otherDigest"),
    ))
}
