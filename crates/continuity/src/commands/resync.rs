//! `continuity source resync`.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cli::Resync;
use crate::control::Command;
use crate::output;

/// Repairs one loan from a snapshot and shows it before and after.
pub(super) fn run(options: Resync) -> Result<()> {
    let Resync { on, loan, from, reason } = options;
    let from = from.as_deref().map(url).transpose()?;
    let done = super::on_data(&on, &Command::SourceResync { loan, from, reason }, &mut |_| {})?;
    if on.json { output::json(&done) } else { output::text(&for_people(&done)) }
}

/// A URL as it is; a path as the URL of its file, which the running process finds wherever it was started.
fn url(from: &str) -> Result<String> {
    if from.starts_with("s3://") || from.starts_with("file:/") {
        return Ok(from.to_owned());
    }
    let path = Path::new(from.strip_prefix("file:").unwrap_or(from));
    let path = path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?;
    Ok(format!("file:{}", path.display()))
}

fn for_people(done: &Value) -> String {
    let snapshot = &done["snapshot"];
    let known = if done["known"] == true { " was known already and changes nothing" } else { "" };
    let filled = match ranges(&done["filled"]) {
        filled if filled.is_empty() => "no gap was filled".to_owned(),
        filled => format!("filled  {filled}"),
    };
    format!(
        "{}: the snapshot {} as of {} from {}{known}\n  before  {}\n  after   {}\n  {filled}\n",
        output::cell(done, "loan"),
        output::cell(snapshot, "id"),
        output::cell(snapshot, "asOfSequence"),
        output::cell(done, "from"),
        state(&done["before"]),
        state(&done["after"]),
    )
}

fn state(state: &Value) -> String {
    if state["lastSequence"] == 0 {
        return "unknown".to_owned();
    }
    let complete = if state["complete"] == true { "complete" } else { "incomplete" };
    let missing = match ranges(&state["missing"]) {
        missing if missing.is_empty() => missing,
        missing => format!(", without {missing}"),
    };
    let parked = state["parkedAt"].as_u64().map(|sequence| format!(", parked at {sequence}")).unwrap_or_default();
    format!("{complete}, up to sequence {}{missing}{parked}", output::cell(state, "lastSequence"))
}

fn ranges(ranges: &Value) -> String {
    let range = |range: &Value| match (range[0].as_u64(), range[1].as_u64()) {
        (Some(from), Some(to)) if from < to => format!("{from}-{to}"),
        (from, _) => from.unwrap_or_default().to_string(),
    };
    ranges.as_array().into_iter().flatten().map(range).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_see_what_changed() {
        let mut done = json!({
            "loan": "lr-1", "from": "file:/export", "known": false,
            "snapshot": { "id": "s-1", "asOfSequence": 12, "found": 1 },
            "before": { "complete": false, "lastSequence": 9, "missing": [[4, 6], [8, 8]], "parkedAt": 7 },
            "after": { "complete": true, "lastSequence": 12, "missing": [], "parkedAt": null },
            "filled": [[4, 6], [8, 8]],
        });
        let text = for_people(&done);
        assert!(text.starts_with("lr-1: the snapshot s-1 as of 12 from file:/export\n"), "{text}");
        assert!(text.contains("before  incomplete, up to sequence 9, without 4-6, 8, parked at 7\n"), "{text}");
        assert!(text.contains("after   complete, up to sequence 12\n") && text.ends_with("filled  4-6, 8\n"), "{text}");
        done["known"] = json!(true);
        done["filled"] = json!([]);
        done["before"]["lastSequence"] = json!(0);
        let text = for_people(&done);
        assert!(
            text.contains("was known already") && text.contains("before  unknown") && text.contains("no gap"),
            "{text}"
        );
    }

    #[test]
    fn a_path_becomes_a_url() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().canonicalize().unwrap();
        let wanted = format!("file:{}", path.display());
        assert_eq!(url(path.to_str().unwrap()).unwrap(), wanted);
        assert_eq!(url(&wanted).unwrap(), wanted);
        assert_eq!(url("s3://bucket/export").unwrap(), "s3://bucket/export");
        assert!(url("/nowhere/export").unwrap_err().to_string().contains("/nowhere/export"));
    }
}
