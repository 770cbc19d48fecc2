//! What the tests need beyond Rust: Debian packages and a Python environment of their own.

use std::path::PathBuf;

use crate::run::{Outcome, command, run, target, works};

/// Program, an argument that it answers with success, and the Debian package that brings it.
const PROGRAMS: &[(&str, &str, &str)] =
    &[("openssl", "version", "openssl"), ("curl", "--version", "curl"), ("wrk", "", "wrk")];
const PYTHON_PACKAGES: &[&str] = &["requests==2.32.5", "Authlib==1.6.5"];

/// Installs what is missing.
pub(crate) fn set_up() -> Outcome {
    let missing: Vec<&str> =
        PROGRAMS.iter().filter(|(program, argument, _)| !present(program, argument)).map(|p| p.2).collect();
    if !missing.is_empty() {
        run(&mut command(&["apt-get", "update", "-qq"]))?;
        run(command(&["apt-get", "install", "-y", "-qq", "--no-install-recommends"]).args(&missing))?;
    }
    python_environment()
}

/// wrk answers its help with an error code: being found is enough for it.
fn present(program: &str, argument: &str) -> bool {
    if argument.is_empty() { std::process::Command::new(program).output().is_ok() } else { works(program, argument) }
}

/// The Python interpreter that the tests use.
pub(crate) fn python() -> PathBuf {
    target().join("python/bin/python")
}

fn python_environment() -> Outcome {
    let (python, done) = (python(), target().join("python/.packages"));
    let wanted = PYTHON_PACKAGES.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|have| have == wanted) && python.is_file() {
        return Ok(());
    }
    run(command(&["python3", "-m", "venv", "--clear"]).arg(target().join("python")))?;
    let python = python.to_string_lossy().into_owned();
    run(command(&[&python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PYTHON_PACKAGES))?;
    std::fs::write(&done, wanted).map_err(|e| format!("cannot write {}: {e}", done.display()))
}
