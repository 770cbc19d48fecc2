//! `continuity blobs status`, `list`, `retry`, `verify` and `scrub`.

use anyhow::Result;
use serde_json::Value;

use crate::cli::{BlobId, Blobs, OnData};
use crate::control::Command;
use crate::output;

/// Shows how far the bytes are, or has some fetched or hashed again.
pub(crate) fn run(command: Blobs) -> Result<()> {
    match command {
        Blobs::Status { on, loan } => status(&on, &Command::BlobStatus { loan }),
        Blobs::List { on, limit } => list(&on, &Command::BlobList { limit }),
        Blobs::Retry(BlobId { on, sha256 }) => {
            told(&on, &Command::BlobRetry { sha256 }, "it is fetched again now; `blobs list` shows what comes of it")
        }
        Blobs::Verify(BlobId { on, sha256 }) => {
            told(&on, &Command::BlobVerify { sha256 }, "it is hashed again now; `blobs list` names it if it is damaged")
        }
        Blobs::Scrub(on) => scrub(&on),
    }
}

fn status(on: &OnData, command: &Command) -> Result<()> {
    let status = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&status);
    }
    let row = |name: &&str| {
        let amount = &status[*name];
        vec![(*name).to_owned(), output::cell(amount, "count"), output::cell(amount, "bytes")]
    };
    let rows: Vec<Vec<String>> = ["pending", "available", "failed", "damaged"].iter().map(row).collect();
    let mut text = output::table(&["state", "blobs", "bytes"], &rows);
    if let Some(stuck) = status["stuck"].as_u64().filter(|stuck| *stuck > 0) {
        text = format!("{text}\n{stuck} pending ones were tried often in vain: see `blobs list`");
    }
    if let Some(since) = status["oldestPendingAt"].as_str() {
        text = format!("{text}\nthe oldest pending one has been wanted since {since}");
    }
    if let Some(why) = status["failing"].as_str() {
        text = format!("{text}\nnothing is fetched or verified: {why}");
    }
    output::text(&text)
}

fn scrub(on: &OnData) -> Result<()> {
    let found = super::on_data(on, &Command::BlobScrub, &mut |_| {})?;
    if on.json {
        return output::json(&found);
    }
    let of = |name| output::cell(&found, name);
    let end = if found["givenUp"] == true {
        "; given up, as so many are damaged or cannot be read: look at the store, then begin again"
    } else {
        ""
    };
    output::text(&format!(
        "{} stored files are good, {} damaged and fetched again, {} could not be read{end}",
        of("good"),
        of("damaged"),
        of("unreadable"),
    ))
}

fn list(on: &OnData, command: &Command) -> Result<()> {
    let result = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&result);
    }
    let row = |blob: &Value| {
        let loans = blob["loanRequestIds"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let cells = ["sha256", "state", "reason"].map(|name| output::cell(blob, name));
        cells.into_iter().chain([loans.collect::<Vec<_>>().join(" ")]).collect()
    };
    let rows: Vec<Vec<String>> = result.as_array().into_iter().flatten().map(row).collect();
    output::text(&output::table(&["sha256", "state", "reason", "loans"], &rows))
}

fn told(on: &OnData, command: &Command, text: &str) -> Result<()> {
    let result = super::on_data(on, command, &mut |_| {})?;
    if on.json { output::json(&result) } else { output::text(text) }
}
