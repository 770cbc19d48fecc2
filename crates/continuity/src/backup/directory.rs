//! Where everything stands in a backup's directory, and the lock that one program holds on it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fs4::FileExt;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{FORMAT, Manifest, Verification};

const LOCK: &str = "lock";
const STATE: &str = "state";
const PART: &str = "state.part";
const BLOBS: &str = "blobs";
const VERIFIED: &str = "verified.json";
const TRIAL: &str = "trial";
pub(super) const MANIFEST: &str = "backup.json";
pub(super) const DOCUMENTS: &str = "documents.sha256";
/// What may stand in the directory.
const KNOWN: [&str; 6] = [LOCK, STATE, PART, BLOBS, VERIFIED, TRIAL];

/// A backup's directory.
pub(super) struct Directory {
    root: PathBuf,
}

/// The lock of a directory, until it is dropped.
pub(super) struct Lock(#[expect(dead_code, reason = "closing it is what unlocks")] File);

impl Directory {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes the directory if it is missing; refuses one that holds something else, and one within the data directory.
    pub(super) fn prepare(root: &Path, data_dir: &Path) -> Result<Self> {
        let named = || format!("cannot back up to {}", root.display());
        DirBuilder::new().recursive(true).mode(0o700).create(root).with_context(named)?;
        let root = root.canonicalize().with_context(named)?;
        let data_dir = data_dir.canonicalize().with_context(named)?;
        if root.starts_with(&data_dir) || data_dir.starts_with(&root) {
            bail!("{} and the data directory lie in each other; name a directory on another disk", root.display());
        }
        for entry in fs::read_dir(&root).with_context(named)? {
            let name = entry.with_context(named)?.file_name();
            if !KNOWN.iter().any(|known| name == *known) {
                bail!("{} holds {}, which is of no backup; name an empty directory", root.display(), name.display());
            }
        }
        Ok(Self { root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The backup as it is.
    pub(super) fn state(&self) -> PathBuf {
        self.root.join(STATE)
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.root.join(BLOBS)
    }

    /// An empty directory for the next backup.
    pub(super) fn part(&self) -> Result<PathBuf> {
        anew(self.root.join(PART))
    }

    /// An empty directory to restore to for a trial.
    pub(super) fn trial(&self) -> Result<PathBuf> {
        anew(self.root.join(TRIAL))
    }

    /// Puts the next backup in the place of the present one, in one step, for good.
    pub(super) fn exchange(&self, part: &Path) -> Result<()> {
        let state = self.state();
        let exchange = || -> io::Result<()> {
            sync(part)?;
            if state.exists() {
                renameat_with(CWD, part, CWD, &state, RenameFlags::EXCHANGE)?;
                sync(&self.root)?;
                fs::remove_dir_all(part)
            } else {
                fs::rename(part, &state)?;
                sync(&self.root)
            }
        };
        exchange().with_context(|| format!("cannot put {} in its place", part.display()))
    }

    /// Keeps others from working on it.
    pub(super) fn lock(&self) -> Result<Lock> {
        let path = self.root.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("cannot lock {}", path.display()))?;
        if FileExt::try_lock(&file).is_err() {
            bail!("somebody else backs up to, verifies or restores from {}; wait for its end", self.root.display());
        }
        Ok(Lock(file))
    }

    /// Keeps others from changing it, and changes nothing itself: it may be on a disk that nobody can write.
    pub(super) fn lock_to_read(&self) -> Result<Lock> {
        let path = self.root.join(LOCK);
        let file = File::open(&path).with_context(|| format!("cannot lock {}", path.display()))?;
        if FileExt::try_lock_shared(&file).is_err() {
            bail!("somebody backs up to {} or verifies what is there; wait for its end", self.root.display());
        }
        Ok(Lock(file))
    }

    /// The manifest; `None` where there is no backup.
    pub(super) fn manifest(&self) -> Result<Option<Manifest>> {
        let manifest: Option<Manifest> = read(&self.state().join(MANIFEST))?;
        match manifest {
            Some(manifest) if manifest.format != FORMAT => bail!(
                "the backup in {} was made by version {} in a form that this one does not know; use that version",
                self.root.display(),
                manifest.version
            ),
            manifest => Ok(manifest),
        }
    }

    /// The manifest of the backup that has to be there.
    pub(super) fn backup(&self) -> Result<Manifest> {
        let manifest = self.manifest()?;
        manifest.with_context(|| format!("there is no backup in {}", self.root.display()))
    }

    pub(super) fn verification(&self) -> Result<Option<Verification>> {
        read(&self.root.join(VERIFIED))
    }

    pub(super) fn keep_verification(&self, verification: &Verification) -> Result<()> {
        write_json(&self.root, VERIFIED, verification)
    }
}

fn anew(directory: PathBuf) -> Result<PathBuf> {
    match fs::remove_dir_all(&directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => DirBuilder::new().mode(0o700).create(&directory),
    }
    .with_context(|| format!("cannot make {} anew", directory.display()))?;
    Ok(directory)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => {
            Ok(Some(serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))?))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The same of a value.
pub(super) fn write_json(directory: &Path, name: &str, value: &impl Serialize) -> Result<()> {
    write(directory, name, &serde_json::to_vec_pretty(value)?)
}

/// Writes a file that is either there in whole or not at all.
pub(super) fn write(directory: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let (path, part) = (directory.join(name), directory.join(format!("{name}.part")));
    let written = || -> io::Result<()> {
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
        sync(directory)
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

/// Makes the names in a directory durable.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
