//! What the process was started with.

use serde_json::{Value, json};

use crate::config::Config;

/// What can be shown of the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct InForce {
    schedules: Value,
    keys: Value,
}

impl InForce {
    /// `keys`: each with its value and where that comes from, without secrets; `null` where no configuration was read.
    pub(crate) fn new(config: &Config, keys: Value) -> Self {
        Self { schedules: schedules(config), keys }
    }

    /// What is done when, and every key.
    pub(super) fn told(&self) -> Value {
        json!({ "schedules": self.schedules, "keys": self.keys })
    }
}

/// What this replica does by itself, and when.
fn schedules(config: &Config) -> Value {
    let read = crate::sources::schedule(&config.source.schedule).map(|schedule| schedule.describe());
    json!({
        "source": read.unwrap_or_default(),
        "blobWindows": config.blobs.windows,
        "utcOffset": config.source.schedule.utc_offset,
        "scrubDays": config.blobs.scrub_days,
        "unreferencedDays": config.blobs.unreferenced_days,
        "keyRotationDays": config.auth.key_rotation_days,
        "keyPublishedHours": config.auth.key_published_hours,
        "readsSeconds": config.audit.period_seconds,
        "webhookGiveUpSeconds": config.webhooks.give_up_seconds,
    })
}
