//! Commands on a data directory that no process runs on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use continuity_base::{Stop, SystemClock};
use serde_json::Value;

use super::Core;
use crate::commands::serve;
use crate::config::{self, Config};
use crate::control::{Command, Reply};
use crate::datadir::DataDir;

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Takes the directory's lock, opens what is in it, and carries out `command`.
pub(crate) fn execute(data_dir: &Path, command: &Command, each: &mut dyn FnMut(Reply)) -> Result<Value> {
    if !data_dir.is_dir() {
        bail!("{} is not a data directory: there is no such directory", data_dir.display());
    }
    let Some(dir) = DataDir::try_open(data_dir)? else {
        bail!("a process is starting or stopping on {}; try again when it is up or gone", data_dir.display());
    };
    // No token is issued or checked here, so it does not matter for which address.
    let config = Config { public_url: "https://localhost".to_owned(), auth: configured()?, ..Config::default() };
    let core = Core::open(dir, &config, Arc::new(SystemClock::new()))?;
    let operations = core.operations();
    let stop = Stop::new();
    let (engine, until) = (core.engine, stop.clone());
    let worker = thread::Builder::new().name("engine".to_owned()).spawn(move || engine.run(until))?;
    // What the log holds beyond the last durable commit is folded first: the answer is about all of it.
    let head = operations.log.head().position;
    while !operations.engine.wait_for(head, LOOK_EVERY) && !worker.is_finished() {
        each(Reply::Progress { done: operations.engine.view().position, of: head });
    }
    let result = operations.execute(command, "cli", each);
    stop.stop();
    worker.join().map_err(|_| anyhow!("the read-model engine panicked"))?.context("the read-model engine failed")?;
    operations.auth.close();
    result
}

/// The authorization server's part of the configuration that the environment names: where the fleet key is.
fn configured() -> Result<config::Auth> {
    let Some(path) = std::env::var_os("CONTINUITY_CONFIG") else { return Ok(Config::default().auth) };
    let path = PathBuf::from(path);
    let config = config::load(Some(&path), serve::environment())?;
    Ok(config.auth)
}
