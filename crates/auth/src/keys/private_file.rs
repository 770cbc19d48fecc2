//! Files that only their owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use crate::AuthError;

/// More than any key file holds.
const MAX_BYTES: u64 = 64 * 1024;

/// Creates the directory with mode 0700 unless it is there.
pub(crate) fn create_dir(path: &Path) -> Result<(), AuthError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| AuthError::File { action: "create", path: path.to_owned(), source })
}

/// The content; `None` when there is no such file. A file that others may read is refused.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, AuthError> {
    let failed = |source| AuthError::File { action: "read", path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(AuthError::KeyFileOpen { path: path.to_owned(), mode });
    }
    let mut content = Zeroizing::new(Vec::new());
    file.take(MAX_BYTES).read_to_end(&mut content).map_err(failed)?;
    Ok(Some(content))
}

/// Writes a new file with mode 0600; after a crash it is there whole or not at all.
pub(crate) fn create(path: &Path, content: &[u8]) -> Result<(), AuthError> {
    write_and_rename(path, content).map_err(|source| AuthError::File {
        action: "create",
        path: path.to_owned(),
        source,
    })
}

fn write_and_rename(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension("new");
    match fs::remove_file(&unfinished) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    let parent = path.parent().unwrap_or_else(|| Path::new("."));
    File::open(parent)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys").join("one");
        create_dir(path.parent().unwrap()).unwrap();
        assert!(read(&path).unwrap().is_none());
        create(&path, b"hush").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&path).unwrap().unwrap().as_slice(), b"hush");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no unfinished file stays behind");
    }

    #[test]
    fn a_file_left_by_a_crash_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        fs::write(path.with_extension("new"), "half").unwrap();
        create(&path, b"whole").unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_slice(), b"whole");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        create(&path, b"hush").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = read(&path).unwrap_err();
        assert!(matches!(error, AuthError::KeyFileOpen { mode: 0o640, .. }), "{error}");
        assert!(error.to_string().contains("chmod 600"));
    }
}
