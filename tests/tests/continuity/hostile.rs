//! Histories that no sane platform sends and the contract allows all the same: wrong versions, patches on nothing, moves,
//! returns, ties, sort members of any type, snapshots that say something else, disorder over everything.

mod chance;
mod history;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use continuity_tests::compare::{self, Clients};
use continuity_tests::fold::{Fold, Gaps};
use continuity_tests::harness::{Client, Demo, Failure, Running};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{feeds, simulated};
use chance::Chance;

/// In short, 3 feeds of 200 loans (some 21,000 lines, 10 seconds unoptimised); in full, 100.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_histories_agree() -> Result<(), Failure> {
    for seed in 1..=feeds::size(3, 100) {
        hostile_feed_agrees(seed, 200).await?;
    }
    Ok(())
}

async fn hostile_feed_agrees(seed: u64, loans: u64) -> Result<(), Failure> {
    let mut chance = Chance::new(seed);
    let histories = (0..loans).map(|loan| history::of(loan, &mut chance)).collect();
    let lines = delivered(histories, &mut chance);
    let fold = Fold::of(Gaps::Held, lines.iter().map(String::as_str));
    let parked = fold.loan_ids().filter(|id| fold.loan(id).is_some_and(|loan| loan.parked().is_some())).count();
    assert!(parked > 1, "only {parked} loans are parked: too tame");
    let directory = TempDir::new()?;
    let feed = directory.path().join("feed.ndjson");
    std::fs::write(&feed, lines.join("\n") + "\n")?;
    let demo = Demo::new().feed(&feed).within(Duration::from_mins(5)).start().await?;
    simulated::agrees(&demo, fold).await
}

/// Events behind missing ones are released in time, and late ones are refolded.
#[tokio::test(flavor = "multi_thread")]
async fn released_histories_agree() -> Result<(), Failure> {
    let mut chance = Chance::new(77);
    let histories = (0..120).map(|loan| history::of(loan, &mut chance)).collect();
    let lines = delivered(histories, &mut chance);
    let fold = Fold::of(Gaps::Released, lines.iter().map(String::as_str));
    let incomplete = fold.loan_ids().filter(|id| fold.loan(id).is_some_and(|loan| !loan.is_complete())).count();
    assert!(incomplete > 10, "only {incomplete} loans are incomplete: too tame");
    let directory = TempDir::new()?;
    let feed = directory.path().join("feed.ndjson");
    // A part first, so that some events come late to what was released.
    let (first, rest) = lines.split_at(lines.len() * 3 / 4);
    std::fs::write(&feed, first.join("\n") + "\n")?;
    let demo = Demo::new().feed(&feed).start().await?;
    let replica = demo.serve(&feed, "[ingest]\ngap_release_seconds = 1")?;
    until(&replica, "continuity_ingest_held_events", |held| held < 0.5).await?;
    let mut file = std::fs::OpenOptions::new().append(true).open(&feed)?;
    file.write_all((rest.join("\n") + "\n").as_bytes())?;
    drop(file);
    agree(&replica, fold).await
}

/// Compares until everything agrees, half a minute at least.
async fn agree(replica: &Running, fold: Fold) -> Result<(), Failure> {
    let fold = Arc::new(fold);
    let clients = Clients { all: Client::of(replica, "").await?, loans_only: Client::of(replica, "loans:read").await? };
    let mut found = String::new();
    for _ in 0..60 {
        let report = compare::everything(fold.clone(), clients.clone()).await?;
        let Some(first) = report.differences.first() else { return Ok(()) };
        found = format!("{} replies differ, the first: {first}", report.differences.len());
        sleep(Duration::from_millis(500)).await;
    }
    Err(found.into())
}

/// Waits until the replica is ready and a metric is as it should be, a minute at most.
async fn until(replica: &Running, name: &str, wanted: impl Fn(f64) -> bool) -> Result<(), Failure> {
    let client = Client::anonymous(replica)?;
    let wait = async {
        // Errors are waited out too: at first nothing listens.
        while !client.get("/ready").await.is_ok_and(|reply| reply.status.is_success()) {
            sleep(Duration::from_millis(50)).await;
        }
        while !client.metric(replica, name).await.ok().flatten().is_some_and(&wanted) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_mins(1), wait).await.map_err(|_| format!("{name}: {}", replica.errors()).into())
}

/// One line of some loan in turn, as chance has it; some late, some twice, some never.
fn delivered(mut histories: Vec<Vec<String>>, chance: &mut Chance) -> Vec<String> {
    let mut keyed = Vec::new();
    let mut place = 0_u64;
    for history in &mut histories {
        history.reverse();
    }
    while !histories.is_empty() {
        let loan = chance.below(histories.len());
        let Some(line) = histories[loan].pop() else {
            histories.swap_remove(loan);
            continue;
        };
        place += 1;
        if chance.one_in(250) {
            continue;
        }
        if chance.one_in(12) {
            keyed.push((place + chance.number(2_000), line.clone()));
        }
        let late = if chance.one_in(6) { chance.number(800) } else { 0 };
        keyed.push((place + late, line));
    }
    keyed.sort_by_key(|(place, _)| *place);
    keyed.into_iter().map(|(_, line)| line).collect()
}
