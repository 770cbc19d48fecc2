//! `continuity projection list` and `continuity projection rebuild`.

use anyhow::Result;
use serde_json::Value;

use crate::cli::{OnData, Projection};
use crate::control::Command;
use crate::output;

/// Lists or rebuilds read models.
pub(crate) fn run(command: Projection) -> Result<()> {
    match command {
        Projection::List(on) => list(&on),
        Projection::Rebuild { on, name } => rebuild(&on, name),
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
        if report["agrees"] == true { "as before" } else { "NOT as before: the old build differed" }
    ))
}
