//! What the streaming client gives: records, ends, errors.

use continuity_base::Stop;
use continuity_events::record::{Divergence, SourcePosition};
use rdkafka::Offset;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};

use super::super::context::is_about_groups;
use super::super::known::{Part, identity};
use super::super::message::{mark, published_at, raw};
use super::{Connection, STEP, STEPS};
use crate::source::{Batch, Message};
use crate::{Diverged, SourceError};

/// A record, and what is noted of it.
pub(super) struct Received {
    message: Message,
    topic: String,
    partition: i32,
    offset: i64,
    mark: u64,
    published_at: Option<i64>,
    key: Option<Vec<u8>>,
}

impl Connection {
    pub(super) fn received(&self, record: &BorrowedMessage<'_>) -> Received {
        let (topic, partition, offset) = (record.topic().to_owned(), record.partition(), record.offset());
        let mark = mark(record);
        let position = SourcePosition::Topic { topic: topic.clone(), partition, offset, mark };
        Received {
            message: Message { raw: raw(record, self.options.max_message_bytes), position },
            topic,
            partition,
            offset,
            mark,
            published_at: published_at(record),
            key: record.key().map(<[u8]>::to_vec),
        }
    }

    pub(super) fn took(&mut self, received: Received) -> Result<Message, SourceError> {
        self.begun = true;
        let Received { message, topic, partition, offset, mark, published_at, key } = received;
        let number = self.options.topics.iter().position(|known| *known == topic).unwrap_or_default() as u64;
        if let Some(key) = key
            && self.keys.saw(number, partition, &key)
        {
            self.keys.tell(&topic, &key, &*self.options.clock);
        }
        let name = &self.name;
        match self.parts.get(&topic, partition) {
            Some(reading) if offset < reading.next => Err(rewound(name, &reading.part, reading.next, offset)),
            Some(reading) => {
                reading.took(offset, mark);
                self.parts.newest = self.parts.newest.max(published_at);
                Ok(message)
            }
            None => Err(self.failed(format!("a record of {topic}/{partition} came, which is not read"))),
        }
    }

    /// Waits until the brokers have shown that they still hold what was read; whether that takes longer.
    pub(super) fn wait_for_a_look(&mut self, batch: &mut Batch, stop: &Stop) -> Result<bool, SourceError> {
        for _ in 0..STEPS {
            if !batch.messages.is_empty() || stop.is_stopped() {
                return Ok(true);
            }
            std::thread::sleep(STEP);
            self.take_report(batch)?;
            if self.hold.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the streaming client says instead of a record.
    pub(super) fn heard(&mut self, error: &KafkaError) -> Result<(), SourceError> {
        let code = error.rdkafka_error_code();
        if matches!(error, KafkaError::PartitionEOF(_)) {
            (self.begun, self.ended) = (true, true);
            return Ok(());
        }
        if is_about_groups(code) {
            return Ok(());
        }
        match code {
            // Resuming looks at everything and says what it is.
            Some(
                RDKafkaErrorCode::AutoOffsetReset
                | RDKafkaErrorCode::LogTruncation
                | RDKafkaErrorCode::OffsetOutOfRange
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::AllBrokersDown,
            ) => Err(self.lost(error)),
            Some(
                RDKafkaErrorCode::BadMessage
                | RDKafkaErrorCode::BadCompression
                | RDKafkaErrorCode::NotImplemented
                | RDKafkaErrorCode::UnsupportedFeature
                | RDKafkaErrorCode::UnsupportedCompressionType
                | RDKafkaErrorCode::InvalidMessage,
            ) => {
                let detail = format!("records cannot be decoded: {}; nothing was left out", self.said(error));
                Err(SourceError::Refused { source_name: self.name.clone(), detail })
            }
            _ if matches!(error, KafkaError::MessageConsumptionFatal(_)) => Err(self.lost(error)),
            _ => {
                tracing::debug!(%error, "looking at the brokers before anything more is taken");
                self.hold = Some(self.prober.look_now());
                Ok(())
            }
        }
    }

    /// Positions behind transaction markers and aborted records, where a partition's end was reached.
    pub(super) fn pass_markers(&mut self, batch: &mut Batch) -> Result<(), SourceError> {
        // A message that waits was taken from the client and not handed over: nothing may be passed before it is.
        if self.pending.is_none() && self.ended {
            self.ended = false;
            let positions = self.consumer.position().map_err(|error| self.lost(&error))?;
            let reached = positions.elements().into_iter().filter_map(|element| match element.offset() {
                Offset::Offset(next) => Some((element.topic().to_owned(), element.partition(), next)),
                _ => None,
            });
            let passed = self.parts.passed(reached.collect::<Vec<_>>().into_iter());
            batch.passed.extend(passed);
        }
        // What messages went beyond meanwhile is no news.
        batch.passed.retain(|position| self.parts.is_at(position));
        Ok(())
    }

    pub(super) fn tell_prober(&mut self) {
        let moved = self.parts.moved();
        if !moved.is_empty() {
            self.prober.handed_over(moved.iter().map(|(part, progress)| (part, *progress)));
        }
    }

    pub(super) fn said(&self, error: &KafkaError) -> String {
        self.context.trouble().map_or_else(|| error.to_string(), |heard| format!("{error}; {heard}"))
    }

    pub(super) fn lost(&self, error: &KafkaError) -> SourceError {
        self.failed(self.said(error))
    }

    pub(super) fn failed(&self, detail: String) -> SourceError {
        let source_name = self.name.clone();
        if self.context.is_refused() {
            SourceError::Refused { source_name, detail }
        } else {
            SourceError::Disconnected { source_name, detail }
        }
    }
}

fn rewound(name: &str, part: &Part, next: i64, offset: i64) -> SourceError {
    let found = Diverged {
        cause: Divergence::Rewound,
        partition: part.name(),
        point: format!("offset {}", next - 1),
        detail: format!("offset {offset} came again"),
        present: vec![identity(part, None, None)],
    };
    SourceError::Diverged { source_name: name.to_owned(), found: Box::new(found) }
}
