//! Brokers as sources.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use continuity_base::Clock;
use continuity_ingest::{NatsAuth, NatsOptions, NatsSecret, NatsSource, NatsTls, Source, StreamFilter};

use crate::config::{Config, Nats, given};

/// A NATS source on `servers`; nothing is connected yet.
pub(super) fn nats(servers: Vec<String>, tls: bool, config: &Config, clock: &Arc<dyn Clock>) -> Box<dyn Source> {
    Box::new(NatsSource::new(nats_options(servers, tls, config, clock)))
}

/// How `servers` are reached, and what is read there.
pub(super) fn nats_options(servers: Vec<String>, tls: bool, config: &Config, clock: &Arc<dyn Clock>) -> NatsOptions {
    NatsOptions {
        probe_every: Duration::from_secs(config.source.probe_seconds),
        max_message_bytes: config.ingest.max_snapshot_bytes,
        ..nats_access(servers, tls, &config.source.nats, clock)
    }
}

/// How `servers` are reached, and as whom.
pub(super) fn nats_access(servers: Vec<String>, tls: bool, nats: &Nats, clock: &Arc<dyn Clock>) -> NatsOptions {
    let subjects = || nats.subjects.clone();
    let streams = nats.streams.iter().map(|stream| StreamFilter { stream: stream.clone(), subjects: subjects() });
    NatsOptions {
        auth: nats_auth(nats),
        tls: NatsTls {
            // Whoever names an authority or a certificate of his own means TLS: no password goes out without it.
            required: tls || given(&nats.ca).is_some() || given(&nats.certificate).is_some(),
            ca: given(&nats.ca),
            certificate: given(&nats.certificate),
            key: given(&nats.key),
        },
        domain: Some(nats.domain.clone()).filter(|domain| !domain.is_empty()),
        clock: Arc::clone(clock),
        ..NatsOptions::new(servers, streams.collect())
    }
}

fn nats_auth(nats: &Nats) -> NatsAuth {
    let secret = |secret: &crate::config::Secret| NatsSecret::new(secret.reveal());
    if let Some(file) = given(&nats.credentials_file) {
        NatsAuth::Credentials(file)
    } else if let Some(file) = given(&nats.nkey_file) {
        NatsAuth::Nkey(file)
    } else if !nats.user.is_empty() {
        NatsAuth::User { user: nats.user.clone(), password: secret(&nats.password) }
    } else if !nats.token.is_empty() {
        NatsAuth::Token(secret(&nats.token))
    } else {
        NatsAuth::None
    }
}

/// A Kafka source on `brokers`; nothing is connected yet.
#[cfg(feature = "kafka")]
#[expect(clippy::unnecessary_wraps, reason = "a build without Kafka refuses it")]
pub(super) fn kafka(brokers: Vec<String>, config: &Config, clock: &Arc<dyn Clock>) -> Result<Box<dyn Source>> {
    use continuity_ingest::kafka::{KafkaOptions, KafkaSource};
    let kafka = &config.source.kafka;
    let options = KafkaOptions {
        security: kafka_security(kafka),
        commit_group: Some(kafka.commit_group.clone()).filter(|group| !group.is_empty()),
        allow_compaction: kafka.allow_compaction,
        probe_every: Duration::from_secs(config.source.probe_seconds),
        max_message_bytes: config.ingest.max_snapshot_bytes,
        ..KafkaOptions::new(brokers, kafka.topics.clone(), Arc::clone(clock))
    };
    Ok(Box::new(KafkaSource::new(options)))
}

/// What librdkafka needs to reach `brokers`.
#[cfg(feature = "kafka")]
pub(super) fn kafka_access(brokers: &[String], kafka: &crate::config::Kafka) -> Result<Vec<(String, String)>> {
    continuity_ingest::kafka::connection(brokers, &kafka_security(kafka)).map_err(anyhow::Error::msg)
}

#[cfg(feature = "kafka")]
fn kafka_security(kafka: &crate::config::Kafka) -> continuity_ingest::kafka::Security {
    use continuity_ingest::kafka::{Sasl, Security, Tls};

    use crate::config::Security as Configured;
    let tls = Tls {
        ca_file: given(&kafka.ca),
        certificate_file: given(&kafka.certificate),
        key_file: given(&kafka.key),
        key_password: kafka.key_password.given(),
    };
    let (user, password) = (kafka.user.clone(), kafka.password.reveal().to_owned());
    let sasl = match kafka.sasl_mechanism.as_str() {
        "PLAIN" => Sasl::Plain { user, password },
        "SCRAM-SHA-256" => Sasl::ScramSha256 { user, password },
        "OAUTHBEARER" => Sasl::OAuthBearer { token_file: kafka.token_file.clone() },
        _ => Sasl::ScramSha512 { user, password },
    };
    match kafka.security {
        Configured::Plaintext => Security::Plaintext,
        Configured::Tls => Security::Tls(tls),
        Configured::SaslPlaintext => Security::SaslPlaintext(sasl),
        Configured::SaslTls => Security::SaslTls(tls, sasl),
    }
}

/// This build cannot follow Kafka.
#[cfg(not(feature = "kafka"))]
pub(super) fn kafka(_: Vec<String>, _: &Config, _: &Arc<dyn Clock>) -> Result<Box<dyn Source>> {
    Err(anyhow::Error::msg(super::NO_KAFKA))
}
