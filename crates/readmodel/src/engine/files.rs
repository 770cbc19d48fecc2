//! The files of the read models: one per read model and build.
//!
//! `<name>-<build>.redb`, the highest build counts; the one before it may be kept, see [`super::kept`]. A build under way
//! is `<name>-<build>.building` until the rename that switches it in; what a crash leaves of it is removed at the next
//! start.

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

    /// Every build that is there: name, build and file, each name's latest build first.
    fn builds(&self) -> Result<Vec<(String, u64, String)>, StoreError> {
        let files = self.0.list().map_err(|e| failed("", e))?;
        let build = |file: String| parse(&file, STORE).map(|(name, build)| (name, build, file));
        let mut builds: Vec<_> = files.into_iter().filter_map(build).collect();
        builds.sort_by(|(a, earlier, _), (b, later, _)| a.cmp(b).then(later.cmp(earlier)));
        Ok(builds)
    }

    /// Names and current files of everything that is there.
    pub(super) fn all(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut builds = self.builds()?;
        builds.dedup_by(|(later, ..), (name, ..)| later == name);
        Ok(builds.into_iter().map(|(name, _, file)| (name, file)).collect())
    }

    /// The builds of a read model before the current one, the latest first.
    pub(super) fn earlier(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let builds = self.builds()?.into_iter().filter(|(other, ..)| other == name);
        Ok(builds.skip(1).map(|(.., file)| file).collect())
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

    /// Removes builds that were left unfinished.
    pub(super) fn tidy(&self) -> Result<(), StoreError> {
        for file in self.0.list().map_err(|e| failed("", e))? {
            if parse(&file, BUILDING).is_some() {
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
    fn the_highest_build_counts_and_what_was_left_unfinished_goes() {
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
        assert_eq!(files.earlier("a-b").unwrap(), ["a-b-00000002.redb"]);
        assert!(files.earlier("c").unwrap().is_empty() && files.earlier("new").unwrap().is_empty());
        let current = |name: &str, file: &str| (name.to_owned(), file.to_owned());
        assert_eq!(files.all().unwrap(), [current("a-b", "a-b-00000010.redb"), current("c", "c-00000001.redb")]);
        files.tidy().unwrap();
        assert_eq!(shelf.list().unwrap(), ["a-b-00000002.redb", "a-b-00000010.redb", "c-00000001.redb", "ledger.redb"]);
    }
}
