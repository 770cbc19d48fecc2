//! Every page, for everybody, on every screen.

use std::process::Command;

use continuity_tests::harness::{Client, Failure, Running};
use serde_json::{Value, json};

use super::{demo, succeeds, told, workshop};

const ALL: &str = "loans:read documents:read bids:read tasks:read analysis:read messages:read reports:read audit:read";
/// Who looks, with which roles and scopes. The first sees most.
const PEOPLE: &[(&str, &str, &str)] = &[
    ("everything", "admin,operator,auditor,developer,viewer", ALL),
    ("admin", "admin", ""),
    ("operator", "operator", ""),
    ("auditor", "auditor", "audit:read"),
    ("developer", "developer", "loans:read"),
    ("viewer", "viewer", ALL),
];

/// Pages of loans that no page leads to when there is no list of them.
async fn loans(demo: &Running) -> Result<Vec<String>, Failure> {
    let list = Client::of(demo, "loans:read").await?.get("/api/v1/loan-requests?limit=2").await?;
    let list: Value = serde_json::from_slice(&list.bytes)?;
    let ids = list["loanRequests"].as_array().ok_or("no loans")?.iter().filter_map(|loan| loan["id"].as_str());
    Ok(ids.map(|id| format!("/console/loans/{}", super::encoded(id))).collect())
}

/// What somebody of [`PEOPLE`] is told to go through the pages with.
fn invited(demo: &Running, (who, roles, scopes): (&str, &str, &str), loans: &[String]) -> Result<Value, Failure> {
    let email = format!("{who}@bank.example");
    let mut words = vec!["account", "create", "--email", &email, "--name", who, "--roles", roles];
    if !scopes.is_empty() {
        words.extend(["--scopes", scopes]);
    }
    let account = told(&words, demo.data_dir())?;
    let seeds = if scopes == ALL { loans } else { &[] };
    Ok(json!({ "who": who, "email": email, "link": account["link"], "seeds": seeds }))
}

/// axe-core finds nothing, nothing is wider than its screen, no link leads to a refusal, the browser complains of nothing, and
/// no page asks anybody but this replica. `CONTINUITY_PICTURES` names a folder for pictures.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_and_keeps_to_itself_in_chromium() -> Result<(), Failure> {
    let (demo, folder) = (demo().await?, workshop()?);
    let loans = loans(&demo).await?;
    let people: Vec<Value> = PEOPLE.iter().map(|one| invited(&demo, *one, &loans)).collect::<Result<_, _>>()?;
    let pictures = std::env::var("CONTINUITY_PICTURES").unwrap_or_default();
    let words = json!({ "base": demo.told("baseUrl")?, "folder": pictures, "people": people });
    let mut browser = Command::new("node");
    browser.current_dir(folder.path()).env("NODE_EXTRA_CA_CERTS", demo.told("caFile")?);
    browser.args(["pages.mjs", &words.to_string()]);
    let said = succeeds(browser).await?;
    let of = |who: &str| said.lines().find_map(|line| line.strip_prefix(who)?.strip_prefix(": ")).unwrap_or_default();
    for page in ["/console/settings/people/new", "/console/settings/records", "/console/account/password"] {
        assert!(of("everything").split(' ').any(|one| one == page), "{page} was not reached: {said}");
    }
    assert!(!of("viewer").contains("/console/settings/"), "{said}");
    Ok(())
}
