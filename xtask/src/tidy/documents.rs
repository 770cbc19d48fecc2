//! A path that a document names in back quotes exists.

use std::path::Path;

use super::read;

const DOCUMENTS: &[&str] = &["README.md", "ARCHITECTURE.md"];
const TOPS: &[&str] = &["crates/", "events/", "projections/", "tests/", "xtask/", "fuzz/", ".ci/", "docs/"];

/// Names of files and folders that are not there.
pub(super) fn check(root: &Path) -> Result<Vec<String>, String> {
    let mut problems = Vec::new();
    for document in DOCUMENTS {
        let text = read(&root.join(document))?;
        for path in paths(&text).filter(|path| !root.join(path).exists()) {
            problems.push(format!("{document}: names {path}, which does not exist"));
        }
        if *document == "ARCHITECTURE.md" && text.lines().count() > 200 {
            problems.push(format!("{document}: {} lines, the limit is 200", text.lines().count()));
        }
    }
    Ok(problems)
}

fn paths(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| TOPS.iter().any(|top| word.starts_with(top)) && !word.contains([' ', '<', '*', '{']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_quoted_paths_of_the_house_count() {
        let text = "See `crates/log/FORMAT.md` and `events/fixtures/<type>/v1.json`, not crates/x or `cargo test`.";
        assert_eq!(paths(text).collect::<Vec<_>>(), ["crates/log/FORMAT.md"]);
    }
}
