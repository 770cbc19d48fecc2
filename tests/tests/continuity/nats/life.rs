//! Servers that stop answering, connections that break, and sources that are let go.

use std::time::Duration;

use continuity_base::{Clock, SystemClock};
use continuity_ingest::{Known, NatsOptions, NatsSource, Source, SourceError, StreamFilter};
use continuity_tests::brokers::{NATS, NATS_OLDEST, Proxy};

use super::support::{
    Broker, LIMIT, PROBE_EVERY, PROBE_TIMEOUT, STREAM, events, known, next, options, read_to_end, read_to_failure,
    texts,
};

/// How long a source may take to notice that nothing answers any more; the machine may be busy.
const NOTICE: Duration = Duration::from_secs(10);

fn noticed(source: &mut NatsSource) {
    assert!(NOTICE > PROBE_EVERY + PROBE_TIMEOUT);
    let clock = SystemClock::new();
    let error = read_to_failure(source);
    assert!(matches!(error, SourceError::Disconnected { .. }), "{error}");
    assert!(clock.monotonic() < NOTICE, "noticed after {:?}: {error}", clock.monotonic());
    assert!(matches!(next(source), Err(SourceError::Disconnected { .. })), "it stays disconnected until it resumes");
}

#[test]
fn a_frozen_server_is_a_disconnection() {
    for version in [NATS, NATS_OLDEST] {
        let broker = Broker::start(version);
        broker.create_default();
        broker.publish_events(0..5);
        let mut source = broker.source();
        let resumed = source.resume(&Known::default()).unwrap();
        let known = known(&resumed, &read_to_end(&mut source));
        broker.server.freeze().unwrap();
        noticed(&mut source);
        let clock = SystemClock::new();
        let error = source.resume(&known).unwrap_err();
        assert!(matches!(error, SourceError::Disconnected { .. }) && clock.monotonic() < NOTICE, "{error}");
        broker.server.thaw().unwrap();
        broker.publish_events(5..7);
        source.resume(&known).unwrap();
        assert_eq!(texts(&read_to_end(&mut source)), events(5..7));
    }
}

#[test]
fn broken_connections_are_disconnections() {
    let broker = Broker::start(NATS);
    broker.create_default();
    broker.publish_events(0..5);
    let breaks: [fn(&Proxy); 4] = [Proxy::cut, Proxy::refuse, Proxy::half_open, Proxy::black_hole];
    for break_it in breaks {
        let proxy = Proxy::start(broker.server.port()).unwrap();
        let mut source = NatsSource::new(options(proxy.url("nats"), vec![StreamFilter::all(STREAM)]));
        source.resume(&Known::default()).unwrap();
        read_to_end(&mut source);
        break_it(&proxy);
        noticed(&mut source);
        proxy.heal();
        source.resume(&Known::default()).unwrap();
        assert_eq!(texts(&read_to_end(&mut source)), events(0..5));
    }
}

#[test]
fn letting_go_takes_no_time_even_of_a_frozen_server() {
    let broker = Broker::start(NATS);
    broker.create_default();
    broker.publish_events(0..50);
    let patient = || NatsOptions { probe_timeout: LIMIT, ..broker.options(vec![StreamFilter::all(STREAM)]) };
    let mut sources: Vec<_> = (0..3).map(|_| NatsSource::new(patient())).collect();
    for source in &mut sources {
        source.resume(&Known::default()).unwrap();
    }
    next(&mut sources[0]).unwrap();
    broker.server.freeze().unwrap();
    let clock = SystemClock::new();
    sources[1].release();
    drop(sources);
    // No answer was waited for.
    assert!(clock.monotonic() < LIMIT / 3, "{:?}", clock.monotonic());
}

#[test]
fn messages_come_as_they_are_published() {
    let broker = Broker::start(NATS);
    broker.create_default();
    let mut source = broker.source();
    source.resume(&Known::default()).unwrap();
    let mut seen = Vec::new();
    for number in 0..30 {
        broker.publish_events(number..number + 1);
        seen.extend(texts(&next(&mut source).unwrap().messages));
    }
    seen.extend(texts(&read_to_end(&mut source)));
    seen.extend(texts(&next(&mut source).unwrap().messages));
    assert_eq!(seen, events(0..30));
}
