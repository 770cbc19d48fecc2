//! Rules of the house that a machine can hold: sizes, module documentation, the crate graph, registrations, and the
//! paths that the documents name.

mod documents;
mod graph;
mod registrations;
mod sizes;

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::Outcome;

/// A source file: its path below the top, and its text.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every rule; the error lists each place that breaks one.
pub(crate) fn check(root: &Path) -> Outcome {
    let sources = rust_sources(root)?;
    let mut problems = Vec::new();
    for source in &sources {
        problems.extend(sizes::check(source));
    }
    problems.extend(graph::check(root)?);
    problems.extend(registrations::check(root)?);
    problems.extend(documents::check(root)?);
    if problems.is_empty() {
        println!("tidy: {} files keep the rules of the house; {}", sources.len(), sizes::longest(&sources));
        return Ok(());
    }
    Err(format!("tidy:\n  {}", problems.join("\n  ")))
}

fn rust_sources(root: &Path) -> Result<Vec<Source>, String> {
    let mut files = Vec::new();
    for top in ["crates", "events", "projections", "tests", "xtask"] {
        walk(&root.join(top), &mut files)?;
    }
    files.sort();
    let rust = files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    rust.map(|path| Ok(Source { text: read(&path)?, path: below(root, &path) })).collect()
}

pub(crate) fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(directory).map_err(|e| format!("cannot list {}: {e}", directory.display()))?;
    for entry in entries {
        let path = entry.map_err(|e| format!("cannot list {}: {e}", directory.display()))?.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            walk(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

pub(crate) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
