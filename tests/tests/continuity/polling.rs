//! Walks by cursor and polling by position while events arrive, late ones, duplicates, lost ones, snapshots, erasures and
//! purges among them: what the documentation of the list promises holds, loan by loan.

mod clients;
mod searches;
mod walks;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use continuity_base::Stop;
use continuity_simulator::publish::{PublishOptions, Summary, Target, publish};
use continuity_simulator::{Emitted, Every, Faults, Kind, Manifests, Options, Simulator, Tempo};
use continuity_tests::harness::{Failure, Replica, poll};
use continuity_tests::json::Json;
use tempfile::TempDir;

use crate::feeds;
use clients::{Seen, completeness, every_loan};

const LIMIT: Duration = Duration::from_mins(3);
/// The loans whose creation ends what is there at the beginning, and the whole feed.
const FIRST: &str = "the-first";
const LAST: &str = "the-last";

/// In short, 2 runs of 45 loans (some 6,000 lines each, at 1,000 lines a second); in full, 50 of 260 (some 35,000, at 5,000).
#[tokio::test(flavor = "multi_thread")]
async fn polls_and_walks_miss_nothing() -> Result<(), Failure> {
    let runs = feeds::size(2, 50);
    let mut all = Seen::default();
    for seed in 1..=runs {
        let (seen, summary) = run(seed, feeds::size(45, 260)).await?;
        println!("run {seed}: {:.0} events/s; {seen}", rate(&summary));
        all.add(&seen);
    }
    println!("{runs} runs: {all}");
    all.is_worth_something();
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a test looks after its own tasks")]
/// One feed, of which a third is there at the beginning; the rest arrives while clients walk and poll.
async fn run(seed: u64, loans: u64) -> Result<(Seen, Summary), Failure> {
    let directory = TempDir::new()?;
    let feed = directory.path().join("feed.ndjson");
    let mut lines = lines(seed, loans);
    let mut rest = lines.split_off(lines.len() / 3);
    lines.push(created(FIRST, &rest[0]));
    rest.push(created(LAST, &rest[0]));
    publishing(&feed, lines, 0.0).await?;
    let source = format!("[source]\nurl = 'file:{}'\n", feed.display());
    let replica = Replica::new()
        .config(&source)
        .config("[ingest]\ngap_release_seconds = 1\nmin_free_bytes = 0\n")
        .start()
        .await?;
    let client = replica.client("").await?;
    shows(&replica, FIRST).await?;
    let done = Arc::new(AtomicBool::new(false));
    let pollers = [7, 200].map(|limit| tokio::spawn(clients::mirror(client.clone(), limit, Arc::clone(&done))));
    let stable = tokio::spawn(walks::stable(client.clone(), Arc::clone(&done)));
    let changing = tokio::spawn(walks::changing(client.clone(), Arc::clone(&done)));
    // In short the replica is not optimised. One that cannot keep up is behind, and the promises hold all the same.
    let rate = if feeds::size(0, 1) == 1 { 5_000.0 } else { 1_000.0 };
    let summary = publishing(&feed, rest, rate).await?;
    everything_shows(&replica).await?;
    done.store(true, Ordering::SeqCst);
    let mut seen = stable.await??;
    seen.add(&changing.await??);
    let (truth, purged) = (every_loan(&client).await?, completeness(&client).await?);
    for poller in pollers {
        let (mirror, polled) = poller.await??;
        seen.add(&polled);
        agree(&mirror, &truth, &purged);
    }
    searches::agree(&client, &truth).await?;
    seen.purged = purged.len();
    seen.snapshots = replica.metric("continuity_ingest_snapshots_total").await?.unwrap_or_default();
    seen.gaps = replica.metric("continuity_ingest_gaps_open").await?.unwrap_or_default();
    Ok((seen, summary))
}

/// What polling alone has built is what the replica has; what it lacks, the replica names.
fn agree(mirror: &BTreeMap<String, Json>, truth: &BTreeMap<String, Json>, purged: &[String]) {
    for (loan, state) in truth {
        assert_eq!(mirror.get(loan).map(Json::to_text), Some(state.to_text()), "{loan} in the mirror");
    }
    for loan in mirror.keys().filter(|loan| !truth.contains_key(*loan)) {
        assert!(
            purged.contains(loan),
            "{loan} is in the mirror, not in the replica, and nobody says that it was purged"
        );
    }
}

/// A history with everything that goes wrong, and the last loan behind it.
fn lines(seed: u64, loans: u64) -> Vec<Emitted> {
    let tempo = Tempo { between_loans: Duration::from_hours(2), ..Tempo::default() };
    let options =
        Options { snapshots: true, erasures: true, heartbeats: true, tempo, ..Options::new(seed, feeds::START, loans) };
    let source = options.source.clone();
    let manifests = Manifests::over(Simulator::new(options), Every::Events(4_000), &source, seed);
    let history = manifests.take_while(|emitted| emitted.history);
    let faults = Faults { gaps: 0.002, late: 0.004, ..feeds::rough() };
    belated(faults.over(seed, history).collect())
}

/// The only event of a loan.
fn created(loan: &str, like: &Emitted) -> Emitted {
    let line = format!(
        r#"{{"specversion":"1.0","id":"evt-{loan}","source":"/banclo/eu-1/tenants/harbour-bank","type":"com.banclo.LoanRequestCreated","subject":"loan-requests/{loan}","time":"2026-12-31T00:00:00Z","sequence":"1","datacontenttype":"application/json","data":{{"entity":"loanRequest","id":"{loan}","version":1,"after":{{"id":"{loan}","reference":"ZZ-1","status":"DRAFT","createdAt":"2026-12-31T00:00:00Z"}}}}}}"#
    );
    Emitted { line, kind: Kind::Plain, blobs: vec![], ..like.clone() }
}

/// Some lines of the second third come among the last ones: behind the time for which a gap is waited for, as a rule.
fn belated(lines: Vec<Emitted>) -> Vec<Emitted> {
    let (third, end) = (lines.len() / 3, lines.len() - lines.len() / 50);
    let is_late = |at: usize| (third..2 * third).contains(&at) && at.is_multiple_of(199);
    let late: Vec<Emitted> =
        lines.iter().enumerate().filter(|(at, _)| is_late(*at)).map(|(_, line)| line.clone()).collect();
    let mut moved: Vec<Emitted> =
        lines.into_iter().enumerate().filter(|(at, _)| !is_late(*at)).map(|(_, line)| line).collect();
    let end = end.min(moved.len());
    moved.splice(end..end, late);
    moved
}

async fn publishing(feed: &Path, lines: Vec<Emitted>, rate: f64) -> Result<Summary, Failure> {
    let target = Target::parse(&format!("file:{}", feed.display()))?;
    let options = PublishOptions { rate, history_rate: rate, ..PublishOptions::default() };
    let publish = move || publish(lines.into_iter(), &target, &options, &Stop::new());
    Ok(tokio::task::spawn_blocking(publish).await??)
}

fn rate(summary: &Summary) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a feed has some thousand lines")]
    let messages = summary.messages as f64;
    messages / summary.took.as_secs_f64()
}

