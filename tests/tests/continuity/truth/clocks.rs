//! Clocks that differ: seen, said, and never turned into a negative lag or a dead source.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, SystemClock, Timestamp};
use continuity_simulator::publish::PublishOptions;
use continuity_tests::brokers::Sort;
use continuity_tests::harness::Failure;
use continuity_tests::json::Json;

use super::{Heartbeats, IN_TIME, following, serves};
use crate::rig::{component, state};

const HOUR: Duration = Duration::from_hours(1);

/// A clock that is an hour ahead.
#[derive(Debug)]
struct Ahead(SystemClock);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.0.now().plus(HOUR)
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

/// Live all the same, with a skew of about an hour and a lag that is no lie.
fn skewed(health: &Json) -> bool {
    let source = component(health, "source");
    let lag = source.number("lagSeconds").is_some_and(|seconds| seconds < 60);
    let skew = source.get("clockSkewSeconds").map(Json::to_text).and_then(|text| text.parse::<f64>().ok());
    let hour = skew.is_some_and(|seconds| (seconds.abs() - HOUR.as_secs_f64()).abs() < 60.0);
    state(health) == "live" && hour && lag && source.get("clockSkewed").map(Json::to_text).as_deref() == Some("true")
}

async fn a_platform_ahead_shows(sort: Sort) -> Result<(), Failure> {
    let rig = following(sort, "").await?;
    let clock = Arc::new(Ahead(SystemClock::new()));
    let _heartbeats = Heartbeats::start(&rig.broker, PublishOptions { clock, ..PublishOptions::default() })?;
    rig.replica.until("skewed", IN_TIME, skewed).await?;
    let skew = rig.replica.metric("continuity_source_clock_skew_seconds{clock=\"platform\"}").await?;
    assert!(skew.is_some_and(|seconds| (seconds - HOUR.as_secs_f64()).abs() < 60.0), "{skew:?}");
    let lag = rig.replica.metric("continuity_replica_lag_seconds").await?;
    assert!(lag.is_some_and(|seconds| (0.0..60.0).contains(&seconds)), "{lag:?}");
    serves(&rig).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_ahead_of_us_over_nats_shows() -> Result<(), Failure> {
    a_platform_ahead_shows(Sort::Nats).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_ahead_of_us_over_kafka_shows() -> Result<(), Failure> {
    a_platform_ahead_shows(Sort::Kafka).await
}

/// The replica's own machine is an hour behind everybody else.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_behind_everybody_shows() -> Result<(), Failure> {
    let mut rig = following(Sort::Nats, "").await?;
    let _heartbeats = Heartbeats::start(&rig.broker, PublishOptions::default())?;
    rig.replica.wrap_in(["faketime", "-f", "-1h"]);
    rig.replica.restart().await?;
    rig.replica.until("skewed", IN_TIME, skewed).await?;
    serves(&rig).await
}
