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
    let mut text = format!(
        "{}: the snapshot {} as of {} from {}{}\n",
        output::cell(done, "loan"),
        output::cell(snapshot, "id"),
        output::cell(snapshot, "asOfSequence"),
        output::cell(done, "from"),
        if done["known"] == true { " was known already and changes nothing" } else { "" },
    );
    for when in ["before", "after"] {
        text.push_str(&format!("  {when:<7} {}\n", state(&done[when])));
    }
    let filled = ranges(&done["filled"]);
    text.push_str(&if filled.is_empty() {
        "  no gap was filled\n".to_owned()
    } else {
        format!("  filled  {filled}\n")
    });
    text
}

fn state(state: &Value) -> String {
    if state["lastSequence"] == 0 {
        return "unknown".to_owned();
    }
    let complete = if state["complete"] == true { "complete" } else { "incomplete" };
    let mut text = format!("{complete}, up to sequence {}", output::cell(state, "lastSequence"));
    let missing = ranges(&state["missing"]);
    if !missing.is_empty() {
        text.push_str(&format!(", without {missing}"));
    }
    if let Some(parked) = state["parkedAt"].as_u64() {
        text.push_str(&format!(", parked at {parked}"));
    }
    text
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
