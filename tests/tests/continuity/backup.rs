//! A backup is made while the replica works, verified on its own, and restored when everything else is gone.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use continuity_simulator::objects::{ObjectOptions, ObjectServer};
use continuity_simulator::{BlobMode, Faults};
use continuity_tests::harness::{Client, Failure, Replica, command, poll};
use continuity_tests::json::Json;
use serde_json::Value;
use tempfile::TempDir;

use crate::feeds::{self, Feed};

const LIMIT: Duration = Duration::from_mins(2);

/// The command line without a data directory.
async fn run(words: &[&str]) -> Result<Output, Failure> {
    let mut command = command()?;
    command.args(words);
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

async fn told(words: &[&str]) -> Result<Value, Failure> {
    let output = run(words).await?;
    serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("{words:?}: {e}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

async fn back_up(replica: &Replica, to: &str) -> Result<Value, Failure> {
    let output = replica.order(&["backup", "create", "--to", to, "--json"]).await?;
    serde_json::from_slice(&output.stdout)
        .map_err(|e| format!("{e}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Some platforms' ids have spaces and worse.
fn escaped(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Every loan with its documents, and the bytes of each: what a bank goes on working with.
async fn everything(client: &Client) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let list = "/api/v1/loan-requests?limit=100&sortBy=reference&sortOrder=ASC";
    let page = client.get(list).await?;
    let mut all = vec![(list.to_owned(), page.bytes.clone())];
    for loan in page.json()?.get("loanRequests").map(Json::elements).unwrap_or_default() {
        let loan = format!("/api/v1/loan-requests/{}", escaped(loan.text("id").ok_or("a loan without an id")?));
        for part in ["", "/tasks", "/guilds", "/bid-requests", "/worksheets", "/documents"] {
            let path = format!("{loan}{part}");
            let reply = client.get(&path).await?;
            assert!(reply.status.is_success(), "{path}: {}", reply.text());
            all.push((path, reply.bytes.clone()));
        }
        for document in client.get(&format!("{loan}/documents")).await?.json()?.elements() {
            let state = document.get("blob").and_then(|blob| blob.text("state"));
            if state == Some("AVAILABLE") {
                let path = format!("{loan}/documents/{}/download", escaped(document.text("id").ok_or("no id")?));
                all.push((path.clone(), client.get(&path).await?.bytes));
            }
        }
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_backed_up_is_served_again_when_everything_else_is_gone() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let path = |name: &str| folder.path().join(name).to_str().map(str::to_owned).ok_or("a path");
    let (feed, data, backup) = (folder.path().join("feed.ndjson"), folder.path().join("data"), path("backup")?);
    let server = ObjectServer::start(ObjectOptions { seed: 5, ..Default::default() })?;
    let history = Feed { seed: 41, loans: 12, faults: Faults::default(), snapshots: false };
    feeds::write_feed_with(&feed, history, BlobMode::Served(server.served()))?;
    let whole = fs::read_to_string(&feed)?;
    let half = whole[..whole.len() / 2].rfind('\n').ok_or("a line")? + 1;
    fs::write(&feed, &whole[..half])?;
    let config = crate::blobs::config(&feed, &server);
    let mut replica = Replica::new().data_dir(&data).config(&config).start().await?;
    arrived(&replica, &whole[..half]).await?;
    let first = back_up(&replica, &backup).await?;
    assert!(first["documents"]["count"].as_u64() > Some(20) && first["readModels"][0]["digest"].is_string(), "{first}");

    fs::OpenOptions::new().append(true).open(&feed)?.write_all(&whole.as_bytes()[half..])?;
    let position = |of: &Value| of["log"]["position"].as_u64().unwrap_or_default();
    arrived(&replica, &whole).await?;
    let second = back_up(&replica, &backup).await?;
    assert!(position(&second) > position(&first), "{second}");
    let (written, bytes) = (&second["writtenBytes"], &second["documents"]["bytes"]);
    assert!(written.as_u64() < bytes.as_u64(), "what was there is not written again: {second}");

    let verified = told(&["backup", "verify", "--of", &backup, "--json"]).await?;
    assert_eq!(
        (&verified["problems"], &verified["notCompared"]),
        (&Value::from(Vec::<u8>::new()), &verified["problems"])
    );
    assert_eq!(verified["agree"].as_array().map(Vec::len), second["readModels"].as_array().map(Vec::len));
    assert_eq!(verified["documents"], second["documents"]["count"]);
    let shown = told(&["backup", "status", "--of", &backup, "--json"]).await?;
    assert_eq!((&shown["verification"], &shown["verificationIsOfThisBackup"]), (&verified, &Value::Bool(true)));

    let before = everything(&replica.client("").await?).await?;
    assert!(before.iter().filter(|(path, _)| path.ends_with("download")).count() > 20);
    replica.kill()?;
    let key = fs::read(data.join("control/keys/fleet-key"))?;
    drop(server);
    fs::remove_file(&feed)?;
    fs::remove_dir_all(&data)?;

    let target = path("data")?;
    let restored = told(&["backup", "restore", "--from", &backup, "--data-dir", &target, "--json"]).await?;
    assert_eq!(
        (restored["position"].as_u64(), &restored["missing"]),
        (Some(position(&second)), &Value::from(Vec::<u8>::new()))
    );
    write_key(&data, &key)?;
    replica.configure("[source]\nurl = 'nats://127.0.0.1:9'\n[ingest]\nmin_free_bytes = 0\n");
    replica.restart().await?;
    let folded = poll(LIMIT, async || Ok(replica.ready().await? == 200));
    assert!(folded.await?, "the read models are not folded: {}", replica.errors());
    replica.until_bytes(LIMIT).await?;
    let client = replica.client("").await?;
    assert_eq!(client.get("/api/v1/loan-requests?limit=1").await?.header("x-replica-state"), "disconnected");
    for ((path, then), (_, now)) in before.iter().zip(everything(&client).await?) {
        assert_eq!(String::from_utf8_lossy(then), String::from_utf8_lossy(&now), "{path}");
    }
    Ok(())
}

/// The fleet key, which was kept apart.
fn write_key(data: &Path, key: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    let keys = data.join("control/keys");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&keys)?;
    fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(keys.join("fleet-key"))?.write_all(key)
}

/// Waits until every event of the feed is here, and the bytes that they name.
async fn arrived(replica: &Replica, feed: &str) -> Result<(), Failure> {
    let events = feed.lines().filter(|line| line.contains("\"subject\":\"loan-requests/")).count();
    let mut last = Value::Null;
    let all = poll(LIMIT, async || {
        last = serde_json::from_slice(&replica.order(&["status", "--json"]).await?.stdout)?;
        Ok(last["events"] == events && last["appliedPosition"] == last["logPosition"])
    });
    if !all.await? {
        return Err(format!("not all of {events} events: {last}\n{}", replica.errors()).into());
    }
    replica.until_bytes(LIMIT).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_not_good_is_said_to_be_none() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let path = |name: &str| folder.path().join(name).to_str().map(str::to_owned).ok_or("a path");
    let (feed, backup) = (folder.path().join("feed.ndjson"), path("backup")?);
    let server = ObjectServer::start(ObjectOptions { seed: 5, ..Default::default() })?;
    let history = Feed { seed: 42, loans: 4, faults: Faults::default(), snapshots: false };
    feeds::write_feed_with(&feed, history, BlobMode::Served(server.served()))?;
    let config = format!("{}[backup]\ndirectory = '{backup}'\n", crate::blobs::config(&feed, &server));
    let replica = Replica::new().config(&config).start().await?;
    arrived(&replica, &fs::read_to_string(&feed)?).await?;
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();

    let within = replica.data_dir().join("backup");
    let within = within.to_str().ok_or("a path")?;
    let refused = replica.order(&["backup", "create", "--to", within]).await?;
    assert!(said(&refused).contains("lie in each other"), "{}", said(&refused));
    fs::create_dir(folder.path().join("other"))?;
    fs::write(folder.path().join("other/letters.txt"), "dear")?;
    let refused = replica.order(&["backup", "create", "--to", &path("other")?]).await?;
    assert!(said(&refused).contains("which is of no backup"), "{}", said(&refused));
    let none = run(&["backup", "verify", "--of", &path("other")?]).await?;
    assert!(!none.status.success() && said(&none).contains("there is no backup"), "{}", said(&none));

    let made = replica.order(&["backup", "create"]).await?;
    assert!(String::from_utf8_lossy(&made.stdout).contains("The fleet key is not in it"), "{}", said(&made));
    let made_at = replica.metric("continuity_backup_made_timestamp_seconds").await?;
    assert!(made_at > Some(1_700_000_000.0), "{made_at:?}");
    let verified_at = replica.metric("continuity_backup_verified_timestamp_seconds").await?;
    assert!(verified_at.is_some_and(f64::is_nan), "{verified_at:?}");
    let good = run(&["backup", "verify", "--of", &backup]).await?;
    assert!(good.status.success() && String::from_utf8_lossy(&good.stdout).contains("it is good"), "{}", said(&good));
    let onto = replica.data_dir().to_str().ok_or("a path")?;
    let refused = run(&["backup", "restore", "--from", &backup, "--data-dir", onto]).await?;
    assert!(!refused.status.success() && said(&refused).contains("is not empty"), "{}", said(&refused));

    let list = fs::read_to_string(Path::new(&backup).join("state/documents.sha256"))?;
    let document = list.lines().next().and_then(|line| line.split_once("  ")).ok_or("a document")?.1;
    flip(&Path::new(&backup).join(document))?;
    flip(&Path::new(&backup).join("state/log/00000000000000000001.seg"))?;
    let bad = run(&["backup", "verify", "--of", &backup]).await?;
    let text = String::from_utf8_lossy(&bad.stdout);
    assert!(!bad.status.success() && text.contains("IT IS NOT GOOD"), "{text}");
    assert!(text.contains(document) && text.contains("the replica log: the log is damaged"), "{text}");
    let to = path("restored")?;
    let refused = run(&["backup", "restore", "--from", &backup, "--data-dir", &to]).await?;
    assert!(!refused.status.success() && said(&refused).contains("the log is damaged"), "{}", said(&refused));
    Ok(())
}

/// Changes one bit in the middle of a file.
fn flip(file: &Path) -> std::io::Result<()> {
    let mut bytes = fs::read(file)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes)
}
