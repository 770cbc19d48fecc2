//! Where the binary under test is.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::Failure;

/// The `continuity` binary: `CONTINUITY_BIN` when it is set, else the one of this build's profile, built when needed.
pub fn binary() -> Result<PathBuf, Failure> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BINARY.get_or_init(locate).clone().map_err(Failure::from)
}

/// A command that runs the binary, without the variables of the tests: it would take them for its configuration.
pub fn command() -> Result<Command, Failure> {
    let mut command = Command::new(binary()?);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CONTINUITY_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    Ok(command)
}

fn locate() -> Result<PathBuf, String> {
    if let Some(given) = std::env::var_os("CONTINUITY_BIN") {
        return Ok(given.into());
    }
    // <target>/<profile>/deps/<this test>
    let test = std::env::current_exe().map_err(|e| e.to_string())?;
    let profile = test.ancestors().nth(2).ok_or("this test lies outside of a target directory")?;
    let target = profile.parent().ok_or("this test lies outside of a target directory")?;
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "continuity", "--bin", "continuity", "--target-dir"]).arg(target);
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile.ends_with("release") {
        build.arg("--release");
    }
    let status = build.status().map_err(|e| format!("cargo does not start: {e}"))?;
    if !status.success() {
        return Err("the binary does not build".to_owned());
    }
    Ok(profile.join("continuity"))
}
