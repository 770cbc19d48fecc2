//! The simulator as a producer: what it publishes is what arrives, whatever happens to the broker.

mod command;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::thread::JoinHandle;
use std::time::Duration;

use continuity_base::Stop;
use continuity_events::{CloudEvent, Limits};
use continuity_simulator::publish::{Mode, Position, PublishError, PublishOptions, Summary, Target, publish_watched};
use continuity_simulator::{Emitted, Every, Faults, Manifests, Options, Simulator};
use continuity_tests::brokers::{KafkaBroker, NATS, NATS_OLDEST, NatsServer};
use continuity_tests::harness::Failure;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::feeds::START;
use read::{Arrived, parsed};

fn events(seed: u64, loans: u64) -> Vec<Emitted> {
    Simulator::new(Options { snapshots: true, erasures: true, ..Options::new(seed, START, loans) }).history().collect()
}

fn options() -> PublishOptions {
    PublishOptions { create: true, in_flight: 100, ack_timeout: Duration::from_secs(1), ..PublishOptions::default() }
}

/// Publishes on a thread; `seen` gets the number of acknowledged messages as it grows.
fn publishing(
    url: &str,
    events: Vec<Emitted>,
    options: PublishOptions,
    seen: std::sync::mpsc::Sender<u64>,
) -> Result<JoinHandle<Result<Summary, PublishError>>, Failure> {
    let target = Target::parse(url)?;
    Ok(std::thread::spawn(move || {
        let mut watch = |summary: &Summary| {
            let _ = seen.send(summary.acknowledged); // Nobody may be listening.
        };
        publish_watched(events.into_iter(), &target, &options, &Stop::new(), &mut watch)
    }))
}

fn published(url: &str, events: Vec<Emitted>, options: PublishOptions) -> Result<Summary, Failure> {
    let (seen, _) = std::sync::mpsc::channel();
    Ok(publishing(url, events, options, seen)?.join().map_err(|_| "the publisher panicked")??)
}

fn lines(events: &[Emitted]) -> BTreeSet<&str> {
    events.iter().map(|emitted| emitted.line.as_str()).collect()
}

fn bodies(arrived: &[Arrived]) -> Vec<&str> {
    arrived.iter().map(|message| message.body.as_str()).collect()
}

#[test]
fn nats_gets_every_event_in_order_under_its_subject() -> Result<(), Failure> {
    let broker = NatsServer::start(NATS_OLDEST)?;
    let events = events(21, 6);
    let summary = published(&broker.url(), events.clone(), options())?;
    let arrived = read::nats(&broker.url())?;
    assert_eq!(bodies(&arrived), events.iter().map(|e| e.line.as_str()).collect::<Vec<_>>());
    assert_eq!(summary.positions["BANCLO_CHANGES"], Position::Sequence(events.len() as u64));
    assert_eq!((summary.acknowledged, summary.repeated), (events.len() as u64, 0));
    let mut entities = BTreeSet::new();
    for message in &arrived {
        let event = parsed(&message.body);
        let [first, second, loan, entity] = message.place.split('.').collect::<Vec<_>>()[..] else {
            panic!("{} has other than four tokens", message.place);
        };
        assert_eq!((first, second), ("banclo", "changes"));
        assert_eq!(Some(read::decoded(loan).as_str()), event.loan_id());
        assert_eq!(message.headers["Nats-Msg-Id"], event.id);
        entities.insert(entity.to_owned());
    }
    for entity in ["loanRequest", "task", "message", "snapshot", "erasure"] {
        assert!(entities.contains(entity), "{entity} is not among {entities:?}");
    }
    Ok(())
}

#[test]
fn binary_mode_arrives_as_the_same_events() -> Result<(), Failure> {
    let (nats, kafka) = (NatsServer::start(NATS)?, KafkaBroker::start()?);
    let events = events(22, 2);
    let sent: BTreeMap<String, CloudEvent> =
        events.iter().map(|e| parsed(&e.line)).map(|event| (event.id.clone(), event)).collect();
    for url in [nats.url(), kafka.url()] {
        let summary = published(&url, events.clone(), PublishOptions { mode: Mode::Binary, ..options() })?;
        let arrived = if url == nats.url() { read::nats(&url)? } else { read::kafka(&kafka, &summary)? };
        assert_eq!(arrived.len(), events.len());
        for message in arrived {
            let event = message.binary_event();
            let whole = &sent[&event.id];
            assert_eq!((&event.data, &event.subject, &event.time), (&whole.data, &whole.subject, &whole.time));
            assert_eq!((event.sequence, &event.actor, &event.source), (whole.sequence, &whole.actor, &whole.source));
        }
    }
    Ok(())
}

