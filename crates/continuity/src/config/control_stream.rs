//! The section about what replicas tell each other.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Nats, Secret};

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlStream {
    pub(crate) url: String,
    pub(crate) replica: String,
    pub(crate) stream: String,
    pub(crate) subject: String,
    pub(crate) copies: usize,
    pub(crate) reconnect_most_seconds: u64,
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

impl ControlStream {
    /// Whether there are other replicas.
    pub(crate) fn is_on(&self) -> bool {
        !self.url.is_empty()
    }

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
