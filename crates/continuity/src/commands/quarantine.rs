//! `continuity quarantine`: what could not be accepted, what could not be folded, and what is done about it.

use anyhow::Result;
use serde_json::Value;

use crate::cli::{OnData, Quarantine, Settled};
use crate::control::Command;
use crate::output;

/// Shows events that could not be accepted.
pub(crate) fn run(command: Quarantine) -> Result<()> {
    match command {
        Quarantine::List { on, after, limit } => list(&on, &Command::QuarantineList { after, limit }),
        Quarantine::Show { on, position } => show(&on, position),
        Quarantine::Retry(Settled { on, position, reason }) => {
            let done = super::on_data(&on, &Command::QuarantineRetry { position, reason }, &mut |_| {})?;
            let known = if done["known"] == true { "it was here already" } else { "it is taken in" };
            tell(&on, &done, known)
        }
        Quarantine::Dismiss(Settled { on, position, reason }) => {
            let done = super::on_data(&on, &Command::QuarantineDismiss { position, reason }, &mut |_| {})?;
            tell(&on, &done, "it is dismissed; its bytes stay in the log")
        }
        Quarantine::Parked { on, after, limit } => parked(&on, &Command::Parked { after, limit }),
    }
}

fn tell(on: &OnData, done: &Value, text: &str) -> Result<()> {
    if on.json { output::json(done) } else { output::text(text) }
}

fn parked(on: &OnData, command: &Command) -> Result<()> {
    rows(on, command, &["loan", "sequence", "lastSequence", "position", "arrivedAt", "eventType", "eventId"])
}

fn list(on: &OnData, command: &Command) -> Result<()> {
    rows(on, command, &["position", "arrivedAt", "state", "reason", "loan", "sequence", "eventType", "bytes"])
}

fn rows(on: &OnData, command: &Command, columns: &[&str]) -> Result<()> {
    let result = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&result);
    }
    let row = |event: &Value| columns.iter().map(|name| output::cell(event, name)).collect();
    let rows: Vec<Vec<String>> = result.as_array().into_iter().flatten().map(row).collect();
    output::text(&output::table(columns, &rows))
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