/// Waits until a loan can be read.
async fn shows(replica: &Replica, loan: &str) -> Result<(), Failure> {
    let (client, path) = (replica.client("").await?, format!("/api/v1/loan-requests/{loan}"));
    let came = poll(LIMIT, async || Ok(client.get(&path).await?.status.is_success()));
    assert!(came.await?, "{loan} does not show\n{}", replica.errors());
    Ok(())
}

/// Waits until the last line has arrived, nothing is held back, and all of it can be read.
async fn everything_shows(replica: &Replica) -> Result<(), Failure> {
    shows(replica, LAST).await?;
    let none_held = async || Ok(replica.metric("continuity_ingest_held_events").await?.is_some_and(|held| held < 0.5));
    assert!(poll(LIMIT, none_held).await?, "events are still held back\n{}", replica.errors());
    let client = replica.client("").await?;
    let status = replica.order(&["status", "--json"]).await?;
    let status = Json::parse(std::str::from_utf8(&status.stdout)?)?;
    let end = status.number("logPosition").ok_or("no position")?;
    let shown = poll(LIMIT, async || {
        let reply = client.get("/api/v1/loan-requests?limit=1").await?;
        Ok(clients::position(&reply)? >= end)
    });
    assert!(shown.await?, "the read models do not reach {end}\n{}", replica.errors());
    Ok(())
}
