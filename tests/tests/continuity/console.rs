//! A person signs in, sets up second factors and lets an application in, in a real browser.

mod builds;
mod flows;
mod operator;
mod pages;
mod scripts;
mod settings;
mod states;

use std::path::Path;
use std::process::Command;

use continuity_tests::harness::{Failure, binary, command};
use serde_json::Value;

use super::open_api::{demo, succeeds, workshop};

/// What a command on the demo's data directory answers.
fn told(words: &[&str], directory: &Path) -> Result<Value, Failure> {
    let output = command()?.args(words).arg("--data-dir").arg(directory).arg("--json").output()?;
    if !output.status.success() {
        return Err(format!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// An id as a part of a path.
fn encoded(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20")
}

/// An account's one-time link, the id of a public application, and where the demo is.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_lets_an_application_in_in_chromium() -> Result<(), Failure> {
    let (demo, folder) = (demo().await?, workshop()?);
    let person = ["account", "create", "--email", "jane.doe@bank.example", "--name", "Jane Doe"];
    let may = ["--roles", "admin,viewer", "--scopes", "loans:read documents:read"];
    let account = told(&[&person[..], &may].concat(), demo.data_dir())?;
    let public = ["client", "create", "--name", "Loan Browser", "--authentication", "none"];
    let grants = ["--grant", "authorization_code", "--redirect-uri", "http://127.0.0.1/callback"];
    let on_device = ["--redirect-uri", "example.bank.loans:/callback", "--description", "Shows loans on your desk."];
    let scopes = ["--scopes", "loans:read documents:read audit:read"];
    let client = told(&[&public[..], &grants, &on_device, &scopes].concat(), demo.data_dir())?;
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("the command did not say it");
    let pictures = std::env::var_os("CONTINUITY_PICTURES").unwrap_or_else(|| folder.path().into());
    let mut browser = Command::new("node");
    browser.current_dir(folder.path()).arg("console.mjs").env("NODE_EXTRA_CA_CERTS", demo.told("caFile")?);
    browser.args([demo.told("baseUrl")?, &text(&account["link"])?, &text(&client["id"])?]).arg(pictures);
    let said = succeeds(browser).await?;
    assert!(said.ends_with("all of it was done\n"), "{said}");
    Ok(())
}

/// A page of another origin asks with a script, and gets what its person lets it have.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_page_application_is_let_in_in_chromium() -> Result<(), Failure> {
    let (demo, folder) = (demo().await?, workshop()?);
    let person = ["account", "create", "--email", "jane.doe@bank.example", "--name", "Jane Doe"];
    let account = told(&[&person[..], &["--scopes", "loans:read"]].concat(), demo.data_dir())?;
    let link = account["link"].as_str().ok_or("the command did not say the link")?;
    let mut browser = Command::new("node");
    browser.current_dir(folder.path()).arg("single_page.mjs").env("NODE_EXTRA_CA_CERTS", demo.told("caFile")?);
    browser.arg(demo.told("baseUrl")?).arg(binary()?).arg(demo.data_dir()).arg(link);
    let said = succeeds(browser).await?;
    assert_eq!(said, "a page of another origin was let in\n");
    Ok(())
}
