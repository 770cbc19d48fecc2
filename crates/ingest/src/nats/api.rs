//! Requests to the `JetStream` API, with only those members of its answers that matter here, so that servers of any age
//! are understood.

use std::sync::Arc;
use std::time::Duration;

use async_nats::client::RequestErrorKind;
use async_nats::{Client, RequestError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::message;
use super::options::StreamFilter;
use super::trouble::{Trouble, chain};

const STREAM_NOT_FOUND: u32 = 10_059;
const CONSUMER_NOT_FOUND: u32 = 10_014;
const MESSAGE_NOT_FOUND: u32 = 10_037;

/// What a stream is and holds.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct StreamInfo {
    pub(super) config: StreamConfig,
    pub(super) created: String,
    pub(super) state: StreamState,
    /// The server's clock; since 2.10.
    #[serde(default)]
    pub(super) ts: Option<String>,
}

/// How a stream is configured; limits are off when they are not above 0.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StreamConfig {
    pub(super) retention: String,
    pub(super) discard: String,
    /// Nanoseconds.
    pub(super) max_age: i64,
    pub(super) max_msgs: i64,
    pub(super) max_bytes: i64,
    pub(super) max_msgs_per_subject: i64,
    pub(super) discard_new_per_subject: bool,
    pub(super) first_seq: u64,
    pub(super) allow_msg_ttl: bool,
    pub(super) allow_rollup_hdrs: bool,
}

/// What a stream holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StreamState {
    pub(super) messages: u64,
    pub(super) bytes: u64,
    pub(super) first_seq: u64,
    pub(super) first_ts: String,
    pub(super) last_seq: u64,
    pub(super) last_ts: String,
}

/// A message as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) sequence: u64,
    pub(super) mark: u64,
    /// As they were published, with the line that says what they are.
    pub(super) headers: Vec<u8>,
    pub(super) payload: Vec<u8>,
}

/// What a consumer is and has delivered.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ConsumerInfo {
    pub(super) config: Filters,
    pub(super) delivered: Delivered,
    pub(super) num_pending: u64,
}

/// The filters of a consumer as the server understood them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filters {
    filter_subject: String,
    filter_subjects: Vec<String>,
}

impl Filters {
    /// All of them, in order.
    pub(super) fn all(&self) -> Vec<&str> {
        let one = Some(self.filter_subject.as_str()).filter(|subject| !subject.is_empty());
        let mut all: Vec<_> = self.filter_subjects.iter().map(String::as_str).chain(one).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// How far a consumer has delivered.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delivered {
    /// How many messages.
    pub(super) consumer_seq: u64,
}

/// What every answer may be instead of its content.
#[derive(Debug, Deserialize)]
struct Failure {
    error: Option<ApiError>,
}

/// The content of an answer, or the error that it is.
fn content<T: DeserializeOwned>(answer: &[u8]) -> Result<Result<T, ApiError>, serde_json::Error> {
    match serde_json::from_slice::<Failure>(answer)?.error {
        Some(error) => Ok(Err(error)),
        None => serde_json::from_slice(answer).map(Ok),
    }
}

#[derive(Debug, Deserialize)]
struct ApiError {
    code: u32,
    #[serde(default)]
    err_code: u32,
    #[serde(default)]
    description: String,
}

impl ApiError {
    /// What the server will not do however often it is asked, or cannot do now.
    fn trouble(&self, subject: &str) -> Trouble {
        let detail = format!("the server answers `{}` ({}) to {subject}", self.description, self.err_code);
        if (400..500).contains(&self.code) { Trouble::refused(detail) } else { Trouble::disconnected(detail) }
    }
}

/// A connection, and how the API is reached on it.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) client: Client,
    prefix: String,
    timeout: Duration,
    /// The last thing that the server refused outside of an answer, e.g. a subject that the user may not publish to.
    complaint: Arc<Mutex<Option<String>>>,
}

impl Api {
    pub(super) fn new(
        client: Client,
        domain: Option<&str>,
        timeout: Duration,
        complaint: Arc<Mutex<Option<String>>>,
    ) -> Self {
        let prefix = domain.map_or_else(|| "$JS.API".to_owned(), |domain| format!("$JS.{domain}.API"));
        Self { client, prefix, timeout, complaint }
    }

