//! Which files there are.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::cursor::Coding;

const ENDINGS: [&str; 3] = [".ndjson", ".ndjson.gz", ".ndjson.zst"];

/// A file as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
}

impl Found {
    /// The file at `path`; `None` when there is none.
    pub(super) fn at(path: &Path) -> io::Result<Option<Self>> {
        let data = match fs::metadata(path) {
            Ok(data) => data,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !data.is_file() {
            return Ok(None);
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (device, inode, size) = (data.dev(), data.ino(), data.len());
        Ok(Some(Self { name, path: path.to_path_buf(), device, inode, size }))
    }

    /// How its bytes are coded, by its name.
    pub(super) fn coding(&self) -> Coding {
        Coding::of(&self.name)
    }
}

/// The files of the feed in name order: those of a directory that look like one, or the one file.
pub(super) fn list(path: &Path) -> io::Result<Vec<Found>> {
    let found = if path.is_dir() { siblings(path, looks_like_a_feed)? } else { Found::at(path)?.into_iter().collect() };
    if found.is_empty() && !path.exists() {
        return Err(io::Error::new(ErrorKind::NotFound, "no such file or directory"));
    }
    Ok(found)
}

/// Bytes of all files of the feed; `None` where one is compressed, and nobody knows how much will come out of it.
pub(crate) fn plain_bytes(path: &Path) -> Option<u64> {
    let files = list(path).ok()?;
    let plain = files.iter().all(|file| matches!(file.coding(), Coding::Plain));
    plain.then(|| files.iter().map(|file| file.size).sum())
}

/// The files of a directory of which the name is `wanted`, in name order.
pub(super) fn siblings(directory: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if wanted(&entry.file_name().to_string_lossy()) {
            found.extend(Found::at(&entry.path())?);
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn looks_like_a_feed(name: &str) -> bool {
    !name.starts_with('.') && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_gives_its_feed_files_in_name_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.ndjson.gz", "a.ndjson", "c.ndjson.zst", "d.json", ".a.ndjson", "e.ndjson.tmp"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        fs::create_dir(dir.path().join("f.ndjson")).unwrap();
        let names: Vec<_> = list(dir.path()).unwrap().into_iter().map(|found| found.name).collect();
        assert_eq!(names, ["a.ndjson", "b.ndjson.gz", "c.ndjson.zst"]);
    }

    #[test]
    fn a_single_file_may_have_any_name_but_must_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.json");
        assert!(list(&path).is_err());
        fs::write(&path, "{}").unwrap();
        assert_eq!(list(&path).unwrap()[0].size, 2);
    }
}