#[test]
fn kafka_gets_every_event_in_order_by_loan() -> Result<(), Failure> {
    let broker = KafkaBroker::start()?;
    let events = events(23, 6);
    let summary = published(&broker.url(), events.clone(), options())?;
    let arrived = read::kafka(&broker, &summary)?;
    assert_eq!(bodies(&arrived).into_iter().collect::<BTreeSet<_>>(), lines(&events));
    assert_eq!(arrived.len(), events.len());
    let mut last: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for message in &arrived {
        let event = parsed(&message.body);
        let loan = event.loan_id().unwrap().to_owned();
        assert_eq!(message.key.as_deref(), Some(loan.as_str()));
        let known = last.entry(loan).or_insert_with(|| (message.place.clone(), 0));
        assert_eq!(known.0, message.place, "a loan in two partitions");
        assert!(event.sequence.unwrap() >= known.1, "out of order");
        known.1 = event.sequence.unwrap();
    }
    assert!(last.values().map(|(place, _)| place).collect::<BTreeSet<_>>().len() > 1, "one partition only");
    Ok(())
}

#[test]
fn a_killed_nats_server_costs_no_event_and_doubles_none() -> Result<(), Failure> {
    let mut broker = NatsServer::start(NATS)?;
    let events = events(24, 15);
    let (seen, acknowledged) = std::sync::mpsc::channel();
    let options = PublishOptions { history_rate: 600.0, ..options() };
    let publishing = publishing(&broker.url(), events.clone(), options, seen)?;
    for kill in 1..=3_u64 {
        let wanted = kill * events.len() as u64 / 5;
        while acknowledged.recv_timeout(Duration::from_mins(1))? < wanted {}
        broker.kill()?;
        broker.restart()?;
    }
    let summary = publishing.join().map_err(|_| "the publisher panicked")??;
    assert_eq!(summary.acknowledged, events.len() as u64);
    let arrived = read::nats(&broker.url())?;
    assert_eq!(bodies(&arrived).into_iter().collect::<BTreeSet<_>>(), lines(&events));
    assert_eq!(arrived.len(), events.len(), "the window recognises what was sent again");
    Ok(())
}

#[test]
fn a_manifest_is_true_at_its_positions() -> Result<(), Failure> {
    let (nats, kafka) = (NatsServer::start(NATS)?, KafkaBroker::start()?);
    for url in [nats.url(), kafka.url()] {
        let faults = Faults { duplicates: 0.05, reordering: 0.2, window: 40, late: 0.01, ..Faults::default() };
        let told = Manifests::over(events(25, 4).into_iter(), Every::Events(150), "/banclo/test", 25);
        let summary = published(&url, faults.over(25, told).collect(), options())?;
        assert!(summary.manifests > 2 && summary.duplicates > 5);
        let arrived = if url == nats.url() { read::nats(&url)? } else { read::kafka(&kafka, &summary)? };
        let manifests: Vec<Value> = arrived
            .iter()
            .filter(|message| message.body.contains("com.banclo.CompletenessManifest"))
            .map(|message| serde_json::from_str(&parsed(&message.body).data).unwrap())
            .collect();
        assert_eq!(manifests.len() as u64, summary.manifests);
        for manifest in manifests {
            let at = |message: &&Arrived| message.is_covered_by(&manifest["at"]);
            assert_eq!(presence(arrived.iter().filter(at)), manifest["digest"].as_str().unwrap(), "{}", manifest["at"]);
        }
    }
    Ok(())
}

/// The digest of a manifest, from what arrived.
fn presence<'a>(arrived: impl Iterator<Item = &'a Arrived>) -> String {
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for message in arrived {
        let Ok(event) = CloudEvent::parse_structured(message.body.as_bytes(), &Limits::default()) else { continue };
        let (Some(loan), Some(sequence)) = (event.loan_id(), event.sequence) else { continue };
        let known = last.entry(loan.to_owned()).or_default();
        *known = sequence.max(*known);
    }
    let mut sum = [0_u8; 32];
    for (loan, last) in last {
        Sha256::digest(format!("{loan}\n{last}")).iter().zip(&mut sum).for_each(|(byte, sum)| *sum ^= byte);
    }
    hex::encode(sum)
}

#[test]
fn a_stream_that_is_not_there_is_created_only_when_asked() -> Result<(), Failure> {
    let broker = NatsServer::start(NATS)?;
    let refused = published(&broker.url(), events(26, 1), PublishOptions { create: false, ..options() });
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("there is no stream BANCLO_CHANGES"), "{said}");
    published(&broker.url(), events(26, 1), options())?;
    let config = read::stream_config(&broker.url())?;
    assert_eq!(config.subjects, ["banclo.changes.>", "banclo.control"]);
    assert_eq!(config.duplicate_window, Duration::from_mins(2));
    Ok(())
}
