//! Every way in which a stream can turn out not to be, or not to hold, what was read.

use async_nats::jetstream::stream;
use continuity_events::record::Divergence;
use continuity_ingest::{Known, NatsSource, Source, SourceError, StreamFilter};
use continuity_tests::brokers::{NATS, NATS_OLDEST, NatsServer};
use tempfile::TempDir;

use super::support::{
    Broker, STREAM, cause, config, diverged, events, known, read_and_leave, read_to_end, read_to_failure, texts,
};

/// A stream with the events 0 to 9, all read.
fn read() -> (Broker, NatsSource, Known) {
    let broker = Broker::start(NATS);
    broker.create_default();
    broker.publish_events(0..10);
    let mut source = broker.source();
    let known = read_and_leave(&mut source);
    (broker, source, known)
}

#[test]
fn an_untouched_stream_goes_on() {
    let (broker, mut source, before) = read();
    broker.publish_events(10..12);
    let resumed = source.resume(&before).unwrap();
    assert_eq!((resumed.from.as_str(), &resumed.warnings[..]), ("CHANGES behind message 10", &[][..]));
    assert_eq!(resumed.identities, before.identities);
    assert_eq!(texts(&read_to_end(&mut source)), events(10..12));
}

#[test]
fn recreated() {
    let (broker, mut source, known) = read();
    broker.delete(STREAM);
    broker.create_default();
    broker.publish_events(0..12);
    let found = diverged(source.resume(&known).unwrap_err());
    assert_eq!((found.cause, found.partition.as_str()), (Divergence::Recreated, STREAM));
    assert_eq!(found.point, "message 10");
    // What an operator's acceptance makes of it.
    let accepted = Known { identities: found.present, ..Known::default() };
    source.resume(&accepted).unwrap();
    assert_eq!(texts(&read_to_end(&mut source)), events(0..12));
}

#[test]
fn recreated_while_connected() {
    let (broker, mut source, known) = read();
    source.resume(&known).unwrap();
    read_to_end(&mut source);
    broker.delete(STREAM);
    broker.create_default();
    broker.publish_events(100..120);
    // It may look between the two.
    let found = diverged(read_to_failure(&mut source)).cause;
    assert!(matches!(found, Divergence::Missing | Divergence::Recreated), "{found:?}");
    assert_eq!(cause(&mut source, &known), Some(Divergence::Recreated));
}

#[test]
fn missing() {
    let (broker, mut source, known) = read();
    broker.delete(STREAM);
    let found = diverged(source.resume(&known).unwrap_err());
    assert_eq!(found.cause, Divergence::Missing);
    assert!(found.present[0].facts.is_empty());
}

#[test]
fn missing_while_connected() {
    let (broker, mut source, known) = read();
    source.resume(&known).unwrap();
    broker.delete(STREAM);
    // The stream may be gone in the middle of an answer; then it shows when ingest looks again.
    let found = match read_to_failure(&mut source) {
        SourceError::Diverged { found, .. } => *found,
        _ => diverged(source.resume(&known).unwrap_err()),
    };
    assert_eq!(found.cause, Divergence::Missing);
}

#[test]
fn purged() {
    let (broker, mut source, known) = read();
    broker.purge(STREAM, None);
    assert_eq!(cause(&mut source, &known), None, "everything in it had been read");
    source.release();
    broker.publish_events(10..15);
    broker.purge(STREAM, None);
    let found = diverged(source.resume(&known).unwrap_err());
    assert_eq!((found.cause, found.detail.as_str()), (Divergence::Purged, "it is empty, and 11 to 15 were not read"));
}

#[test]
fn lost() {
    let (broker, mut source, known) = read();
    broker.publish_events(10..15);
    broker.purge(STREAM, Some(11));
    assert_eq!(cause(&mut source, &known), None, "everything that was dropped had been read");
    source.release();
    broker.purge(STREAM, Some(13));
    let found = diverged(source.resume(&known).unwrap_err());
    assert_eq!((found.cause, found.detail.as_str()), (Divergence::Lost, "it begins at 13, and 11 to 12 were not read"));
}

