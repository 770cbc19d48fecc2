//! A simulated feed with a broker's usual faults: every endpoint of every loan agrees with the independent fold.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::Timestamp;
use continuity_simulator::{BlobMode, Faults, Options, Served, SigningKey, Simulator};
use continuity_tests::compare::{self, Clients};
use continuity_tests::fold::{Counts, Fold, Gaps};
use continuity_tests::harness::{Client, Demo, Failure, Running};
use continuity_tests::json::Json;
use tempfile::TempDir;

use crate::feeds::{self, Feed};

/// Compares everything, and shows the first differences when there are any.
pub(crate) async fn agrees(demo: &Running, fold: Fold) -> Result<(), Failure> {
    let clients = Clients { all: Client::of(demo, "").await?, loans_only: Client::of(demo, "loans:read").await? };
    let report = compare::everything(Arc::new(fold), clients).await?;
    let shown: Vec<_> = report.differences.iter().take(10).cloned().collect();
    let count = report.differences.len();
    assert!(report.differences.is_empty(), "{count} of {} replies differ:\n{}", report.replies, shown.join("\n"));
    assert!(report.replies > 500, "only {} replies were compared", report.replies);
    Ok(())
}

async fn feed_agrees(feed: Feed) -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let path = directory.path().join("feed.ndjson");
    let fold = feeds::write_feed(&path, feed)?;
    let counts = fold.counts();
    let demo = Demo::new().feed(&path).within(Duration::from_mins(5)).start().await?;
    adds_up(&demo, counts).await?;
    agrees(&demo, fold).await
}

/// Every line is an event, a duplicate or in quarantine, as many of each as the fold says.
async fn adds_up(demo: &Running, counts: Counts) -> Result<(), Failure> {
    let client = Client::of(demo, "loans:read").await?;
    // A snapshot that comes again may be called either.
    let wanted: [(&[&str], u64); 3] = [
        (&["events_total"], counts.events),
        (&["duplicates_total", "snapshots_total"], counts.duplicates + counts.snapshots),
        (&["quarantined_total"], counts.refused + counts.forks),
    ];
    for (names, want) in wanted {
        let mut got = 0.0;
        for name in names {
            got += client.metric(demo, &format!("continuity_ingest_{name}")).await?.unwrap_or(0.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "a test's counts are small")]
        let want = want as f64;
        assert!((got - want).abs() < 0.5, "{names:?} are {got}, not {want}: {counts:?}");
    }
    Ok(())
}

/// In short, some 24,000 events of 200 loans (1 minute unoptimised); in full, 360,000 of 3,000.
#[tokio::test(flavor = "multi_thread")]
async fn simulated_feed_agrees() -> Result<(), Failure> {
    feed_agrees(Feed { seed: 21, loans: feeds::size(200, 3_000), faults: feeds::rough(), snapshots: false }).await
}

/// What waits behind a missing event is not shown, and all else is.
#[tokio::test(flavor = "multi_thread")]
async fn feed_with_lost_events_agrees() -> Result<(), Failure> {
    let faults = Faults { gaps: 0.003, ..feeds::rough() };
    feed_agrees(Feed { seed: 22, loans: 30, faults, snapshots: false }).await
}

/// Snapshots repair what was lost, and those that come too late change nothing.
#[tokio::test(flavor = "multi_thread")]
async fn feed_with_snapshots_agrees() -> Result<(), Failure> {
    let faults = Faults { gaps: 0.01, ..feeds::rough() };
    feed_agrees(Feed { seed: 23, loans: 30, faults, snapshots: true }).await
}

/// The simulator as the demo's own source, which ends at the present and is remembered in the data directory.
#[tokio::test(flavor = "multi_thread")]
async fn simulator_source_agrees() -> Result<(), Failure> {
    /// The demo's seed.
    const SEED: u64 = 2012;
    let demo = Demo::new().argument("--loans").argument("25").argument("--rate").argument("0").start().await?;
    let kept = Json::parse(&std::fs::read_to_string(demo.data_dir().join("simulator.json"))?)?;
    let start = kept.number("startMicros").and_then(|micros| i64::try_from(micros).ok()).unwrap();
    let port = kept.number("port").unwrap();
    let served = Served::at(format!("http://127.0.0.1:{port}"), SigningKey::of_seed(SEED));
    let options = Options::new(SEED, Timestamp::from_micros(start), 25);
    let mut simulator = Simulator::new(Options { blobs: BlobMode::Served(served), ..options });
    let mut fold = Fold::new(Gaps::Held);
    simulator.history().for_each(|emitted| fold.arrive(&emitted.line));
    agrees(&demo, fold).await
}

/// The comparison itself: a number that is written otherwise is found, at its place.
#[tokio::test(flavor = "multi_thread")]
async fn the_comparison_notices_how_a_number_is_written() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let path = directory.path().join("feed.ndjson");
    feeds::write_feed(&path, Feed { seed: 24, loans: 3, faults: Faults::default(), snapshots: false })?;
    let feed = std::fs::read_to_string(&path)?;
    let changed = feed.replace("\"multipleOf\":0.01", "\"multipleOf\":0.010");
    assert_ne!(feed, changed);
    let demo = Demo::new().feed(&path).start().await?;
    let clients = Clients { all: Client::of(&demo, "").await?, loans_only: Client::of(&demo, "loans:read").await? };
    let honest = compare::everything(Arc::new(Fold::of(Gaps::Held, feed.lines())), clients.clone()).await?;
    assert_eq!(honest.differences, Vec::<String>::new());
    let other = compare::everything(Arc::new(Fold::of(Gaps::Held, changed.lines())), clients).await?;
    assert!(other.differences.iter().any(|text| text.contains("multipleOf")), "{:?}", other.differences);
    Ok(())
}
