//! Every read model is in the one list. (That event names have fixtures and schemas is a test of `events/`.)

use std::path::Path;

use super::read;

/// What is there but not registered.
pub(super) fn check(root: &Path) -> Result<Vec<String>, String> {
    let mut problems = Vec::new();
    let list = read(&root.join("projections/src/lib.rs"))?;
    let mut files = Vec::new();
    super::walk(&root.join("projections/src"), &mut files)?;
    for file in files {
        let text = read(&file)?;
        let module = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if text.contains("impl Projection for") && !list.contains(&format!("{module}::")) {
            problems.push(format!("projections/src/{module}.rs: not in the list of projections/src/lib.rs"));
        }
    }
    Ok(problems)
}
