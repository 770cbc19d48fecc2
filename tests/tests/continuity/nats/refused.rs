//! What cannot be followed, and what is followed with a warning.

use std::time::Duration;

use async_nats::jetstream::stream::{self, RetentionPolicy};
use continuity_ingest::{Known, NatsSource, Source, SourceError, StreamFilter};
use continuity_tests::brokers::{NATS, NATS_OLDEST, NATS_UNSUPPORTED, NatsServer};

use super::support::{Broker, STREAM, config, filter, options, read_to_end, refusal, shared_stream, texts};

#[test]
fn a_server_that_drops_filters_is_refused() {
    let broker = Broker::start(NATS_UNSUPPORTED);
    broker.create(&shared_stream());
    broker.publish("other.a", "not for us");
    let mut source = NatsSource::new(broker.options(vec![filter(STREAM, &["changes.>", "control.>"])]));
    let refused = refusal(source.resume(&Known::default()).unwrap_err());
    for part in ["2.9", "understood no filter", "one subject for each stream"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    for version in [NATS, NATS_OLDEST] {
        let broker = Broker::start(version);
        broker.create(&shared_stream());
        for subject in ["other.a", "changes.1", "control.a"] {
            broker.publish(subject, subject);
        }
        let mut source = NatsSource::new(broker.options(vec![filter(STREAM, &["changes.>", "control.>"])]));
        source.resume(&Known::default()).unwrap();
        assert_eq!(texts(&read_to_end(&mut source)), ["changes.1", "control.a"]);
    }
}

#[test]
fn retention_that_forgets_is_refused() {
    let broker = Broker::start(NATS);
    for (retention, name) in [(RetentionPolicy::Interest, "interest"), (RetentionPolicy::WorkQueue, "workqueue")] {
        broker.create(&stream::Config { retention, ..config(name, &format!("{name}.>")) });
        let mut source = NatsSource::new(broker.options(vec![StreamFilter::all(name)]));
        let refused = refusal(source.resume(&Known::default()).unwrap_err());
        assert!(refused.contains(&format!("retention `{name}`")), "{refused}");
    }
}

#[test]
fn a_stream_that_was_never_there_is_refused() {
    let broker = Broker::start(NATS);
    let refused = refusal(broker.source().resume(&Known::default()).unwrap_err());
    assert!(refused.contains("no stream CHANGES"), "{refused}");
}

#[test]
fn a_server_without_streams_is_named() {
    let server = NatsServer::new(NATS).config("accounts { A { users: [{user: a, password: b}] } }\nno_auth_user: a");
    let server = server.start().unwrap();
    let mut source = NatsSource::new(options(server.url(), vec![StreamFilter::all(STREAM)]));
    let error = source.resume(&Known::default()).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("not enabled"), "{said}");
}

#[test]
fn nobody_there_is_a_disconnection() {
    let server = NatsServer::start(NATS).unwrap();
    let url = server.url();
    drop(server);
    let mut source = NatsSource::new(options(url, vec![StreamFilter::all(STREAM)]));
    let error = source.resume(&Known::default()).unwrap_err();
    assert!(matches!(error, SourceError::Disconnected { .. }), "{error}");
}

#[test]
fn limits_that_drop_events_are_told_with_the_outage_that_they_survive() {
    let broker = Broker::start(NATS);
    let limits = stream::Config {
        max_age: Duration::from_hours(1),
        max_messages: 100_000,
        allow_rollup: true,
        ..config(STREAM, "changes.>")
    };
    broker.create(&limits);
    broker.publish_events(0..5);
    let mut source = broker.source();
    let resumed = source.resume(&Known::default()).unwrap();
    let told = resumed.warnings.join("\n");
    for part in ["keeps messages for 1 h", "newest 100000 messages", "roll-up"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let retention = resumed.retention.unwrap();
    assert_eq!(retention.max_age_seconds, Some(3_600.0));
    assert!(retention.outage.seconds().is_some_and(|seconds| seconds <= 3_600.0), "{retention:?}");
    source.release();
    broker.purge(STREAM, Some(4));
    let resumed = source.resume(&Known::default()).unwrap();
    assert!(resumed.warnings[0].contains("begins at message 4"), "{:?}", resumed.warnings);
}

#[test]
fn an_unlimited_stream_has_nothing_to_warn_of() {
    let broker = Broker::start(NATS);
    broker.create_default();
    let resumed = broker.source().resume(&Known::default()).unwrap();
    assert_eq!(resumed.warnings, [""; 0]);
    assert_eq!(resumed.retention, Some(continuity_ingest::Retention::default()));
    assert_eq!(resumed.identities[0].fact("kind"), Some("jetstream"));
    assert!(resumed.identities[0].fact("created").is_some_and(|time| time.ends_with('Z')));
}
