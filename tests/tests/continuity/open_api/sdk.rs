//! Clients that are made from the document, and a standard one.

use std::process::Command;

use continuity_tests::harness::{Failure, binary};

use super::{client, demo, document, node_program, python_with, succeeds, told, workshop};
use crate::clients::{JANE, PASSWORD, invite_jane, python};

/// openapi-typescript makes types, the compiler checks a client against them, Node runs it. `openid-client` beside it.
#[tokio::test(flavor = "multi_thread")]
async fn typescript_and_openid_clients_work() -> Result<(), Failure> {
    let (demo, folder) = (demo().await?, workshop()?);
    let mut types = node_program(&folder, "openapi-typescript");
    types.arg(document()).args(["--output", "api.ts"]);
    succeeds(types).await?;
    let mut compile = node_program(&folder, "tsc");
    compile.args(["--project", "tsconfig.json"]);
    succeeds(compile).await?;
    for (program, lines) in [("sdk.js", 5), ("oidc.mjs", 2)] {
        let mut node = Command::new("node");
        told(node.current_dir(folder.path()).arg(program), &demo)?;
        let said = succeeds(node).await?;
        assert_eq!(said.lines().count(), lines, "{program} said {said}");
    }
    let mut node = Command::new("node");
    node.current_dir(folder.path()).arg("authorization_server.mjs");
    node.arg(demo.told("baseUrl")?).arg(binary()?).arg(demo.data_dir());
    node.env("NODE_EXTRA_CA_CERTS", demo.told("caFile")?);
    let said = succeeds(node).await?;
    assert_eq!(said.lines().count(), 3, "authorization_server.mjs said {said}");
    Ok(())
}

/// openid-client, oauth4webapi and jose as applications that a person lets in.
#[tokio::test(flavor = "multi_thread")]
async fn node_applications_are_let_in() -> Result<(), Failure> {
    lets_in("applications.mjs", 3).await
}

/// openid-client and oauth4webapi with tokens that are bound to a key of theirs.
#[tokio::test(flavor = "multi_thread")]
async fn node_applications_prove_their_keys() -> Result<(), Failure> {
    lets_in("dpop.mjs", 4).await
}

/// Runs a program that Jane lets in; it has to say so many lines.
async fn lets_in(program: &str, lines: usize) -> Result<(), Failure> {
    let (demo, folder) = (demo().await?, workshop()?);
    invite_jane(&demo).await?;
    let mut node = Command::new("node");
    node.current_dir(folder.path()).arg(program).arg(demo.told("baseUrl")?);
    node.arg(binary()?).arg(demo.data_dir()).args([JANE, PASSWORD, &python()]).arg(client("person.py"));
    node.env("NODE_EXTRA_CA_CERTS", demo.told("caFile")?).env("REQUESTS_CA_BUNDLE", demo.told("caFile")?);
    node.env("PYTHONDONTWRITEBYTECODE", "1");
    let said = succeeds(node).await?;
    assert_eq!(said.lines().count(), lines, "{program} said {said}");
    Ok(())
}

/// openapi-python-client makes a package; a program of it reads loans, tasks and a file.
#[tokio::test(flavor = "multi_thread")]
async fn a_generated_python_client_works() -> Result<(), Failure> {
    let (demo, folder) = (demo().await?, tempfile::tempdir()?);
    let package = folder.path().join("continuity_client");
    let configuration = folder.path().join("configuration.yaml");
    std::fs::write(&configuration, "post_hooks: []\n")?;
    let words = ["-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"].map(AsRef::as_ref);
    let mut generate = python_with(&demo, &words)?;
    generate.arg("--path").arg(document()).arg("--config").arg(configuration).arg("--output-path").arg(&package);
    succeeds(generate).await?;
    let script = client("generated_client.py");
    let mut command = python_with(&demo, &[script.as_os_str()])?;
    told(command.env("PYTHONPATH", folder.path()), &demo)?;
    let said = succeeds(command).await?;
    assert_eq!(said.lines().count(), 6, "{said}");
    Ok(())
}
