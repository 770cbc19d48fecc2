//! `continuity status`.

use anyhow::Result;

use crate::cli::OnData;
use crate::control::Command;
use crate::output;

/// Prints positions, sync state and counts.
pub(crate) fn run(on: &OnData) -> Result<()> {
    let status = super::on_data(on, &Command::Status, &mut |_| {})?;
    if on.json {
        return output::json(&status);
    }
    let rows: Vec<Vec<String>> = match status.as_object() {
        Some(members) => members.keys().map(|name| vec![name.clone(), output::cell(&status, name)]).collect(),
        None => Vec::new(),
    };
    output::text(&output::table(&["what", "value"], &rows))
}
