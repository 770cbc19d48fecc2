//! Every command on a data directory: beside a running process by its socket, and on a directory at rest.

mod limits;
mod source;

use std::path::Path;
use std::process::Output;

use continuity_simulator::Faults;
use continuity_tests::harness::{Client, Demo, Failure, Running, command};
use serde_json::Value;
use tempfile::TempDir;

use crate::feeds;

/// Runs `continuity` with these words on a data directory.
async fn run(data: &Path, words: &[&str]) -> Result<Output, Failure> {
    let mut command = command()?;
    command.args(words).arg("--data-dir").arg(data);
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

/// What a command says when it succeeds.
async fn text(data: &Path, words: &[&str]) -> Result<String, Failure> {
    let output = run(data, words).await?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{words:?}: {err}");
    Ok(out.into_owned())
}

async fn json(data: &Path, words: &[&str]) -> Result<Value, Failure> {
    let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
    Ok(serde_json::from_str(&text(data, &words).await?)?)
}

async fn refused(data: &Path, words: &[&str]) -> Result<String, Failure> {
    let output = run(data, words).await?;
    assert!(!output.status.success() && output.stdout.is_empty(), "{words:?} succeeded");
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A demo over a short feed with a line in it that is not an event.
async fn demo(directory: &TempDir) -> Result<Running, Failure> {
    let feed = directory.path().join("feed.ndjson");
    feeds::write(&feed, 5, 4, Faults::default())?;
    let mut lines = std::fs::read(&feed)?;
    lines.extend_from_slice(b"{\"no\":\"event\"}\n");
    std::fs::write(&feed, lines)?;
    Demo::new().feed(&feed).data_dir(directory.path().join("data")).start().await
}

async fn look_at_everything(data: &Path) -> Result<(), Failure> {
    let status = json(data, &["status"]).await?;
    let position = status["logPosition"].as_u64().unwrap();
    assert!(position > 100 && status["synchronised"].is_boolean(), "{status}");
    assert!(text(data, &["status"]).await?.contains("logPosition"));

    let verified = text(data, &["log", "verify"]).await?;
    assert!(verified.starts_with("the log is whole: "), "{verified}");
    let records = text(data, &["log", "cat", "--from", "2", "--limit", "3"]).await?;
    assert_eq!(
        records.lines().map(|line| line.split_whitespace().next().unwrap()).collect::<Vec<_>>(),
        ["2", "3", "4"]
    );
    let whole = text(data, &["log", "cat", "--limit", "1", "--payload", "--json"]).await?;
    let record: Value = serde_json::from_str(&whole)?;
    assert_eq!(record["payload"]["specversion"], "1.0", "{record}");

    let models = json(data, &["projection", "list"]).await?;
    assert_eq!(models.as_array().map(Vec::len), Some(14), "{models}");
    let list = text(data, &["projection", "list"]).await?;
    assert!(list.lines().count() == 15 && list.contains("loan-requests"), "{list}");
    let rebuilt = json(data, &["projection", "rebuild", "tasks"]).await?;
    assert_eq!((&rebuilt["name"], &rebuilt["agrees"]), (&Value::from("tasks"), &Value::from(true)), "{rebuilt}");
    let unknown = refused(data, &["projection", "rebuild", "task"]).await?;
    assert!(unknown.contains("no read model task"), "{unknown}");

    let quarantined = json(data, &["quarantine", "list"]).await?;
    let entry = &quarantined[0];
    let at = entry["position"].to_string();
    let shown = json(data, &["quarantine", "show", &at]).await?;
    assert_eq!(shown["raw"], "{\"no\":\"event\"}", "{shown}");
    assert_eq!(shown["reason"], entry["reason"]);
    assert!(text(data, &["quarantine", "list"]).await?.contains(entry["reason"].as_str().unwrap()));
    assert!(refused(data, &["quarantine", "show", "1"]).await?.contains("not a quarantined event"));
    Ok(())
}

async fn manage_clients(data: &Path) -> Result<(String, String), Failure> {
    let words = ["client", "create", "--name", "Reporting", "--scopes", "loans:read,audit:read"];
    let created = json(data, &words).await?;
    let text_of = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let (id, secret) = (text_of(&created, "id"), text_of(&created, "secret"));
    let listed = text(data, &["client", "list"]).await?;
    assert!(listed.contains(&id) && !listed.contains(&secret), "{listed}");
    assert_eq!(json(data, &["client", "disable", &id]).await?["enabled"], false);
    assert_eq!(json(data, &["client", "enable", &id]).await?["enabled"], true);
    let rotated = json(data, &["client", "rotate", &id]).await?;
    assert_ne!(rotated["secret"], created["secret"]);
    assert!(refused(data, &["client", "rotate", "nobody"]).await?.contains("nobody"));
    let wrong = refused(data, &["client", "create", "--name", "x", "--scopes", "loans:write"]).await?;
    assert!(wrong.contains("loans:write"), "{wrong}");
    change_clients(data, &id).await?;
    Ok((id, text_of(&rotated, "secret")))
}

/// Settings, definitions and the end of a client; the first one is as it was afterwards.
async fn change_clients(data: &Path, id: &str) -> Result<(), Failure> {
    let words = ["--description", "nightly", "--network", "10.0.0.0/8", "--requests-per-second", "5"];
    let changed = json(data, &[&["client", "change", id], &words[..]].concat()).await?;
    assert_eq!((&changed["name"], &changed["allowedNetworks"][0]), (&Value::from("Reporting"), &"10.0.0.0/8".into()));
    assert_eq!(changed["rateLimit"]["burst"], 10, "{changed}");
    let refusal = refused(data, &["client", "change", id, "--network", "everywhere"]).await?;
    assert!(refusal.contains("settings of a client"), "{refusal}");
    json(data, &["client", "change", id, "--network", "", "--requests-per-second", "0"]).await?;
    let shown = text(data, &["client", "show", id]).await?;
    assert!(shown.contains("nightly") && !shown.contains("10.0.0.0/8") && !shown.contains("rateLimit"), "{shown}");
    let folder = TempDir::new()?;
    let file = folder.path().join("clients.ndjson");
    let exported = text(data, &["client", "export"]).await?;
    std::fs::write(&file, exported.replace(id, "client-moved").replace("nightly", "moved"))?;
    let bad = folder.path().join("bad.ndjson");
    let bad_file = bad.display().to_string();
    std::fs::write(&bad, format!("{}\n{{", exported.replace(id, "client-unread")))?;
    assert!(refused(data, &["client", "import", &bad_file]).await?.contains("bad.ndjson"));
    assert!(refused(data, &["client", "show", "client-unread"]).await?.contains("no client client-unread"));
    let first = exported.lines().next().unwrap_or_default();
    std::fs::write(&bad, format!("{first}\n\n{{\"id\": 1}}"))?;
    let refusal = refused(data, &["client", "import", &bad_file]).await?;
    assert!(refusal.contains("definition 2 was not imported"), "{refusal}");
    let file = file.display().to_string();
    let imported = json(data, &["client", "import", &file]).await?;
    let moved = imported.as_array().into_iter().flatten().find(|one| one["id"] == "client-moved");
    assert_eq!(moved.map(|one| &one["outcome"]), Some(&Value::from("created")), "{imported}");
    assert!(json(data, &["client", "show", "client-moved"]).await?["secretCreatedAt"].is_null());
    assert_eq!(json(data, &["client", "delete", "client-moved"]).await?["deleted"], true);
    assert!(refused(data, &["client", "show", "client-moved"]).await?.contains("no client client-moved"));
    assert_eq!(json(data, &["client", "list", "--unused-days", "1"]).await?, serde_json::json!([]));
    Ok(())
}

async fn manage_keys(data: &Path) -> Result<(), Failure> {
    let active = |keys: &Value| {
        let found = keys.as_array().into_iter().flatten().find(|key| key["state"] == "active");
        found.and_then(|key| key["id"].as_str()).unwrap_or_default().to_owned()
    };
    let before = active(&json(data, &["key", "list"]).await?);
    let rotated = json(data, &["key", "rotate", "--algorithm", "ES256", "--at-once", "--reason", "a drill"]).await?;
    assert_eq!((&rotated["state"], &rotated["algorithm"]), (&Value::from("active"), &Value::from("ES256")));
    assert_eq!(json(data, &["key", "retire", &before, "--reason", "a drill"]).await?["retiredBecause"], "a drill");
    let listed = text(data, &["key", "list"]).await?;
    assert!(listed.contains("retired") && listed.contains("ES256") && listed.contains("next"), "{listed}");
    assert!(refused(data, &["key", "rotate", "--algorithm", "none"]).await?.contains("RS256"));
    assert!(refused(data, &["key", "retire", "nobody", "--reason", "x"]).await?.contains("no signing key nobody"));
    let records = text(data, &["log", "cat", "--control", "--limit", "1000"]).await?;
    let mine = records.lines().find(|line| line.contains("KeyActivated") && line.contains("(a drill)"));
    // On a directory at rest it is the command line, beside a running process the user that speaks to it.
    assert!(mine.is_some_and(|line| line.contains("cli: ") || line.contains("uid:")), "{records}");
    assert!(text(data, &["log", "verify", "--control"]).await?.contains("the log is whole"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_beside_a_running_process() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let demo = demo(&directory).await?;
    look_at_everything(demo.data_dir()).await?;
    let (id, secret) = manage_clients(demo.data_dir()).await?;
    manage_keys(demo.data_dir()).await?;
    let client = Client::with_credentials(&demo, &id, &secret, "").await?;
    assert_eq!(client.get("/api/v1/loan-requests").await?.status, 200);
    json(demo.data_dir(), &["client", "disable", &id]).await?;
    assert_eq!(client.get("/api/v1/loan-requests").await?.status, 401, "a live token outlived its client");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_on_a_directory_at_rest() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let running = demo(&directory).await?;
    let data = running.data_dir().to_owned();
    running.kill()?;
    look_at_everything(&data).await?;
    manage_clients(&data).await?;
    manage_keys(&data).await?;
    let nowhere = refused(&directory.path().join("nowhere"), &["status"]).await?;
    assert!(nowhere.contains("not a data directory"), "{nowhere}");
    Ok(())
}

/// The documented backup: stop, copy, start. What was restored resumes behind its last event.
#[tokio::test(flavor = "multi_thread")]
async fn a_cold_copy_is_a_backup() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let running = demo(&directory).await?;
    let data = running.data_dir().to_owned();
    running.kill()?;
    let copy = directory.path().join("copy");
    assert!(std::process::Command::new("cp").arg("-a").args([&data, &copy]).status()?.success());
    std::fs::remove_dir_all(&data)?;
    let before = json(&copy, &["projection", "list"]).await?;
    let demo = Demo::new().feed(directory.path().join("feed.ndjson")).data_dir(&copy).start().await?;
    let after = json(demo.data_dir(), &["projection", "list"]).await?;
    let digests = |list: &Value| list.as_array().unwrap().iter().map(|m| m["digest"].clone()).collect::<Vec<_>>();
    assert_eq!(digests(&before), digests(&after));
    assert_eq!(json(demo.data_dir(), &["status"]).await?["duplicates"], 0);
    Ok(())
}
