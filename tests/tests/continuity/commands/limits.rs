//! A client that is limited to a team and to kinds of channels, over the whole product.

use std::collections::BTreeMap;

use super::*;

/// Every loan request, soft-deleted ones included, with its team.
async fn teams(client: &Client) -> Result<BTreeMap<String, String>, Failure> {
    let mut teams = BTreeMap::new();
    let path = "/api/v1/loan-requests?limit=100&includeDeleted=true&fields=id,team";
    let page = client.get(path).await?;
    let page: Value = serde_json::from_slice(&page.bytes)?;
    assert_eq!(page["pagination"]["hasMore"], false, "{page}");
    for loan in page["loanRequests"].as_array().into_iter().flatten() {
        let text = |name: &str| loan[name].as_str().unwrap_or_default().to_owned();
        teams.insert(text("id"), text("team"));
    }
    assert_eq!(page["pagination"]["total"], teams.len());
    Ok(teams)
}

/// The kinds of the channels that are shown of these loans.
async fn kinds<'a>(client: &Client, loans: impl Iterator<Item = &'a String>) -> Result<Vec<String>, Failure> {
    let mut kinds = Vec::new();
    for loan in loans {
        let guilds = client.get(&format!("/api/v1/loan-requests/{loan}/guilds")).await?;
        let guilds: Value = serde_json::from_slice(&guilds.bytes)?;
        let channels = guilds.as_array().into_iter().flatten().filter_map(|guild| guild["channels"].as_array());
        kinds.extend(channels.flatten().filter_map(|channel| channel["kind"].as_str().map(str::to_owned)));
    }
    Ok(kinds)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limited_client_sees_its_part() -> Result<(), Failure> {
    let demo = Demo::new().argument("--loans").argument("60").argument("--rate").argument("0").start().await?;
    let data = demo.data_dir();
    let everybody = teams(&Client::of(&demo, "").await?).await?;
    let team = everybody.values().find(|team| !team.is_empty()).ok_or("no loan has a team")?;
    let scopes = "loans:read messages:read audit:read";
    let words = ["client", "create", "--name", "Branch", "--scopes", scopes, "--team", team, "--channel-kind", "LEGAL"];
    let created = json(data, &words).await?;
    let text_of = |name: &str| created[name].as_str().unwrap_or_default().to_owned();
    let client = Client::with_credentials(&demo, &text_of("id"), &text_of("secret"), "").await?;

    let seen = teams(&client).await?;
    let (within, outside): (BTreeMap<_, _>, BTreeMap<_, _>) =
        everybody.iter().map(|(loan, of)| (loan.clone(), of.clone())).partition(|(_, of)| of == team);
    assert_eq!(seen, within);
    assert!(!seen.is_empty() && !outside.is_empty(), "{everybody:?}");
    for loan in outside.keys() {
        assert_eq!(client.get(&format!("/api/v1/loan-requests/{loan}")).await?.status, 404);
        assert_eq!(client.get(&format!("/api/v1/loan-requests/{loan}/audit-log")).await?.status, 404);
    }
    let told = client.get("/api/v1/changes?since=0&once=true").await?.text();
    assert!(within.keys().all(|loan| told.contains(loan)) && !outside.keys().any(|loan| told.contains(loan)));
    assert!(kinds(&client, within.keys()).await?.iter().all(|kind| kind == "LEGAL"));

    let words = ["client", "change", &text_of("id"), "--team", "", "--channel-kind", ""];
    let changed = json(data, &words).await?;
    assert_eq!((&changed["teams"], &changed["channelKinds"]), (&Value::Null, &Value::Null), "{changed}");
    assert_eq!(teams(&client).await?, everybody, "the same token, from the next request on");
    let all = kinds(&client, within.keys()).await?;
    assert!(all.iter().any(|kind| kind != "LEGAL"), "{all:?}");
    let unknown = refused(data, &["client", "change", &text_of("id"), "--channel-kind", "LOUD"]).await?;
    assert!(unknown.contains("GENERAL, DIRECT, LEGAL, ARCHITECT, CUSTOM"), "{unknown}");
    let records = text(data, &["log", "cat", "--control", "--limit", "1000"]).await?;
    assert!(records.contains(&format!("teams {team:?}, channels LEGAL")), "{records}");
    Ok(())
}
