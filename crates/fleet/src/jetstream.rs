//! The control stream in NATS `JetStream`.
//!
//! The replica's bookmark says where to go on, never a cursor of the broker: each connect makes a consumer behind it, and a
//! gap in what that consumer delivers makes another one. The stream must keep everything: a replica that joins later has
//! nothing else to begin from.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::{NATS_EXPECTED_STREAM, NATS_MESSAGE_ID};
use async_nats::jetstream::context::{Context, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, RawMessageErrorKind, RetentionPolicy, Stream};
use async_nats::jetstream::{ErrorCode, consumer};
use continuity_auth::{MAX_MESSAGE_BYTES, Outgoing};
use futures_util::StreamExt;
use futures_util::future::join_all;

use crate::{Connected, Link, Message, Place, Transport, Trouble};

/// How much longer than it was asked to wait the broker may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes that are asked for at a time, unless the broker takes longer messages.
const BYTES: usize = 4 << 20;
/// A consumer that nobody asks any more is forgotten by the broker.
const FORGOTTEN: Duration = Duration::from_mins(1);

/// Which stream, and how it is made when it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JetStreamOptions {
    /// Its name.
    pub stream: String,
    /// The subject of its messages.
    pub subject: String,
    /// Servers that keep it, when it is made: 1, 3 or 5.
    pub copies: usize,
}

/// A `JetStream` stream as the control stream.
#[derive(Clone, Debug)]
pub struct JetStream {
    context: Context,
    options: JetStreamOptions,
    name: String,
}

/// A stream that was found, and where it is read.
#[derive(Debug)]
pub struct JetStreamLink {
    context: Context,
    options: JetStreamOptions,
    stream: Stream,
    identity: String,
    reading: Option<Reading>,
    next: u64,
}

#[derive(Debug)]
struct Reading {
    consumer: consumer::Consumer<consumer::pull::Config>,
    /// It has delivered nothing yet: what it leaves out at its beginning is not in the stream.
    fresh: bool,
}

impl JetStream {
    /// Over a connection that comes back by itself.
    pub fn new(context: Context, options: JetStreamOptions) -> Self {
        let name = format!("nats:{}", options.stream);
        Self { context, options, name }
    }

    /// The stream; it is made when it is not there.
    async fn found(&self) -> Result<Stream, Trouble> {
        let JetStreamOptions { stream, .. } = &self.options;
        match self.context.get_stream(stream).await {
            Ok(found) => Ok(found),
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(cause) if cause.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                    let made = self.context.get_or_create_stream(self.config()).await;
                    made.map_err(|error| Trouble::Refused(format!("the stream {stream} cannot be made: {error}")))
                }
                GetStreamErrorKind::InvalidStreamName | GetStreamErrorKind::EmptyName => {
                    Err(Trouble::Refused(format!("{stream:?} is no name of a stream")))
                }
                _ => Err(unreachable(error)),
            },
        }
    }

    fn config(&self) -> Config {
        Config {
            name: self.options.stream.clone(),
            description: Some("Control stream of continuity: what its replicas tell each other".to_owned()),
            subjects: vec![self.options.subject.clone()],
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::New,
            max_message_size: i32::try_from(MAX_MESSAGE_BYTES).unwrap_or(i32::MAX),
            num_replicas: self.options.copies,
            ..Config::default()
        }
    }
}

impl Transport for JetStream {
    type Link = JetStreamLink;

    fn name(&self) -> &str {
        &self.name
    }

    async fn connect(&self, known: &Place) -> Result<Connected<JetStreamLink>, Trouble> {
        let stream = self.found().await?;
        let info = stream.cached_info();
        check(&info.config, &self.options)?;
        let identity = identity(info);
        let same = known.stream == identity && holds(&stream, known).await?;
        let link = JetStreamLink {
            context: self.context.clone(),
            options: self.options.clone(),
            stream,
            identity: identity.clone(),
            reading: None,
            next: if same { known.next } else { 1 },
        };
        Ok(Connected { link, stream: identity, same })
    }
}

/// Whether the stream keeps everything, and takes what is sent.
fn check(config: &Config, options: &JetStreamOptions) -> Result<(), Trouble> {
    let JetStreamOptions { stream, subject, .. } = options;
    let refuse = |why: &str| Err(Trouble::Refused(format!("the stream {stream} {why}")));
    if config.retention != RetentionPolicy::Limits {
        return refuse("does not have the retention \"limits\": it forgets messages that somebody has read");
    }
    let forgets = config.discard != DiscardPolicy::New && (config.max_messages > 0 || config.max_bytes > 0);
    if !config.max_age.is_zero() || config.max_messages_per_subject > 0 || forgets {
        return refuse("drops messages (max_age, max_msgs, max_bytes or max_msgs_per_subject); it has to keep all");
    }
    if !config.subjects.contains(subject) {
        return refuse(&format!("does not carry the subject {subject}"));
    }
    Ok(())
}

