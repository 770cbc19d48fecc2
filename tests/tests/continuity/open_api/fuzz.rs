//! schemathesis over the whole document: every check that it has, with a token and without.

use std::path::Path;
use std::process::Command;

use continuity_tests::harness::{Client, Failure, Running};

use super::super::clients::python;
use super::{client, demo, succeeds};

/// Cases for each operation and phase, and the seed. The short run tries the same every time, the long one something new.
fn effort() -> Vec<&'static str> {
    match std::env::var_os("CONTINUITY_SOAK") {
        Some(_) => vec!["--max-examples", "400"],
        None => vec!["--max-examples", "12", "--seed", "1"],
    }
}

async fn fuzz(demo: &Running, authorization: &str, but: &[&str]) -> Result<String, Failure> {
    // It keeps what it learns where it runs.
    let folder = tempfile::tempdir()?;
    for file in ["schemathesis.toml", "hooks.py"] {
        std::fs::copy(client("fuzz").join(file), folder.path().join(file))?;
    }
    let mut command = Command::new(Path::new(&python()).with_file_name("schemathesis"));
    command.current_dir(folder.path()).args(["run", "--no-color"]).args(effort()).args(but);
    command.arg(format!("{}/~/open-api/openapi.json", demo.told("baseUrl")?));
    command.env("CONTINUITY_BASE_URL", demo.told("baseUrl")?).env("CONTINUITY_CA_FILE", demo.told("caFile")?);
    command.env("CONTINUITY_AUTHORIZATION", authorization).env("PYTHONDONTWRITEBYTECODE", "1");
    let said = succeeds(command).await?;
    assert!(said.contains("Tested:") && said.contains("passed"), "{said}");
    Ok(said)
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing() -> Result<(), Failure> {
    let demo = demo().await?;
    let token = Client::of(&demo, "").await?.token().to_owned();
    // The administration is for people: a token of a client reaches nothing there, as the second run shows.
    let but_administration = ["--exclude-path-regex", "^/api/v1/admin/"];
    let said = fuzz(&demo, &format!("Bearer {token}"), &but_administration).await?;
    // Only endpoints where clients say who they are, with ids and secrets that are made up here, may have refused everything.
    let refused = said.lines().skip_while(|line| !line.contains("401 Unauthorized (")).skip(1);
    for refused in refused.take_while(|line| line.trim_start().starts_with("- ")) {
        assert!(refused.contains("- POST ") && refused.contains("/oauth/"), "{said}");
    }
    fuzz(&demo, "Bearer none", &[]).await?;
    Ok(())
}
