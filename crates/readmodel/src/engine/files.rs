//! The files of the read models: one per read model and build.
//!
//! `<name>-<build>.redb`, the highest build counts: it is served. `<name>-<build>.kept` is a build that is only kept, see
//! [`super::kept`]; a number stays with its build. A build under way is `<name>-<build>.building` until the rename that
//! switches it in; what a crash leaves of it is removed at the next start.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::StoreError;
use crate::store::{Place, Shelf};

const STORE: &str = ".redb";
const KEPT: &str = ".kept";
const BUILDING: &str = ".building";

#[derive(Clone, Debug)]
pub(super) struct Files(Arc<dyn Shelf>);

impl Files {
    pub(super) fn new(shelf: Arc<dyn Shelf>) -> Self {
        Self(shelf)
    }

    /// The builds with that suffix: name, build and file, each name's latest build first.
    fn builds(&self, suffix: &str) -> Result<Vec<(String, u64, String)>, StoreError> {
        let files = self.0.list().map_err(|e| failed("", e))?;
        let build = |file: String| parse(&file, suffix).map(|(name, build)| (name, build, file));
        let mut builds: Vec<_> = files.into_iter().filter_map(build).collect();
        builds.sort_by(|(a, earlier, _), (b, later, _)| a.cmp(b).then(later.cmp(earlier)));
        Ok(builds)
    }

    /// Names and current files of everything that is there.
    pub(super) fn all(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut builds = self.builds(STORE)?;
        builds.dedup_by(|(later, ..), (name, ..)| later == name);
        Ok(builds.into_iter().map(|(name, _, file)| (name, file)).collect())
    }

    /// The other builds of a read model: those that a crash kept from being called kept, then those that are.
    pub(super) fn others(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let of = |builds: Vec<(String, u64, String)>| {
            builds.into_iter().filter(|(other, ..)| other == name).map(|(.., file)| file).collect::<Vec<_>>()
        };
        let mut others = of(self.builds(STORE)?);
        others.drain(..others.len().min(1));
        others.extend(of(self.builds(KEPT)?));
        Ok(others)
    }

    /// The file of a read model: the current one, or the one that is to be made.
    pub(super) fn current(&self, name: &str) -> Result<String, StoreError> {
        let found = self.all()?.into_iter().find(|(other, _)| other == name);
        found.map_or_else(|| Ok(store(name, self.unused(name)?)), |(_, file)| Ok(file))
    }

    /// A file to build a read model in.
    pub(super) fn next(&self, name: &str) -> Result<String, StoreError> {
        Ok(format!("{name}-{:08}{BUILDING}", self.unused(name)?))
    }

    /// Whether a build is served if no later one is.
    pub(super) fn counts(file: &str) -> bool {
        parse(file, STORE).is_some()
    }

    /// The number of the next build.
    fn unused(&self, name: &str) -> Result<u64, StoreError> {
        let builds = [self.builds(STORE)?, self.builds(KEPT)?].concat();
        let last = builds.iter().filter(|(other, ..)| other == name).map(|(_, build, _)| *build).max();
        Ok(last.unwrap_or_default() + 1)
    }

    /// Makes a build a kept one, or one that is served if no later one is; the name that it has then.
    pub(super) fn call(&self, file: &str, kept: bool) -> Result<String, StoreError> {
        let stem = [KEPT, STORE, BUILDING].iter().find_map(|suffix| file.strip_suffix(suffix)).unwrap_or(file);
        let called = format!("{stem}{}", if kept { KEPT } else { STORE });
        if called != file {
            self.rename(file, &called)?;
        }
        Ok(called)
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

fn store(name: &str, build: u64) -> String {
    format!("{name}-{build:08}{STORE}")
}

/// The number of a build.
pub(super) fn number(file: &str) -> u64 {
    let parsed = parse(file, STORE).or_else(|| parse(file, KEPT)).or_else(|| parse(file, BUILDING));
    parsed.map_or(0, |(_, build)| build)
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

    fn shelf_of(files: &[&str]) -> Arc<MemoryShelf> {
        let shelf = Arc::new(MemoryShelf::new());
        for file in files {
            drop(shelf.open(file).unwrap());
        }
        shelf
    }

    #[test]
    fn the_highest_build_counts_and_what_was_left_unfinished_goes() {
        let shelf = shelf_of(&[
            "a-b-00000002.redb",
            "a-b-00000010.redb",
            "a-b-00000011.building",
            "ledger.redb",
            "c-00000001.redb",
        ]);
        let files = Files::new(shelf.clone());
        assert_eq!(files.current("a-b").unwrap(), "a-b-00000010.redb");
        assert_eq!(files.current("new").unwrap(), "new-00000001.redb");
        assert_eq!(files.next("a-b").unwrap(), "a-b-00000011.building");
        assert_eq!(files.call("a-b-00000011.building", false).unwrap(), "a-b-00000011.redb");
        files.remove("a-b-00000011.redb").unwrap();
        let current = |name: &str, file: &str| (name.to_owned(), file.to_owned());
        assert_eq!(files.all().unwrap(), [current("a-b", "a-b-00000010.redb"), current("c", "c-00000001.redb")]);
        files.tidy().unwrap();
        assert_eq!(shelf.list().unwrap(), ["a-b-00000002.redb", "a-b-00000010.redb", "c-00000001.redb", "ledger.redb"]);
    }

    #[test]
    fn a_kept_build_does_not_count_whatever_its_number_and_no_number_is_used_again() {
        let shelf = shelf_of(&["a-00000003.kept", "a-00000002.redb", "a-00000001.redb", "b-00000004.kept"]);
        let files = Files::new(shelf.clone());
        assert_eq!(files.current("a").unwrap(), "a-00000002.redb");
        assert_eq!(files.others("a").unwrap(), ["a-00000001.redb", "a-00000003.kept"]);
        assert_eq!(files.next("a").unwrap(), "a-00000004.building");
        assert_eq!(
            files.current("b").unwrap(),
            "b-00000005.redb",
            "a kept one is not served because nothing else is there"
        );
        assert_eq!(files.call("a-00000003.kept", false).unwrap(), "a-00000003.redb");
        assert_eq!(files.current("a").unwrap(), "a-00000003.redb");
        assert_eq!(files.call("a-00000003.redb", true).unwrap(), "a-00000003.kept");
        assert_eq!(files.call("a-00000003.kept", true).unwrap(), "a-00000003.kept");
        assert_eq!([number("a-00000003.kept"), number("a-00000012.redb"), number("ledger.redb")], [3, 12, 0]);
        assert!(files.others("new").unwrap().is_empty());
    }
}
