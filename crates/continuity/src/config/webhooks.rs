//! The section about webhooks.

use std::path::PathBuf;

use serde::Deserialize;

use super::Secret;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhooks {
    pub(crate) allowed_targets: Vec<String>,
    pub(crate) allow_http: bool,
    pub(crate) ca: PathBuf,
    pub(crate) timeout_seconds: u64,
    pub(crate) retry_first_seconds: u64,
    pub(crate) retry_most_seconds: u64,
    pub(crate) give_up_seconds: u64,
    pub(crate) give_up_refused_seconds: u64,
    pub(crate) stalled_after_seconds: u64,
    pub(crate) subscriptions: Vec<WebhookSubscription>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookSubscription {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) events: Vec<String>,
    #[serde(default)]
    pub(crate) secret: Secret,
    #[serde(default)]
    pub(crate) secret_file: PathBuf,
    #[serde(default)]
    pub(crate) previous_secret: Secret,
    #[serde(default)]
    pub(crate) previous_secret_file: PathBuf,
}
