//! The files of the read models: one per read model and build.
//!
//! `<name>-<build>.redb`, the highest build counts. A build under way is `<name>-<build>.building` until the rename that
//! switches it in; what a crash leaves of it is removed at the next start.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::StoreError;
use crate::store::{Place, Shelf};

const STORE: &str = ".redb";
const BUILDING: &str = ".building";

#[derive(Clone, Debug)]
pub(super) struct Files(Arc<dyn Shelf>);

impl Files {
    pub(super) fn new(shelf: Arc<dyn Shelf>) -> Self {
        Self(shelf)
    }

    /// Names and current files of everything that is there.
    pub(super) fn all(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut found: Vec<(String, u64, String)> = Vec::new();
        for file in self.0.list().map_err(|e| failed("", e))? {
            let Some((name, build)) = parse(&file, STORE) else { continue };
            match found.iter_mut().find(|(other, ..)| *other == name) {
                Some(known) if known.1 < build => *known = (name, build, file),
                Some(_) => {}
                None => found.push((name, build, file)),
            }
        }
        Ok(found.into_iter().map(|(name, _, file)| (name, file)).collect())
    }

    /// The file of a read model: the current one, or the one that is to be made.
    pub(super) fn current(&self, name: &str) -> Result<String, StoreError> {
        let found = self.all()?.into_iter().find(|(other, _)| other == name);
        Ok(found.map_or_else(|| format!("{name}-{:08}{STORE}", 1), |(_, file)| file))
    }

    /// A file to build a read model in, and the one that it becomes.
    pub(super) fn next(&self, name: &str) -> Result<(String, String), StoreError> {
        let current = self.current(name)?;
        let build = parse(&current, STORE).map_or(1, |(_, build)| build + 1);
        Ok((format!("{name}-{build:08}{BUILDING}"), format!("{name}-{build:08}{STORE}")))
    }

    /// Removes builds that were left unfinished, and those that were replaced.
    pub(super) fn tidy(&self) -> Result<(), StoreError> {
        let current: Vec<String> = self.all()?.into_iter().map(|(_, file)| file).collect();
        for file in self.0.list().map_err(|e| failed("", e))? {
            let replaced = parse(&file, STORE).is_some() && !current.contains(&file);
            if replaced || parse(&file, BUILDING).is_some() {
                self.remove(&file)?;
            }
        }
        Ok(())
    }

    pub(super) fn place(&self, file: &str) -> Place {
        Place::on(Arc::clone(&self.0), file)
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), StoreError> {
        self.0.rename(from, to).map_err(|e| failed(to, e))
    }

    pub(super) fn remove(&self, file: &str) -> Result<(), StoreError> {
        self.0.remove(file).map_err(|e| failed(file, e))
    }
}

fn failed(file: &str, source: io::Error) -> StoreError {
    StoreError::Io { path: PathBuf::from(file), source }
}

fn parse(file: &str, suffix: &str) -> Option<(String, u64)> {
    let (name, build) = file.strip_suffix(suffix)?.rsplit_once('-')?;
    let digits = build.len() == 8 && build.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| build.parse().ok()).flatten().map(|build| (name.to_owned(), build))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryShelf;

    #[test]
    fn the_highest_build_counts_and_leftovers_go() {
        let shelf = Arc::new(MemoryShelf::new());
        for file in
            ["a-b-00000002.redb", "a-b-00000010.redb", "a-b-00000011.building", "ledger.redb", "c-00000001.redb"]
        {
            drop(shelf.open(file).unwrap());
        }
        let files = Files::new(shelf.clone());
        assert_eq!(files.current("a-b").unwrap(), "a-b-00000010.redb");
        assert_eq!(files.current("new").unwrap(), "new-00000001.redb");
        assert_eq!(files.next("a-b").unwrap(), ("a-b-00000011.building".to_owned(), "a-b-00000011.redb".to_owned()));
        files.tidy().unwrap();
        assert_eq!(shelf.list().unwrap(), ["a-b-00000010.redb", "c-00000001.redb", "ledger.redb"]);
    }
}
