//! The source loses power: its broker comes back with an older copy of its store. It is named, nothing that the replica
//! has is lost, and there are two ways out: put the right store back, or take the source as it is.

use continuity_simulator::{Emitted, Faults};
use continuity_tests::brokers::Sort;
use continuity_tests::harness::Failure;
use tempfile::TempDir;

use crate::rig::{Rig, component, events, fold, published, succeeded};

/// Enough that every partition of a topic gets some.
const LOANS: u64 = 6;

struct Feed {
    all: Vec<Emitted>,
    /// Where the copy of the store ends, and where the replica has read to.
    copied: usize,
    read: usize,
}

impl Feed {
    fn new(seed: u64) -> Self {
        let all = events(seed, LOANS, Faults::default());
        Self { copied: all.len() / 2, read: all.len() * 5 / 8, all }
    }

    fn count(&self, up_to: usize) -> u64 {
        fold(&self.all[..up_to]).counts().events
    }
}

/// A rig whose replica has read beyond what the older copy, in the folder, holds.
async fn ahead_of_a_copy(sort: Sort, feed: &Feed, copy: &TempDir) -> Result<Rig, Failure> {
    let rig = Rig::start(sort, &feed.all[..feed.copied], "").await?;
    rig.broker.copy_store(copy.path())?;
    published(rig.publish(&feed.all[feed.copied..feed.read], 0.0)?).await?;
    rig.until_events(feed.count(feed.read)).await?;
    rig.until("live").await?;
    Ok(rig)
}

/// What has to be said and kept while the source is not what it was.
async fn is_named(rig: &Rig, cause: &str, events: u64) -> Result<(), Failure> {
    let health = rig.until("diverged").await?;
    let source = component(&health, "source");
    assert_eq!(source.text("cause"), Some(cause), "{}", source.to_text());
    assert!(source.text("wayOut").is_some_and(|way| way.contains("source accept")), "{}", source.to_text());
    assert_eq!(health.text("status"), Some("degraded"));
    for (series, wanted) in [
        (format!("continuity_source_diverged{{cause=\"{cause}\"}}"), 1.0),
        ("continuity_source_state{state=\"diverged\"}".to_owned(), 1.0),
        ("continuity_source_state{state=\"live\"}".to_owned(), 0.0),
    ] {
        assert_eq!(rig.replica.metric(&series).await?, Some(wanted), "{series}");
    }
    let log = rig.replica.order(&["log", "cat", "--limit", "10000000"]).await?;
    succeeded(&log);
    assert!(String::from_utf8_lossy(&log.stdout).contains(" Source "), "no record in the log");
    let status = rig.replica.order(&["source", "status"]).await?;
    succeeded(&status);
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.contains("diverged") && status.contains(cause), "{status}");
    rig.until_applied().await?;
    assert_eq!((rig.replica.ready().await?, rig.events().await?), (200, events));
    Ok(())
}

async fn the_right_store_is_put_back(sort: Sort) -> Result<(), Failure> {
    let (feed, copy, right) = (Feed::new(51), TempDir::new()?, TempDir::new()?);
    let mut rig = ahead_of_a_copy(sort, &feed, &copy).await?;
    rig.broker.copy_store(right.path())?;
    rig.broker.start_on(copy.path())?;
    is_named(&rig, "truncated", feed.count(feed.read)).await?;
    // Neither forgotten nor taken for something new over a restart.
    rig.replica.restart().await?;
    is_named(&rig, "truncated", feed.count(feed.read)).await?;
    rig.broker.start_on(right.path())?;
    rig.until("live").await?;
    published(rig.publish(&feed.all[feed.read..], 0.0)?).await?;
    rig.until_events(feed.count(feed.all.len())).await?;
    rig.agrees(fold(&feed.all)).await
}

/// The platform goes on where the replica is, over a broker that has lost some of it and writes over their places.
async fn the_source_is_taken_as_it_is(sort: Sort) -> Result<(), Failure> {
    let (feed, copy) = (Feed::new(52), TempDir::new()?);
    let mut rig = ahead_of_a_copy(sort, &feed, &copy).await?;
    rig.replica.kill()?;
    rig.broker.start_on(copy.path())?;
    published(rig.publish(&feed.all[feed.read..], 0.0)?).await?;
    rig.replica.restart().await?;
    is_named(&rig, "rewritten", feed.count(feed.read)).await?;
    rig.accept().await?;
    rig.until_events(feed.count(feed.all.len())).await?;
    rig.until("live").await?;
    rig.agrees(fold(&feed.all)).await?;
    // What was accepted stays accepted.
    rig.replica.restart().await?;
    rig.until("live").await?;
    assert_eq!(rig.events().await?, feed.count(feed.all.len()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_lost_its_end_and_gets_it_back() -> Result<(), Failure> {
    the_right_store_is_put_back(Sort::Nats).await
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_lost_its_end_and_gets_it_back() -> Result<(), Failure> {
    the_right_store_is_put_back(Sort::Kafka).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_lost_its_end_and_is_accepted() -> Result<(), Failure> {
    the_source_is_taken_as_it_is(Sort::Nats).await
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_lost_its_end_and_is_accepted() -> Result<(), Failure> {
    the_source_is_taken_as_it_is(Sort::Kafka).await
}
