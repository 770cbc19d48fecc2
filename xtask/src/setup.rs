//! What the tests need beyond Rust: Debian packages, environments of Python and Node of their own, and brokers.

mod brokers;
mod kafka;
mod node;
mod python;

pub(crate) use python::python;

use std::process::Command;

use crate::run::{Outcome, command, run, works};

/// Program, an argument that it answers with success, and the Debian package that brings it. The last four build the
/// C libraries of the Kafka client and of TLS, which come as source with their crates.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("openssl", "version", "openssl"),
    ("curl", "--version", "curl"),
    ("wrk", "", "wrk"),
    ("faketime", "--version", "faketime"),
    ("chromium", "--version", "chromium"),
    ("perl", "-v", "perl"),
    ("make", "--version", "make"),
    ("gcc", "--version", "gcc"),
    ("c++", "--version", "g++"),
];

/// Installs what is missing, and says which brokers the tests have.
pub(crate) fn set_up() -> Outcome {
    let missing: Vec<&str> =
        PROGRAMS.iter().filter(|(program, argument, _)| !present(program, argument)).map(|p| p.2).collect();
    if !missing.is_empty() {
        run(&mut command(&["apt-get", "update", "-qq"]))?;
        run(command(&["apt-get", "install", "-y", "-qq", "--no-install-recommends"]).args(&missing))?;
    }
    python::set_up()?;
    node::set_up()?;
    brokers::set_up()
}

/// wrk answers its help with an error code: being found is enough for it.
fn present(program: &str, argument: &str) -> bool {
    if argument.is_empty() { Command::new(program).output().is_ok() } else { works(program, argument) }
}
