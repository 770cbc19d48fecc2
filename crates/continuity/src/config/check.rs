//! What the values of a configuration have to be, beyond their types.

mod blobs;
mod control_stream;
mod provider;
mod webhooks;

use continuity_auth::SigningAlgorithm;

use super::source::given;
use super::{Auth, BootstrapUrl, Config, Kafka, Limits, Nats, ObjectStoreUrl, Place, Schedule, Source, SourceUrl};

/// What is wrong with `config`, in words that name the key.
pub(super) fn check(config: &Config) -> Result<(), String> {
    auth(&config.auth)?;
    refuse_if(
        !continuity_auth::is_read_period(config.audit.period_seconds),
        "audit.period_seconds has to be a divisor of 60: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60",
    )?;
    refuse_if(
        ![401, 403].contains(&config.compat.expired_token_status),
        "compat.expired_token_status has to be 401 or 403",
    )?;
    refuse_if(
        !(1_048_576..=4_294_967_296).contains(&config.log.segment_bytes),
        "log.segment_bytes has to be between 1 MiB and 4 GiB",
    )?;
    refuse_if(
        config.ingest.max_event_bytes < 1_024 || config.ingest.max_snapshot_bytes < config.ingest.max_event_bytes,
        "ingest.max_event_bytes has to be at least 1024 and at most ingest.max_snapshot_bytes",
    )?;
    refuse_if(
        config.read_models.cache_bytes < 16 << 20,
        "read_models.cache_bytes has to be at least 16 MiB (16777216)",
    )?;
    limits(&config.limits)?;
    within("changes.heartbeat_seconds", config.changes.heartbeat_seconds, 1, 300)?;
    within("changes.streams", config.changes.streams as u64, 1, 2_048)?;
    within("changes.streams_per_client", config.changes.streams_per_client as u64, 1, config.changes.streams as u64)?;
    source(&config.source)?;
    bootstrap(config)?;
    blobs::check(config)?;
    webhooks::check(&config.webhooks)
}

fn auth(auth: &Auth) -> Result<(), String> {
    within("auth.token_seconds", u64::from(auth.token_seconds), 60, 86_400)?;
    refuse_if(
        SigningAlgorithm::parse(&auth.signing_algorithm).is_none(),
        "auth.signing_algorithm has to be RS256, PS256, ES256 or EdDSA",
    )?;
    within("auth.key_rotation_days", auth.key_rotation_days, 0, 3_650)?;
    within("auth.key_published_hours", auth.key_published_hours, 0, 720)?;
    within("auth.session_minutes", auth.session_minutes, 5, 43_200)?;
    within("auth.session_idle_minutes", auth.session_idle_minutes, 1, auth.session_minutes)?;
    let rotation = auth.rotation();
    refuse_if(
        rotation.every.is_some_and(|every| every < rotation.published_for),
        "auth.key_published_hours has to be less than auth.key_rotation_days",
    )?;
    provider::check(auth)?;
    control_stream::check(auth)
}

fn limits(limits: &Limits) -> Result<(), String> {
    let most = 1_000_000;
    within("limits.client_requests_per_second", limits.client_requests_per_second, 0, most)?;
    within("limits.client_burst", limits.client_burst, 1, most)?;
    within("limits.failed_authentications_per_minute", limits.failed_authentications_per_minute, 0, most)?;
    within("limits.failed_authentications_burst", limits.failed_authentications_burst, 1, most)?;
    within("limits.requests", limits.requests as u64, 1, most)?;
    within("limits.requests_per_client", limits.requests_per_client as u64, 1, limits.requests as u64)?;
    within("limits.queued", limits.queued as u64, 0, most)?;
    within("limits.queue_seconds", limits.queue_seconds, 1, 60)?;
    within("limits.reply_bytes", limits.reply_bytes as u64, 1 << 20, u64::MAX)?;
    within("limits.connections", limits.connections as u64, 1, most)?;
    let connections = limits.connections as u64;
    within("limits.connections_per_address", limits.connections_per_address as u64, 1, connections)?;
    within("limits.open_requests", limits.open_requests as u64, limits.requests as u64, most)?;
    within("limits.first_request_seconds", limits.first_request_seconds, 1, 3_600)?;
    within("limits.idle_seconds", limits.idle_seconds, 1, 3_600)?;
    within("limits.write_seconds", limits.write_seconds, 1, 3_600)
}

