//! Room on a disk.

use std::io;
use std::path::PathBuf;

/// Says how much room is left.
pub trait Space: Send + Sync {
    /// Bytes that can still be written there.
    fn free(&self) -> io::Result<u64>;
}

/// The room on the file system of a directory, for processes that are not the superuser.
#[derive(Clone, Debug)]
pub struct DirectorySpace(PathBuf);

impl DirectorySpace {
    /// Of the file system that holds `directory`.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }
}

impl Space for DirectorySpace {
    fn free(&self) -> io::Result<u64> {
        let found = rustix::fs::statvfs(&self.0)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_room() {
        assert!(DirectorySpace::new(std::env::temp_dir()).free().unwrap() > 0);
        assert!(DirectorySpace::new("/there/is/no/such/place").free().is_err());
    }
}
