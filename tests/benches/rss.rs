//! Whether memory stays flat: a replica follows a broker at full rate, and its anonymous memory is looked at all the time.
//!
//! `cargo bench --package continuity-tests --bench rss -- [nats|kafka] [MINUTES]`, NATS and ten unless said otherwise. The
//! slope is that of the straight line through the second half (in the first the caches of the read models fill); it fails
//! when that is too steep, and when no more events come.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream;
use continuity_base::{Clock, Stop, SystemClock, Timestamp};
use continuity_simulator::publish::{PublishError, PublishOptions, Target, publish};
use continuity_simulator::{Options, Simulator};
use continuity_tests::brokers::{Broker, Sort};
use continuity_tests::harness::{Failure, Replica};
use support::cost::number;
use support::wrk::resident;

const EVERY: Duration = Duration::from_secs(5);
/// Steeper than this, in MiB a minute, is a leak.
const STEEPEST: f64 = 2.0;
const LOOK: Duration = Duration::from_millis(250);

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Failure> {
    let minutes = std::env::args().skip(1).find_map(|word| word.parse::<u64>().ok()).unwrap_or(10);
    let sort = if std::env::args().any(|word| word == "kafka") { Sort::Kafka } else { Sort::Nats };
    let (clock, broker) = (SystemClock::new(), Broker::start(sort)?);
    if sort == Sort::Nats {
        bounded(&broker).await?;
    }
    let (stop, seen) = (Stop::new(), Arc::new(AtomicU64::new(0)));
    let publisher = endless(&broker, &stop, &seen)?;
    let config = format!("[source]\nurl = '{}'\nprobe_seconds = 1\n", broker.url());
    let replica = Replica::new().config(&config).start().await?;
    let end = clock.monotonic() + Duration::from_secs(minutes * 60);
    let started = clock.monotonic();
    let (mut samples, mut came) = (Vec::new(), 0.0);
    let mut next = started;
    while clock.monotonic() < end && !publisher.is_finished() {
        tokio::time::sleep(LOOK).await;
        let events = taken(&replica).await?;
        seen.store(whole(events), Ordering::Relaxed);
        if clock.monotonic() < next {
            continue;
        }
        next += EVERY;
        if events <= came && !samples.is_empty() {
            return Err(format!("no event came for {EVERY:?}, after {events:.0}: {}", replica.errors()).into());
        }
        came = events;
        let seconds = clock.monotonic().saturating_sub(started).as_secs_f64();
        let anonymous = resident(replica.id());
        samples.push((seconds, number(anonymous)));
        println!("{seconds:>6.0} s  {events:>9.0} events  anonymous {:>5} MiB", anonymous >> 20);
    }
    let events = taken(&replica).await?;
    stop.stop();
    seen.store(u64::MAX, Ordering::Relaxed);
    publisher.join().map_err(|_| "the publisher panicked")??;
    let seconds = samples.last().map_or(1.0, |sample| sample.0);
    let slope = slope(&samples[samples.len() / 2..]) * 60.0 / 1_048_576.0;
    println!(
        "{events:.0} events in {seconds:.0} s, {:.0} events/s; anonymous memory {slope:+.2} MiB a minute",
        events / seconds
    );
    if slope.is_nan() || slope > STEEPEST {
        return Err(format!("{slope:+.2} MiB a minute; at most {STEEPEST:+.2} is flat").into());
    }
    Ok(())
}

async fn taken(replica: &Replica) -> Result<f64, Failure> {
    Ok(replica.metric("continuity_ingest_events_total").await?.unwrap_or(0.0))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that came as a float")]
fn whole(events: f64) -> u64 {
    events as u64
}

/// The stream keeps so much that nothing unread is dropped, and so little that the disk does not fill up.
async fn bounded(broker: &Broker) -> Result<(), Failure> {
    let context = jetstream::new(async_nats::connect(broker.url()).await?);
    let config = jetstream::stream::Config {
        name: "BANCLO_CHANGES".to_owned(),
        subjects: vec!["banclo.changes.>".to_owned(), "banclo.control".to_owned()],
        max_bytes: 2 << 30,
        ..jetstream::stream::Config::default()
    };
    context.create_stream(config).await?;
    Ok(())
}

type Publishing = std::thread::JoinHandle<Result<(), PublishError>>;

/// Publishes for ever, as far ahead of what was taken as keeps the replica busy.
fn endless(broker: &Broker, stop: &Stop, seen: &Arc<AtomicU64>) -> Result<Publishing, Failure> {
    const START: Timestamp = Timestamp::from_micros(1_767_600_000_000_000);
    const AHEAD: u64 = 100_000;
    const STEP: Duration = Duration::from_millis(20);
    let (target, stop, seen) = (Target::parse(&broker.url())?, stop.clone(), Arc::clone(seen));
    let options = PublishOptions { create: true, ..PublishOptions::default() };
    Ok(std::thread::spawn(move || {
        let simulator = Simulator::new(Options { heartbeats: false, ..Options::new(72, START, 1) });
        let paced = simulator.inspect(|emitted| {
            while emitted.number > seen.load(Ordering::Relaxed).saturating_add(AHEAD) {
                std::thread::sleep(STEP);
            }
        });
        publish(paced, &target, &options, &stop).map(drop)
    }))
}

/// Bytes a second of the straight line that fits best.
fn slope(samples: &[(f64, f64)]) -> f64 {
    let count = number(samples.len() as u64);
    let mean = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (time, bytes) = (mean(|sample| sample.0), mean(|sample| sample.1));
    let together: f64 = samples.iter().map(|sample| (sample.0 - time) * (sample.1 - bytes)).sum();
    let alone: f64 = samples.iter().map(|sample| (sample.0 - time).powi(2)).sum();
    together / alone
}
