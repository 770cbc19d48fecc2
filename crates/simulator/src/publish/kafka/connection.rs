//! librdkafka's producer: its settings, its topics, and what the broker answers.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use continuity_base::Stop;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext};

use super::{PublishError, PublishOptions, Servers, Target};

/// One request for metadata at the beginning.
const REQUEST: Duration = Duration::from_secs(2);
/// Between two attempts at the beginning.
const ATTEMPT: Duration = Duration::from_millis(200);

/// What the broker says to a message.
pub(super) enum Answer {
    Stored { number: usize, topic: String, partition: i32, offset: i64 },
    Failed { number: usize, error: KafkaError },
}

/// Collects answers, and the last complaint about the connection.
#[derive(Default)]
pub(super) struct Answers {
    answers: Mutex<Vec<Answer>>,
    complaint: Mutex<Option<(KafkaError, String)>>,
}

impl Answers {
    /// The answers so far.
    pub(super) fn take(&self) -> Vec<Answer> {
        std::mem::take(&mut *self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was said of the connection last.
    pub(super) fn complaint(&self) -> Option<(KafkaError, String)> {
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Answers {
    fn error(&self, error: KafkaError, reason: &str) {
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some((error, reason.to_owned()));
    }
}

impl ProducerContext for Answers {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let answer = match result {
            Ok(message) => Answer::Stored {
                number,
                topic: message.topic().to_owned(),
                partition: message.partition(),
                offset: message.offset(),
            },
            Err((error, _)) => Answer::Failed { number, error: error.clone() },
        };
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
    }
}

/// What librdkafka is told.
pub(super) fn settings(servers: &Servers, options: &PublishOptions) -> ClientConfig {
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", servers.addresses.join(","))
        .set("client.id", "continuity-simulator")
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.timeout.ms", "0") // For ever: nothing that was made is given up.
        .set("linger.ms", "5")
        // As Java's clients do, so that a loan's partition does not depend on who produces.
        .set("partitioner", "murmur2_random")
        .set("message.max.bytes", "67108864")
        .set("queue.buffering.max.messages", (options.in_flight.max(1) * 2).to_string())
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        .set("retry.backoff.ms", "50")
        .set("request.timeout.ms", "10000")
        .set("socket.timeout.ms", "10000");
    if let Some((user, password)) = &servers.user {
        let mechanism = options.access.sasl_mechanism.as_deref().unwrap_or("PLAIN");
        settings.set("sasl.mechanism", mechanism).set("sasl.username", user).set("sasl.password", password);
    }
    if let Some(ca) = &options.access.ca {
        settings.set("ssl.ca.location", ca.display().to_string());
    }
    let protocol = match (servers.user.is_some(), options.access.ca.is_some()) {
        (false, false) => "plaintext",
        (false, true) => "ssl",
        (true, false) => "sasl_plaintext",
        (true, true) => "sasl_ssl",
    };
    settings.set("security.protocol", protocol);
    settings
}

/// A producer; it connects by itself.
pub(super) fn producer(settings: &ClientConfig, to: &impl ToString) -> Result<BaseProducer<Answers>, PublishError> {
    BaseProducer::from_config_and_context(settings, Answers::default())
        .map_err(|error| PublishError::Refused { to: to.to_string(), detail: error.to_string() })
}

/// Waits until the broker tells of both topics; creates what is missing when asked to.
pub(super) fn topics(
    settings: &ClientConfig,
    producer: &BaseProducer<Answers>,
    to: &Target,
    options: &PublishOptions,
    stop: &Stop,
) -> Result<(), PublishError> {
    let until = options.clock.monotonic() + options.connect_timeout;
    let refused = |detail: String| PublishError::Refused { to: to.to_string(), detail };
    loop {
        producer.poll(Duration::ZERO);
        let detail = match missing(producer, options) {
            Ok(missing) if missing.is_empty() => return Ok(()),
            Ok(missing) if options.create => match create(settings, &missing, options) {
                Ok(()) => "the topics that were created are not there yet".to_owned(),
                Err(error) => error,
            },
            Ok(missing) => {
                return Err(refused(format!("there is no topic {}; create it, or let it be created", missing[0])));
            }
            Err(error) => error.to_string(),
        };
        let complaint = producer.context().complaint();
        if let Some((error, reason)) = &complaint
            && error.rdkafka_error_code().is_some_and(is_about_access)
        {
            return Err(refused(reason.clone()));
        }
        if stop.is_stopped() || options.clock.monotonic() >= until {
            let detail = complaint.map_or(detail, |(_, reason)| reason);
            return Err(PublishError::Unreachable { to: to.to_string(), detail });
        }
        std::thread::sleep(ATTEMPT);
    }
}

fn is_about_access(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(code, Code::Authentication | Code::SaslAuthenticationFailed | Code::SSL | Code::UnsupportedSASLMechanism)
}

fn missing<'a>(producer: &BaseProducer<Answers>, options: &'a PublishOptions) -> Result<Vec<&'a str>, KafkaError> {
    let metadata = producer.client().fetch_metadata(None, REQUEST)?;
    let there = |name: &str| {
        metadata
            .topics()
            .iter()
            .any(|topic| topic.name() == name && topic.error().is_none() && !topic.partitions().is_empty())
    };
    Ok([options.names.changes.as_str(), &options.names.control].into_iter().filter(|name| !there(name)).collect())
}

fn create(settings: &ClientConfig, missing: &[&str], options: &PublishOptions) -> Result<(), String> {
    let said = |error: &dyn ToString| error.to_string();
    let admin: AdminClient<DefaultClientContext> = settings.create().map_err(|e| said(&e))?;
    let topics: Vec<NewTopic<'_>> = missing
        .iter()
        .map(|name| {
            let partitions = if *name == options.names.control { 1 } else { options.partitions.max(1) };
            NewTopic::new(name, partitions, TopicReplication::Fixed(1))
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|e| said(&e))?;
    let asked = AdminOptions::new().operation_timeout(Some(REQUEST)).request_timeout(Some(REQUEST));
    for result in runtime.block_on(admin.create_topics(&topics, &asked)).map_err(|e| said(&e))? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(format!("cannot create the topic {topic}: {code}")),
        }
    }
    Ok(())
}
