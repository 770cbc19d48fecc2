//! A simulated feed with a broker's usual faults: every endpoint of every loan agrees with the independent fold.

use continuity_simulator::Faults;
use continuity_tests::compare::{self, Clients};
use continuity_tests::fold::{Fold, Gaps};
use continuity_tests::harness::{Client, Demo, Failure, Running};
use tempfile::TempDir;

use crate::feeds::{self, Feed};

/// Compares everything, and shows the first differences when there are any.
pub(crate) async fn agrees(demo: &Running, fold: Fold) -> Result<(), Failure> {
    let clients = Clients { all: Client::of(demo, "").await?, loans_only: Client::of(demo, "loans:read").await? };
    let report = compare::everything(fold, clients).await?;
    let shown: Vec<_> = report.differences.iter().take(10).cloned().collect();
    let count = report.differences.len();
    assert!(report.differences.is_empty(), "{count} of {} replies differ:\n{}", report.replies, shown.join("\n"));
    assert!(report.replies > 500, "only {} replies were compared", report.replies);
    Ok(())
}

async fn feed_agrees(feed: Feed) -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let path = directory.path().join("feed.ndjson");
    let fold = feeds::write(&path, feed)?;
    let demo = Demo::new().feed(&path).start().await?;
    agrees(&demo, fold).await
}

#[tokio::test(flavor = "multi_thread")]
async fn simulated_feed_agrees() -> Result<(), Failure> {
    feed_agrees(Feed { seed: 21, loans: 80, faults: feeds::rough(), snapshots: false }).await
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

/// The comparison itself: one changed amount in one event is found, at its place.
#[tokio::test(flavor = "multi_thread")]
async fn the_comparison_notices_one_changed_number() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let path = directory.path().join("feed.ndjson");
    feeds::write(&path, Feed { seed: 24, loans: 3, faults: Faults::default(), snapshots: false })?;
    let feed = std::fs::read_to_string(&path)?;
    let changed = feed.replacen("\"termMonths\":", "\"termMonths\":1", 1);
    assert_ne!(feed, changed);
    let demo = Demo::new().feed(&path).start().await?;
    let clients = Clients { all: Client::of(&demo, "").await?, loans_only: Client::of(&demo, "loans:read").await? };
    let honest = compare::everything(Fold::of(Gaps::Held, feed.lines()), clients.clone()).await?;
    assert_eq!(honest.differences, Vec::<String>::new());
    let other = compare::everything(Fold::of(Gaps::Held, changed.lines()), clients).await?;
    assert!(other.differences.iter().any(|text| text.contains("termMonths")), "{:?}", other.differences);
    Ok(())
}
