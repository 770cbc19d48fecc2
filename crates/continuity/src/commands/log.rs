//! `continuity log verify`, `segments` and `cat`.

use anyhow::Result;
use serde_json::Value;

use crate::cli::{Log, OnData};
use crate::control::Command;
use crate::output;

/// Verifies or prints the replica log.
pub(crate) fn run(command: Log) -> Result<()> {
    match command {
        Log::Verify { on, control } => verify(&on, control),
        Log::Segments { on, control } => segments(&on, control),
        Log::Cat { on, control, from, limit, payload } => {
            let line = if control { control_line } else { line };
            cat(&on, &Command::LogCat { control, from, limit, payload }, line)
        }
    }
}

fn verify(on: &OnData, control: bool) -> Result<()> {
    let report = super::on_data(on, &Command::LogVerify { control }, &mut |_| {})?;
    if on.json {
        return output::json(&report);
    }
    let of = |name| output::cell(&report, name);
    output::text(&format!(
        "the log is whole: {} records in {} frames, {} segments, {} bytes; chain ends in {}",
        of("records"),
        of("frames"),
        of("segments"),
        of("bytes"),
        of("hash")
    ))
}

fn segments(on: &OnData, control: bool) -> Result<()> {
    let log = super::on_data(on, &Command::LogSegments { control }, &mut |_| {})?;
    if on.json {
        return output::json(&log);
    }
    let columns = ["first", "last", "bytes"];
    let row = |segment: &Value| columns.iter().map(|name| output::cell(segment, name)).collect();
    let rows: Vec<Vec<String>> = log["segments"].as_array().into_iter().flatten().map(row).collect();
    let of = |name| output::cell(&log, name);
    output::text(&format!("position {}, {} bytes; chain ends in {}\n", of("position"), of("bytes"), of("hash")))?;
    output::text(&output::table(&columns, &rows))
}

fn cat(on: &OnData, command: &Command, line: fn(&Value) -> String) -> Result<()> {
    let mut failed = None;
    let mut print = |item: Value| {
        let shown = if on.json { output::json(&item) } else { output::text(&line(&item)) };
        failed = failed.take().or(shown.err());
    };
    super::on_data(on, command, &mut print)?;
    failed.map_or(Ok(()), Err)
}

fn line(item: &Value) -> String {
    let of = |name| output::cell(item, name);
    let payload = item.get("payload").map_or_else(String::new, |payload| format!("\n            {payload}"));
    format!(
        "{:>10}  {:<24}  {:<14}  {:>6}  {}{payload}",
        of("position"),
        of("arrivedAt"),
        of("kind"),
        of("sequence"),
        of("subject")
    )
}

fn control_line(item: &Value) -> String {
    let of = |name| output::cell(item, name);
    let address = item.get("address").map_or_else(String::new, |_| format!(" from {}", of("address")));
    let replica = item.get("replica").map_or_else(String::new, |_| format!(" on {}", of("replica")));
    let reason = item.get("reason").map_or_else(String::new, |_| format!(" ({})", of("reason")));
    let what = format!("{} {} {}", of("change"), of("subject"), of("about"));
    format!("{:>10}  {:<24}  {}{address}{replica}: {}{reason}", of("position"), of("at"), of("actor"), what.trim_end())
}
