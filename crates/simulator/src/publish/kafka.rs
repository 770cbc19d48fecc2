//! Publishing to Kafka: idempotent, acknowledged by all replicas in sync, keyed by the loan.
//!
//! librdkafka sends again what was not acknowledged, for ever. What it gives up all the same (its producer id was lost
//! with the broker's memory, a topic went away) is sent again here, by a new producer where the old one is done for.

mod connection;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Stop};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::message::Message;
use super::{Acknowledged, Names, PublishError, PublishOptions, Publisher, Servers, Target, position};
use connection::{Answer, Answers};

/// After a refusal, wait this long.
const AGAIN: Duration = Duration::from_millis(250);
/// What brokers and clients take by default, less headers and protocol.
const LARGEST: usize = 1_000_000 - 4_096;

/// Two topics to publish to.
pub(super) struct KafkaPublisher {
    settings: ClientConfig,
    producer: BaseProducer<Answers>,
    names: Names,
    to: String,
    clock: Arc<dyn Clock>,
    pending: BTreeMap<usize, Pending>,
    next: usize,
    acknowledged: Acknowledged,
    /// Why librdkafka gave up the last message that it gave up.
    refusal: Option<String>,
}

struct Pending {
    message: Message,
    /// When to send it again; none while librdkafka has it.
    again: Option<Duration>,
}

impl KafkaPublisher {
    /// Connects, and looks for the topics, or creates them.
    pub(super) fn connect(
        to: &Target,
        servers: &Servers,
        options: &PublishOptions,
        stop: &Stop,
    ) -> Result<Self, PublishError> {
        let settings = connection::settings(servers, options);
        let producer = connection::producer(&settings, to)?;
        connection::topics(&settings, &producer, to, options, stop)?;
        Ok(Self {
            settings,
            producer,
            names: options.names.clone(),
            to: to.to_string(),
            clock: Arc::clone(&options.clock),
            pending: BTreeMap::new(),
            next: 1,
            acknowledged: Acknowledged::default(),
            refusal: None,
        })
    }

    /// Gives a message to librdkafka. False when its queue is full.
    fn send(&self, number: usize, message: &Message) -> Result<bool, PublishError> {
        let mut headers = OwnedHeaders::new();
        for (name, value) in message.headers("ce_", false) {
            headers = headers.insert(Header { key: &name, value: Some(&value) });
        }
        let topic = if message.is_control() { &self.names.control } else { &self.names.changes };
        let body: &[u8] = &message.body;
        let mut record: BaseRecord<'_, str, [u8], usize> =
            BaseRecord::with_opaque_to(topic, number).payload(body).headers(headers);
        if let Some(loan) = &message.loan {
            record = record.key(loan);
        }
        match self.producer.send(record) {
            Ok(()) => Ok(true),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull | RDKafkaErrorCode::Fatal), _)) => Ok(false),
            Err((error, _)) => Err(self.failed(message, &error)),
        }
    }

    fn take_answers(&mut self, wait: Duration) -> Result<(), PublishError> {
        self.producer.poll(wait);
        for answer in self.producer.context().take() {
            match answer {
                Answer::Stored { number, topic, partition, offset } => {
                    if self.pending.remove(&number).is_some() {
                        self.acknowledged.messages += 1;
                        position::note_offset(&mut self.acknowledged.positions, &topic, partition, offset);
                    }
                }
                Answer::Failed { number, error } => self.give_back(number, &error)?,
            }
        }
        Ok(())
    }

    /// librdkafka gave a message up.
    fn give_back(&mut self, number: usize, error: &KafkaError) -> Result<(), PublishError> {
        let again = self.clock.monotonic() + AGAIN;
        let Some(pending) = self.pending.get_mut(&number) else { return Ok(()) };
        if is_for_good(error) {
            let message = pending.message.clone();
            return Err(self.failed(&message, error));
        }
        pending.again = Some(again);
        self.refusal = Some(error.to_string());
        Ok(())
    }

    fn send_again(&mut self) -> Result<(), PublishError> {
        let now = self.clock.monotonic();
        if self.producer.client().fatal_error().is_some() {
            self.producer = connection::producer(&self.settings, &self.to)?;
            self.pending.values_mut().for_each(|pending| pending.again = Some(now));
        }
        let due = |pending: &Pending| pending.again.is_some_and(|again| again <= now);
        let numbers: Vec<usize> = self.pending.iter().filter(|(_, p)| due(p)).map(|(number, _)| *number).collect();
        for number in numbers {
            let Some(message) = self.pending.get(&number).map(|pending| pending.message.clone()) else { continue };
            if !self.send(number, &message)? {
                return Ok(());
            }
            self.acknowledged.repeated += 1;
            if let Some(pending) = self.pending.get_mut(&number) {
                pending.again = None;
            }
        }
        Ok(())
    }

    fn failed(&self, message: &Message, error: &KafkaError) -> PublishError {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
            return PublishError::TooLarge { id: message.id.clone(), size: message.body.len(), limit: LARGEST };
        }
        PublishError::Refused { to: self.to.clone(), detail: error.to_string() }
    }
}

impl Publisher for KafkaPublisher {
    fn publish(&mut self, message: Message) -> Result<(), PublishError> {
        self.take_answers(Duration::ZERO)?;
        let number = self.next;
        self.next += 1;
        let again = if self.send(number, &message)? { None } else { Some(self.clock.monotonic()) };
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
        LARGEST
    }

    fn last_answer(&self) -> Option<String> {
        let complaint = self.producer.context().complaint().map(|(_, reason)| reason);
        complaint.or_else(|| self.refusal.clone())
    }
}

/// Whether sending the same again cannot help.
fn is_for_good(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    let never = [Code::MessageSizeTooLarge, Code::TopicAuthorizationFailed, Code::ClusterAuthorizationFailed];
    error.rdkafka_error_code().is_some_and(|code| never.contains(&code))
}

#[cfg(test)]
mod tests;
