//! Backups: a copy of both logs and of all bytes, made while the process works, verified by restoring it.
//!
//! ```text
//! DIRECTORY/state/log/            the replica log at one position
//! DIRECTORY/state/control/log/    the control log
//! DIRECTORY/state/backup.json     what this is, with the digests of the read models at that position
//! DIRECTORY/state/documents.sha256  every file of blobs/, for `sha256sum -c` in DIRECTORY
//! DIRECTORY/blobs/sha256/         the bytes of documents and attachments
//! DIRECTORY/verified.json         what the last verification found
//! ```
//!
//! `state` is made beside the present one and exchanged with it in one step, so there is always one whole backup. Files
//! that never change are taken over from one backup to the next. Read models, ledger and the index of bytes are not in
//! it: they follow from the logs. The fleet key is not in it either, so that a backup alone signs nothing.

mod create;
mod directory;
pub(crate) mod metrics;
mod restore;
mod verify;

use std::path::Path;

use anyhow::{Context, Result};
use continuity_log::Head;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use create::{Source, create};
use directory::Directory;
pub(crate) use restore::restore;
pub(crate) use verify::verify;

/// Tells how much is done, and of how much.
type Tell<'a> = &'a mut dyn FnMut(u64, u64);

/// The form of what is written; a later one is not read.
const FORMAT: u32 = 1;

/// What a backup is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    format: u32,
    /// Version of the program that made it.
    version: String,
    started_at: String,
    /// When it was complete.
    made_at: String,
    log: LogPart,
    control_log: LogPart,
    documents: Documents,
    /// As they were at the log's position; empty where they were not there then.
    read_models: Vec<Model>,
}

/// One of the logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LogPart {
    position: u64,
    hash: String,
    bytes: u64,
}

/// The bytes of documents and attachments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Documents {
    count: u64,
    bytes: u64,
    /// SHA-256 of those whose stored bytes were wrong: they are not in the backup.
    damaged: Vec<String>,
}

/// A read model at the backup's position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Model {
    name: String,
    version: u32,
    rows: u64,
    digest: String,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verification {
    verified_at: String,
    /// Of the backup with this time.
    made_at: String,
    records: u64,
    control_records: u64,
    documents: u64,
    /// Read models that were folded again from the backup and agree with what they were.
    agree: Vec<String>,
    /// Those that could not be compared: the program folds them otherwise by now, or they were not there at the time.
    not_compared: Vec<String>,
    /// In the words of an operator; nothing where the backup is good.
    problems: Vec<String>,
}

impl Verification {
    pub(crate) fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}

impl LogPart {
    fn new(head: Head, bytes: u64) -> Self {
        Self { position: head.position, hash: head.hash.to_string(), bytes }
    }
}

/// What is in the directory: the backup and its verification, each `null` where there is none.
pub(crate) fn status(directory: &Path) -> Result<Value> {
    let directory = Directory::new(directory);
    let manifest = directory.manifest()?;
    let verified = directory.verification()?;
    // What was found of an earlier backup says nothing of this one, and it is what the bank has to know of all the same.
    let is_of_this = manifest.as_ref().zip(verified.as_ref()).is_some_and(|(this, of)| this.made_at == of.made_at);
    Ok(json!({
        "directory": directory.root(),
        "backup": manifest,
        "verification": verified,
        "verificationIsOfThisBackup": is_of_this,
    }))
}

fn to_value<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).context("cannot be told as JSON")
}