fn source(source: &Source) -> Result<(), String> {
    let url = SourceUrl::parse(&source.url, "source.url")?;
    within("source.probe_seconds", source.probe_seconds, 1, 3_600)?;
    within("source.reconnect_most_seconds", source.reconnect_most_seconds, 1, 3_600)?;
    within("source.stale_after_seconds", source.stale_after_seconds, source.probe_seconds, 86_400)?;
    if source.heartbeat_after_seconds != 0 {
        within("source.heartbeat_after_seconds", source.heartbeat_after_seconds, 1, 86_400)?;
    }
    schedule(&source.schedule)?;
    match url {
        SourceUrl::File(_) => Ok(()),
        SourceUrl::Nats { .. } => nats(&source.nats),
        SourceUrl::Kafka { .. } => kafka(&source.kafka),
    }
}

fn schedule(schedule: &Schedule) -> Result<(), String> {
    if schedule.interval_seconds != 0 {
        within("source.schedule.interval_seconds", schedule.interval_seconds, 1, 7 * 86_400)?;
    }
    if schedule.max_bytes_per_second != 0 {
        within("source.schedule.max_bytes_per_second", schedule.max_bytes_per_second, 1_024, u64::MAX)?;
    }
    crate::sources::schedule(schedule).map(drop)
}

fn nats(nats: &Nats) -> Result<(), String> {
    distinct("source.nats.subjects", &nats.subjects)?;
    refuse_if(
        nats.subjects.iter().any(|subject| !is_subject(subject)),
        "source.nats.subjects has a subject with an empty part or a space",
    )?;
    names("source.nats.streams", &nats.streams, is_stream)?;
    nats_access("source.nats", nats)
}

fn is_stream(name: &str) -> bool {
    !name.contains(['.', '*', '>', '/', '\\', ' '])
}

fn is_subject(subject: &str) -> bool {
    !subject.split('.').any(str::is_empty) && !subject.contains(' ')
}

/// How a server is reached, in whatever section.
fn nats_access(section: &str, nats: &Nats) -> Result<(), String> {
    let ways = [
        !nats.credentials_file.as_os_str().is_empty(),
        !nats.nkey_file.as_os_str().is_empty(),
        !nats.user.is_empty() || !nats.password.is_empty(),
        !nats.token.is_empty(),
    ];
    let several = "has more than one of credentials_file, nkey_file, user and password, token; one is enough";
    refuse_if(ways.into_iter().filter(|way| *way).count() > 1, &format!("{section} {several}"))?;
    let no_user = nats.user.is_empty() && !nats.password.is_empty();
    refuse_if(no_user, &format!("{section}.password is set, but no user"))?;
    files(section, &[("credentials_file", &nats.credentials_file), ("nkey_file", &nats.nkey_file)])?;
    tls(section, &nats.ca, &nats.certificate, &nats.key)
}

fn kafka(kafka: &Kafka) -> Result<(), String> {
    refuse_if(!cfg!(feature = "kafka"), crate::sources::NO_KAFKA)?;
    names("source.kafka.topics", &kafka.topics, is_topic)?;
    kafka_access("source.kafka", kafka)
}

