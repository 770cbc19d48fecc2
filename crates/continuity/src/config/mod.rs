//! The configuration: one TOML file, environment overrides, every key documented in `default.toml` beside this file.

mod blobs;
mod check;
mod control_stream;
mod effective;
mod limits;
mod load;
mod provider;
mod secret;
mod source;
mod url;
mod webhooks;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use continuity_api::ChangeOptions;
use continuity_auth::{KeyRotation, SignInPolicy, SigningAlgorithm};
use serde::Deserialize;

pub(crate) use blobs::Blobs;
pub(crate) use control_stream::{ControlKafka, ControlNats, ControlStream};
pub(crate) use limits::Limits;
pub(crate) use load::{Loaded, load, load_told};
pub(crate) use provider::Provider;
pub(crate) use secret::Secret;
#[cfg(feature = "kafka")]
pub(crate) use source::Security;
pub(crate) use source::{Kafka, Nats, Place, Schedule, Source, given};
pub(crate) use url::{BootstrapUrl, ObjectStoreUrl, SourceUrl};
pub(crate) use webhooks::{WebhookSubscription, Webhooks};

/// The annotated default configuration; `continuity config` prints it.
pub(crate) const ANNOTATED_DEFAULT: &str = include_str!("default.toml");

/// What `serve` runs with. Units and bounds stand in `default.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data_dir: PathBuf,
    pub(crate) public_url: String,
    pub(crate) listen: Listen,
    pub(crate) tls: Tls,
    pub(crate) source: Source,
    pub(crate) bootstrap: Place,
    pub(crate) blobs: Blobs,
    pub(crate) webhooks: Webhooks,
    pub(crate) ingest: Ingest,
    pub(crate) log: Log,
    pub(crate) read_models: ReadModels,
    pub(crate) auth: Auth,
    pub(crate) audit: Audit,
    pub(crate) compat: Compat,
    pub(crate) limits: Limits,
    pub(crate) changes: Changes,
    pub(crate) backup: Backup,
    pub(crate) telemetry: Telemetry,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listen {
    pub(crate) api: SocketAddr,
    pub(crate) metrics: SocketAddr,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ingest {
    pub(crate) max_event_bytes: usize,
    pub(crate) max_snapshot_bytes: usize,
    pub(crate) gap_release_seconds: u64,
    pub(crate) held_bytes_per_loan: u64,
    pub(crate) held_bytes: u64,
    pub(crate) quarantined_bytes: u64,
    pub(crate) min_free_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) segment_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadModels {
    pub(crate) cache_bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Backup {
    pub(crate) directory: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    pub(crate) token_seconds: u32,
    pub(crate) fleet_key_file: PathBuf,
    pub(crate) signing_algorithm: String,
    pub(crate) key_rotation_days: u64,
    pub(crate) key_published_hours: u64,
    pub(crate) second_factor_required: bool,
    pub(crate) session_minutes: u64,
    pub(crate) session_idle_minutes: u64,
    pub(crate) control_stream: ControlStream,
    pub(crate) provider: Provider,
}

impl Auth {
    /// How people sign in.
    pub(crate) fn sign_in(&self) -> SignInPolicy {
        SignInPolicy {
            second_factor_required: self.second_factor_required,
            session: Duration::from_mins(self.session_minutes),
            idle: Duration::from_mins(self.session_idle_minutes),
        }
    }

    /// How keys change; the algorithm was checked when the configuration was read.
    pub(crate) fn rotation(&self) -> KeyRotation {
        KeyRotation {
            algorithm: SigningAlgorithm::parse(&self.signing_algorithm).unwrap_or_default(),
            every: (self.key_rotation_days > 0).then(|| Duration::from_hours(24 * self.key_rotation_days)),
            published_for: Duration::from_hours(self.key_published_hours),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audit {
    pub(crate) period_seconds: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Compat {
    pub(crate) unknown_parameters: UnknownParameters,
    pub(crate) password_token_client: String,
    pub(crate) expired_token_status: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UnknownParameters {
    Refuse,
    Ignore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    pub(crate) heartbeat_seconds: u64,
    pub(crate) streams: usize,
    pub(crate) streams_per_client: usize,
}

impl Changes {
    pub(crate) fn options(self) -> ChangeOptions {
        let Self { heartbeat_seconds, streams, streams_per_client } = self;
        ChangeOptions { heartbeat: Duration::from_secs(heartbeat_seconds), streams, streams_per_client }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Telemetry {
    pub(crate) log: String,
    pub(crate) format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Default for Config {
    fn default() -> Self {
        toml::from_str(ANNOTATED_DEFAULT).expect("the annotated default is part of the binary and tested")
    }
}
