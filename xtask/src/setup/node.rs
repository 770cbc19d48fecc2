//! The Node environment of the tests: the packages of `tests/clients/node`, exactly as its lock file names them.

use std::fs;
use std::path::Path;

use crate::run::{Outcome, command, root, run, target};

const FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// Installs them below the target directory when the lock file has changed.
pub(super) fn set_up() -> Outcome {
    let (from, to) = (root().join("tests/clients/node"), target().join("node"));
    let done = to.join(".packages");
    let wanted = read(&from.join(FILES[1]))?;
    if fs::read_to_string(&done).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    fs::create_dir_all(&to).map_err(|e| format!("cannot make {}: {e}", to.display()))?;
    for file in FILES {
        fs::copy(from.join(file), to.join(file)).map_err(|e| format!("cannot copy {file}: {e}"))?;
    }
    let install = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
    run(command(&install).current_dir(&to))?;
    fs::write(&done, wanted).map_err(|e| format!("cannot write {}: {e}", done.display()))
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()))
}
