//! A directory of the operating system.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{FallocateFlags, fallocate},
    io::Errno,
};

use super::{Disk, DiskFile};
use crate::LogError;

/// A directory of the operating system.
#[derive(Debug)]
pub struct RealDisk {
    dir: PathBuf,
}

impl RealDisk {
    /// Uses `dir`, which is created (with its parents) when it does not exist.
    pub fn new(dir: impl Into<PathBuf>) -> Result<RealDisk, LogError> {
        let dir = dir.into();
        if !dir.is_dir() {
            let name = dir.display().to_string();
            fs::create_dir_all(&dir).map_err(LogError::io("create", &name))?;
            let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            sync_dir(parent).map_err(LogError::io("sync the directory of", &name))?;
        }
        Ok(RealDisk { dir })
    }
}

impl Disk for RealDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(self.dir.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(self.dir.join(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.dir.join(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        sync_dir(&self.dir)
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let now = self.length()?;
        if now >= length {
            return Ok(());
        }
        match fallocate(&self.0, FallocateFlags::empty(), 0, length) {
            Ok(()) => Ok(()),
            // Not every file system can reserve; a hole reads as zeros all the same.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => self.0.set_len(length),
            Err(error) => Err(error.into()),
        }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::conformance;

    #[test]
    fn conforms() {
        let dir = tempfile::tempdir().unwrap();
        let mut number = 0;
        conformance::all(&mut || {
            number += 1;
            Arc::new(RealDisk::new(dir.path().join(format!("{number}/log"))).unwrap())
        });
    }

    #[test]
    fn says_which_directory_cannot_be_made() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let error = RealDisk::new(dir.path().join("file/log")).unwrap_err().to_string();
        assert!(error.contains("file/log"), "{error}");
    }
}
