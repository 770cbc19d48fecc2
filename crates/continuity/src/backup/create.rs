//! Makes a backup of a running replica.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use continuity_base::Clock;
use continuity_blobs::BlobService;
use continuity_log::{Copied, Log, RealDisk};
use continuity_readmodel::{EngineHandle, ModelState, ModelStatus};
use serde_json::Value;

use super::directory::{self, DOCUMENTS, Directory, MANIFEST};
use super::restore::Document;
use super::{Documents, FORMAT, LogPart, Manifest, Model, Tell, to_value};

/// How long the read models may take to reach what the log holds at the beginning; without them there are no digests.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is backed up.
pub(crate) struct Source<'a> {
    pub(crate) data_dir: &'a Path,
    pub(crate) log: &'a Log,
    pub(crate) control_log: &'a Log,
    pub(crate) engine: &'a EngineHandle,
    pub(crate) blobs: &'a BlobService,
    pub(crate) clock: &'a dyn Clock,
}

/// Makes a backup in the directory: of everything that the logs hold when it begins, and all bytes that are stored.
pub(crate) fn create(source: &Source<'_>, root: &Path, tell: Tell<'_>) -> Result<Value> {
    let directory = Directory::prepare(root, source.data_dir)?;
    let _lock = directory.lock()?;
    let started_at = source.clock.now().to_string();
    let (until, models) = reached(source);
    let part = directory.part()?;
    let copy = |log: &Log, until: u64, name: &str, tell: Tell<'_>| {
        copy_log(log, until, &directory.state().join(name), &part.join(name), tell)
    };
    let log = copy(source.log, until, "log", tell)?;
    let control_log = copy(source.control_log, u64::MAX, "control/log", tell)?;
    // Bytes come last: those that the log refers to are there, or were not stored when it began.
    let blobs = source.blobs.copy_to(&directory.blobs(), tell).context("cannot copy the bytes of documents")?;
    let mut list = String::new();
    for digest in &blobs.digests {
        writeln!(list, "{}", Document::new(&hex::encode(digest)))?;
    }
    directory::write(&part, DOCUMENTS, list.as_bytes())?;
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at,
        made_at: source.clock.now().to_string(),
        log: LogPart::new(log.head, log.bytes),
        control_log: LogPart::new(control_log.head, control_log.bytes),
        documents: Documents {
            count: blobs.digests.len() as u64,
            bytes: blobs.bytes,
            damaged: blobs.damaged.iter().map(hex::encode).collect(),
        },
        // The copy ends at the end of a frame, and so do read models.
        read_models: if log.head.position == until { models } else { Vec::new() },
    };
    directory::write_json(&part, MANIFEST, &manifest)?;
    directory.exchange(&part)?;
    let mut told = to_value(&manifest)?;
    told["directory"] = to_value(&directory.root())?;
    told["writtenBytes"] = Value::from(log.written_bytes + control_log.written_bytes + blobs.written_bytes);
    Ok(told)
}

/// The position of the read models once they hold all that the log holds now, with their digests; the end of the log, and
/// none, where they do not come that far.
fn reached(source: &Source<'_>) -> (u64, Vec<Model>) {
    if !source.engine.wait_for(source.log.head().position, PATIENCE) {
        return (u64::MAX, Vec::new());
    }
    let view = source.engine.view();
    let here = |model: &ModelStatus| model.state == ModelState::Serving && model.position == view.position;
    (view.position, view.statuses().iter().filter(|model| here(model)).map(Model::new).collect())
}

impl Model {
    pub(super) fn new(status: &ModelStatus) -> Self {
        Self {
            name: status.name.to_owned(),
            version: status.version,
            rows: status.rows,
            digest: hex::encode(status.digest),
        }
    }
}

/// Copies a log to `part`; complete segments are taken over from `earlier`, where it can be.
fn copy_log(log: &Log, until: u64, earlier: &Path, part: &Path, tell: Tell<'_>) -> Result<Copied> {
    let failed = || format!("cannot copy a log to {}", part.display());
    fs::create_dir_all(part).with_context(failed)?;
    let disk = RealDisk::new(part).with_context(failed)?;
    // Without links, as on some shares, everything is copied each time.
    let mut link = |name: &str| fs::hard_link(earlier.join(name), part.join(name)).is_ok();
    let copied = log.copy_to(until, &disk, &mut link, tell).with_context(failed)?;
    part.ancestors().take(2).try_for_each(directory::sync).with_context(failed)?;
    Ok(copied)
}