    /// The full subject of a request.
    pub(super) fn subject(&self, rest: &str) -> String {
        format!("{}.{rest}", self.prefix)
    }

    /// `None`: there is no such stream.
    pub(super) async fn stream(&self, stream: &str) -> Result<Option<StreamInfo>, Trouble> {
        self.ask(&format!("STREAM.INFO.{stream}"), Vec::new(), STREAM_NOT_FOUND).await
    }

    /// The message with that sequence; `None`: it is not there.
    pub(super) async fn message(&self, stream: &str, sequence: u64) -> Result<Option<Stored>, Trouble> {
        self.get(stream, &GetMessage { seq: sequence, next_by_subj: None }).await
    }

    /// The first message that the filters let through, at `from` or behind it; `None`: there is none.
    pub(super) async fn next(&self, filter: &StreamFilter, from: u64) -> Result<Option<Stored>, Trouble> {
        let everything = [">".to_owned()];
        let subjects = if filter.subjects.is_empty() { &everything[..] } else { &filter.subjects[..] };
        let mut first: Option<Stored> = None;
        for subject in subjects {
            let next = self.get(&filter.stream, &GetMessage { seq: from, next_by_subj: Some(subject) }).await?;
            first = first.into_iter().chain(next).min_by_key(|stored| stored.sequence);
        }
        Ok(first)
    }

    async fn get(&self, stream: &str, wanted: &GetMessage<'_>) -> Result<Option<Stored>, Trouble> {
        let subject = format!("STREAM.MSG.GET.{stream}");
        let got: Option<GotMessage> = self.ask(&subject, json(wanted)?, MESSAGE_NOT_FOUND).await?;
        let Some(GotMessage { message }) = got else { return Ok(None) };
        let unreadable = || Trouble::disconnected(format!("message {} of {stream} cannot be decoded", message.seq));
        let payload = STANDARD.decode(&message.data).map_err(|_| unreadable())?;
        let nanos = message::nanos(&message.time).ok_or_else(unreadable)?;
        let headers = STANDARD.decode(&message.hdrs).map_err(|_| unreadable())?;
        let mark = message::mark(message.seq, nanos, &payload);
        Ok(Some(Stored { sequence: message.seq, mark, headers, payload }))
    }

    /// Creates a consumer; `path` is what stands behind `CONSUMER.CREATE.` in the subject.
    pub(super) async fn create_consumer<T: Serialize>(&self, path: &str, body: &T) -> Result<ConsumerInfo, Trouble> {
        let subject = format!("CONSUMER.CREATE.{path}");
        let created = self.ask(&subject, json(body)?, u32::MAX).await?;
        created.ok_or_else(|| Trouble::disconnected(format!("no consumer came out of {subject}")))
    }

    /// `None`: there is no such consumer.
    pub(super) async fn consumer(&self, stream: &str, consumer: &str) -> Result<Option<ConsumerInfo>, Trouble> {
        self.ask(&format!("CONSUMER.INFO.{stream}.{consumer}"), Vec::new(), CONSUMER_NOT_FOUND).await
    }

    /// The answer's content; `None` when the answer is the error `absent`.
    async fn ask<T: DeserializeOwned>(&self, rest: &str, body: Vec<u8>, absent: u32) -> Result<Option<T>, Trouble> {
        let subject = self.subject(rest);
        self.complaint.lock().take_if(|complaint| about(complaint, &subject));
        let asked = tokio::time::timeout(self.timeout, self.client.request(subject.clone(), body.into())).await;
        let message = match asked {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => return Err(self.unanswered(&subject, &error)),
            Err(_) => return Err(self.silent(&subject)),
        };
        match content(&message.payload) {
            Ok(Ok(content)) => Ok(Some(content)),
            Ok(Err(error)) if error.err_code == absent => Ok(None),
            Ok(Err(error)) => Err(error.trouble(&subject)),
            Err(error) => Err(Trouble::disconnected(format!("the answer to {subject} cannot be read: {error}"))),
        }
    }