/// Another one once the stream was made anew, or messages were taken out of it.
fn identity(info: &Info) -> String {
    let (created, first) = (info.created.unix_timestamp_nanos(), info.state.first_sequence.max(1));
    format!("{} {created} {first} {}", info.config.name, info.state.deleted_count.unwrap_or(0))
}

/// Whether the message is there that was read last: a broker that was restored from an older copy has another one, or none.
async fn holds(stream: &Stream, known: &Place) -> Result<bool, Trouble> {
    if known.position == 0 {
        return Ok(true);
    }
    let last = stream.cached_info().state.last_sequence;
    if last < known.position {
        return Ok(false);
    }
    match stream.get_raw_message(known.position).await {
        Ok(message) => Ok(id(Some(&message.headers)) == known.id),
        Err(error) => match error.kind() {
            RawMessageErrorKind::NoMessageFound => Ok(false),
            RawMessageErrorKind::JetStream(cause) if cause.error_code() == ErrorCode::NO_MESSAGE_FOUND => Ok(false),
            _ => Err(unreachable(error)),
        },
    }
}

/// What its sender called a message; empty when nothing.
fn id(headers: Option<&HeaderMap>) -> String {
    headers.and_then(|headers| headers.get(NATS_MESSAGE_ID)).map(|id| id.as_str().to_owned()).unwrap_or_default()
}

impl JetStreamLink {
    async fn reading(&mut self) -> Result<&mut Reading, Trouble> {
        if self.reading.is_none() {
            let config = consumer::pull::Config {
                deliver_policy: consumer::DeliverPolicy::ByStartSequence { start_sequence: self.next },
                ack_policy: consumer::AckPolicy::None,
                inactive_threshold: FORGOTTEN,
                memory_storage: true,
                num_replicas: 1,
                ..consumer::pull::Config::default()
            };
            let consumer = self.stream.create_consumer(config).await.map_err(unreachable)?;
            self.reading = Some(Reading { consumer, fresh: true });
        }
        self.reading.as_mut().ok_or(Trouble::Changed)
    }

    /// Takes a message that came; `None` when it is not the next one: some were lost on the way.
    fn accept(&mut self, message: &async_nats::jetstream::Message) -> Result<Option<Message>, Trouble> {
        let position = message.info().map_err(unreachable)?.stream_sequence;
        let fresh = self.reading.as_mut().is_some_and(|reading| std::mem::take(&mut reading.fresh));
        if position < self.next || (position > self.next && !fresh) {
            self.reading = None;
            return Ok(None);
        }
        self.next = position + 1;
        let id = id(message.headers.as_ref());
        Ok(Some(Message { position, id, bytes: message.payload.to_vec() }))
    }
}

impl Link for JetStreamLink {
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Message>, Trouble> {
        let bytes = BYTES.max(2 * self.context.client().server_info().max_payload);
        let reading = self.reading().await?;
        let asked = reading.consumer.batch().max_messages(most).max_bytes(bytes).expires(wait).messages().await;
        let mut batch = asked.map_err(unreachable)?;
        let mut messages = Vec::new();
        loop {
            let came = tokio::time::timeout(wait + PATIENCE, batch.next()).await;
            match came.map_err(|_| Trouble::Unreachable("it does not answer".to_owned()))? {
                None => return Ok(messages),
                Some(Err(error)) => return Err(unreachable(error)),
                Some(Ok(message)) => match self.accept(&message)? {
                    Some(message) => messages.push(message),
                    None => return Ok(messages),
                },
            }
        }
    }

    async fn publish(&mut self, messages: &[Outgoing]) -> Result<(), Trouble> {
        let JetStreamOptions { stream, subject, .. } = &self.options;
        let mut stored = Vec::with_capacity(messages.len());
        for message in messages {
            let mut headers = HeaderMap::new();
            headers.insert(NATS_MESSAGE_ID, message.id.as_str());
            headers.insert(NATS_EXPECTED_STREAM, stream.as_str());
            let bytes = message.bytes.clone().into();
            let sent = self.context.publish_with_headers(subject.clone(), headers, bytes).await;
            stored.push(sent.map_err(unreachable)?.into_future());
        }
        join_all(stored).await.into_iter().try_for_each(|stored| stored.map(drop).map_err(unreachable))
    }

    async fn end(&mut self) -> Result<u64, Trouble> {
        let info = self.stream.get_info().await.map_err(unreachable)?;
        check(&info.config, &self.options)?;
        let last = info.state.last_sequence;
        if identity(&info) != self.identity || last + 1 < self.next {
            return Err(Trouble::Changed);
        }
        Ok(last)
    }
}

fn unreachable(error: impl std::fmt::Display) -> Trouble {
    Trouble::Unreachable(error.to_string())
}
