//! Backups of the running replica.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

use super::{Following, Operations};
use crate::backup;
use crate::control::Reply;
use crate::patience::Patience;

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a page waits for the directory of the backups.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where backups go, and of what they are.
#[derive(Clone, Debug)]
pub(crate) struct Backups {
    /// As configured; `None` where nothing is.
    directory: Option<PathBuf>,
    data_dir: PathBuf,
    looking: Arc<Patience<Result<Value>>>,
}

impl Backups {
    pub(crate) fn new(directory: Option<PathBuf>, data_dir: PathBuf) -> Self {
        Self { directory, data_dir, looking: Arc::default() }
    }

    /// What is in the configured directory, which may be on a share that does not answer.
    fn look(&self, limit: Duration) -> Result<Value> {
        let Some(directory) = self.directory.clone() else {
            return Ok(json!({ "directory": null, "backup": null, "verification": null }));
        };
        let silent = format!("{} does not answer; look at the share that it is on", directory.display());
        let found = self.looking.ask(limit, move || backup::status(&directory))?;
        found.unwrap_or_else(|| Err(anyhow!(silent)))
    }

    fn directory<'a>(&'a self, named: Option<&'a Path>) -> Result<&'a Path> {
        let nowhere = "no directory for backups is configured; set backup.directory, or name one with --to";
        named.or(self.directory.as_deref()).ok_or_else(|| anyhow!(nowhere))
    }
}

/// The backup in the configured directory, and its verification.
pub(super) fn status(on: &Operations) -> Result<Value> {
    on.following()?.backups.look(PATIENCE)
}

/// Makes a backup, in the configured directory unless another one is named.
pub(super) fn create(on: &Operations, to: Option<&Path>, out: &mut dyn FnMut(Reply)) -> Result<Value> {
    let Following { backups, blobs, clock, .. } = on.following()?;
    let source = backup::Source {
        data_dir: &backups.data_dir,
        log: &on.log,
        control_log: &on.auth.control_log(),
        engine: &on.engine,
        blobs,
        clock: &**clock,
    };
    let made = backup::create(&source, backups.directory(to)?, &mut |done, of| out(Reply::Progress { done, of }))?;
    backup::metrics::show(backups.directory.as_deref());
    tracing::info!(backup.directory = %made["directory"], log.position = %made["log"]["position"], "a backup was made");
    Ok(made)
}

/// Verifies the backup in the configured directory by restoring it: in a process of its own, which can neither take this
/// one's memory nor be taken for it in the metrics.
pub(super) fn verify(on: &Operations) -> Result<Value> {
    let directory = on.following()?.backups.directory(None)?;
    let found = in_a_process(on, directory);
    backup::metrics::show(Some(directory));
    found
}

/// Has it verified by this program.
fn in_a_process(on: &Operations, directory: &Path) -> Result<Value> {
    let program = std::env::current_exe().context("cannot find this program's file")?;
    let mut child = Command::new(program)
        .args(["backup", "verify", "--json"])
        .arg("--of")
        .arg(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start the verification")?;
    while child.try_wait()?.is_none() {
        if on.stop.is_stopped() {
            child.kill().and_then(|()| child.wait())?;
            bail!("the process stops; verify again when it runs");
        }
        thread::sleep(LOOK_EVERY);
    }
    let output = child.wait_with_output()?;
    // With problems it fails, and tells them all the same.
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow!("{}", said.trim().lines().next_back().unwrap_or("the verification ended without a word"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_does_not_answer_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let backups = Backups::new(Some(folder.path().to_owned()), PathBuf::new());
        let verified = folder.path().join("verified.json");
        assert_eq!(backups.look(PATIENCE).unwrap()["backup"], Value::Null);
        // Whoever opens a pipe waits until somebody writes to it.
        assert!(Command::new("mkfifo").arg(&verified).status().unwrap().success());
        let silent = backups.look(LOOK_EVERY).unwrap_err().to_string();
        assert!(silent.contains(folder.path().to_str().unwrap()) && silent.contains("does not answer"), "{silent}");
        std::fs::write(&verified, "").unwrap();
        std::fs::remove_file(&verified).unwrap();
        // The first answer may be the one that was waited for, which no backup can be read from.
        let found = [backups.look(PATIENCE), backups.look(PATIENCE)].into_iter().find_map(Result::ok).unwrap();
        assert_eq!(found["backup"], Value::Null);
    }
}
