//! `continuity access export`.

use anyhow::{Result, bail};
use continuity_api::export;
use continuity_base::Timestamp;
use serde_json::Value;

use crate::cli::{Access, AccessFormat};
use crate::control::Command;
use crate::output;

/// Prints who read what.
pub(crate) fn run(command: Access) -> Result<()> {
    let Access::Export { on, from, to, loan, client, format } = command;
    let (from, to) = (micros(from.as_deref(), false)?, micros(to.as_deref(), true)?);
    let csv = format == AccessFormat::Csv && !on.json;
    if csv {
        output::text(&export::accesses_head())?;
    }
    let mut failed = None;
    let mut print = |entry: Value| {
        let shown = if csv { output::text(&export::access_line(&entry.to_string())) } else { output::json(&entry) };
        failed = failed.take().or(shown.err());
    };
    let result = super::on_data(&on, &Command::AccessExport { from, to, loan, client }, &mut print)?;
    if let Some(error) = failed {
        return Err(error);
    }
    output::note(&format!(
        "{} entries; every read before {} that was recorded is among those asked for",
        output::cell(&result, "entries"),
        output::cell(&result, "completeUntil")
    ));
    match result["unrecordedReads"].as_u64() {
        Some(0) | None => Ok(()),
        Some(reads) => bail!("{reads} reads since the start of the process are in no record; see its log"),
    }
}

/// Microseconds since 1970 of one end of the range.
fn micros(text: Option<&str>, end: bool) -> Result<Option<i64>> {
    let Some(text) = text else { return Ok(None) };
    match export::time(text, end) {
        Some(time) => Ok(Some(Timestamp::as_micros(time))),
        None => bail!("{text:?} is neither a date (2026-01-31, in UTC) nor an RFC 3339 time (2026-01-31T08:00:00Z)"),
    }
}
