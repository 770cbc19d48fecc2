//! A broker, somebody who publishes to it, and a source that reads from it.

use std::time::Duration;

use async_nats::jetstream::{self, stream};
use async_nats::{Client, ConnectOptions, HeaderMap};
use continuity_base::{Clock, Stop, SystemClock};
use continuity_events::record::{Divergence, SourcePosition};
use continuity_ingest::{
    Batch, Diverged, Known, Message, NatsOptions, NatsSource, Raw, Resumed, Source, SourceError, StreamFilter,
};
use continuity_readmodel::ledger::partition_name;
use continuity_tests::brokers::{self, NatsServer};
use futures_util::{StreamExt, TryStreamExt};
use tokio::runtime::Runtime;

/// The stream of most tests; its subjects are `changes.>`.
pub(super) const STREAM: &str = "CHANGES";
/// How long anything may take.
pub(super) const LIMIT: Duration = Duration::from_secs(30);
/// How often the source looks at the streams, and how long it waits for an answer.
pub(super) const PROBE_EVERY: Duration = Duration::from_millis(300);
pub(super) const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// A server and a connection to it.
pub(super) struct Broker {
    pub(super) server: NatsServer,
    runtime: Runtime,
    client: Client,
}

impl Broker {
    pub(super) fn start(version: &str) -> Self {
        Self::with(NatsServer::new(version))
    }

    pub(super) fn with(options: brokers::NatsOptions) -> Self {
        Self::as_user(options, ConnectOptions::new())
    }

    pub(super) fn as_user(options: brokers::NatsOptions, user: ConnectOptions) -> Self {
        let server = options.start().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(user.retry_on_initial_connect().connect(server.url())).unwrap();
        Self { server, runtime, client }
    }

    /// Runs something until it works: after a restart the server needs a moment.
    fn until_done<T, E: std::fmt::Display>(&self, mut work: impl AsyncFnMut(jetstream::Context) -> Result<T, E>) -> T {
        self.runtime.block_on(async {
            let mut last = String::new();
            let done = tokio::time::timeout(LIMIT, async {
                loop {
                    match work(jetstream::new(self.client.clone())).await {
                        Ok(done) => return done,
                        Err(error) => last = error.to_string(),
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            });
            done.await.unwrap_or_else(|_| panic!("not done within {LIMIT:?}: {last}"))
        })
    }

    /// Creates a stream.
    pub(super) fn create(&self, config: &stream::Config) {
        self.until_done(async |context| context.create_stream(config.clone()).await.map(drop));
    }

    /// Creates the stream of most tests.
    pub(super) fn create_default(&self) {
        self.create(&config(STREAM, "changes.>"));
    }

    pub(super) fn delete(&self, stream: &str) {
        self.until_done(async |context| context.delete_stream(stream).await.map(drop));
    }

    pub(super) fn delete_message(&self, stream: &str, sequence: u64) {
        self.until_done(async |context| {
            let stream = context.get_stream_no_info(stream).await.map_err(|error| error.to_string())?;
            stream.delete_message(sequence).await.map_err(|error| error.to_string())
        });
    }

    /// Drops everything, or everything below a sequence.
    pub(super) fn purge(&self, stream: &str, below: Option<u64>) {
        self.until_done(async |context| {
            let stream = context.get_stream_no_info(stream).await.map_err(|error| error.to_string())?;
            let done = match below {
                Some(sequence) => stream.purge().sequence(sequence).await,
                None => stream.purge().await,
            };
            done.map(drop).map_err(|error| error.to_string())
        });
    }

    /// Publishes until it is stored.
    pub(super) fn publish(&self, subject: &str, payload: &str) {
        self.publish_with(subject, &HeaderMap::new(), payload.as_bytes());
    }

    pub(super) fn publish_with(&self, subject: &str, headers: &HeaderMap, payload: &[u8]) {
        self.until_done(async |context| {
            let (subject, payload) = (subject.to_owned(), payload.to_vec());
            let asked = context.publish_with_headers(subject, headers.clone(), payload.into()).await;
            asked.map_err(|error| error.to_string())?.await.map_err(|error| error.to_string())
        });
    }

    /// Publishes `from..to` as events on `changes.N.x`.
    pub(super) fn publish_events(&self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            self.publish(&format!("changes.{number}.loan"), &event(number));
        }
    }

    /// Publishes the same many times, without waiting for each.
    pub(super) fn publish_many(&self, subject: &str, payload: &str, times: u64) {
        self.runtime.block_on(async {
            let context = jetstream::new(self.client.clone());
            let mut waiting = std::collections::VecDeque::new();
            for _ in 0..times {
                waiting.push_back(context.publish(subject.to_owned(), payload.to_owned().into()).await.unwrap());
                if waiting.len() > 1_000 {
                    waiting.pop_front().unwrap().await.unwrap();
                }
            }
            for last in waiting {
                last.await.unwrap();
            }
        });
    }

    /// How long a consumer takes that does nothing with its messages.
    pub(super) fn bare(&self, stream: &str, config: jetstream::consumer::pull::Config, messages: u64) -> Duration {
        self.runtime.block_on(async {
            let context = jetstream::new(self.client.clone());
            let consumer = context.create_consumer_on_stream(config, stream).await.unwrap();
            let clock = SystemClock::new();
            let mut stream = consumer.stream().max_messages_per_batch(2_000).messages().await.unwrap();
            for _ in 0..messages {
                stream.next().await.unwrap().unwrap();
            }
            clock.monotonic()
        })
    }

    /// What the server says of the one consumer of a stream; `None` while there are none, or several.
    pub(super) fn consumer(&self, stream: &str) -> Option<jetstream::consumer::Info> {
        let all: Vec<_> = self.until_done(async |context| {
            let stream = context.get_stream_no_info(stream).await.map_err(|error| error.to_string())?;
            stream.consumers().try_collect().await.map_err(|error| error.to_string())
        });
        <[_; 1]>::try_from(all).ok().map(|[one]| one)
    }

    /// Options that look often, so that tests are short.
    pub(super) fn options(&self, streams: Vec<StreamFilter>) -> NatsOptions {
        options(self.server.url(), streams)
    }

    /// A source that reads the stream of most tests.
    pub(super) fn source(&self) -> NatsSource {
        NatsSource::new(self.options(vec![StreamFilter::all(STREAM)]))
    }
}

pub(super) fn options(url: String, streams: Vec<StreamFilter>) -> NatsOptions {
    let mut options = NatsOptions::new(vec![url], streams);
    (options.probe_every, options.probe_timeout) = (PROBE_EVERY, PROBE_TIMEOUT);
    options
}

pub(super) fn config(name: &str, subject: &str) -> stream::Config {
    stream::Config { name: name.to_owned(), subjects: vec![subject.to_owned()], ..stream::Config::default() }
}

/// A stream of which we read a part: it has `other.>` and `control.>` beside `changes.>`.
pub(super) fn shared_stream() -> stream::Config {
    let subjects = ["changes.>", "other.>", "control.>"].map(str::to_owned).to_vec();
    stream::Config { subjects, ..config(STREAM, "") }
}

pub(super) fn filter(stream: &str, subjects: &[&str]) -> StreamFilter {
    StreamFilter { stream: stream.to_owned(), subjects: subjects.iter().map(|&one| one.to_owned()).collect() }
}

/// Something like an event; the source does not look into it.
pub(super) fn event(number: u64) -> String {
    format!("{{\"specversion\":\"1.0\",\"id\":\"{number}\"}}")
}

pub(super) fn next(source: &mut dyn Source) -> Result<Batch, SourceError> {
    source.next_batch(100, 1 << 20, &Stop::new())
}

/// Calls `look` until it says something; panics when that takes too long.
pub(super) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let clock = SystemClock::new();
    let began = clock.monotonic();
    loop {
        if let Some(found) = look() {
            return found;
        }
        let waited = clock.monotonic().saturating_sub(began);
        assert!(waited < LIMIT, "{what} not within {LIMIT:?}");
    }
}

