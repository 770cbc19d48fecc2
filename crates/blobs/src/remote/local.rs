//! The local copy of an object, whole or on its way.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::RemoteError;

/// Makes the directory.
pub(super) fn create(directory: &Path) -> Result<(), RemoteError> {
    fs::create_dir_all(directory).map_err(|cause| at(directory, cause))
}

/// A copy that is being written: `.NAME.part`, with `.NAME.object` beside it, which says of what.
pub(super) struct Copy {
    whole: PathBuf,
    part: PathBuf,
    file: File,
    length: u64,
}

impl Copy {
    /// Goes on with the copy of an object of that size and tag; `None` when it is whole.
    pub(super) fn begin(directory: &Path, name: &str, size: u64, tag: &str) -> Result<Option<Self>, RemoteError> {
        let hidden = |ending: &str| directory.join(format!(".{name}.{ending}"));
        let (whole, part, note) = (directory.join(name), hidden("part"), hidden("object"));
        let wanted = format!("{size} {tag}\n");
        if fs::read(&note).is_ok_and(|noted| noted == wanted.as_bytes()) {
            if fs::metadata(&whole).is_ok_and(|data| data.len() == size) {
                return Ok(None);
            }
        } else {
            // Of another object, or of an earlier state of this one. It goes before the note changes.
            remove(&whole)?;
            remove(&part)?;
            fs::write(&note, wanted).map_err(|cause| at(&note, cause))?;
        }
        let open = || -> io::Result<(File, u64)> {
            let file = File::options().create(true).append(true).open(&part)?;
            if file.metadata()?.len() > size {
                file.set_len(0)?;
            }
            let length = file.metadata()?.len();
            Ok((file, length))
        };
        let (file, length) = open().map_err(|cause| at(&part, cause))?;
        Ok(Some(Self { whole, part, file, length }))
    }

    /// How many bytes are here.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// Adds some. After a failure a part of them may be there; their number is taken from the file when it goes on.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), RemoteError> {
        self.file.write_all(bytes).map_err(|cause| at(&self.part, cause))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Gives it the name under which it is read.
    pub(super) fn finish(self) -> Result<(), RemoteError> {
        let finish = || {
            self.file.sync_all()?;
            fs::rename(&self.part, &self.whole)
        };
        finish().map_err(|cause| at(&self.whole, cause))
    }
}

fn remove(path: &Path) -> Result<(), RemoteError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(at(path, cause)),
        _ => Ok(()),
    }
}

fn at(path: &Path, cause: io::Error) -> RemoteError {
    RemoteError::Local { path: path.to_owned(), cause }
}