#[test]
fn lost_while_connected() {
    let broker = Broker::start(NATS);
    broker.create(&stream::Config { max_messages: 40, ..config(STREAM, "changes.>") });
    broker.publish_events(0..10);
    let mut options = broker.options(vec![StreamFilter::all(STREAM)]);
    options.fetch_messages = 2;
    let mut source = NatsSource::new(options);
    source.resume(&Known::default()).unwrap();
    // Nobody takes messages: a few were asked for, and the stream drops more than those.
    broker.publish_events(10..110);
    let found = diverged(read_to_failure(&mut source));
    assert_eq!(found.cause, Divergence::Lost, "{}", found.detail);
}

/// The server comes back on an older copy of its store: power loss, or a restore.
fn older_copy(version: &str) {
    let mut broker = Broker::with(NatsServer::new(version).jetstream("sync_interval: always"));
    broker.create_default();
    broker.publish_events(0..10);
    let copy = TempDir::new().unwrap();
    broker.server.copy_store(copy.path()).unwrap();
    broker.publish_events(10..20);
    let mut source = broker.source();
    let known = read_and_leave(&mut source);
    broker.server.start_on(copy.path()).unwrap();
    let found = diverged(source.resume(&known).unwrap_err());
    assert_eq!((found.cause, found.detail.as_str()), (Divergence::Truncated, "it ends at 10, and 20 was read"));
    broker.publish_events(30..45);
    let found = diverged(source.resume(&known).unwrap_err());
    assert_eq!((found.cause, found.point.as_str()), (Divergence::Rewritten, "message 20"));
    // The same events again, by sequence, are other messages still: they have another time.
    let accepted = Known { identities: found.present, ..Known::default() };
    source.resume(&accepted).unwrap();
    assert_eq!(texts(&read_to_end(&mut source)), [events(0..10), events(30..45)].concat());
}

#[test]
fn truncated_then_rewritten() {
    older_copy(NATS);
    older_copy(NATS_OLDEST);
}

#[test]
fn restarted_without_loss_goes_on() {
    let mut broker = Broker::with(NatsServer::new(NATS).jetstream("sync_interval: always"));
    broker.create_default();
    broker.publish_events(0..10);
    let mut source = broker.source();
    let resumed = source.resume(&Known::default()).unwrap();
    let known = known(&resumed, &read_to_end(&mut source));
    broker.server.restart().unwrap();
    let error = read_to_failure(&mut source);
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    broker.publish_events(10..12);
    source.resume(&known).unwrap();
    assert_eq!(texts(&read_to_end(&mut source)), events(10..12));
}

#[test]
fn renamed() {
    let (broker, _, known) = read();
    broker.create(&config("OTHER", "other.>"));
    let mut source = NatsSource::new(broker.options(vec![StreamFilter::all("OTHER")]));
    let found = diverged(source.resume(&known).unwrap_err());
    assert_eq!(found.cause, Divergence::Renamed);
    let present: Vec<_> = found.present.iter().map(|one| (one.partition.as_str(), one.facts.is_empty())).collect();
    assert_eq!(present, [(STREAM, true), ("OTHER", false)]);
    let mut both = NatsSource::new(broker.options(vec![StreamFilter::all(STREAM), StreamFilter::all("OTHER")]));
    assert_eq!(cause(&mut both, &known), None, "one more is no rename");
}

#[test]
fn two_streams_are_two_histories() {
    let (broker, _, before) = read();
    broker.create(&config("CONTROL", "control.>"));
    broker.publish("control.a", "first");
    let streams = vec![StreamFilter::all(STREAM), StreamFilter::all("CONTROL")];
    let mut source = NatsSource::new(broker.options(streams));
    let resumed = source.resume(&before).unwrap();
    assert_eq!(source.name(), "nats:CHANGES,CONTROL");
    assert_eq!(resumed.from, "CHANGES behind message 10, CONTROL from its beginning");
    let messages = read_to_end(&mut source);
    assert_eq!(texts(&messages), ["first"]);
    let mut both = known(&resumed, &messages);
    both.positions.extend(before.positions);
    source.release();
    broker.delete("CONTROL");
    let found = diverged(source.resume(&both).unwrap_err());
    assert_eq!((found.cause, found.partition.as_str()), (Divergence::Missing, "CONTROL"));
}

#[test]
fn a_position_without_a_mark_or_message_is_no_divergence() {
    let (broker, mut source, known) = read();
    broker.publish_events(10..11);
    broker.delete_message(STREAM, 10);
    let resumed = source.resume(&known).unwrap();
    assert!(resumed.warnings[0].contains("no message 10 any more"), "{:?}", resumed.warnings);
    assert_eq!(texts(&read_to_end(&mut source)), events(10..11));
}
