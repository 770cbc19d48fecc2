//! Reading at intervals, within windows, and when an operator says so.

use continuity_base::{Clock, SystemClock};
use continuity_simulator::{Emitted, Faults};
use continuity_tests::brokers::Sort;
use continuity_tests::harness::Failure;
use continuity_tests::json::Json;

use crate::rig::{LIMIT, Rig, component, events, fold, published, state, succeeded};

/// A feed in two parts, and how many events of loans the first one and both have.
fn halves() -> (Vec<Emitted>, Vec<Emitted>, u64, u64) {
    let mut first = events(71, 3, Faults::default());
    let second = first.split_off(first.len() / 2);
    let some = fold(&first).counts().events;
    let all = fold(&[first.clone(), second.clone()].concat()).counts().events;
    (first, second, some, all)
}

/// Waits until reading is paused for that cause, and whether that is in order.
async fn rests(rig: &Rig, cause: &str, status: &str) -> Result<(), Failure> {
    let fits = |health: &Json| {
        let source = component(health, "source");
        state(health) == "paused" && source.text("cause") == Some(cause) && health.text("status") == Some(status)
    };
    rig.replica.until(&format!("paused, {cause}, {status}"), LIMIT, fits).await?;
    assert_eq!(rig.replica.metric(&format!("continuity_ingest_paused{{cause=\"{cause}\"}}")).await?, Some(1.0));
    Ok(())
}

async fn order(rig: &Rig, words: &[&str]) -> Result<(), Failure> {
    succeeded(&rig.replica.order(words).await?);
    Ok(())
}

async fn an_interval_is_kept(sort: Sort) -> Result<(), Failure> {
    let (first, second, some, all) = halves();
    let rig = Rig::start(sort, &first, "[source.schedule]\ninterval_seconds = 3600\n").await?;
    rig.until_events(some).await?;
    rests(&rig, "schedule", "healthy").await?;
    assert_eq!(rig.replica.ready().await?, 200);
    published(rig.publish(&second, 0.0)?).await?;
    assert_eq!((rig.events().await?, rig.state().await?.as_str()), (some, "paused"), "it was read before its time");
    order(&rig, &["source", "sync"]).await?;
    rig.until_events(all).await?;
    rests(&rig, "schedule", "healthy").await?;
    let pauses = rig.replica.errors().matches("ingest pauses").count();
    assert!(pauses <= 3, "one rest is told {pauses} times");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interval_over_nats_is_kept() -> Result<(), Failure> {
    an_interval_is_kept(Sort::Nats).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interval_over_kafka_is_kept() -> Result<(), Failure> {
    an_interval_is_kept(Sort::Kafka).await
}

/// An hour that begins in so many hours, by UTC.
fn window(hours: i64) -> String {
    let hour = SystemClock::new().now().as_seconds() / 3_600 + hours;
    format!("{:02}:00-{:02}:00", hour % 24, (hour + 1) % 24)
}

/// A window that ended with nothing read was missed, and shows so; once everything was read it was not, over a restart too.
#[tokio::test(flavor = "multi_thread")]
async fn a_missed_window_shows_until_everything_was_read() -> Result<(), Failure> {
    let (first, second, some, all) = halves();
    let schedule = format!("[source.schedule]\nwindows = ['{}']\n", window(3));
    let mut rig = Rig::start(Sort::Nats, &first, &schedule).await?;
    rests(&rig, "missed-window", "degraded").await?;
    assert_eq!((rig.events().await?, rig.replica.ready().await?), (0, 503));
    order(&rig, &["source", "sync"]).await?;
    rig.until_events(some).await?;
    rests(&rig, "schedule", "healthy").await?;
    rig.replica.restart().await?;
    rests(&rig, "schedule", "healthy").await?;
    published(rig.publish(&second, 0.0)?).await?;
    order(&rig, &["source", "sync"]).await?;
    rig.until_events(all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_window_is_read_all_the_time() -> Result<(), Failure> {
    let (first, second, some, all) = halves();
    // Three hours, so that none of them ends while this runs.
    let windows = [window(23), window(0), window(1)].map(|window| format!("'{window}'")).join(", ");
    let rig = Rig::start(Sort::Nats, &first, &format!("[source.schedule]\nwindows = [{windows}]\n")).await?;
    rig.until_events(some).await?;
    rig.until("live").await?;
    published(rig.publish(&second, 0.0)?).await?;
    rig.until_events(all).await
}

async fn a_pause_ends_with_a_resume(sort: Sort) -> Result<(), Failure> {
    let (first, second, some, all) = halves();
    let rig = Rig::start(sort, &first, "").await?;
    rig.until_events(some).await?;
    order(&rig, &["source", "pause", "--reason", "the broker is moved"]).await?;
    rests(&rig, "operator", "degraded").await?;
    published(rig.publish(&second, 0.0)?).await?;
    assert_eq!(rig.events().await?, some);
    order(&rig, &["source", "resume", "--reason", "it has been moved"]).await?;
    rig.until_events(all).await?;
    rig.until("live").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_over_nats_ends_with_a_resume() -> Result<(), Failure> {
    a_pause_ends_with_a_resume(Sort::Nats).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_over_kafka_ends_with_a_resume() -> Result<(), Failure> {
    a_pause_ends_with_a_resume(Sort::Kafka).await
}

/// More comes in one message than the bandwidth lets through for longer than silence may last: that is no silence.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_rest_of_the_bandwidth_is_named() -> Result<(), Failure> {
    let event = events(71, 1, Faults::default()).swap_remove(0);
    // 64 KiB at 1 KiB a second take a minute.
    let line = event.line.replacen("\"after\":{", &format!("\"after\":{{\"note\":\"{}\",", "x".repeat(64 << 10)), 1);
    let (large, rate) = (Emitted { line, ..event }, 1_024);
    let rig = Rig::start(Sort::Nats, &[large], &format!("[source.schedule]\nmax_bytes_per_second = {rate}\n")).await?;
    rests(&rig, "bandwidth", "healthy").await?;
    assert_eq!(rig.events().await?, 1, "what came is kept meanwhile");
    Ok(())
}
