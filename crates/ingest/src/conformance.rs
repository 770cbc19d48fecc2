//! What every [`Source`] must do, as plain functions. Each implementation runs all of them: [`all`].
//!
//! They panic with what was expected and what came instead, so they are for tests only.

#![expect(clippy::missing_panics_doc, reason = "every function here panics when the source does not conform")]

use std::time::Duration;

use continuity_base::Stop;
use continuity_events::record::SourcePosition;
use continuity_readmodel::ledger::partition;

use crate::bootstrap::count;
use crate::source::{Known, Message, Raw, Source};

/// A source under test with known content.
pub trait Subject {
    /// A new connection to the same content.
    fn connect(&mut self) -> Box<dyn Source>;

    /// The messages of the content in the order in which they must come, at least five of them, each in structured mode.
    fn content(&self) -> Vec<Vec<u8>>;
}

/// Runs the whole suite.
pub fn all(subject: &mut dyn Subject) {
    delivers_everything_in_order_and_shows_the_end(subject);
    resumes_behind_any_position(subject);
    resumes_on_the_same_connection(subject);
    keeps_to_the_bounds_of_a_batch(subject);
    stays_quiet_at_the_end(subject);
    acknowledging_changes_nothing(subject);
    ignores_positions_of_other_sources(subject);
    returns_when_stopped(subject);
    keeps_its_name(subject);
}

/// From the beginning: every message, each once, in order; then the end.
pub fn delivers_everything_in_order_and_shows_the_end(subject: &mut dyn Subject) {
    let content = subject.content();
    assert!(content.len() >= 5, "the suite needs at least five messages");
    let messages = read_all(&mut *connected(subject, &Known::default()), 3, 1 << 20);
    assert_eq!(bytes(&messages), content);
    let mut positions: Vec<_> = messages.into_iter().map(|message| message.position).collect();
    positions.dedup();
    assert_eq!(positions.len(), content.len(), "each message has a position of its own");
}

/// A new connection goes on behind the newest position of each partition, wherever that is, acknowledged or not.
pub fn resumes_behind_any_position(subject: &mut dyn Subject) {
    let messages = read_all(&mut *connected(subject, &Known::default()), 100, 1 << 20);
    let content = bytes(&messages);
    for taken in 0..=messages.len() {
        let rest = read_all(&mut *connected(subject, &known(&messages[..taken])), 2, 1 << 20);
        assert_eq!(bytes(&rest), content[taken..], "behind {taken} messages");
    }
}

/// The same connection can be told to resume, also in front of what it gave already.
pub fn resumes_on_the_same_connection(subject: &mut dyn Subject) {
    let mut source = connected(subject, &Known::default());
    let messages = read_all(&mut *source, 100, 1 << 20);
    for taken in [messages.len(), 1, 3, 0] {
        source.resume(&known(&messages[..taken])).expect("resumes");
        assert_eq!(bytes(&read_all(&mut *source, 100, 1 << 20)), bytes(&messages[taken..]), "behind {taken} messages");
    }
}

/// Bounds on messages and bytes hold, except that a batch is never empty because of them.
pub fn keeps_to_the_bounds_of_a_batch(subject: &mut dyn Subject) {
    let content = subject.content();
    let mut source = connected(subject, &Known::default());
    let stop = Stop::new();
    let batch = source.next_batch(2, 1 << 20, &stop).expect("delivers");
    assert!((1..=2).contains(&batch.messages.len()), "{} messages, 2 allowed", batch.messages.len());
    assert!(!batch.at_end, "the end was shown although {} messages follow", content.len() - batch.messages.len());
    let mut source = connected(subject, &Known::default());
    let batch = source.next_batch(100, 1, &stop).expect("delivers");
    assert_eq!(batch.messages.len(), 1, "the first message fills a batch of one byte");
}

