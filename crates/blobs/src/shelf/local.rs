//! The store on a local disk: `<root>/sha256/ab/abcd…`, one file a digest.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};

use super::{Digest, Kept, Shelf, digest_of};
use crate::OpenBlob;
use crate::disk::blocking;

/// Files below a directory, readable by their owner only.
#[derive(Clone, Debug)]
pub struct LocalShelf {
    directory: PathBuf,
}

impl LocalShelf {
    /// Makes what is missing of the directories. Parts that are kept must lie on the same file system: they are renamed.
    pub fn new(root: &Path) -> io::Result<Self> {
        let directory = root.join("sha256");
        DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(|e| at(&directory, &e))?;
        sync(root)?;
        Ok(Self { directory })
    }

    fn shard(&self, digest: &Digest) -> PathBuf {
        self.directory.join(hex::encode(&digest[..1]))
    }

    pub(crate) fn place(&self, digest: &Digest) -> PathBuf {
        self.shard(digest).join(hex::encode(digest))
    }

    fn keep_now(&self, part: &Path, digest: &Digest, size: u64) -> io::Result<Kept> {
        let (shard, place) = (self.shard(digest), self.place(digest));
        match fs::symlink_metadata(&place) {
            Ok(there) if there.is_file() && there.len() == size => {
                // A crash may have come between the rename and the sync of an earlier attempt.
                sync(&shard)?;
                fs::remove_file(part).map_err(|e| at(part, &e))?;
                return Ok(Kept::WasThere);
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(&place, &error)),
            _ => {}
        }
        match DirBuilder::new().mode(0o700).create(&shard) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(at(&shard, &error)),
            _ => sync(&self.directory)?,
        }
        fs::set_permissions(part, Permissions::from_mode(0o600)).map_err(|e| at(part, &e))?;
        fs::rename(part, &place).map_err(|e| at(&place, &e))?;
        sync(&shard)?;
        Ok(Kept::Stored)
    }

    fn open_now(&self, digest: &Digest) -> io::Result<Option<OpenBlob>> {
        let place = self.place(digest);
        let Some(file) = unless_missing(File::open(&place), &place)? else { return Ok(None) };
        let size = file.metadata().map_err(|e| at(&place, &e))?.len();
        Ok(Some(OpenBlob::file(file, size, *digest)))
    }

    fn remove_now(&self, digest: &Digest) -> io::Result<bool> {
        let place = self.place(digest);
        if unless_missing(fs::remove_file(&place), &place)?.is_none() {
            return Ok(false);
        }
        sync(&self.shard(digest))?;
        Ok(true)
    }

    fn list_shard(&self, shard: u8) -> io::Result<Vec<(Digest, u64)>> {
        let shard = self.directory.join(hex::encode([shard]));
        let Some(entries) = unless_missing(fs::read_dir(&shard), &shard)? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| at(&shard, &e))?;
            let Some(digest) = entry.file_name().to_str().and_then(digest_of) else { continue };
            if self.place(&digest) != entry.path() {
                continue;
            }
            // One that was removed since is not there any more.
            let Some(data) = unless_missing(entry.metadata(), &entry.path())? else { continue };
            if data.is_file() {
                found.push((digest, data.len()));
            }
        }
        Ok(found)
    }
}

impl Shelf for LocalShelf {
    fn keep<'a>(&'a self, part: &'a Path, digest: &'a Digest, size: u64) -> BoxFuture<'a, io::Result<Kept>> {
        let (shelf, part, digest) = (self.clone(), part.to_owned(), *digest);
        blocking(move || shelf.keep_now(&part, &digest, size)).boxed()
    }

    fn open<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, io::Result<Option<OpenBlob>>> {
        let (shelf, digest) = (self.clone(), *digest);
        blocking(move || shelf.open_now(&digest)).boxed()
    }

    fn remove<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, io::Result<bool>> {
        let (shelf, digest) = (self.clone(), *digest);
        blocking(move || shelf.remove_now(&digest)).boxed()
    }

    fn list(&self) -> BoxStream<'_, io::Result<(Digest, u64)>> {
        let shards = stream::iter(0..=u8::MAX).then(|shard| {
            let shelf = self.clone();
            blocking(move || shelf.list_shard(shard))
        });
        shards
            .flat_map(|found| match found {
                Ok(found) => stream::iter(found.into_iter().map(Ok).collect::<Vec<_>>()),
                Err(error) => stream::iter(vec![Err(error)]),
            })
            .boxed()
    }
}

fn unless_missing<T>(result: io::Result<T>, path: &Path) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path, &error)),
    }
}

/// Makes the names in a directory durable.
fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory).and_then(|file| file.sync_all()).map_err(|e| at(directory, &e))
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::conformance;
    use super::*;

    #[tokio::test]
    async fn it_conforms() {
        let root = TempDir::new().unwrap();
        conformance::check(&LocalShelf::new(root.path()).unwrap()).await;
    }

    #[tokio::test]
    async fn files_are_for_their_owner_and_foreign_names_are_passed_over() {
        let root = TempDir::new().unwrap();
        let shelf = LocalShelf::new(root.path()).unwrap();
        let digest = conformance::stored(&shelf, b"hello").await;
        let place = shelf.place(&digest);
        assert!(place.ends_with(format!("sha256/2c/{}", hex::encode(digest))));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&place), mode(place.parent().unwrap()), mode(&shelf.directory)), (0o600, 0o700, 0o700));
        fs::write(place.with_file_name("notes"), "x").unwrap();
        fs::write(place.with_file_name("ab".repeat(32)), "in the wrong shard").unwrap();
        fs::create_dir(place.with_file_name(format!("2c{}", "00".repeat(31)))).unwrap();
        assert_eq!(conformance::listed(&shelf).await, [(digest, 5)]);
    }

    #[tokio::test]
    async fn one_of_another_size_is_replaced_and_failures_name_the_file() {
        let root = TempDir::new().unwrap();
        let shelf = LocalShelf::new(root.path()).unwrap();
        let digest = conformance::stored(&shelf, b"hello").await;
        fs::write(shelf.place(&digest), "hel").unwrap();
        assert_eq!(conformance::keep(&shelf, b"hello").await.unwrap(), Kept::Stored);
        let missing = root.path().join("none.part");
        let error = shelf.keep(&missing, &[7; 32], 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("none.part"), "{error}");
        let error = LocalShelf::new(&shelf.place(&digest)).unwrap_err();
        assert!(error.to_string().contains("sha256"), "{error}");
    }
}
