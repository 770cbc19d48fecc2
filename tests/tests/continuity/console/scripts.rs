//! Nothing that the platform or an administrator writes runs in anybody's browser.

mod feed;
mod texts;

use std::process::Command;
use std::time::Duration;

use continuity_tests::harness::{Client, Demo, Failure, Running};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{encoded, succeeds, told, workshop};

const SCOPES: &str =
    "loans:read documents:read bids:read tasks:read analysis:read messages:read reports:read audit:read";
const LOANS: u64 = 8;

/// A replica of a platform whose every text is hostile.
async fn hostile(folder: &TempDir) -> Result<Running, Failure> {
    let lines = feed::lines(LOANS)?;
    let path = folder.path().join("feed.ndjson");
    std::fs::write(&path, lines.join("\n") + "\n")?;
    let demo = Demo::new().feed(&path).within(Duration::from_mins(5)).start().await?;
    let status = told(&["status"], demo.data_dir())?;
    for nothing in ["quarantined", "held", "parkedLoans"] {
        assert_eq!(status[nothing], 0, "the feed keeps to the contract: {status}");
    }
    assert!(status["events"].as_u64() > Some(500), "{status}");
    Ok(demo)
}

/// Every page of some loans, and the API's own pages.
async fn pages(demo: &Running) -> Result<Vec<String>, Failure> {
    let list = Client::of(demo, "loans:read").await?.get("/api/v1/loan-requests?limit=100").await?;
    let list: Value = serde_json::from_slice(&list.bytes)?;
    let ids = list["loanRequests"].as_array().ok_or("no loans")?.iter().filter_map(|loan| loan["id"].as_str());
    // Those whose id is hostile too come first.
    let (mut tailed, plain): (Vec<&str>, Vec<&str>) = ids.partition(|id| id.contains("__fired"));
    assert!(!tailed.is_empty(), "no loan has a hostile id");
    tailed.truncate(2);
    let loans = tailed.into_iter().chain(plain).map(|id| format!("/console/loans/{}", encoded(id)));
    Ok(loans.chain(["/~/open-api/", "/~/open-api/reference", "/console"].map(str::to_owned)).collect())
}

/// Chromium visits every page while texts, ids and files of the platform, and what an administrator types, are hostile: nothing
/// runs, nothing is asked of another host, nothing is even stopped by the policy, and the texts are seen as texts.
#[tokio::test(flavor = "multi_thread")]
async fn no_text_runs_in_chromium() -> Result<(), Failure> {
    let folder = workshop()?;
    let demo = hostile(&folder).await?;
    let person = ["account", "create", "--email", "jane.doe@bank.example", "--name", "Jane Doe"];
    let may = ["--roles", "admin,operator,auditor,developer,viewer", "--scopes", SCOPES];
    let account = told(&[&person[..], &may].concat(), demo.data_dir())?;
    // What fits into a field of a form, and is not refused for its letters; with numbers that the loans do not have.
    let fits = |text: &String| text.len() < 199 && !text.contains(char::is_control);
    let typed: Vec<String> =
        texts::all().into_iter().filter(fits).map(|text| text.replace("__fired(", "__fired(9")).collect();
    assert!(texts::all().len() > 40 && typed.len() > 40);
    let words = json!({
        "base": demo.told("baseUrl")?, "email": "jane.doe@bank.example", "link": account["link"],
        "seeds": pages(&demo).await?, "typed": typed,
    });
    std::fs::write(folder.path().join("words.json"), words.to_string())?;
    let mut browser = Command::new("node");
    browser.current_dir(folder.path()).args(["hostile.mjs", "words.json"]);
    browser.env("NODE_EXTRA_CA_CERTS", demo.told("caFile")?);
    let said = succeeds(browser).await.map_err(|error| format!("{error}\n{}", demo.errors()))?;
    assert!(said.ends_with("nothing ran\n"), "{said}");
    Ok(())
}
