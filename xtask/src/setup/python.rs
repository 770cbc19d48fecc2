//! The Python environment of the tests.

use std::path::PathBuf;

use crate::run::{Outcome, command, run, target};

const PACKAGES: &[&str] = &[
    "requests==2.32.5",
    "Authlib==1.6.5",
    "PyJWT[crypto]==2.15.1",
    "requests-oauthlib==2.0.0",
    "moto[server,s3]==5.2.5",
    "pypdf==7.1.1",
    "openapi-spec-validator==0.9.0",
    "openapi-python-client==0.29.1",
    "schemathesis==4.32.5",
    "standardwebhooks==1.1.0",
];

/// The Python interpreter that the tests use.
pub(crate) fn python() -> PathBuf {
    target().join("python/bin/python")
}

/// Makes the environment anew when what it should hold has changed.
pub(super) fn set_up() -> Outcome {
    let (python, done) = (python(), target().join("python/.packages"));
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|have| have == wanted) && python.is_file() {
        return Ok(());
    }
    run(command(&["python3", "-m", "venv", "--clear"]).arg(target().join("python")))?;
    let python = python.to_string_lossy().into_owned();
    run(command(&[&python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES))?;
    std::fs::write(&done, wanted).map_err(|e| format!("cannot write {}: {e}", done.display()))
}
