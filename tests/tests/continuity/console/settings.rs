//! An administrator at work.

use std::process::Command;

use continuity_tests::harness::Failure;
use serde_json::json;

use super::{demo, succeeds, told, workshop};

/// Clients, people, applications, keys and records, with JavaScript or without: what is made works, what is shown to be copied
/// works as it was copied, and what is switched off, rotated or deleted works no more.
async fn administers(is_scripted: bool) -> Result<(), Failure> {
    let (demo, folder) = (demo().await?, workshop()?);
    std::fs::copy(demo.told("caFile")?, folder.path().join("ca.pem"))?;
    let person = ["account", "create", "--email", "jane.doe@bank.example", "--name", "Jane Doe"];
    let may = ["--roles", "admin,auditor", "--scopes", "loans:read bids:read audit:read"];
    let account = told(&[&person[..], &may].concat(), demo.data_dir())?;
    let pictures = std::env::var("CONTINUITY_PICTURES").unwrap_or_default();
    let words = json!({
        "base": demo.told("baseUrl")?, "email": "jane.doe@bank.example", "link": account["link"],
        "isScripted": is_scripted, "folder": pictures,
    });
    let mut browser = Command::new("node");
    browser.current_dir(folder.path()).args(["settings.mjs", &words.to_string()]);
    browser.env("NODE_EXTRA_CA_CERTS", demo.told("caFile")?);
    let said = succeeds(browser).await?;
    assert_eq!(said, "all of it was done\n");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_looks_after_everything_in_chromium() -> Result<(), Failure> {
    administers(true).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_needs_no_javascript() -> Result<(), Failure> {
    administers(false).await
}
