//! The data directory: where everything stands in it, and the lock that one process holds on it.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fs4::FileExt;

/// A data directory that this process has to itself until it is dropped.
pub(crate) struct DataDir {
    root: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the directory if it is missing (mode 0700) and takes its lock.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        match Self::try_open(root)? {
            Some(dir) => Ok(dir),
            None => bail!(
                "{} is in use by another process; stop it first, or use a command that speaks to it",
                root.display()
            ),
        }
    }

    /// Like [`DataDir::open`]; `None` when another process holds the lock.
    pub(crate) fn try_open(root: &Path) -> Result<Option<Self>> {
        let create = || -> io::Result<File> {
            if !root.is_dir() {
                fs::create_dir_all(root)?;
                fs::set_permissions(root, Permissions::from_mode(0o700))?;
            }
            File::options().create(true).truncate(false).write(true).open(root.join("lock"))
        };
        let lock = create().with_context(|| format!("cannot use {} as the data directory", root.display()))?;
        if FileExt::try_lock(&lock).is_err() {
            return Ok(None);
        }
        let root = root.canonicalize().with_context(|| format!("cannot resolve {}", root.display()))?;
        let dir = Self { root, _lock: lock };
        for part in [dir.log(), dir.read_models(), dir.blobs(), dir.webhooks(), dir.control(), dir.tls()] {
            fs::create_dir_all(&part).with_context(|| format!("cannot create {}", part.display()))?;
        }
        Ok(Some(dir))
    }

    /// The replica log's segments.
    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// One redb file per read model and build, the ledger's and the fold's among them.
    pub(crate) fn read_models(&self) -> PathBuf {
        self.root.join("read-models")
    }

    /// The index of the bytes of documents, those on their way and in quarantine, and, unless they are in a bucket, the
    /// bytes themselves.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// What of webhooks has to outlast the process.
    pub(crate) fn webhooks(&self) -> PathBuf {
        self.root.join("webhooks")
    }

    /// The authorization server's log, keys and redb file.
    pub(crate) fn control(&self) -> PathBuf {
        self.root.join("control")
    }

    /// The demo's certificates.
    pub(crate) fn tls(&self) -> PathBuf {
        self.root.join("tls")
    }

    /// What the replica measured of itself. It may be deleted: a new one begins.
    pub(crate) fn history(&self) -> PathBuf {
        self.root.join("history")
    }

    /// The Unix socket on which the running process takes commands.
    pub(crate) fn socket(root: &Path) -> PathBuf {
        root.join("control.sock")
    }

    /// The directory itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("deep/data");
        let first = DataDir::open(&root).unwrap();
        assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
        let refused = DataDir::open(&root).err().unwrap().to_string();
        assert!(refused.contains("in use by another process"), "{refused}");
        drop(first);
        assert!(DataDir::open(&root).is_ok());
    }

    #[test]
    fn a_file_in_the_way_is_an_error_that_names_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = format!("{:#}", DataDir::open(file.path()).err().unwrap());
        assert!(error.contains(file.path().to_str().unwrap()), "{error}");
    }
}
