//! Verifies a backup by restoring it: both logs, every file, and the read models folded again from it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use continuity_base::{Clock, Stop};
use continuity_log::{Log, Opened, Options as LogOptions, RealDisk};
use continuity_readmodel::ledger::Ledger;
use continuity_readmodel::{BatchLimits, Engine, EngineOptions};

use super::directory::Directory;
use super::restore::{copy_log, documents, is_whole};
use super::{Manifest, Model, Tell, Verification};
use crate::digest::sha256;

/// Problems that are named; of more their number is told.
const MOST_PROBLEMS: usize = 50;
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Memory for the pages of read models while they are folded.
const CACHE_BYTES: usize = 256 << 20;

/// Verifies the backup in `root`, and keeps what was found beside it. Needs room for the replica log and the read models
/// there.
pub(crate) fn verify(root: &Path, clock: &Arc<dyn Clock>, tell: Tell<'_>) -> Result<Verification> {
    let directory = Directory::new(root);
    let manifest = directory.backup()?;
    let _lock = directory.lock()?;
    let mut found = Verification {
        verified_at: String::new(),
        made_at: manifest.made_at.clone(),
        records: 0,
        control_records: 0,
        documents: 0,
        agree: Vec::new(),
        not_compared: Vec::new(),
        problems: Vec::new(),
    };
    let state = directory.state();
    match is_whole(&state.join("control/log"), &manifest.control_log, tell) {
        Ok(verified) => found.control_records = verified.head.position,
        Err(error) => found.problems.push(format!("the control log: {error:#}")),
    }
    check_documents(&directory, &manifest, &mut found, tell);
    match is_whole(&state.join("log"), &manifest.log, tell) {
        Ok(verified) => {
            found.records = verified.head.position;
            let trial = directory.trial()?;
            let folded = fold(&state.join("log"), &trial, clock, tell);
            fs::remove_dir_all(&trial).with_context(|| format!("cannot remove {}", trial.display()))?;
            match folded {
                Ok(models) => compare(&manifest.read_models, &models, &mut found),
                Err(error) => found.problems.push(format!("the restored log cannot be folded: {error:#}")),
            }
        }
        Err(error) => found.problems.push(format!("the replica log: {error:#}")),
    }
    if found.problems.len() > MOST_PROBLEMS {
        let more = found.problems.split_off(MOST_PROBLEMS).len();
        found.problems.push(format!("and {more} more"));
    }
    found.verified_at = clock.now().to_string();
    directory.keep_verification(&found)?;
    Ok(found)
}

/// Hashes every file that the backup lists.
fn check_documents(directory: &Directory, manifest: &Manifest, found: &mut Verification, tell: Tell<'_>) {
    let listed = match documents(directory) {
        Ok(listed) => listed,
        Err(error) => return found.problems.push(format!("the list of documents: {error:#}")),
    };
    if listed.len() as u64 != manifest.documents.count {
        let (listed, made) = (listed.len(), manifest.documents.count);
        found.problems.push(format!("the list of documents has {listed} lines; the backup was made with {made}"));
    }
    for (done, document) in (0..).zip(&listed) {
        tell(done, listed.len() as u64);
        match sha256(&directory.root().join(&document.path)) {
            Ok(sha256) if sha256 == document.sha256 => found.documents += 1,
            Ok(sha256) => found.problems.push(format!("{} has the SHA-256 {sha256}", document.path.display())),
            Err(error) => found.problems.push(format!("{}: {error}", document.path.display())),
        }
    }
}

/// Restores the log to `trial` and folds every read model from it, as a replica would that is started on it.
fn fold(log: &Path, trial: &Path, clock: &Arc<dyn Clock>, tell: Tell<'_>) -> Result<Vec<Model>> {
    copy_log(log, &trial.join("log"))?;
    let disk = Arc::new(RealDisk::new(trial.join("log"))?);
    let Opened { log, writer, .. } = Log::open(disk, LogOptions::default(), &[])?;
    let dir = trial.join("read-models");
    fs::create_dir_all(&dir)?;
    let (ledger, reader) = Ledger::open(&dir, &log)?;
    let (handle, engine) = Engine::open(EngineOptions {
        dir,
        log: log.clone(),
        ledger: reader,
        projections: continuity_projections::all(),
        clock: Arc::clone(clock),
        cache_bytes: CACHE_BYTES,
        batch: BatchLimits::default(),
    })?;
    let (stop, head) = (Stop::new(), log.head().position);
    let until = stop.clone();
    let worker = thread::Builder::new().name("engine".to_owned()).spawn(move || engine.run(until))?;
    while !handle.wait_for(head, LOOK_EVERY) && !worker.is_finished() {
        tell(handle.view().position, head);
    }
    stop.stop();
    worker.join().map_err(|_| anyhow!("the read-model engine panicked"))??;
    if handle.view().position != head {
        bail!("the read models end at position {} of {head}", handle.view().position);
    }
    let models = handle.view().statuses().iter().map(Model::new).collect();
    drop((handle, ledger, writer));
    Ok(models)
}

/// Holds what was folded against what it was when the backup was made.
fn compare(then: &[Model], now: &[Model], found: &mut Verification) {
    for model in now {
        match then.iter().find(|then| then.name == model.name && then.version == model.version) {
            Some(then) if then == model => found.agree.push(model.name.clone()),
            Some(then) => found.problems.push(format!(
                "the read model {} has {} rows and the digest {} once restored; it had {} and {}",
                model.name, model.rows, model.digest, then.rows, then.digest
            )),
            None => found.not_compared.push(model.name.clone()),
        }
    }
}
