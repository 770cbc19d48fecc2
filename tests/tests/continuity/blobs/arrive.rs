//! Everything arrives, from a server on its worst day, over kills of the replica: all verified, none twice, none wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use continuity_simulator::objects::{ObjectFaults, ObjectOptions, ObjectServer, Outcome};
use continuity_simulator::{BlobMode, Options, Simulator};
use continuity_tests::fold::{Fold, Gaps};
use continuity_tests::harness::{Failure, Replica};
use continuity_tests::json::Json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::config;
use crate::feeds::{self, START};
use crate::rig::component;

/// One request in five goes wrong.
const FAULTS: &str = "slow=1,cut=5,wrong-bytes=2,wrong-length=2,403=2,404=2,429=1,500=4,expired=3,references=10";
const TOKEN: &str = "t0ken";
/// How many loans; each has some 13 files.
fn loans() -> u64 {
    feeds::size(60, 1_110)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_over_kills() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let mut options = ObjectOptions {
        seed: 5,
        token: Some(TOKEN.to_owned()),
        slow: Duration::from_millis(300),
        ..Default::default()
    };
    options.faults = FAULTS.parse::<ObjectFaults>()?;
    let server = ObjectServer::start(options)?;
    let feed = directory.path().join("feed.ndjson");
    let Told { named, needed } = write_feed(&feed, &server)?;
    let data = directory.path().join("data");
    let mut replica = Replica::new()
        .data_dir(&data)
        .config(&format!("{}token = '{TOKEN}'\n", config(&feed, &server)))
        .start()
        .await?;
    let kills = feeds::size(6, 30);
    let mut before_the_end = 0;
    for kill in 0..kills {
        // Spread over the start, the first bytes and the middle of it.
        tokio::time::sleep(Duration::from_millis(150 + (kill * 7_919) % 2_900)).await;
        before_the_end += u64::from(server.handle().counts().of(Outcome::Whole) < needed.len() as u64);
        replica.kill()?;
        replica.restart().await?;
    }
    assert!(before_the_end > kills / 2, "{before_the_end} of {kills} kills came before everything was there");
    let health = replica.until("whole", Duration::from_mins(15), |health| is_whole(health, needed.len())).await?;
    let stored = stored(&data.join("blobs/sha256"))?;
    assert_eq!(stored.values().filter(|right| !**right).count(), 0, "bytes that are not what their name says");
    let stored: BTreeSet<_> = stored.into_keys().collect();
    assert!(stored.is_superset(&needed), "some that are needed are not stored");
    assert!(stored.is_subset(&named), "something is stored that nobody named");
    assert_eq!(amount(&health, "available"), needed.len() as u64);
    let available = replica.metric("continuity_blobs{state=\"AVAILABLE\"}").await?;
    assert_eq!(available.map(|count| count.to_string()), Some(needed.len().to_string()));
    let on_their_way = names(&data.join("blobs/incoming"))?;
    assert!(on_their_way.iter().all(|part| !needed.contains(part.trim_end_matches(".part"))), "{on_their_way:?}");
    let counts = server.handle().counts();
    assert!(counts.faults() > counts.requests() / 10, "{counts:?}");
    assert!(counts.of(Outcome::Partial) > 0, "nothing was gone on with: {counts:?}");
    println!(
        "{} blobs over {kills} kills, {} requests, {} of them with faults",
        needed.len(),
        counts.requests(),
        counts.faults()
    );
    served(&replica).await
}

/// Every document of the API is there, and what it serves is what the reference says.
async fn served(replica: &Replica) -> Result<(), Failure> {
    let client = replica.client("").await?;
    let page = client.get("/api/v1/loan-requests?limit=50").await?.json()?;
    let mut downloads = 0;
    for loan in page.get("loanRequests").map(Json::elements).unwrap_or_default() {
        let loan = loan.text("id").ok_or("a loan without an id")?;
        let path = format!("/api/v1/loan-requests/{loan}/documents");
        let documents = client.get(&path).await?;
        assert_eq!(documents.header("x-replica-complete"), "");
        for document in documents.json()?.elements() {
            let (Some(id), Some(blob)) =
                (document.text("id"), document.get("blob").filter(|blob| **blob != Json::Null))
            else {
                continue;
            };
            if blob.text("state") == Some("ERASED") {
                continue;
            }
            assert_eq!(blob.text("state"), Some("AVAILABLE"), "{}", document.to_text());
            let reply = client.get(&format!("{path}/{id}/download")).await?;
            let sha256 = hex::encode(Sha256::digest(&reply.bytes));
            assert_eq!(Some(sha256.as_str()), blob.text("sha256"));
            assert_eq!(reply.header("etag"), format!("\"{sha256}\""));
            downloads += 1;
        }
    }
    assert!(downloads > 20, "{downloads} downloads");
    Ok(())
}

/// The digests that a feed names, and those that its loans refer to at its end.
struct Told {
    named: BTreeSet<String>,
    needed: BTreeSet<String>,
}

fn write_feed(path: &Path, server: &ObjectServer) -> Result<Told, Failure> {
    let options = Options { blobs: BlobMode::Served(server.served()), ..Options::new(41, START, loans()) };
    let (mut named, mut needed, mut lines) = (BTreeSet::new(), BTreeSet::new(), String::new());
    let mut fold = Fold::new(Gaps::Held);
    for emitted in Simulator::new(options).history() {
        collect(&serde_json::from_str(&emitted.line)?, &mut named);
        fold.arrive(&emitted.line);
        lines.push_str(&emitted.line);
        lines.push('\n');
    }
    for loan in fold.loan_ids().filter_map(|id| fold.loan(id)) {
        for kind in ["document", "taskItem", "message"] {
            for entity in loan.ids(kind).iter().filter_map(|id| loan.entity(kind, id)) {
                collect(&serde_json::from_str(&entity.to_text())?, &mut needed);
            }
        }
    }
    fs::write(path, lines)?;
    Ok(Told { named, needed })
}

fn collect(value: &serde_json::Value, named: &mut BTreeSet<String>) {
    if let Some(members) = value.as_object() {
        if let Some(sha256) =
            members.get("sha256").filter(|_| members.contains_key("fetch") && !members.contains_key("erasedAt"))
        {
            named.extend(sha256.as_str().map(str::to_owned));
        }
        members.values().for_each(|member| collect(member, named));
    }
    value.as_array().into_iter().flatten().for_each(|element| collect(element, named));
}

fn amount(health: &Json, state: &str) -> u64 {
    component(health, "blobs").get(state).and_then(|amount| amount.number("count")).unwrap_or_default()
}

fn is_whole(health: &Json, needed: usize) -> bool {
    amount(health, "available") == needed as u64
        && ["pending", "failed", "damaged"].into_iter().all(|state| amount(health, state) == 0)
}

/// What is on the disk, and whether it is what its name says.
fn stored(root: &Path) -> Result<BTreeMap<String, bool>, Failure> {
    let mut found = BTreeMap::new();
    for shard in fs::read_dir(root)? {
        let shard = shard?.path();
        for name in names(&shard)? {
            let digest = hex::encode(Sha256::digest(fs::read(shard.join(&name))?));
            let right = digest == name;
            assert!(found.insert(name, right).is_none());
        }
    }
    Ok(found)
}

fn names(directory: &Path) -> Result<Vec<String>, Failure> {
    let names = fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}
