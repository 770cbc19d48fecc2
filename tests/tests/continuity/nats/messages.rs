//! What comes out of messages of every form and size.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::stream;
use continuity_base::{ManualClock, Stop, Timestamp};
use continuity_events::record::SourcePosition;
use continuity_ingest::{Known, NatsSource, Raw, Resumed, Source, StreamFilter};
use continuity_tests::brokers::{NATS, NATS_OLDEST};

use super::support::{
    Broker, STREAM, config, event, events, filter, known, next, read_to_end, shared_stream, texts, until,
};

#[test]
fn structured_binary_and_oversize() {
    let broker = Broker::start(NATS);
    broker.create_default();
    let mut headers = HeaderMap::new();
    for (name, value) in [("ce-specversion", "1.0"), ("ce-id", "a%20b"), ("Nats-Msg-Id", "a b")] {
        headers.insert(name, value);
    }
    broker.publish_with("changes.1", &headers, b"{\"entity\":\"task\"}");
    let mut typed = HeaderMap::new();
    typed.insert("content-type", "application/cloudevents+json");
    broker.publish_with("changes.2", &typed, b"{}");
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

/// Puts a message into the stream as a careless client may: the server looks at no header.
fn publish_raw(broker: &Broker, headers: &[u8], payload: &str) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, broker.server.port())).unwrap();
    let (head, all) = (headers.len(), headers.len() + payload.len());
    write!(stream, "CONNECT {{\"headers\":true,\"verbose\":false}}\r\nHPUB changes.raw {head} {all}\r\n").unwrap();
    stream.write_all(&[headers, payload.as_bytes(), b"\r\nPING\r\n"].concat()).unwrap();
    let mut lines = BufReader::new(stream).lines();
    assert!(lines.any(|line| line.unwrap() == "PONG"));
}

#[test]
fn headers_out_of_form_are_in_nobodys_way() {
    let broker = Broker::start(NATS);
    broker.create_default();
    let spoiled: [&[u8]; 3] = [b"NATS/1.0\r\nno colon\r\n\r\n", b"NATS/1.0\r\nx: \xff\r\n\r\n", b"NATS/1.0 x\r\n\r\n"];
    broker.publish_events(0..3);
    publish_raw(&broker, spoiled[0], &event(3));
    publish_raw(&broker, spoiled[1], &event(4));
    broker.publish_events(5..8);
    publish_raw(&broker, spoiled[2], &event(8));
    let mut source = broker.source();
    let (mut messages, mut connects) = (Vec::new(), 0);
    until("everything", || {
        let before = known(&Resumed::default(), &messages);
        connects += 1;
        source.resume(&before).unwrap();
        while let Ok(batch) = next(&mut source) {
            messages.extend(batch.messages);
            if batch.at_end {
                return Some(());
            }
        }
        None
    });
    assert_eq!(texts(&messages), events(0..9));
    assert!(connects <= 7, "{connects}");
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
    broker.create(&stream::Config { max_messages: -1, ..config(STREAM, "changes.>") });
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

#[test]
fn a_filtered_stream_is_passed_now_and_then() {
    let broker = Broker::start(NATS);
    broker.create(&shared_stream());
    broker.publish_events(0..1);
    for _ in 0..5 {
        broker.publish("other.a", "not for us");
    }
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1)));
    let mut options = broker.options(vec![filter(STREAM, &["changes.>"])]);
    options.clock = clock.clone();
    let mut source = NatsSource::new(options);
    let resumed = source.resume(&Known::default()).unwrap();
    assert_eq!(texts(&read_to_end(&mut source)), events(0..1));
    clock.advance(Duration::from_mins(2));
    let mut passed = until("a position", || {
        let batch = next(&mut source).unwrap();
        (!batch.passed.is_empty()).then_some(batch.passed)
    });
    assert!(matches!(&passed[..], [SourcePosition::Stream { sequence: 6, mark, .. }] if *mark != 0), "{passed:?}");
    // What was passed is not missed when it is dropped.
    source.release();
    broker.purge(STREAM, Some(7));
    broker.publish_events(1..2);
    source
        .resume(&Known { positions: std::mem::take(&mut passed), identities: resumed.identities, ..Known::default() })
        .unwrap();
    assert_eq!(texts(&read_to_end(&mut source)), events(1..2));
}
