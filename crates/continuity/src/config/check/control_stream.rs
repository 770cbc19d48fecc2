//! What the sections about other replicas have to be.

use super::{is_stream, is_subject, is_topic, kafka_access, nats_access, refuse_if, within};
use crate::config::{Auth, ControlKafka, ControlNats, SourceUrl, given};

pub(super) fn check(auth: &Auth) -> Result<(), String> {
    let stream = &auth.control_stream;
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    refuse_if(
        stream.replica.len() > 64 || !stream.replica.bytes().all(good),
        "auth.control_stream.replica has to be 1 to 64 letters, digits and - . _, or empty",
    )?;
    if !stream.is_on() {
        return Ok(());
    }
    refuse_if(
        given(&auth.fleet_key_file).is_none(),
        "auth.control_stream needs auth.fleet_key_file: a key that all replicas are given, and that none makes for itself",
    )?;
    refuse_if(![1, 3, 5].contains(&stream.copies), "auth.control_stream.copies has to be 1, 3 or 5")?;
    within("auth.control_stream.reconnect_most_seconds", stream.reconnect_most_seconds, 1, 3_600)?;
    match SourceUrl::parse(&stream.url, "auth.control_stream.url")? {
        SourceUrl::Nats { .. } => nats(&stream.nats),
        SourceUrl::Kafka { .. } => kafka(&stream.kafka),
        SourceUrl::File(_) => Err("auth.control_stream.url has to be nats://, tls:// or kafka://".to_owned()),
    }
}

fn nats(nats: &ControlNats) -> Result<(), String> {
    refuse_if(
        nats.stream.is_empty() || !is_stream(&nats.stream),
        &format!("auth.control_stream.nats.stream is {:?}, which cannot be such a name", nats.stream),
    )?;
    refuse_if(
        !is_subject(&nats.subject) || nats.subject.contains(['*', '>']),
        "auth.control_stream.nats.subject has to be one subject, without wildcards",
    )?;
    nats_access("auth.control_stream.nats", &nats.access())
}

fn kafka(kafka: &ControlKafka) -> Result<(), String> {
    refuse_if(!cfg!(feature = "kafka"), crate::sources::NO_KAFKA)?;
    refuse_if(
        kafka.topic.is_empty() || !is_topic(&kafka.topic),
        &format!("auth.control_stream.kafka.topic is {:?}, which cannot be such a name", kafka.topic),
    )?;
    let access = kafka.access();
    refuse_if(
        access.security.is_sasl() && access.sasl_mechanism == "OAUTHBEARER",
        "auth.control_stream.kafka.sasl_mechanism has to be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
    )?;
    kafka_access("auth.control_stream.kafka", &access)
}