fn is_topic(name: &str) -> bool {
    name.len() <= 249 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// How brokers are reached, in whatever section.
fn kafka_access(section: &str, kafka: &Kafka) -> Result<(), String> {
    let named = !kafka.user.is_empty() || !kafka.password.is_empty() || !kafka.token_file.as_os_str().is_empty();
    refuse_if(
        !kafka.security.is_sasl() && named,
        &format!(
            "{section} has a user, password or token_file, but {section}.security is not sasl-plaintext or sasl-tls"
        ),
    )?;
    if kafka.security.is_sasl() {
        match kafka.sasl_mechanism.as_str() {
            "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" => refuse_if(
                kafka.user.is_empty() || kafka.password.is_empty(),
                &format!("{section}.user and {section}.password are needed for this sasl_mechanism"),
            )?,
            "OAUTHBEARER" => refuse_if(
                kafka.token_file.as_os_str().is_empty(),
                &format!("{section}.token_file is needed for the sasl_mechanism OAUTHBEARER"),
            )?,
            other => {
                return Err(format!(
                    "{section}.sasl_mechanism is {other:?}; there are PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER"
                ));
            }
        }
    }
    refuse_if(
        !kafka.security.is_tls() && (given(&kafka.ca).is_some() || given(&kafka.certificate).is_some()),
        &format!("{section} has TLS files, but {section}.security is not tls or sasl-tls"),
    )?;
    files(section, &[("token_file", &kafka.token_file)])?;
    tls(section, &kafka.ca, &kafka.certificate, &kafka.key)
}

fn bootstrap(config: &Config) -> Result<(), String> {
    let bootstrap = &config.bootstrap;
    if bootstrap.url.is_empty() {
        return Ok(());
    }
    match BootstrapUrl::parse(&bootstrap.url, "bootstrap.url")? {
        BootstrapUrl::File(path) => refuse_if(
            SourceUrl::parse(&config.source.url, "source.url")? == SourceUrl::File(path),
            "bootstrap.url and source.url name the same files; a feed that begins with snapshots needs no bootstrap",
        ),
        BootstrapUrl::S3(url) => object_store("bootstrap", bootstrap, &url),
    }
}

/// A place in an object store.
fn object_store(section: &str, place: &Place, url: &ObjectStoreUrl) -> Result<(), String> {
    refuse_if(!cfg!(feature = "object-store"), crate::sources::NO_OBJECT_STORE)?;
    refuse_if(
        !place.allow_http && url.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://")),
        &format!("{section}.url has an endpoint without TLS; {section}.allow_http = true permits it"),
    )?;
    refuse_if(
        place.access_key_id.is_empty() != place.secret_access_key.is_empty(),
        &format!("{section}.access_key_id and {section}.secret_access_key go together"),
    )?;
    files(section, &[("ca", &place.ca)])
}

fn refuse_if(wrong: bool, text: &str) -> Result<(), String> {
    if wrong { Err(text.to_owned()) } else { Ok(()) }
}

fn within(key: &str, value: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(format!("{key} has to be between {least} and {most}"))
}

/// A list of at least one name, each good and none twice.
fn names(key: &str, list: &[String], good: impl Fn(&str) -> bool) -> Result<(), String> {
    refuse_if(list.is_empty(), &format!("{key} is empty: nothing would be read"))?;
    if let Some(name) = list.iter().find(|name| name.is_empty() || !good(name)) {
        return Err(format!("{key} has {name:?}, which cannot be such a name"));
    }
    distinct(key, list)
}

fn distinct(key: &str, list: &[String]) -> Result<(), String> {
    match list.iter().enumerate().find(|(at, name)| list[..*at].contains(name)) {
        Some((_, name)) => Err(format!("{key} has {name:?} twice")),
        None => Ok(()),
    }
}

fn tls(
    section: &str,
    ca: &std::path::Path,
    certificate: &std::path::Path,
    key: &std::path::Path,
) -> Result<(), String> {
    refuse_if(
        given(certificate).is_some() != given(key).is_some(),
        &format!("{section}.certificate and {section}.key go together"),
    )?;
    files(section, &[("ca", ca), ("certificate", certificate), ("key", key)])
}

/// Those that are set can be read.
fn files(section: &str, files: &[(&str, &std::path::Path)]) -> Result<(), String> {
    for (name, path) in files {
        if let Some(path) = given(path) {
            std::fs::File::open(&path).map_err(|e| format!("{section}.{name}: cannot read {}: {e}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
