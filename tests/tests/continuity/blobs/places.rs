//! The places of the configuration: buckets to read from, a bucket to keep in, object stores of the source, a scanner.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use async_nats::jetstream::{self, object_store};
use continuity_simulator::{BlobMode, Options, Simulator};
use continuity_tests::brokers::{Broker, S3Server, Sort};
use continuity_tests::harness::{Failure, Replica, poll};
use tempfile::TempDir;

use super::{bytes, digest, loan};
use crate::feeds::START;
use crate::rig::{self, LIMIT, Rig, component, fold, published, succeeded};

/// What the scanner of the test takes for malware.
const MALWARE: &[u8] = b"a file with EVIL in it";

/// A document, its key in the platform's bucket, and the bytes that its reference promises.
struct Document {
    name: &'static str,
    fetch: String,
    promised: Vec<u8>,
}

fn object(name: &'static str, promised: Vec<u8>) -> Document {
    Document {
        name,
        fetch: format!(r#"{{"kind":"OBJECT_STORE","bucket":"platform","key":"loans/7/{name}"}}"#),
        promised,
    }
}

fn documents() -> Vec<Document> {
    let foreign = r#"{"kind":"URL","url":"https://files.example/a?signature=s3cret"}"#.to_owned();
    vec![
        object("small", bytes(1_000)),
        object("large", bytes(9 << 20)),
        object("wrong", b"what was promised".to_vec()),
        object("evil", MALWARE.to_vec()),
        Document { name: "foreign", fetch: foreign, promised: b"elsewhere".to_vec() },
    ]
}

fn events(documents: &[Document]) -> String {
    loan(documents.iter().map(|Document { name, fetch, promised }| {
        let (sha256, size) = (hex::encode(digest(promised)), promised.len());
        (*name, format!(r#""blob":{{"sha256":"{sha256}","sizeBytes":{size},"fetch":{fetch}}}"#))
    }))
}

fn config(feed: &Path, server: &S3Server, scanner: &Path) -> String {
    let access = "access_key_id = 'key'\nsecret_access_key = 'secret'\nregion = 'eu-central-1'\nallow_http = true\n";
    format!(
        "[source]\nurl = 'file:{}'\n[ingest]\nmin_free_bytes = 0\n[blobs.scan]\ncommand = ['{}']\n\
         [blobs.store]\nurl = 's3://bank/kept?endpoint={url}'\n{access}[blobs.s3]\nurl = 's3://platform?endpoint={url}'\n\
         {access}",
        feed.display(),
        scanner.display(),
        url = server.url()
    )
}

/// A program that calls a file infected when EVIL is in it.
fn scanner(directory: &Path) -> Result<std::path::PathBuf, Failure> {
    let path = directory.join("scan.sh");
    fs::write(&path, "#!/bin/sh\nif grep -q EVIL \"$1\"; then echo Test.Evil; exit 1; fi\n")?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_bucket_through_a_scanner_into_a_bucket() -> Result<(), Failure> {
    let (server, directory) = (S3Server::start()?, TempDir::new()?);
    server.create("platform").await?;
    server.create("bank").await?;
    let documents = documents();
    for document in &documents {
        let stored = if document.name == "wrong" { b"something else...".to_vec() } else { document.promised.clone() };
        server.put(&format!("platform/loans/7/{}", document.name), stored).await?;
    }
    let feed = directory.path().join("feed.ndjson");
    fs::write(&feed, events(&documents))?;
    let configuration = config(&feed, &server, &scanner(directory.path())?);
    let mut replica = Replica::new().config(&configuration).start().await?;
    let count = |health: &continuity_tests::json::Json, state: &str| {
        component(health, "blobs").get(state).and_then(|amount| amount.number("count"))
    };
    let health = replica.until_bytes(LIMIT).await?;
    let counts = ["available", "failed", "damaged"].map(|state| count(&health, state));
    assert_eq!((counts, health.text("status")), ([Some(2), Some(1), Some(2)], Some("degraded")));
    serves(&replica, &documents, &["small", "large"]).await?;
    assert!(!replica.data_dir().join("blobs/sha256").exists(), "the bytes are in the bucket");
    let listed = replica.order(&["blobs", "list", "--json"]).await?;
    succeeded(&listed);
    let listed = String::from_utf8(listed.stdout)?;
    for said in ["the scanner found Test.Evil", "names no place for URLs", "came with the SHA-256", "\"L1\""] {
        assert!(listed.contains(said), "{said} is not in {listed}");
    }
    assert!(!listed.contains("s3cret"), "{listed}");
    // The platform repairs one; what is kept is known after a kill.
    server.put("platform/loans/7/wrong", documents[2].promised.clone()).await?;
    replica.kill()?;
    replica.restart().await?;
    let sha256 = hex::encode(digest(&documents[2].promised));
    succeeded(&replica.order(&["blobs", "retry", &sha256]).await?);
    replica.until("repaired", LIMIT, |health| count(health, "available") == Some(3)).await?;
    serves(&replica, &documents, &["small", "large", "wrong"]).await
}

/// The documents named are served as promised, ranges of them too; no other one is.
async fn serves(replica: &Replica, documents: &[Document], whole: &[&str]) -> Result<(), Failure> {
    let client = replica.client("").await?;
    for Document { name, promised, .. } in documents {
        let reply = client.get(&format!("/api/v1/loan-requests/L1/documents/{name}/download")).await?;
        if whole.contains(name) {
            assert!(reply.status == 200 && reply.bytes == *promised, "{name}: {}", reply.status);
        } else {
            let problem = if *name == "foreign" { "blob-not-synced" } else { "blob-damaged" };
            assert!(reply.status == 503 && reply.text().contains(problem), "{name}: {}", reply.text());
            assert!(!reply.header("retry-after").is_empty());
        }
    }
    let list = client.get("/api/v1/loan-requests/L1/documents").await?;
    assert_eq!(list.header("x-replica-complete"), "false");
    Ok(())
}

/// Loans are served without the store, which says what it lacks, and bytes come once it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_told_and_waited_for() -> Result<(), Failure> {
    let (server, directory) = (S3Server::start()?, TempDir::new()?);
    server.create("platform").await?;
    let documents = vec![object("small", bytes(1_000))];
    server.put("platform/loans/7/small", bytes(1_000)).await?;
    let feed = directory.path().join("feed.ndjson");
    fs::write(&feed, events(&documents))?;
    let configuration = config(&feed, &server, &scanner(directory.path())?);
    let replica = Replica::new().config(&configuration).start().await?;
    let failing = |health: &continuity_tests::json::Json| {
        component(health, "blobs")
            .get("failing")
            .is_some_and(|failing| *failing == continuity_tests::json::Json::Bool(true))
    };
    let health = replica.until("failing", LIMIT, failing).await?;
    assert_eq!(health.text("status"), Some("degraded"));
    let client = replica.client("").await?;
    let loan = poll(LIMIT, async || Ok(client.get("/api/v1/loan-requests/L1").await?.status == 200));
    assert!(loan.await?, "the loan is not served: {}", replica.errors());
    let status = replica.order(&["blobs", "status"]).await?;
    succeeded(&status);
    let said = String::from_utf8(status.stdout)?;
    assert!(said.contains("nothing is fetched or verified: stored blobs cannot be read: the blob store"), "{said}");
    assert_eq!(replica.metric("continuity_blobs_failing").await?, Some(1.0));
    server.create("bank").await?;
    replica.until("well", LIMIT, |health| !failing(health)).await?;
    replica.until_bytes(LIMIT).await?;
    let reply = client.get("/api/v1/loan-requests/L1/documents/small/download").await?;
    assert!(reply.status == 200 && reply.bytes == bytes(1_000));
    Ok(())
}

/// Object stores on the servers that the events come from.
#[tokio::test(flavor = "multi_thread")]
async fn from_object_stores_of_the_source() -> Result<(), Failure> {
    let options = Options { snapshots: false, blobs: BlobMode::Files, ..Options::new(71, START, 3) };
    let events: Vec<_> = Simulator::new(options).history().collect();
    let broker = Broker::start(Sort::Nats)?;
    let context = jetstream::new(async_nats::connect(broker.url()).await?);
    let config = object_store::Config { bucket: "banclo-documents".to_owned(), ..Default::default() };
    let store = context.create_object_store(config).await?;
    for file in events.iter().flat_map(|event| &event.blobs) {
        store.put(file.key.as_str(), &mut file.bytes.as_slice()).await?;
    }
    let proxy = broker.proxy()?;
    published(rig::publishing(&broker, &events, 0.0)?).await?;
    let stores = "[blobs.nats]\nbuckets = ['banclo-documents']\n";
    let text = format!("{}{stores}", rig::following(&broker, &proxy, ""));
    let rig = Rig { replica: Replica::new().config(&text).start().await?, broker, proxy };
    rig.until_events(fold(&events).counts().events).await?;
    rig.agrees(fold(&events)).await
}
