//! `continuity completeness`.

use std::fmt::Write;

use anyhow::Result;
use serde_json::Value;

use crate::cli::Completeness;
use crate::control::Command;
use crate::output::{self, cell, table};

/// Shows what manifests showed and what is missing, or evaluates the newest manifest again.
pub(crate) fn run(options: &Completeness) -> Result<()> {
    let command = Command::Completeness { again: options.again, limit: options.limit };
    let found = super::on_data(&options.on, &command, &mut |_| {})?;
    if options.on.json {
        return output::json(&found);
    }
    output::text(&if options.again { evaluated(&found) } else { report(&found) })
}

fn evaluated(result: &Value) -> String {
    let kept = match result["position"].as_u64() {
        Some(position) => format!("recorded as log position {position}"),
        None => "not recorded: no replica runs on this data directory".to_owned(),
    };
    format!(
        "evaluated again over everything up to log position {}; {kept}\n{}",
        cell(result, "through"),
        detail(result)
    )
}

fn report(found: &Value) -> String {
    let mut text = match found["results"].get(0) {
        Some(newest) => detail(newest),
        None => "No completeness manifest was evaluated yet.\n".to_owned(),
    };
    section(&mut text, "History, newest first", &found["results"], &history);
    section(&mut text, "Waiting until the source was read up to their `at`", &found["waiting"], &|list| {
        rows(list, &["manifestId", "asOf", "arrivedAt", "manifest"])
    });
    section(&mut text, "Lacking something now, whatever a manifest says", &found["incomplete"], &|list| {
        let row = |loan: &Value| vec![cell(loan, "loanRequestId"), ranges(&loan["missing"]), cell(loan, "parkedAt")];
        table(&["loan", "missing sequences", "parked at"], &each(list, row))
    });
    section(&mut text, "Purged", &found["purged"], &|list| rows(list, &["loanRequestId", "lastSequence"]));
    if found["hasMore"] == true {
        text.push_str("\nThere is more: --limit shows more entries, --json all that is in them.\n");
    }
    text
}

/// One result with its names.
fn detail(result: &Value) -> String {
    let of = |name: &str| cell(result, name);
    let mut text = String::new();
    let mut say = |what: &str, value: String| {
        writeln!(text, "{what:<10}{value}").expect("writing to a String cannot fail");
    };
    say("result", meaning(&of("result")));
    say("manifest", format!("{} as of {}, log position {}", of("manifestId"), of("asOf"), of("manifest")));
    if result["evaluatedAt"].is_string() {
        let again = if result["again"] == true { ", again on request" } else { "" };
        say("evaluated", format!("{}, over records up to log position {}{again}", of("evaluatedAt"), of("through")));
    }
    say("listed", format!("{} loans with {} events", of("loanRequests"), of("events")));
    say("missing", format!("{} events of {} loans", of("eventsMissing"), of("loansMissing")));
    say(
        "surplus",
        format!("{} loans not listed, {} with more events than listed", of("loansUnlisted"), of("loansAhead")),
    );
    // Loans and their last sequences alone: holes below them count as missing.
    say("digest", if result["presence"] == true { "agrees (last sequences)" } else { "differs" }.to_owned());
    say(
        "content",
        match result["content"].as_bool() {
            Some(true) => "agrees".to_owned(),
            Some(false) => "DIFFERS: an event here is not what was sent; compare with a fresh snapshot".to_owned(),
            None => "not compared".to_owned(),
        },
    );
    if !of("note").is_empty() {
        say("note", of("note"));
    }
    section(&mut text, "Missing by this manifest", &result["missing"], &|list| {
        let row = |loan: &Value| vec![cell(loan, "loanRequestId"), ranges(&loan["ranges"])];
        table(&["loan", "missing sequences"], &each(list, row))
    });
    section(&mut text, "Here and not in this manifest", &result["unlisted"], &|list| {
        let name = |loan: &Value| vec![loan.as_str().unwrap_or_default().to_owned()];
        table(&["loan"], &each(list, name))
    });
    section(&mut text, "More here than this manifest lists", &result["ahead"], &|list| {
        rows(list, &["loanRequestId", "listed", "here"])
    });
    text
}

fn meaning(result: &str) -> String {
    match result {
        "complete" => "complete: everything that the manifest says is here".to_owned(),
        "incomplete" => "INCOMPLETE: events are missing".to_owned(),
        "different" => "DIFFERENT: nothing is missing, and yet it does not agree".to_owned(),
        other => other.to_owned(),
    }
}

fn history(list: &[Value]) -> String {
    let row = |result: &Value| {
        let again = if result["again"] == true { " (again)" } else { "" };
        let content = match result["content"].as_bool() {
            Some(true) => "agrees",
            Some(false) => "differs",
            None => "-",
        };
        vec![
            cell(result, "evaluatedAt"),
            cell(result, "asOf"),
            format!("{}{again}", cell(result, "result")),
            cell(result, "loansMissing"),
            cell(result, "eventsMissing"),
            content.to_owned(),
            cell(result, "manifestId"),
        ]
    };
    let columns = ["evaluated", "as of", "result", "loans missing", "events missing", "content", "manifest"];
    table(&columns, &each(list, row))
}

fn section(text: &mut String, title: &str, list: &Value, body: &dyn Fn(&[Value]) -> String) {
    if let Some(entries) = list.as_array().filter(|entries| !entries.is_empty()) {
        writeln!(text, "\n{title}:\n{}", body(entries).trim_end()).expect("writing to a String cannot fail");
    }
}

fn rows(list: &[Value], columns: &[&str]) -> String {
    table(columns, &each(list, |entry| columns.iter().map(|name| cell(entry, name)).collect()))
}

fn each(list: &[Value], row: impl Fn(&Value) -> Vec<String>) -> Vec<Vec<String>> {
    list.iter().map(row).collect()
}

/// `4-5, 9`
fn ranges(list: &Value) -> String {
    let range = |range: &Value| match (cell(range, "from"), cell(range, "to")) {
        (from, to) if from == to => from,
        (from, to) => format!("{from}-{to}"),
    };
    list.as_array().into_iter().flatten().map(range).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_names_what_is_missing() {
        let result = json!({
            "result": "incomplete", "manifest": 9, "manifestId": "m1", "asOf": "2026-01-01T00:00:00Z", "through": 9,
            "again": false, "loanRequests": 3, "events": 30, "loansMissing": 1, "eventsMissing": 3, "loansUnlisted": 1,
            "loansAhead": 0, "presence": false, "content": null, "evaluatedAt": "2026-01-01T00:00:05.000Z",
            "missing": [{"loanRequestId": "L2", "ranges": [{"from": "4", "to": "5"}, {"from": "9", "to": "9"}]}],
            "unlisted": ["L9"], "ahead": [], "note": "",
        });
        let found = json!({
            "results": [result], "waiting": [], "hasMore": true,
            "incomplete": [{"loanRequestId": "L2", "missing": [{"from": "4", "to": "5"}], "parkedAt": null}],
            "purged": [{"loanRequestId": "L5", "lastSequence": "7"}],
        });
        let text = report(&found);
        for line in [
            "result    INCOMPLETE: events are missing",
            "missing   3 events of 1 loans",
            "L2    4-5, 9",
            "Here and not in this manifest:",
            "Lacking something now, whatever a manifest says:",
            "Purged:",
            "There is more",
        ] {
            assert!(text.contains(line), "{line:?} is not in\n{text}");
        }
        assert!(report(&json!({})).starts_with("No completeness manifest was evaluated yet."));
    }
}