/// At the end it returns empty batches, without blocking for long, and says that it is the end.
pub fn stays_quiet_at_the_end(subject: &mut dyn Subject) {
    let mut source = connected(subject, &Known::default());
    read_all(&mut *source, 100, 1 << 20);
    for _ in 0..2 {
        let batch = source.next_batch(100, 1 << 20, &Stop::new()).expect("delivers");
        assert!(batch.messages.is_empty() && batch.at_end, "{batch:?}");
    }
}

/// Acknowledgements may come late, twice, out of order or not at all.
pub fn acknowledging_changes_nothing(subject: &mut dyn Subject) {
    let mut source = connected(subject, &Known::default());
    let messages = read_all(&mut *source, 100, 1 << 20);
    for position in newest(&messages).iter().chain(&newest(&messages[..1])).chain(&newest(&messages)) {
        source.acknowledge(position).expect("acknowledges");
    }
    drop(source);
    let again = read_all(&mut *connected(subject, &known(&messages[..2])), 100, 1 << 20);
    assert_eq!(bytes(&again), bytes(&messages[2..]), "the replica's own position counts, not what was acknowledged");
}

/// The log may hold positions of sources that were used before.
pub fn ignores_positions_of_other_sources(subject: &mut dyn Subject) {
    let foreign = SourcePosition::Topic { topic: "of another source".to_owned(), partition: 7, offset: 1, mark: 0 };
    let messages = read_all(&mut *connected(subject, &Known::positions(&[foreign])), 100, 1 << 20);
    assert_eq!(bytes(&messages), subject.content());
}

/// A stop ends waiting at once, and what was read before it is not lost by it.
pub fn returns_when_stopped(subject: &mut dyn Subject) {
    let mut source = connected(subject, &Known::default());
    let stop = Stop::new();
    stop.stop();
    let mut messages = source.next_batch(100, 1 << 20, &stop).expect("returns").messages;
    messages.extend(read_all(&mut *source, 100, 1 << 20));
    assert_eq!(bytes(&messages), subject.content());
}

/// The name never changes.
pub fn keeps_its_name(subject: &mut dyn Subject) {
    let mut source = subject.connect();
    let name = source.name().to_owned();
    source.resume(&Known::default()).expect("resumes");
    assert!(!name.is_empty() && source.name() == name && subject.connect().name() == name);
}

fn connected(subject: &mut dyn Subject, known: &Known) -> Box<dyn Source> {
    let mut source = subject.connect();
    source.resume(known).expect("resumes");
    source
}

/// Reads to the end that the source shows.
fn read_all(source: &mut dyn Source, max_messages: usize, max_bytes: usize) -> Vec<Message> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let (stop, mut messages) = (Stop::new(), Vec::new());
    let mut empty = 0;
    loop {
        let batch = source.next_batch(max_messages, max_bytes, &stop).expect("delivers");
        empty = if batch.messages.is_empty() { empty + 1 } else { 0 };
        messages.extend(batch.messages);
        if batch.at_end {
            return messages;
        }
        assert!(empty / 10 < PATIENCE.as_secs(), "no end was shown behind {} messages", messages.len());
    }
}

/// What the log knows once it holds these messages.
fn known(messages: &[Message]) -> Known {
    let mut known = Known::positions(&newest(messages));
    for message in messages {
        count(&message.raw, &mut known.export);
    }
    known
}

/// The newest position of each partition.
fn newest(messages: &[Message]) -> Vec<SourcePosition> {
    let mut found: Vec<SourcePosition> = Vec::new();
    for message in messages {
        found.retain(|position| partition(position) != partition(&message.position));
        found.push(message.position.clone());
    }
    found
}

/// The bytes of messages in structured mode; none for others, which then differ from what is expected.
fn bytes(messages: &[Message]) -> Vec<Vec<u8>> {
    let bytes = |message: &Message| if let Raw::Structured(bytes) = &message.raw { bytes.clone() } else { Vec::new() };
    messages.iter().map(bytes).collect()
}
