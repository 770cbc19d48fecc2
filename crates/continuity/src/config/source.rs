//! The sections about where events come from.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Secret;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) url: String,
    pub(crate) follow: bool,
    pub(crate) blobs_dir: PathBuf,
    pub(crate) probe_seconds: u64,
    pub(crate) stale_after_seconds: u64,
    pub(crate) heartbeat_after_seconds: u64,
    pub(crate) reconnect_most_seconds: u64,
    pub(crate) nats: Nats,
    pub(crate) kafka: Kafka,
    pub(crate) schedule: Schedule,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nats {
    pub(crate) streams: Vec<String>,
    pub(crate) subjects: Vec<String>,
    pub(crate) domain: String,
    pub(crate) credentials_file: PathBuf,
    pub(crate) nkey_file: PathBuf,
    pub(crate) user: String,
    pub(crate) password: Secret,
    pub(crate) token: Secret,
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kafka {
    pub(crate) topics: Vec<String>,
    pub(crate) security: Security,
    pub(crate) sasl_mechanism: String,
    pub(crate) user: String,
    pub(crate) password: Secret,
    pub(crate) token_file: PathBuf,
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) key_password: Secret,
    pub(crate) commit_group: String,
    pub(crate) allow_compaction: bool,
}

/// How the connections to Kafka are secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Security {
    Plaintext,
    Tls,
    SaslPlaintext,
    SaslTls,
}

impl Security {
    /// Whether the connections are encrypted.
    pub(crate) fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::SaslTls)
    }

    /// Whether the client has to say who it is.
    pub(crate) fn is_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslTls)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    pub(crate) interval_seconds: u64,
    pub(crate) windows: Vec<String>,
    pub(crate) utc_offset: String,
    pub(crate) max_bytes_per_second: u64,
}

/// Something at a URL, and who asks for it where that is in an object store.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Secret,
    pub(crate) session_token: Secret,
    pub(crate) region: String,
    pub(crate) allow_http: bool,
    pub(crate) ca: PathBuf,
}

/// The path, where one is set.
pub(crate) fn given(path: &Path) -> Option<PathBuf> {
    (!path.as_os_str().is_empty()).then(|| path.to_owned())
}
