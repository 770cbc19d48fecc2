//! The suite of the `Source` seam, over streams of several kinds.

use continuity_ingest::conformance::{Subject, all};
use continuity_ingest::{NatsSource, Source, StreamFilter};
use continuity_tests::brokers::{NATS, NATS_OLDEST, NATS_UNSUPPORTED};

use super::support::{Broker, STREAM, events, filter, shared_stream};

const EVENTS: u64 = 12;

struct OverStream {
    broker: Broker,
    filter: StreamFilter,
}

impl Subject for OverStream {
    fn connect(&mut self) -> Box<dyn Source> {
        let mut options = self.broker.options(vec![self.filter.clone()]);
        options.fetch_messages = 3;
        Box::new(NatsSource::new(options))
    }

    fn content(&self) -> Vec<Vec<u8>> {
        events(0..EVENTS).into_iter().map(String::into_bytes).collect()
    }
}

fn a_whole_stream(version: &str) {
    let broker = Broker::start(version);
    broker.create_default();
    broker.publish_events(0..EVENTS);
    all(&mut OverStream { broker, filter: StreamFilter::all(STREAM) });
}

#[test]
fn a_stream_of_the_newest_server() {
    a_whole_stream(NATS);
}

#[test]
fn a_stream_of_the_oldest_supported_server() {
    a_whole_stream(NATS_OLDEST);
}

/// Filtered messages between and behind the others, and deleted ones between and at the end.
fn a_part_of_a_stream(version: &str, subjects: &[&str], delete: bool) {
    let broker = Broker::start(version);
    broker.create(&shared_stream());
    for number in 0..EVENTS {
        broker.publish("other.a", "not this");
        broker.publish_events(number..number + 1);
        if delete {
            broker.publish("changes.deleted", "gone");
            broker.delete_message(STREAM, 3 * (number + 1));
        }
    }
    broker.publish("other.a", "not this either");
    if delete {
        broker.publish("changes.deleted", "gone too");
        broker.delete_message(STREAM, 3 * EVENTS + 2);
    }
    all(&mut OverStream { broker, filter: filter(STREAM, subjects) });
}

#[test]
fn a_stream_through_filters() {
    for version in [NATS, NATS_OLDEST] {
        a_part_of_a_stream(version, &["changes.>", "control.>"], true);
    }
}

/// Its answer to a deletion is nothing that our client understands.
#[test]
fn a_stream_through_one_filter_of_an_older_server() {
    a_part_of_a_stream(NATS_UNSUPPORTED, &["changes.>"], false);
}
