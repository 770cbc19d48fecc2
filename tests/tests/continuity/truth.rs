//! Whatever fails without a word, `/health` and the metrics say so within the configured time, and the replica goes on
//! serving what it has.

mod clocks;
mod disk;

use std::time::Duration;

use continuity_base::Stop;
use continuity_simulator::Faults;
use continuity_simulator::publish::{PublishOptions, Target, publish};
use continuity_tests::brokers::{Broker, Sort};
use continuity_tests::harness::Failure;

use crate::rig::{LIMIT, Rig, component, events, fold, state};

/// `stale_after_seconds` is 3, the probe's second comes on top, and the machine may be busy.
const IN_TIME: Duration = Duration::from_secs(12);

/// A replica that has read everything of a few loans.
async fn following(sort: Sort, source: &str) -> Result<Rig, Failure> {
    let feed = events(61, 2, Faults::default());
    let rig = Rig::start(sort, &feed, source).await?;
    rig.until_events(fold(&feed).counts().events).await?;
    rig.until("live").await?;
    Ok(rig)
}

/// Still ready, and loans are served.
async fn serves(rig: &Rig) -> Result<(), Failure> {
    assert_eq!(rig.replica.ready().await?, 200);
    let list = rig.replica.client("loans:read").await?.get("/api/v1/loan-requests").await?;
    let loans = list.json()?.get("loanRequests").map_or(0, |loans| loans.elements().len());
    assert_eq!((list.status.as_u16(), loans), (200, 2), "{}", list.text());
    Ok(())
}

/// One of the states, within the time, in `/health` and in the metrics.
async fn says(rig: &Rig, states: &[&str]) -> Result<(), Failure> {
    let health = rig.replica.until(&states.join(" or "), IN_TIME, |health| states.contains(&state(health))).await?;
    assert_eq!(health.text("status"), Some("degraded"));
    let source = component(&health, "source");
    assert!(source.text("reason").is_some_and(|reason| !reason.is_empty()), "{}", source.to_text());
    assert_eq!(rig.replica.metric("continuity_source_state{state=\"live\"}").await?, Some(0.0));
    serves(rig).await
}

async fn a_frozen_broker_shows(sort: Sort) -> Result<(), Failure> {
    let rig = following(sort, "").await?;
    rig.broker.freeze()?;
    says(&rig, &["stale", "disconnected"]).await?;
    rig.broker.thaw()?;
    rig.until("live").await?;
    // Neither end of the connection notices this by itself.
    rig.proxy.black_hole();
    says(&rig, &["stale", "disconnected"]).await?;
    rig.proxy.heal();
    rig.until("live").await?;
    serves(&rig).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_nats_shows() -> Result<(), Failure> {
    a_frozen_broker_shows(Sort::Nats).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_kafka_shows() -> Result<(), Failure> {
    a_frozen_broker_shows(Sort::Kafka).await
}

/// Heartbeats twice a second, by a clock of their own, until stopped.
struct Heartbeats {
    stop: Stop,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Heartbeats {
    fn start(broker: &Broker, options: PublishOptions) -> Result<Self, Failure> {
        let target = Target::parse(&broker.url())?;
        let stop = Stop::new();
        let options = PublishOptions {
            create: true,
            heartbeat: Some(Duration::from_millis(500)),
            linger: true,
            drain: Duration::from_millis(100),
            ..options
        };
        let until = stop.clone();
        let thread = std::thread::spawn(move || {
            publish(std::iter::empty(), &target, &options, &until).unwrap();
        });
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Heartbeats {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            // Its panic fails the test elsewhere: nothing arrives.
            let _ = thread.join();
        }
    }
}

async fn a_silent_platform_shows(sort: Sort) -> Result<(), Failure> {
    let rig = following(sort, "heartbeat_after_seconds = 3\n").await?;
    let heartbeats = Heartbeats::start(&rig.broker, PublishOptions::default())?;
    let beat = |health: &continuity_tests::json::Json| {
        component(health, "source").number("secondsSinceHeartbeat").is_some_and(|age| age < 3)
    };
    rig.replica.until("heard", IN_TIME, beat).await?;
    rig.until("live").await?;
    drop(heartbeats);
    let silent = |health: &continuity_tests::json::Json| {
        state(health) == "stale" && component(health, "source").text("cause") == Some("no-heartbeat")
    };
    rig.replica.until("stale: no-heartbeat", LIMIT, silent).await?;
    assert_eq!(rig.replica.metric("continuity_source_connected").await?, Some(1.0), "the broker is there");
    says(&rig, &["stale"]).await?;
    let _heartbeats = Heartbeats::start(&rig.broker, PublishOptions::default())?;
    rig.until("live").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_platform_behind_nats_shows() -> Result<(), Failure> {
    a_silent_platform_shows(Sort::Nats).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_platform_behind_kafka_shows() -> Result<(), Failure> {
    a_silent_platform_shows(Sort::Kafka).await
}
