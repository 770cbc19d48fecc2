//! The OpenAPI document and what lives on it: validators, typed clients, code samples, a browser, a fuzzer.

mod browser;
mod fuzz;
mod sdk;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use continuity_tests::harness::{Demo, Failure, Running};
use tempfile::TempDir;

use super::clients::python;

/// The snapshot of the document in the repository.
fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/api/openapi.json")
}

/// A file below `tests/clients`.
fn client(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}

/// A demo of loans that stand still, with all its documents here.
pub(crate) async fn demo() -> Result<Running, Failure> {
    let words = ["--loans", "120", "--rate", "0"];
    words.into_iter().fold(Demo::new(), Demo::argument).start().await
}

/// A folder where Node finds the packages of `cargo xtask setup`, with the programs of `tests/clients/node`.
pub(crate) fn workshop() -> Result<TempDir, Failure> {
    // <target>/<profile>/deps/<this test>
    let own = std::env::current_exe()?;
    let node = own.ancestors().nth(3).ok_or("tests stand in target/PROFILE/deps")?.join("node");
    if !node.join("node_modules").is_dir() {
        return Err(format!("{} has no packages: run `cargo xtask setup`", node.display()).into());
    }
    let folder = tempfile::tempdir_in(node)?;
    for entry in std::fs::read_dir(client("node"))? {
        let entry = entry?;
        std::fs::copy(entry.path(), folder.path().join(entry.file_name()))?;
    }
    Ok(folder)
}

/// A program of a package of Node.
fn node_program(workshop: &TempDir, name: &str) -> Command {
    let mut command = Command::new(workshop.path().with_file_name("node_modules").join(".bin").join(name));
    command.current_dir(workshop.path());
    command
}

/// Python with these words, and trust in the demo's authority.
fn python_with(demo: &Running, words: &[&OsStr]) -> Result<Command, Failure> {
    let mut command = Command::new(python());
    command.args(words).env("REQUESTS_CA_BUNDLE", demo.told("caFile")?).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// Adds where the demo is, and its client's id and secret.
fn told<'a>(command: &'a mut Command, demo: &Running) -> Result<&'a mut Command, Failure> {
    command.env("NODE_EXTRA_CA_CERTS", demo.told("caFile")?);
    Ok(command.args([demo.told("baseUrl")?, demo.told("clientId")?, demo.told("clientSecret")?]))
}

/// Runs it to its end, which has to be a success, and gives what it said.
pub(crate) async fn succeeds(mut command: Command) -> Result<String, Failure> {
    let shown = command.get_program().display().to_string();
    let output = tokio::time::timeout(
        Duration::from_mins(20),
        tokio::task::spawn_blocking(move || command.output().map_err(|e| format!("{shown} does not start: {e}"))),
    );
    let output = output.await???;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(out.into_owned()) } else { Err(format!("{}: {out}\n{err}", output.status).into()) }
}

/// The document is valid; its examples are too, and have no member that the demo does not answer with.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_valid_and_its_examples_are_true() -> Result<(), Failure> {
    let demo = demo().await?;
    let script = client("open_api_document.py");
    let mut command = python_with(&demo, &[script.as_os_str(), document().as_os_str()])?;
    told(&mut command, &demo)?;
    let said = succeeds(command).await?;
    assert!(said.contains("examples are valid") && said.contains("examples are true"), "{said}");
    Ok(())
}

/// Every code sample in the document runs, in its own language.
#[tokio::test(flavor = "multi_thread")]
async fn every_code_sample_runs() -> Result<(), Failure> {
    let demo = demo().await?;
    let folder = TempDir::new()?;
    std::fs::copy(demo.told("caFile")?, folder.path().join("ca.pem"))?;
    let script = client("open_api_samples.py");
    let mut command = python_with(&demo, &[script.as_os_str(), document().as_os_str()])?;
    told(&mut command, &demo)?.current_dir(folder.path());
    let said = succeeds(command).await?;
    for language in ["Shell", "Python", "JavaScript"] {
        assert!(said.contains(&format!("{language} samples run")), "{said}");
    }
    Ok(())
}
