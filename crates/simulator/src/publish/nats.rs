//! Publishing to NATS `JetStream`.
//!
//! Every message carries `Nats-Msg-Id`, so that sending it again within the stream's duplicate window is harmless. It is
//! sent again when the connection was lost meanwhile, when the server refused it for now, and after a time-out.

mod connection;
mod subjects;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::{Client, HeaderMap};
use continuity_base::{Clock, Stop};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::message::Message;
use super::percent::{header, token};
use super::{Acknowledged, Names, PublishError, PublishOptions, Publisher, Servers, Target, position};
use connection::{Answer, Connected};

/// After a refusal for now (no responders while `JetStream` starts, a full stream), wait this long.
const AGAIN: Duration = Duration::from_millis(100);
/// After a reconnect, acknowledgements of what the client had still buffered may come for this long.
const GRACE: Duration = Duration::from_millis(50);
/// How long a message may wait for a place in the client's queue.
const QUEUE: Duration = Duration::from_secs(1);
/// Headers and protocol take this much of the server's `max_payload` at most.
const HEAD: usize = 4_096;

/// One stream to publish to.
pub(super) struct NatsPublisher {
    runtime: Runtime,
    client: Client,
    names: Names,
    to: String,
    clock: Arc<dyn Clock>,
    ack_timeout: Duration,
    inbox: String,
    answers: mpsc::Receiver<Answer>,
    /// How often the connection was made.
    connections: Arc<AtomicU64>,
    seen_connections: u64,
    pending: BTreeMap<u64, Pending>,
    next: u64,
    next_look: Duration,
    acknowledged: Acknowledged,
    /// What the server said to the last message that it did not take.
    refusal: Option<String>,
}

struct Pending {
    message: Message,
    /// When to send it again.
    again: Duration,
}

impl NatsPublisher {
    /// Connects, and looks for the stream, or creates it.
    pub(super) fn connect(
        to: &Target,
        servers: &Servers,
        options: &PublishOptions,
        stop: &Stop,
    ) -> Result<Self, PublishError> {
        let unreachable = |detail: String| PublishError::Unreachable { to: to.to_string(), detail };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("publish-nats")
            .enable_all()
            .build()
            .map_err(|e| unreachable(e.to_string()))?;
        let Connected { client, inbox, answers, connections } =
            runtime.block_on(connection::connect(to, servers, options, stop))?;
        let seen_connections = connections.load(Ordering::Acquire);
        Ok(Self {
            runtime,
            client,
            names: options.names.clone(),
            to: to.to_string(),
            clock: Arc::clone(&options.clock),
            ack_timeout: options.ack_timeout,
            inbox,
            answers,
            connections,
            seen_connections,
            pending: BTreeMap::new(),
            next: 1,
            next_look: Duration::ZERO,
            acknowledged: Acknowledged::default(),
            refusal: None,
        })
    }

