//! The source and the completeness of what came from it.

use continuity_simulator::Faults;
use continuity_tests::brokers::Sort;
use continuity_tests::harness::Failure;
use tempfile::TempDir;

use super::receiver::Receiver;
use super::{Feed, section};
use crate::completeness::Producer;
use crate::rig::{Rig, events, fold};

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_away_is_told_once_and_its_return_too() -> Result<(), Failure> {
    let receiver = Receiver::start().await?;
    let feed = events(63, 2, Faults::default());
    let more = format!("[webhooks]\n{}", section(&receiver, "stalled_after_seconds = 2"));
    let mut rig = Rig::start(Sort::Nats, &feed, &more).await?;
    rig.until_events(fold(&feed).counts().events).await?;
    rig.until("live").await?;
    super::until_active(&rig.replica).await?;
    rig.broker.freeze()?;
    let told = receiver.until_taken(1).await?;
    let data = &told[0].message["data"];
    assert_eq!(told[0].message["type"], "sync.stalled");
    assert!(["stale", "disconnected"].iter().any(|state| data["state"] == *state), "{data}");
    assert!(data["cause"].is_string() && data["reason"].is_string() && data["position"].is_u64(), "{data}");
    // A restart meanwhile tells nothing again.
    rig.replica.restart().await?;
    rig.broker.thaw()?;
    let told = receiver.until_taken(2).await?;
    assert_eq!(told[1].message["type"], "sync.recovered");
    assert_eq!(told[1].message["data"]["state"], "live");
    // What was sent just before the kill may have come twice, with one id.
    assert_eq!(receiver.taken().len(), 2);
    receiver.verified().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_is_not_met_is_told() -> Result<(), Failure> {
    let (folder, receiver) = (TempDir::new()?, Receiver::start().await?);
    let mut producer = Producer::default();
    let first = producer.event("a");
    let feed = Feed::new(folder.path(), &[first])?;
    let _replica = feed.followed(&section(&receiver, "")).await?;
    let lost = producer.event("a");
    feed.append(&[producer.manifest("{}")])?;
    let told = receiver.until_taken(1).await?;
    let data = &told[0].message["data"];
    assert_eq!(told[0].message["type"], "completeness.failed");
    assert_eq!(
        (&data["status"], &data["loansMissing"], &data["eventsMissing"]),
        (&"incomplete".into(), &1.into(), &1.into())
    );
    assert_eq!(data["manifestId"], "evt_m1");
    feed.append(&[lost, producer.manifest("{}")])?;
    let told = receiver.until_taken(2).await?;
    assert_eq!(
        (&told[1].message["type"], &told[1].message["data"]["manifestId"]),
        (&"completeness.recovered".into(), &"evt_m2".into())
    );
    Ok(())
}
