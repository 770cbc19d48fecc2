//! What comes out of messages of every form and size.

use async_nats::HeaderMap;
use async_nats::jetstream::stream;
use continuity_base::Stop;
use continuity_ingest::{Known, NatsSource, Raw, Source, StreamFilter};
use continuity_tests::brokers::{NATS, NATS_OLDEST};

use super::support::{Broker, STREAM, config, event, events, next, read_to_end, texts, until};

#[test]
fn structured_binary_and_oversize() {
    let broker = Broker::start(NATS);
    broker.create_default();
    let mut headers = HeaderMap::new();
    for (name, value) in [("ce-specversion", "1.0"), ("ce-id", "a%20b"), ("Nats-Msg-Id", "a b")] {
        headers.insert(name, value);
    }
    broker.publish_with("changes.1", headers, b"{\"entity\":\"task\"}");
    let mut typed = HeaderMap::new();
    typed.insert("content-type", "application/cloudevents+json");
    broker.publish_with("changes.2", typed, b"{}");
    broker.publish("changes.3", "");
    broker.publish("changes.4", &"x".repeat(2_000));
    let mut options = broker.options(vec![StreamFilter::all(STREAM)]);
    options.max_message_bytes = 1_000;
    let mut source = NatsSource::new(options);
    source.resume(&Known::default()).unwrap();
    let raws: Vec<_> = read_to_end(&mut source).into_iter().map(|message| message.raw).collect();
    let attributes = [("ce-id", "a b"), ("ce-specversion", "1.0")];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    assert_eq!(raws[0], Raw::Binary { attributes, body: b"{\"entity\":\"task\"}".to_vec() });
    assert_eq!(raws[1..3], [Raw::Structured(b"{}".to_vec()), Raw::Structured(Vec::new())]);
    assert!(matches!(&raws[3], Raw::Oversize { length: 2_000, prefix, .. } if prefix.len() == 2_000));
}

/// Messages larger than what one request may bring come all the same, in order.
fn large_ones_between_small_ones(version: &str) {
    let broker = Broker::start(version);
    broker.create_default();
    let large = "x".repeat(300_000);
    let expected: Vec<_> = (0..40).map(|number| if number % 7 == 3 { large.clone() } else { event(number) }).collect();
    for (number, text) in expected.iter().enumerate() {
        broker.publish(&format!("changes.{number}"), text);
    }
    let mut options = broker.options(vec![StreamFilter::all(STREAM)]);
    options.max_bytes_in_flight = 64 << 10;
    let mut source = NatsSource::new(options);
    source.resume(&Known::default()).unwrap();
    assert!(texts(&read_to_end(&mut source)) == expected, "{version}");
}

#[test]
fn messages_larger_than_a_request() {
    large_ones_between_small_ones(NATS);
    large_ones_between_small_ones(NATS_OLDEST);
}

#[test]
fn what_is_not_taken_stays_in_the_broker() {
    let broker = Broker::start(NATS);
    broker.create_default();
    broker.publish_events(0..200);
    let mut options = broker.options(vec![StreamFilter::all(STREAM)]);
    options.fetch_messages = 10;
    let mut source = NatsSource::new(options);
    source.resume(&Known::default()).unwrap();
    // Four requests' worth at most, however long nobody takes anything.
    let delivered = || broker.consumer(STREAM).map(|info| info.delivered.consumer_sequence);
    until("a full buffer", || delivered().filter(|delivered| *delivered == 40));
    let one = source.next_batch(1, 1 << 20, &Stop::new()).unwrap();
    assert_eq!(texts(&one.messages), events(0..1));
    assert!((40..=50).contains(&delivered().unwrap()));
    assert_eq!(texts(&read_to_end(&mut source)), events(1..200));
}

#[test]
fn the_broker_sees_what_is_durable() {
    let broker = Broker::start(NATS);
    broker.create_default();
    broker.publish_events(0..9);
    let mut source = broker.source();
    source.resume(&Known::default()).unwrap();
    let first = source.next_batch(4, 1 << 20, &Stop::new()).unwrap().messages;
    let rest = read_to_end(&mut source);
    let floor = || broker.consumer(STREAM).map(|info| info.ack_floor.stream_sequence);
    assert_eq!(floor(), Some(0));
    source.acknowledge(&first.last().unwrap().position).unwrap();
    let count = u64::try_from(first.len()).unwrap();
    until("the first acknowledgement", || floor().filter(|floor| *floor == count));
    source.acknowledge(&rest.last().unwrap().position).unwrap();
    until("the second acknowledgement", || floor().filter(|floor| *floor == 9));
    source.acknowledge(&first[0].position).unwrap();
    assert!(next(&mut source).unwrap().messages.is_empty());
}

#[test]
fn the_head_is_that_of_the_stream_and_not_of_what_was_delivered() {
    let broker = Broker::start(NATS);
    broker.create(stream::Config { max_messages: -1, ..config(STREAM, "changes.>") });
    broker.publish_events(0..20);
    let mut options = broker.options(vec![StreamFilter::all(STREAM)]);
    options.fetch_messages = 2;
    let mut source = NatsSource::new(options);
    source.resume(&Known::default()).unwrap();
    let first = source.next_batch(1, 1 << 20, &Stop::new()).unwrap();
    let head = first.head.unwrap();
    assert_eq!((head.number, head.text.as_str(), first.at_end), (20, "CHANGES 20", false));
    assert_eq!(head.behind, 19);
    let clock = head.source_clock.unwrap();
    assert!(head.published_at.unwrap() <= clock);
    let skew = clock.since(head.asked_at.unwrap()).max(head.asked_at.unwrap().since(clock));
    assert!(skew.as_secs() < 20, "{head:?}");
    read_to_end(&mut source);
    let mut heads = Vec::new();
    until("three looks while it is quiet", || {
        let batch = next(&mut source).unwrap();
        assert!(batch.at_end && batch.messages.is_empty());
        heads.extend(batch.head);
        (heads.len() > 2).then_some(())
    });
    assert!(heads.iter().all(|head| (head.number, head.behind) == (20, 0)), "{heads:?}");
    assert!(heads.windows(2).all(|two| two[0].asked_at < two[1].asked_at), "{heads:?}");
}
