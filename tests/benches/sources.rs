//! How fast events come from a broker: until they are durable in the log and acknowledged, and until every read model
//! shows them, beside the broker's own client, which takes them and drops them.
//!
//! `cargo bench --package continuity-tests --bench sources -- [nats|kafka] [LOANS]`. Same broker, same messages, rounds in
//! turn; the first round is dropped, the rest gives medians.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Stop, SystemClock, Timestamp};
use continuity_ingest::kafka::{KafkaOptions, KafkaSource};
use continuity_ingest::{NatsOptions, NatsSource, Source, StreamFilter};
use continuity_simulator::publish::{PublishOptions, Target, publish};
use continuity_simulator::{Options, Simulator};
use continuity_tests::brokers::{Broker, Sort};
use continuity_tests::harness::{Replica, poll};
use continuity_tests::json::Json;
use support::consume;
use support::cost::{Cost, Meter, median, number};
use support::durable::ingest;

const ROUNDS: usize = 6;
const STREAM: &str = "BANCLO_CHANGES";
const TOPICS: [&str; 2] = ["banclo.changes", "banclo.control"];
const LIMIT: Duration = Duration::from_mins(10);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let asked = |name: &str| words.iter().any(|word| word == name);
    let all = !asked("nats") && !asked("kafka");
    let loans = words.iter().find_map(|word| word.parse::<u64>().ok());
    println!("{}", machine());
    if all || asked("nats") {
        measure(Sort::Nats, loans.unwrap_or(400));
    }
    if all || asked("kafka") {
        measure(Sort::Kafka, loans.unwrap_or(150));
    }
}

fn measure(sort: Sort, loans: u64) {
    let clock = SystemClock::new();
    let broker = Broker::start(sort).expect("a broker; cargo xtask setup brings it");
    let messages = fill(&broker, loans);
    broker.settle().expect("it comes to rest");
    println!("\n{}: {messages} events of {loans} loans", named(&broker));
    let (mut bare, mut durable, mut visible) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let costs =
            [bare_client(&broker, messages, &clock), to_durable(&broker, messages), to_visible(&broker, messages)];
        let rates: Vec<String> = costs.iter().map(|cost| format!("{:.0}", cost.rate())).collect();
        println!("round {round}: bare, durable, visible {} events/s", rates.join(", "));
        if round > 0 {
            bare.push(costs[0]);
            durable.push(costs[1]);
            visible.push(costs[2]);
        }
    }
    let rate = |costs: &[Cost]| median(costs.iter().map(Cost::rate).collect());
    let cpu = |costs: &[Cost]| median(costs.iter().map(Cost::cpu_us).collect());
    for (what, costs) in [("bare client", &bare), ("durable (G3)", &durable), ("visible (G4)", &visible)] {
        let (own, base) = (rate(costs), rate(&bare));
        println!(
            "{what:<13} {own:>8.0} events/s, {:>6.1} us of CPU an event, {:.2} of the bare client",
            cpu(costs),
            own / base
        );
    }
}

/// Publishes the history of so many loans, and returns how many messages that are.
fn fill(broker: &Broker, loans: u64) -> u64 {
    const START: Timestamp = Timestamp::from_micros(1_767_600_000_000_000);
    let mut simulator = Simulator::new(Options { heartbeats: false, ..Options::new(71, START, loans) });
    let target = Target::parse(&broker.url()).expect("a target");
    let options = PublishOptions { create: true, ..PublishOptions::default() };
    let summary = publish(simulator.history(), &target, &options, &Stop::new()).expect("the feed is published");
    summary.acknowledged
}

fn bare_client(broker: &Broker, messages: u64, clock: &SystemClock) -> Cost {
    match broker {
        Broker::Nats(server) => consume::nats(&server.url(), STREAM, messages, clock),
        Broker::Kafka(server) => consume::kafka(&server.servers(), &TOPICS, messages, clock),
    }
}

fn to_durable(broker: &Broker, messages: u64) -> Cost {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let source: Box<dyn Source> = match broker {
        Broker::Nats(server) => {
            Box::new(NatsSource::new(NatsOptions::new(vec![server.url()], vec![StreamFilter::all(STREAM)])))
        }
        Broker::Kafka(server) => {
            let topics = TOPICS.map(str::to_owned).to_vec();
            Box::new(KafkaSource::new(KafkaOptions::new(vec![server.servers()], topics, clock)))
        }
    };
    ingest(source, messages, messages)
}

/// From the start of the process to the moment at which every read model has everything.
fn to_visible(broker: &Broker, messages: u64) -> Cost {
    let clock = SystemClock::new();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let config = format!("[source]\nurl = '{}'\nprobe_seconds = 1\n", broker.url());
        let mut replica = Replica::new().config("").start().await.expect("a replica");
        replica.configure(&config);
        replica.kill().expect("it can be killed");
        let started = clock.monotonic();
        replica.restart().await.expect("it starts again");
        let meter = Meter::since(replica.id(), &clock, started);
        let shown = poll(LIMIT, async || Ok(applied(&replica.health().await?) >= messages));
        assert!(shown.await.expect("it answers"), "not visible within {LIMIT:?}: {}", replica.errors());
        meter.stop(messages)
    })
}

/// The log position that the slowest read model has applied.
fn applied(health: &Json) -> u64 {
    let models = health.get("components").and_then(|all| all.get("readModels"));
    models.and_then(|models| models.elements().iter().filter_map(|model| model.number("position")).min()).unwrap_or(0)
}

fn named(broker: &Broker) -> String {
    match broker {
        Broker::Nats(_) => "NATS JetStream 2.15.1".to_owned(),
        Broker::Kafka(broker) => format!("Kafka ({:?})", broker.kind()),
    }
}

fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = load.split(' ').next().and_then(|word| word.parse::<f64>().ok()).unwrap_or(number(0));
    format!("{cores} x {}, load {busy:.1} before", model.trim_start_matches([' ', '\t', ':']))
}