    /// Gives a message to the client, which may buffer it while it has no connection.
    fn send(&self, number: u64, message: &Message) -> Result<(), PublishError> {
        let subject = subject(&self.names, message);
        let reply = format!("{}.{number}", self.inbox);
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, header(&message.id));
        for (name, value) in message.headers("ce-", true) {
            headers.insert(name.as_str(), value);
        }
        let sending = self.client.publish_with_reply_and_headers(subject, reply, headers, message.body.clone());
        // While nothing moves the client's queue may fill up; what does not fit is sent again later.
        let sent = self.runtime.block_on(async { tokio::time::timeout(QUEUE, sending).await });
        sent.unwrap_or(Ok(())).map_err(|error| match error.kind() {
            async_nats::PublishErrorKind::MaxPayloadExceeded => PublishError::TooLarge {
                id: message.id.clone(),
                size: message.body.len(),
                limit: self.client.max_payload(),
            },
            _ => PublishError::Refused { to: self.to.clone(), detail: error.to_string() },
        })
    }

    /// Takes the answers that are there; waits for the first one for as long as `wait`.
    fn take_answers(&mut self, wait: Duration) -> Result<(), PublishError> {
        let mut first = self.answers.try_recv().ok();
        if first.is_none() && !wait.is_zero() {
            let answers = &mut self.answers;
            first = self.runtime.block_on(async { tokio::time::timeout(wait, answers.recv()).await.ok().flatten() });
        }
        while let Some(answer) = first {
            self.take(answer)?;
            first = self.answers.try_recv().ok();
        }
        Ok(())
    }

    fn take(&mut self, answer: Answer) -> Result<(), PublishError> {
        match answer {
            Answer::Stored { number, stream, sequence, duplicate } => {
                if self.pending.remove(&number).is_some() {
                    self.acknowledged.messages += 1;
                    self.acknowledged.deduplicated += u64::from(duplicate);
                    position::note_sequence(&mut self.acknowledged.positions, &stream, sequence);
                }
            }
            Answer::NotNow { number, detail } => {
                self.refusal = Some(detail);
                let again = self.clock.monotonic() + AGAIN;
                if let Some(pending) = self.pending.get_mut(&number) {
                    pending.again = again.min(pending.again);
                }
            }
            Answer::Never { number, detail } => {
                if self.pending.contains_key(&number) {
                    return Err(PublishError::Refused { to: self.to.clone(), detail });
                }
            }
        }
        Ok(())
    }

    /// Sends again what was not acknowledged in time, in order; everything once the connection is a new one.
    fn send_again(&mut self) -> Result<(), PublishError> {
        let now = self.clock.monotonic();
        let connections = self.connections.load(Ordering::Acquire);
        if connections != self.seen_connections {
            self.seen_connections = connections;
            let again = now + GRACE;
            self.pending.values_mut().for_each(|pending| pending.again = again.min(pending.again));
        }
        if now < self.next_look || self.client.connection_state() != State::Connected {
            return Ok(());
        }
        self.next_look = now + GRACE / 2;
        let due: Vec<u64> =
            self.pending.iter().filter(|(_, pending)| pending.again <= now).map(|(number, _)| *number).collect();
        for number in due {
            if let Some(pending) = self.pending.get_mut(&number) {
                pending.again = now + self.ack_timeout;
                let message = pending.message.clone();
                self.acknowledged.repeated += 1;
                self.send(number, &message)?;
            }
        }
        Ok(())
    }
}

impl Publisher for NatsPublisher {
    fn publish(&mut self, message: Message) -> Result<(), PublishError> {
        self.take_answers(Duration::ZERO)?;
        let number = self.next;
        self.next += 1;
        self.send(number, &message)?;
        let again = self.clock.monotonic() + self.ack_timeout;
        self.pending.insert(number, Pending { message, again });
        Ok(())
    }

    fn tend(&mut self, wait: Duration) -> Result<(), PublishError> {
        let wait = if self.pending.is_empty() { Duration::ZERO } else { wait };
        self.take_answers(wait)?;
        self.send_again()
    }

    fn in_flight(&self) -> usize {
        self.pending.len()
    }

    fn acknowledged(&self) -> &Acknowledged {
        &self.acknowledged
    }

    fn largest(&self) -> usize {
        self.client.max_payload().saturating_sub(HEAD)
    }

    fn last_answer(&self) -> Option<String> {
        self.refusal.clone()
    }
}

/// `banclo.changes.{loanRequestId}.{entity}`, or that of control events.
fn subject(names: &Names, message: &Message) -> String {
    if message.is_control() {
        return names.control.clone();
    }
    let loan = message.loan.as_deref().map_or_else(|| "unknown".to_owned(), token);
    format!("{}.{loan}.{}", names.changes, token(&message.entity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::Mode;

    #[test]
    fn subjects_are_those_of_the_contract() {
        let said = |line: &str| subject(&Names::default(), &Message::of_line(line, Mode::Structured));
        let line = |subject: &str, name: &str, data: &str| {
            format!(r#"{{"id":"1","type":"com.banclo.{name}","subject":"{subject}","data":{data}}}"#)
        };
        let task = r#"{"entity":"task","id":"tsk_1"}"#;
        assert_eq!(said(&line("loan-requests/lr_7c-1", "TaskAssigned", task)), "banclo.changes.lr_7c-1.task");
        assert_eq!(said(&line("loan-requests/a.b *>%", "X", task)), "banclo.changes.a%2Eb%20%2A%3E%25.task");
        assert_eq!(said(&line("loan-requests/a", "LoanRequestSnapshot", "{}")), "banclo.changes.a.snapshot");
        let erasure = r#"{"entity":"erasure"}"#;
        assert_eq!(said(&line("loan-requests/a", "DataSubjectErased", erasure)), "banclo.changes.a.erasure");
        assert_eq!(said(&line("control", "SourceHeartbeat", "{}")), "banclo.control");
        assert_eq!(said("not json"), "banclo.changes.unknown.unknown");
    }
}