    fn unanswered(&self, subject: &str, error: &RequestError) -> Trouble {
        match error.kind() {
            RequestErrorKind::NoResponders => Trouble::disconnected(format!(
                "nobody answers to {subject}: JetStream is not enabled for this account or has no leader now"
            )),
            RequestErrorKind::TimedOut => self.silent(subject),
            _ => Trouble::disconnected(format!("{subject} could not be asked: {}", chain(error))),
        }
    }

    /// The server has messages of the stream and did not answer requests for them.
    pub(super) fn starved(&self, stream: &str, within: Duration) -> Trouble {
        let subject = self.subject(&format!("CONSUMER.MSG.NEXT.{stream}.*"));
        self.explained(&subject, || format!("{stream} has messages, and none came within {within:?}"))
    }

    /// No answer in time.
    fn silent(&self, subject: &str) -> Trouble {
        self.explained(subject, || format!("no answer to {subject} within {:?}", self.timeout))
    }

    /// When the server said that it will not take such a question, that is the reason why there is no answer.
    fn explained(&self, subject: &str, otherwise: impl FnOnce() -> String) -> Trouble {
        match self.complaint.lock().clone() {
            Some(complaint) if about(&complaint, subject) => Trouble::refused(format!(
                "the server says `{complaint}`; the replica's user must be allowed to publish to {subject}"
            )),
            _ => Trouble::disconnected(otherwise()),
        }
    }
}

/// Whether the server complains that a user may not publish to `subject`, whose last token may be `*`. Servers and clients
/// differ in the case of what they say.
fn about(complaint: &str, subject: &str) -> bool {
    let (complaint, subject) = (complaint.to_ascii_lowercase(), subject.to_ascii_lowercase());
    complaint.contains("permissions violation") && complaint.contains(subject.trim_end_matches('*'))
}

fn json<B: Serialize>(body: &B) -> Result<Vec<u8>, Trouble> {
    serde_json::to_vec(body).map_err(|error| Trouble::disconnected(error.to_string()))
}

#[derive(Serialize)]
struct GetMessage<'a> {
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_by_subj: Option<&'a str>,
}

#[derive(Deserialize)]
struct GotMessage {
    message: StoredMessage,
}

#[derive(Deserialize)]
struct StoredMessage {
    seq: u64,
    #[serde(default)]
    hdrs: String,
    #[serde(default)]
    data: String,
    time: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_content_or_an_error() {
        let info = r#"{"type":"io.nats.jetstream.api.v1.stream_info_response","total":0,"config":{"name":"S","retention":
            "limits","max_age":0,"max_msgs":-1,"some_day":{}},"created":"2026-11-22T18:00:00.1Z","state":{"messages":3,
            "bytes":99,"first_seq":1,"first_ts":"2026-11-22T18:00:01Z","last_seq":3,"last_ts":"2026-11-22T18:00:02Z",
            "consumer_count":0},"ts":"2026-11-22T18:00:03Z"}"#;
        let info: StreamInfo = content(info.as_bytes()).unwrap().unwrap();
        assert_eq!((info.state.last_seq, info.config.max_msgs, info.config.retention.as_str()), (3, -1, "limits"));
        let error = r#"{"type":"x","error":{"code":404,"err_code":10059,"description":"stream not found"}}"#;
        let answer = content::<StreamInfo>(error.as_bytes()).unwrap();
        assert_eq!(answer.unwrap_err().err_code, STREAM_NOT_FOUND);
        assert!(content::<StreamInfo>(b"{}").is_err() && content::<StreamInfo>(b"no").is_err());
    }

    #[test]
    fn errors_of_the_asker_are_refusals_and_others_pass() {
        let error = |code| ApiError { code, err_code: 7, description: "no".to_owned() }.trouble("S");
        assert!(matches!(error(400), Trouble::Refused(detail) if detail.contains("`no` (7)")));
        assert!(matches!(error(503), Trouble::Disconnected(_)));
    }

    #[test]
    fn filters_are_compared_as_a_set() {
        let filters: Filters = serde_json::from_str(r#"{"filter_subjects":["b","a"]}"#).unwrap();
        assert_eq!(filters.all(), ["a", "b"]);
        let filters: Filters = serde_json::from_str(r#"{"filter_subject":"a"}"#).unwrap();
        assert_eq!(filters.all(), ["a"]);
    }
}
