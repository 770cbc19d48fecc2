//! `continuity quarantine list` and `continuity quarantine show`.

use anyhow::Result;
use serde_json::Value;

use crate::cli::{OnData, Quarantine};
use crate::control::Command;
use crate::output;

/// Shows events that could not be accepted.
pub(crate) fn run(command: Quarantine) -> Result<()> {
    match command {
        Quarantine::List { on, after, limit } => list(&on, &Command::QuarantineList { after, limit }),
        Quarantine::Show { on, position } => show(&on, position),
    }
}

fn list(on: &OnData, command: &Command) -> Result<()> {
    let result = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&result);
    }
    let columns = ["position", "arrivedAt", "state", "reason", "loan", "sequence", "eventType", "bytes"];
    let row = |event: &Value| columns.iter().map(|name| output::cell(event, name)).collect();
    let rows: Vec<Vec<String>> = result.as_array().into_iter().flatten().map(row).collect();
    output::text(&output::table(&columns, &rows))
}

fn show(on: &OnData, position: u64) -> Result<()> {
    let event = super::on_data(on, &Command::QuarantineShow { position }, &mut |_| {})?;
    if on.json {
        return output::json(&event);
    }
    let of = |name| output::cell(&event, name);
    output::text(&format!(
        "position  {}\narrived   {}\nreason    {}\ndetail    {}\nsource    {}\nbytes     {}\n\n{}",
        of("position"),
        of("arrivedAt"),
        of("reason"),
        of("detail"),
        of("source"),
        of("bytes"),
        of("raw")
    ))
}
