//! Webhooks: from the configuration to the service that sends them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use continuity_api::{WebhookHealth, WebhookProbe};
use continuity_base::Clock;
use continuity_webhooks::{
    Health, Kind, Retry, SigningKey, Subscription, Targets, WebhookOptions, WebhookPlaces, Webhooks,
};

use parking_lot::Mutex;

use crate::config::{Config, Secret, WebhookSubscription, given};
use crate::core::Core;

/// The service over the core's log and read models. It does nothing yet.
pub(crate) fn open(core: &Core, config: &Config) -> Result<Webhooks> {
    let settings = &config.webhooks;
    let places = WebhookPlaces {
        log: core.log.clone(),
        ledger: core.reader.clone(),
        engine: core.handle.clone(),
        sync: core.sync.clone(),
        clock: Arc::clone(&core.clock),
    };
    let options = WebhookOptions {
        subscriptions: subscriptions(settings).map_err(anyhow::Error::msg)?,
        targets: targets(settings).map_err(anyhow::Error::msg)?,
        ca: given(&settings.ca),
        limit: Duration::from_secs(settings.timeout_seconds),
        retry: Retry {
            first: Duration::from_secs(settings.retry_first_seconds),
            most: Duration::from_secs(settings.retry_most_seconds),
            give_up: Duration::from_secs(settings.give_up_seconds),
            give_up_refused: Duration::from_secs(settings.give_up_refused_seconds),
        },
        stalled_after: Duration::from_secs(settings.stalled_after_seconds),
        ..WebhookOptions::new(core.dir.webhooks().join("state.redb"))
    };
    Webhooks::new(options, places).context("cannot open the webhooks")
}

/// For how long an answer about their health holds: it is read from the disk, and anybody may ask.
const HEALTH_KEPT: Duration = Duration::from_secs(1);

/// How they are, for the API.
pub(crate) fn probe(webhooks: Webhooks, clock: Arc<dyn Clock>) -> WebhookProbe {
    let seen: Mutex<Option<(Duration, Option<WebhookHealth>)>> = Mutex::new(None);
    Arc::new(move || {
        let mut seen = seen.lock();
        if let Some((at, health)) = &*seen
            && clock.monotonic().saturating_sub(*at) < HEALTH_KEPT
        {
            return *health;
        }
        // The workers meet the same trouble, and say so.
        let health = webhooks.health().ok().map(|health| {
            let Health { well, subscriptions, backlog, dead_letters, oldest_waiting } = health;
            WebhookHealth { well, subscriptions, backlog, dead_letters, oldest_waiting }
        });
        *seen = Some((clock.monotonic(), health));
        health
    })
}

/// Where messages may go.
pub(crate) fn targets(settings: &crate::config::Webhooks) -> Result<Targets, String> {
    Targets::parse(&settings.allowed_targets, settings.allow_http)
        .map_err(|cause| format!("webhooks.allowed_targets: {cause}"))
}

/// Who is told, with the secrets read.
pub(crate) fn subscriptions(settings: &crate::config::Webhooks) -> Result<Vec<Subscription>, String> {
    let targets = targets(settings)?;
    settings.subscriptions.iter().map(|each| subscription(each, &targets)).collect()
}

fn subscription(settings: &WebhookSubscription, targets: &Targets) -> Result<Subscription, String> {
    let WebhookSubscription { id, url, events, .. } = settings;
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if id.is_empty() || id.len() > 64 || !id.bytes().all(good) {
        return Err(format!(
            "webhooks.subscriptions has the id {id:?}; it has to be 1 to 64 letters, digits, dots, dashes or underscores"
        ));
    }
    let wrong = |cause: String| format!("webhooks.subscriptions {id}: {cause}");
    targets.check(url).map_err(|cause| wrong(format!("its url {cause}")))?;
    let kinds = events.iter().map(|name| Kind::subscribable(name).ok_or_else(|| wrong(no_event(name))));
    let kinds = kinds.collect::<Result<Vec<_>, _>>()?;
    if kinds.is_empty() {
        return Err(wrong("it names no events".to_owned()));
    }
    let current = key(&settings.secret, &settings.secret_file, "secret").map_err(wrong)?;
    let Some(current) = current else { return Err(wrong("it needs a secret or a secret_file".to_owned())) };
    let previous = key(&settings.previous_secret, &settings.previous_secret_file, "previous_secret").map_err(wrong)?;
    let keys = std::iter::once(current).chain(previous).collect();
    Ok(Subscription { id: id.clone(), url: url.clone(), kinds, keys })
}

fn no_event(name: &str) -> String {
    let names = Kind::ALL.into_iter().map(Kind::name).filter(|name| Kind::subscribable(name).is_some());
    format!("nobody can subscribe to {name:?}; there are {}", names.collect::<Vec<_>>().join(", "))
}

/// The key that is written down, or that is in the file.
fn key(text: &Secret, file: &Path, name: &str) -> Result<Option<SigningKey>, String> {
    let parse = |text: &str, name: &str| SigningKey::parse(text).map(Some).map_err(|cause| format!("{name}: {cause}"));
    match (text.is_empty(), given(file)) {
        (true, None) => Ok(None),
        (false, Some(_)) => Err(format!("{name} and {name}_file are set; one is enough")),
        (false, None) => parse(text.reveal(), name),
        (true, Some(path)) => {
            let read = std::fs::read_to_string(&path);
            let text = read.map_err(|error| format!("{name}_file: cannot read {}: {error}", path.display()))?;
            parse(&text, &format!("{name}_file"))
        }
    }
}
