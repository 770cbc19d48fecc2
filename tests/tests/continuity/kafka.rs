//! The Kafka source against a real broker.

mod diverged;
mod following;
mod support;

use continuity_ingest::Source;
use continuity_ingest::conformance::{Subject, all};
use continuity_tests::brokers::KafkaBroker;

use self::support::{events, publish, source, topic};

/// A topic with one partition: several have no order among each other.
struct Topic {
    broker: KafkaBroker,
    content: Vec<Vec<u8>>,
}

impl Subject for Topic {
    fn connect(&mut self) -> Box<dyn Source> {
        Box::new(source(&self.broker, &["conformance"]))
    }

    fn content(&self) -> Vec<Vec<u8>> {
        self.content.clone()
    }
}

#[test]
fn the_source_conforms() {
    let broker = KafkaBroker::start().unwrap();
    topic(&broker, "conformance", 1);
    let content = events(0..7);
    publish(&broker, "conformance", 0, &content);
    all(&mut Topic { broker, content });
}
