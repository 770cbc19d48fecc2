//! `continuity status`.

use anyhow::Result;

use crate::cli::OnData;
use crate::control::Command;
use crate::output;

/// Prints positions, sync state and counts; for people, only what is known.
pub(crate) fn run(on: &OnData) -> Result<()> {
    let status = super::on_data(on, &Command::Status, &mut |_| {})?;
    if on.json {
        return output::json(&status);
    }
    let known = status.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let rows: Vec<Vec<String>> = known.map(|(name, _)| vec![name.clone(), output::cell(&status, name)]).collect();
    output::text(&output::table(&["what", "value"], &rows))
}
