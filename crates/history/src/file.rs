//! The file that keeps the history over restarts: a mark, a format number, a checksum, then the steps.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::ring::Slot;

const MARK: &[u8; 8] = b"cntyhist";
/// Changes with the fields of a step, and with what the rings are.
const FORMAT: u16 = 1;
const HEAD: usize = MARK.len() + 2 + 4;
/// A history is some 60 KB; what is longer is none.
const LONGEST: u64 = 1024 * 1024;

/// Why a file is no history to this version.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Written by another version.
    Format(u16),
    /// Not what was written.
    Damaged(String),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Format(number) => write!(f, "its format is {number}, this version knows {FORMAT}"),
            Self::Damaged(how) => write!(f, "it is damaged: {how}"),
        }
    }
}

/// The bytes of the file.
pub(crate) fn encode(rings: &[Vec<Slot>]) -> Result<Vec<u8>, postcard::Error> {
    let body = postcard::to_stdvec(rings)?;
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// What the bytes hold.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Vec<Slot>>, Unreadable> {
    let damaged = |how: &str| Unreadable::Damaged(how.to_owned());
    let (head, body) = bytes.split_at_checked(HEAD).ok_or_else(|| damaged("it is too short"))?;
    let rest = head.strip_prefix(MARK).ok_or_else(|| damaged("it does not begin as a history does"))?;
    let [low, high, sum @ ..] = rest else { return Err(damaged("it is too short")) };
    let format = u16::from_le_bytes([*low, *high]);
    if format != FORMAT {
        return Err(Unreadable::Format(format));
    }
    if sum != crc32c::crc32c(body).to_le_bytes() {
        return Err(damaged("its checksum is wrong"));
    }
    postcard::from_bytes(body).map_err(|error| Unreadable::Damaged(error.to_string()))
}

/// The file's bytes; `None` without one.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Replaces the file: after a crash the old one is there or the new one, whole.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = beside(path, "new");
    let mut file = File::create(&new)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, path));
    if let Err(error) = written {
        // On a full disk, what was half written would take room for nothing.
        drop(fs::remove_file(&new));
        return Err(error);
    }
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

/// Moves a file aside that cannot be read; where to.
pub(crate) fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let aside = beside(path, "unreadable");
    fs::rename(path, &aside)?;
    Ok(aside)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    path.with_extension(ending)
}
