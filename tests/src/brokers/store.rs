//! The files of a broker, and older copies of them.

use std::fs;
use std::path::Path;

use super::{freeze, thaw};
use crate::harness::Failure;

/// Copies the files of the process `id`, which is frozen meanwhile if it runs: the copy is one moment.
pub(super) fn copy_of(id: u32, from: &Path, to: &Path) -> Result<(), Failure> {
    let frozen = freeze(id).is_ok();
    let copied = copy(from, to);
    if frozen {
        thaw(id)?;
    }
    copied
}

/// Copies a folder with everything in it; `to` is made anew.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
