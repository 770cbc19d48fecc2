//! `continuity backup create`, `status`, `verify` and `restore`.

use std::fmt::Write;
use std::path::{Path, absolute};
use std::sync::Arc;

use anyhow::{Result, bail};
use continuity_base::{Clock, SystemClock};
use serde_json::Value;

use crate::backup;
use crate::cli::{Backup, OnData};
use crate::control::Command;
use crate::output::{self, cell};
use crate::progress::Progress;

/// Makes a backup of a running replica, shows one, verifies one, or restores one.
pub(crate) fn run(command: Backup) -> Result<()> {
    match command {
        Backup::Create { on, to } => create(&on, to.as_deref()),
        Backup::Status { of, json } => show(&backup::status(&of)?, json, status),
        Backup::Verify { of, json } => verify(&of, json),
        Backup::Restore { from, data_dir, json } => {
            let restored = with_progress("restoring", |tell| backup::restore(&from, &data_dir, tell))?;
            show(&restored, json, restored_text)
        }
    }
}

fn create(on: &OnData, to: Option<&Path>) -> Result<()> {
    // The process that makes it has another working directory.
    let to = to.map(absolute).transpose()?;
    let made = super::on_data(on, &Command::BackupCreate { to }, &mut |_| {})?;
    show(&made, on.json, |made| {
        format!(
            "{}\n{} bytes were written\nThe fleet key is not in it; keep a copy of it apart (auth.fleet_key_file).\n",
            manifest(made, &made["directory"]),
            cell(made, "writtenBytes")
        )
    })
}

fn verify(of: &Path, json: bool) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let found = with_progress("verifying", |tell| backup::verify(of, &clock, tell))?;
    show(&serde_json::to_value(&found)?, json, verification)?;
    if !found.is_good() {
        bail!("the backup in {} is not good; make another one", of.display());
    }
    Ok(())
}

fn with_progress<T>(what: &'static str, work: impl FnOnce(&mut dyn FnMut(u64, u64)) -> Result<T>) -> Result<T> {
    let mut progress = Progress::new(what);
    let done = work(&mut |done, of| progress.set(done, of));
    progress.finish();
    done
}

fn show(value: &Value, json: bool, text: impl Fn(&Value) -> String) -> Result<()> {
    if json { output::json(value) } else { output::text(&text(value)) }
}

fn status(found: &Value) -> String {
    if found["backup"].is_null() {
        return format!("there is no backup in {}\n", cell(found, "directory"));
    }
    let made = manifest(&found["backup"], &found["directory"]);
    match &found["verification"] {
        Value::Null => format!("{made}\nIt was never verified: continuity backup verify --of DIR\n"),
        found_then if found["verificationIsOfThisBackup"] == true => format!("{made}\n{}", verification(found_then)),
        earlier => format!("{made}\nIt was not verified yet. The one before it:\n{}", verification(earlier)),
    }
}

fn manifest(made: &Value, directory: &Value) -> String {
    let (log, control, documents) = (&made["log"], &made["controlLog"], &made["documents"]);
    let mut text = format!(
        "backup of {} in {}\nlog up to position {} ({}), control log up to {}\n{} documents and attachments, {} bytes",
        cell(made, "madeAt"),
        directory.as_str().unwrap_or_default(),
        cell(log, "position"),
        cell(log, "hash"),
        cell(control, "position"),
        cell(documents, "count"),
        cell(documents, "bytes")
    );
    for sha256 in documents["damaged"].as_array().into_iter().flatten() {
        write!(text, "\nDAMAGED, and not in it: {}", sha256.as_str().unwrap_or_default())
            .expect("writing to a String cannot fail");
    }
    text
}

fn verification(found: &Value) -> String {
    let (problems, count) = (list(&found["problems"]), |name: &str| list(&found[name]).len());
    let mut text = format!(
        "verified {} by restoring it: {} records, {} of the control log, {} documents, {} read models agree\n",
        cell(found, "verifiedAt"),
        cell(found, "records"),
        cell(found, "controlRecords"),
        cell(found, "documents"),
        count("agree")
    );
    let mut say = |line: String| writeln!(text, "{line}").expect("writing to a String cannot fail");
    if count("notCompared") > 0 {
        say(format!("not compared: {}", list(&found["notCompared"]).join(", ")));
    }
    say(if problems.is_empty() { "it is good".to_owned() } else { "IT IS NOT GOOD:".to_owned() });
    for problem in problems {
        say(format!("- {problem}"));
    }
    text
}

fn restored_text(restored: &Value) -> String {
    let mut text = format!(
        "restored the backup of {} to {}: log up to position {}, control log up to {}, {} documents and attachments\n",
        cell(restored, "madeAt"),
        cell(restored, "directory"),
        cell(restored, "position"),
        cell(restored, "controlPosition"),
        cell(restored, "documents")
    );
    for sha256 in list(&restored["missing"]) {
        writeln!(text, "MISSING in the backup: {sha256}").expect("writing to a String cannot fail");
    }
    text.push_str("Put the fleet key in its place (auth.fleet_key_file), then start the replica on it: it folds the read models first.\n");
    text
}

fn list(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