/// Reads to the end that the source shows.
pub(super) fn read_to_end(source: &mut dyn Source) -> Vec<Message> {
    let mut messages = Vec::new();
    until("the end", || {
        let batch = next(source).expect("delivers");
        messages.extend(batch.messages);
        batch.at_end.then_some(())
    });
    messages
}

/// Reads until the source fails.
pub(super) fn read_to_failure(source: &mut dyn Source) -> SourceError {
    until("a failure", || next(source).err())
}

pub(super) fn texts(messages: &[Message]) -> Vec<String> {
    let text = |message: &Message| match &message.raw {
        Raw::Structured(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => format!("{other:?}"),
    };
    messages.iter().map(text).collect()
}

pub(super) fn events(numbers: std::ops::Range<u64>) -> Vec<String> {
    numbers.map(event).collect()
}

/// What the log would hold after a connect and these messages.
pub(super) fn known(resumed: &Resumed, messages: &[Message]) -> Known {
    let mut positions: Vec<SourcePosition> = Vec::new();
    for message in messages {
        positions.retain(|position| partition_name(position) != partition_name(&message.position));
        positions.push(message.position.clone());
    }
    Known { positions, identities: resumed.identities.clone(), ..Known::default() }
}

/// Connects, reads to the end, and lets go: what is known then.
pub(super) fn read_and_leave(source: &mut NatsSource) -> Known {
    let resumed = source.resume(&Known::default()).expect("connects");
    let messages = read_to_end(source);
    source.release();
    known(&resumed, &messages)
}

pub(super) fn diverged(error: SourceError) -> Diverged {
    match error {
        SourceError::Diverged { found, .. } => *found,
        other => panic!("not diverged: {other}"),
    }
}

pub(super) fn refusal(error: SourceError) -> String {
    match error {
        SourceError::Refused { detail, .. } => detail,
        other => panic!("not refused: {other}"),
    }
}

/// The cause that a connect finds; `None`: none.
pub(super) fn cause(source: &mut NatsSource, known: &Known) -> Option<Divergence> {
    source.resume(known).err().map(|error| diverged(error).cause)
}
