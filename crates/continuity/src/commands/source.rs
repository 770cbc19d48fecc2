//! `continuity source status`, `pause`, `resume`, `sync` and `accept`.

use anyhow::Result;
use serde_json::Value;

use crate::cli::{OnData, Source};
use crate::control::Command;
use crate::output;

/// Shows the source, or gives an order about it.
pub(crate) fn run(command: Source) -> Result<()> {
    match command {
        Source::Status(on) => status(&on),
        Source::Pause(by) => order(&by.on, &Command::SourcePause { reason: by.reason }),
        Source::Resume(by) => order(&by.on, &Command::SourceResume { reason: by.reason }),
        Source::Sync(on) => order(&on, &Command::SourceSync),
        Source::Resync(options) => super::resync::run(options),
        Source::Accept(by) => order(&by.on, &Command::SourceAccept { reason: by.reason }),
    }
}

fn order(on: &OnData, command: &Command) -> Result<()> {
    let done = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&done);
    }
    let parts = done["parts"].as_array().into_iter().flatten();
    let parts = parts.map(|part| format!(" {} ({})", output::cell(part, "part"), output::cell(part, "cause")));
    output::text(&match done["done"].as_str().unwrap_or_default() {
        "paused" => "The source is paused, over restarts too; `continuity source resume` ends it.".to_owned(),
        "resumed" => "The source is read again.".to_owned(),
        "reading" => "The source is being read until its end was reached once.".to_owned(),
        "accepted" => format!("Accepted and read from the beginning again:{}", parts.collect::<String>()),
        other => other.to_owned(),
    })
}

fn status(on: &OnData) -> Result<()> {
    let status = super::on_data(on, &Command::SourceStatus, &mut |_| {})?;
    if on.json {
        return output::json(&status);
    }
    output::text(&for_people(&status))
}

fn for_people(status: &Value) -> String {
    let mut lines = Vec::new();
    let mut say = |what: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{what:<12}{value}\n"));
        }
    };
    let of = |name: &str| output::cell(status, name);
    let within = |outer: &str, name: &str| output::cell(&status[outer], name);
    say("source", of("source"));
    say("state", joined(&of("state"), &of("since"), " since "));
    say("cause", joined(&of("cause"), &of("detail"), ": "));
    say("reason", of("reason"));
    say("way out", of("wayOut"));
    say("broken", of("broken"));
    if status["pausedBy"].is_object() {
        let by = joined(&within("pausedBy", "actor"), &within("pausedBy", "since"), " since ");
        say("paused by", joined(&by, &within("pausedBy", "reason"), ": "));
    }
    say("head", within("head", "text"));
    say("behind", within("head", "behind"));
    say("last seen", of("lastProofOfLife"));
    say("keeps", keeps(&status["retention"]));
    say("schedule", joined(&within("schedule", "text"), &within("schedule", "nextOpening"), "; opens "));
    if status["snapshot"].is_object() {
        let done = within("snapshot", "loansDone");
        let loans = joined(&joined(&done, &within("snapshot", "loansExpected"), " of "), "loans", " ");
        let left = status["bootstrapSecondsLeft"].as_u64().map(|seconds| format!("about {seconds} s left"));
        let missing =
            status["snapshot"]["loansMissing"].as_u64().map(|missing| format!("it ended, {missing} are missing"));
        say("bootstrap", joined(&loans, &missing.or(left).unwrap_or_default(), ", "));
    }
    let mut text = lines.concat();
    let parts: Vec<Vec<String>> = status["parts"].as_array().into_iter().flatten().map(row).collect();
    if !parts.is_empty() {
        text.push('\n');
        text.push_str(&output::table(&["part", "position", "identity", "divergence"], &parts));
    }
    text
}

fn row(part: &Value) -> Vec<String> {
    let facts = part["identity"].as_object().into_iter().flatten();
    let facts: Vec<_> = facts.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    let open = &part["divergence"];
    let divergence = joined(&output::cell(open, "cause"), &output::cell(open, "since"), " since ");
    let point = output::cell(open, "point");
    let divergence = if point.is_empty() { divergence } else { format!("{divergence}, last shared: {point}") };
    vec![output::cell(part, "part"), output::cell(part, "position"), facts.join(" "), divergence]
}

fn keeps(retention: &Value) -> String {
    if !retention.is_object() {
        return String::new();
    }
    let seconds = |name: &str| retention[name].as_f64().map(|seconds| format!("{seconds:.0} s"));
    match (seconds("maxAgeSeconds"), seconds("outageSeconds")) {
        (None, None) if retention["outage"] == "unknown" => "for how long is not known".to_owned(),
        (None, None) => "everything".to_owned(),
        (age, None) => format!("for {}", age.unwrap_or_default()),
        (None, Some(outage)) => format!("what comes within {outage} of an outage"),
        (Some(age), Some(outage)) => format!("for {age}; an outage of {outage} loses nothing"),
    }
}

/// Both with `between` them, or the first alone.
fn joined(first: &str, second: &str, between: &str) -> String {
    if second.is_empty() { first.to_owned() } else { format!("{first}{between}{second}") }
}
