//! The sections about what replicas tell each other.

use std::path::PathBuf;

use serde::Deserialize;

use super::source::Security;
use super::{Kafka, Nats, Secret};

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlStream {
    pub(crate) url: String,
    pub(crate) replica: String,
    pub(crate) copies: u8,
    pub(crate) reconnect_most_seconds: u64,
    pub(crate) nats: ControlNats,
    pub(crate) kafka: ControlKafka,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlNats {
    pub(crate) stream: String,
    pub(crate) subject: String,
    domain: String,
    credentials_file: PathBuf,
    nkey_file: PathBuf,
    user: String,
    password: Secret,
    token: Secret,
    ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlKafka {
    pub(crate) topic: String,
    security: Security,
    sasl_mechanism: String,
    user: String,
    password: Secret,
    ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    key_password: Secret,
}

impl ControlStream {
    /// Whether there are other replicas.
    pub(crate) fn is_on(&self) -> bool {
        !self.url.is_empty()
    }
}

impl ControlNats {
    /// The same access, in the words of a source.
    pub(crate) fn access(&self) -> Nats {
        Nats {
            streams: vec![self.stream.clone()],
            subjects: Vec::new(),
            domain: self.domain.clone(),
            credentials_file: self.credentials_file.clone(),
            nkey_file: self.nkey_file.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
            token: self.token.clone(),
            ca: self.ca.clone(),
            certificate: self.certificate.clone(),
            key: self.key.clone(),
        }
    }
}

impl ControlKafka {
    /// The same access, in the words of a source.
    pub(crate) fn access(&self) -> Kafka {
        Kafka {
            topics: vec![self.topic.clone()],
            security: self.security,
            sasl_mechanism: self.sasl_mechanism.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
            token_file: PathBuf::new(),
            ca: self.ca.clone(),
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            key_password: self.key_password.clone(),
            commit_group: String::new(),
            allow_compaction: false,
        }
    }
}
