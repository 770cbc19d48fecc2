//! Which package may depend on which: edges point down the main path only.

use std::path::Path;

use super::read;

/// Each package and what it may use of this workspace, from the top of the house to its ground.
const ALLOWED: &[(&str, &str, &[&str])] = &[
    ("crates/base", "base", &[]),
    ("crates/log", "log", &["base"]),
    ("events", "events", &["base"]),
    ("crates/readmodel", "readmodel", &["base", "events", "log"]),
    ("projections", "projections", &["base", "events", "readmodel"]),
    ("crates/blobs", "blobs", &["base", "events"]),
    ("crates/webhooks", "webhooks", &["base", "events", "log", "readmodel"]),
    ("crates/auth", "auth", &["base", "log", "readmodel"]),
    ("crates/fleet", "fleet", &["auth", "base"]),
    ("crates/simulator", "simulator", &["base", "events"]),
    ("crates/ingest", "ingest", &["base", "events", "log", "readmodel"]),
    ("crates/provider", "provider", &["auth", "base"]),
    ("crates/history", "history", &["base"]),
    ("crates/console", "console", &["auth", "base", "history", "provider"]),
    ("crates/api", "api", &["auth", "base", "blobs", "events", "projections", "readmodel"]),
];
/// Dependencies that must stay where they are, and where.
const KEPT_IN: &[(&str, &[&str])] = &[
    ("async-nats", &["crates/blobs", "crates/fleet", "crates/ingest", "crates/simulator"]),
    ("rdkafka", &["crates/fleet", "crates/ingest", "crates/simulator"]),
    ("jsonwebtoken", &["crates/auth"]),
    ("aws-lc-rs", &["crates/auth"]),
    ("redb", &["crates/blobs", "crates/readmodel", "crates/webhooks"]),
    ("rcgen", &["crates/continuity"]),
];

/// Manifests that break the graph.
pub(super) fn check(root: &Path) -> Result<Vec<String>, String> {
    let mut problems = Vec::new();
    for (path, package, allowed) in ALLOWED {
        let manifest = read(&root.join(path).join("Cargo.toml"))?;
        for used in dependencies(&manifest).iter().filter_map(|d| d.strip_prefix("continuity-")) {
            if !allowed.contains(&used) {
                problems.push(format!("{path}/Cargo.toml: {package} must not depend on {used}"));
            }
        }
        for (library, rooms) in KEPT_IN {
            if dependencies(&manifest).iter().any(|d| d == library) && !rooms.contains(path) {
                problems.push(format!("{path}/Cargo.toml: {library} stays in {}", rooms.join(", ")));
            }
        }
    }
    Ok(problems)
}

/// Names in `[dependencies]`; what the tests use is free.
fn dependencies(manifest: &str) -> Vec<String> {
    let section = manifest.split("\n[dependencies]").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.split_once([' ', '='])).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_dependencies_section_counts() {
        let manifest = "[package]\nname = \"x\"\n\n[dependencies]\nserde = { workspace = true }\nredb.workspace = true\n\n[dev-dependencies]\ncontinuity-api = {}\n";
        assert_eq!(dependencies(manifest), ["serde", "redb.workspace"]);
    }
}
