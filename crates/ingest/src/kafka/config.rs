//! From the options to librdkafka's properties.

use std::path::Path;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use super::options::{KafkaOptions, Sasl, Security, Tls};

/// The group of a consumer that never joins one: librdkafka assigns partitions only to a consumer with some group.
const NO_GROUP: &str = "continuity";
/// How long a fetch that finds the queue full is put off; librdkafka's second would starve a fast reader.
const FULL_QUEUE_BACKOFF_MS: u32 = 20;
/// Properties that the options or the way of delivery decide, beside all that the configuration sets.
const OWNED: [&str; 22] = [
    "metadata.broker.list",
    "sasl.mechanism",
    "sasl.username",
    "sasl.password",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.method",
    "enable.sasl.oauthbearer.unsecure.jwt",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
    "max.partition.fetch.bytes",
    "auto.commit.enable",
    "auto.commit.interval.ms",
    "group.protocol",
    "group.instance.id",
    "enable.ssl.certificate.verification",
    "ssl.endpoint.identification.algorithm",
    "statistics.interval.ms",
    "log.queue",
    "enabled_events",
    "test.mock.num.brokers",
];

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// To read the partitions.
    Stream,
    /// To look at single records, and where partitions begin and end.
    Look,
}

/// The configuration of a client; an error says which option is wrong, without its value.
pub(super) fn client(options: &KafkaOptions, purpose: Use) -> Result<ClientConfig, String> {
    checked(options)?;
    let mut config = ClientConfig::new();
    config.set_log_level(RDKafkaLogLevel::Info);
    let timeout = options.timeout.as_millis().clamp(1_000, 300_000).to_string();
    let largest = options.max_message_bytes.saturating_mul(2).saturating_add(options.fetch_bytes).max(100 << 20);
    let group = options.commit_group.as_deref().unwrap_or(NO_GROUP);
    for (name, value) in [
        ("bootstrap.servers", options.brokers.join(",").as_str()),
        ("client.id", &options.client_id),
        ("group.id", group),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", "error"),
        ("isolation.level", "read_committed"),
        ("enable.partition.eof", "true"),
        ("check.crcs", "true"),
        ("allow.auto.create.topics", "false"),
        ("enable.metrics.push", "false"),
        ("socket.timeout.ms", &timeout),
        ("socket.connection.setup.timeout.ms", &timeout),
        ("socket.keepalive.enable", "true"),
        ("reconnect.backoff.max.ms", "2000"),
        ("fetch.queue.backoff.ms", &FULL_QUEUE_BACKOFF_MS.to_string()),
        ("receive.message.max.bytes", &largest.min(i32::MAX as usize).to_string()),
    ] {
        config.set(name, value);
    }
    fetches(&mut config, options, purpose);
    security(&mut config, &options.security)?;
    for (name, value) in &options.properties {
        if config.get(name).is_some() || OWNED.contains(&name.as_str()) {
            return Err(format!("the property {name} is decided by other options or by how the source works"));
        }
        config.set(name, value);
    }
    Ok(config)
}

/// What a client of librdkafka needs to connect, for what is no source. It knows no bearer tokens.
pub fn connection(brokers: &[String], by: &Security) -> Result<Vec<(String, String)>, String> {
    if by.mechanism() == Some("OAUTHBEARER") {
        return Err("bearer tokens are for sources only".to_owned());
    }
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers.join(",")).set("client.id", "continuity");
    config.set("reconnect.backoff.max.ms", "2000").set("socket.keepalive.enable", "true");
    security(&mut config, by)?;
    Ok(config.config_map().iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn checked(options: &KafkaOptions) -> Result<(), String> {
    let Some(broker) = options.brokers.first() else { return Err("no broker is configured".to_owned()) };
    if broker.is_empty() || options.topics.is_empty() || options.topics.iter().any(String::is_empty) {
        return Err("a broker and a topic are needed".to_owned());
    }
    if options.topics.iter().any(|topic| options.topics.iter().filter(|other| *other == topic).count() > 1) {
        return Err("a topic is configured twice".to_owned());
    }
    if options.commit_group.as_deref() == Some("") {
        return Err("the group to commit to has no name".to_owned());
    }
    Ok(())
}

/// A look takes little; what is streamed may run ahead up to the bound.
fn fetches(config: &mut ClientConfig, options: &KafkaOptions, purpose: Use) {
    let whole = |bytes: usize| bytes.clamp(1 << 10, 1 << 30);
    let (ahead, fetch, wait) = match purpose {
        Use::Stream => (whole(options.queue_bytes), whole(options.fetch_bytes), "100"),
        Use::Look => (1 << 20, 64 << 10, "10"),
    };
    config.set("queued.max.messages.kbytes", (ahead >> 10).max(1).to_string());
    config.set("queued.min.messages", if purpose == Use::Look { "1" } else { "100000" });
    config.set("message.max.bytes", fetch.min(1_000_000).to_string());
    config.set("fetch.max.bytes", fetch.to_string());
    config.set("fetch.message.max.bytes", fetch.min(4 << 20).to_string());
    config.set("fetch.wait.max.ms", wait);
}

fn security(config: &mut ClientConfig, security: &Security) -> Result<(), String> {
    let (protocol, tls, sasl) = match security {
        Security::Plaintext => ("plaintext", None, None),
        Security::Tls(tls) => ("ssl", Some(tls), None),
        Security::SaslPlaintext(sasl) => ("sasl_plaintext", None, Some(sasl)),
        Security::SaslTls(tls, sasl) => ("sasl_ssl", Some(tls), Some(sasl)),
    };
    config.set("security.protocol", protocol);
    tls.map_or(Ok(()), |tls| certificates(config, tls))?;
    if let Some(sasl) = sasl {
        config.set("sasl.mechanisms", sasl.mechanism());
        if let Sasl::Plain { user, password }
        | Sasl::ScramSha256 { user, password }
        | Sasl::ScramSha512 { user, password } = sasl
        {
            config.set("sasl.username", user).set("sasl.password", password);
        }
    }
    Ok(())
}

fn certificates(config: &mut ClientConfig, tls: &Tls) -> Result<(), String> {
    if tls.certificate_file.is_some() != tls.key_file.is_some() {
        return Err("a client certificate needs its key, and a key its certificate".to_owned());
    }
    // OpenSSL is part of this binary: the system's authorities are where its distribution keeps them.
    config.set("ssl.ca.location", "probe");
    // librdkafka's own word for a file that is not there names OpenSSL's innards.
    let readable = |path: &Path| match std::fs::File::open(path) {
        Ok(_) => Ok(path.display().to_string()),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    };
    let files = [
        ("ssl.ca.location", &tls.ca_file),
        ("ssl.certificate.location", &tls.certificate_file),
        ("ssl.key.location", &tls.key_file),
    ];
    for (name, path) in files {
        if let Some(path) = path {
            config.set(name, readable(path)?);
        }
    }
    if let Some(password) = &tls.key_password {
        config.set("ssl.key.password", password);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
