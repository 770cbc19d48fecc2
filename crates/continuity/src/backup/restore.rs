//! Puts a backup where a replica can be started on it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use continuity_log::{Disk, RealDisk, Verified};
use serde_json::{Value, json};

use super::directory::{self, DOCUMENTS, Directory};
use super::{LogPart, Tell};
use crate::datadir::DataDir;

/// The file of a log that says how much of it was durable. It is copied first: a log that lacks something then is damaged,
/// and not a shorter one.
const HEAD: &str = "head";
/// Files between two reports of progress.
const TELL_EVERY: u64 = 64;

/// Restores the backup in `root` to `data_dir`, which is empty or not there yet, and verifies both logs there.
pub(crate) fn restore(root: &Path, data_dir: &Path, tell: Tell<'_>) -> Result<Value> {
    let directory = Directory::new(root);
    let manifest = directory.backup()?;
    let _lock = directory.lock_to_read()?;
    let there = fs::read_dir(data_dir).map(|mut entries| entries.next().is_some());
    if there.unwrap_or_default() {
        bail!("{} is not empty; a backup is restored to a directory of its own", data_dir.display());
    }
    let dir = DataDir::open(data_dir)?;
    let documents = documents(&directory)?;
    let mut missing = Vec::new();
    let of = documents.len() as u64;
    for (done, document) in (0..).zip(&documents) {
        if done % TELL_EVERY == 0 {
            tell(done, of);
        }
        match copy_file(&directory.root().join(&document.path), &dir.root().join(&document.path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(&document.sha256),
            copied => copied.with_context(|| format!("cannot restore {}", document.path.display()))?,
        }
    }
    let state = directory.state();
    for (part, to, expected) in
        [("control/log", dir.control().join("log"), &manifest.control_log), ("log", dir.log(), &manifest.log)]
    {
        copy_log(&state.join(part), &to)?;
        is_whole(&to, expected, tell)?;
    }
    Ok(json!({
        "directory": dir.root(),
        "madeAt": manifest.made_at,
        "position": manifest.log.position,
        "controlPosition": manifest.control_log.position,
        "documents": documents.len() - missing.len(),
        "missing": missing,
    }))
}

/// A file that a backup lists.
pub(super) struct Document {
    pub(super) sha256: String,
    /// Below the directory of the backup, and of the data.
    pub(super) path: PathBuf,
}

/// The files of documents and attachments that the backup has.
pub(super) fn documents(directory: &Directory) -> Result<Vec<Document>> {
    let path = directory.state().join(DOCUMENTS);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let all: Option<Vec<_>> = text.lines().map(Document::parse).collect();
    all.with_context(|| format!("{} is damaged", path.display()))
}

impl Document {
    /// The file of that digest, in hexadecimal digits.
    pub(super) fn new(sha256: &str) -> Self {
        let path = PathBuf::from(format!("blobs/sha256/{}/{sha256}", &sha256[..2]));
        Self { sha256: sha256.to_owned(), path }
    }

    /// A line of the list. Somebody may have changed it: a path that is not the one of its digest leads somewhere else.
    fn parse(line: &str) -> Option<Self> {
        let (sha256, path) = line.split_once("  ")?;
        let is_digest = sha256.len() == 64 && sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let document = Self::new(is_digest.then_some(sha256)?);
        (document.path.as_os_str() == path).then_some(document)
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.sha256, self.path.display())
    }
}

/// Copies the files of a log that nobody writes.
pub(super) fn copy_log(from: &Path, to: &Path) -> Result<()> {
    let copy = || -> io::Result<()> {
        let mut names: Vec<_> = fs::read_dir(from)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort_by_key(|name| name != HEAD);
        names.iter().try_for_each(|name| copy_file(&from.join(name), &to.join(name)))
    };
    copy().with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

/// Verifies a log, and that it is the one that was backed up.
pub(super) fn is_whole(log: &Path, expected: &LogPart, tell: Tell<'_>) -> Result<Verified> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(log)?);
    let verified = continuity_log::verify(&disk, &[], tell)?;
    let found = LogPart::new(verified.head, verified.bytes);
    if found != *expected {
        bail!(
            "{} ends at position {} in {} with {} bytes; the backup was made of one that ends at {} in {} with {}",
            log.display(),
            found.position,
            found.hash,
            found.bytes,
            expected.position,
            expected.hash,
            expected.bytes
        );
    }
    Ok(verified)
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent)?;
    fs::copy(from, to)?;
    fs::File::open(to)?.sync_all()?;
    directory::sync(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_leads_nowhere_else() {
        let digest = "ab".repeat(32);
        let line = Document::new(&digest).to_string();
        assert_eq!(line, format!("{digest}  blobs/sha256/ab/{digest}"));
        assert_eq!(Document::parse(&line).map(|document| document.to_string()), Some(line.clone()));
        for wrong in [
            "",
            &line.replace("blobs/", "../blobs/"),
            &line.replace("blobs/", "/etc/"),
            &line.replacen("ab", "AB", 1),
            &line.replacen("ab", "", 1),
            &format!("{}  blobs/sha256/ab/{digest}", "cd".repeat(32)),
        ] {
            assert!(Document::parse(wrong).is_none(), "{wrong}");
        }
    }
}
