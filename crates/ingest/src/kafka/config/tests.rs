//! What librdkafka is told.

use std::sync::Arc;

use continuity_base::SystemClock;
use rdkafka::config::FromClientConfigAndContext;

use super::*;
use crate::kafka::context::{Consumer, Context};

fn options(security: Security) -> KafkaOptions {
    let (brokers, topics) = (vec!["127.0.0.1:1".to_owned()], vec!["t".to_owned()]);
    KafkaOptions { security, ..KafkaOptions::new(brokers, topics, Arc::new(SystemClock::new())) }
}

fn scram() -> Sasl {
    Sasl::ScramSha512 { user: "replica".to_owned(), password: "hush-hush".to_owned() }
}

/// A certificate and its key, in a directory.
fn certificate() -> (tempfile::TempDir, Tls) {
    let directory = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let ca_file = Some(certificate.clone());
    let tls = Tls { ca_file, certificate_file: Some(certificate), key_file: Some(key), key_password: None };
    (directory, tls)
}

/// librdkafka takes the options.
fn accepted(options: &KafkaOptions) {
    let config = client(options, Use::Stream).unwrap();
    Consumer::from_config_and_context(&config, Context::new(options)).unwrap();
}

#[test]
fn the_library_can_do_what_the_options_offer() {
    let native = ClientConfig::new().create_native_config().unwrap();
    let features = native.get("builtin.features").unwrap();
    let features: Vec<&str> = features.split(',').collect();
    for wanted in ["gzip", "snappy", "lz4", "ssl", "sasl_plain", "sasl_scram", "sasl_oauthbearer"] {
        assert!(features.contains(&wanted), "{wanted} is not among {features:?}");
    }
}

#[test]
fn every_way_of_security_is_accepted() {
    let (_directory, tls) = certificate();
    let token_file = tls.key_file.clone().unwrap();
    let plain = Sasl::Plain { user: "u".to_owned(), password: "p".to_owned() };
    let sha256 = Sasl::ScramSha256 { user: "u".to_owned(), password: "p".to_owned() };
    for security in [
        Security::Plaintext,
        Security::Tls(Tls::default()),
        Security::Tls(tls.clone()),
        Security::SaslPlaintext(plain),
        Security::SaslTls(tls.clone(), sha256),
        Security::SaslTls(tls.clone(), scram()),
        Security::SaslTls(tls, Sasl::OAuthBearer { token_file }),
    ] {
        accepted(&options(security));
    }
}

#[test]
fn security_becomes_the_properties_that_it_should() {
    let (_directory, tls) = certificate();
    let config = client(&options(Security::SaslTls(tls.clone(), scram())), Use::Stream).unwrap();
    let ca = tls.ca_file.unwrap().display().to_string();
    for (name, value) in [
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanisms", "SCRAM-SHA-512"),
        ("sasl.username", "replica"),
        ("sasl.password", "hush-hush"),
        ("ssl.ca.location", &ca),
    ] {
        assert_eq!(config.get(name), Some(value), "{name}");
    }
    assert_eq!(config.get("enable.ssl.certificate.verification"), None, "on, as the library has it");
}

#[test]
fn what_delivery_depends_on_is_set_and_cannot_be_changed() {
    let config = client(&options(Security::Plaintext), Use::Stream).unwrap();
    for (name, value) in [
        ("enable.auto.commit", "false"),
        ("auto.offset.reset", "error"),
        ("isolation.level", "read_committed"),
        ("enable.partition.eof", "true"),
        ("queued.max.messages.kbytes", "32768"),
    ] {
        assert_eq!(config.get(name), Some(value), "{name}");
    }
    for name in ["isolation.level", "group.id", "sasl.password", "ssl.key.password", "bootstrap.servers"] {
        let mut options = options(Security::Plaintext);
        options.properties.insert(name.to_owned(), "hush-hush".to_owned());
        let refused = client(&options, Use::Stream).unwrap_err();
        assert!(refused.contains(name) && !refused.contains("hush-hush"), "{refused}");
    }
    let mut options = options(Security::Plaintext);
    options.properties.insert("client.rack".to_owned(), "a".to_owned());
    accepted(&options);
}

#[test]
fn options_that_cannot_work_are_refused() {
    let clock = || Arc::new(SystemClock::new());
    let topics = || vec!["t".to_owned()];
    let broker = || vec!["127.0.0.1:1".to_owned()];
    let twice = vec!["t".to_owned(), "t".to_owned()];
    for (options, why) in [
        (KafkaOptions::new(Vec::new(), topics(), clock()), "no broker"),
        (KafkaOptions::new(broker(), Vec::new(), clock()), "topic"),
        (KafkaOptions::new(broker(), twice, clock()), "twice"),
    ] {
        let refused = client(&options, Use::Look).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    let missing = Tls { ca_file: Some("/nonexistent/ca.pem".into()), ..Tls::default() };
    let refused = client(&options(Security::Tls(missing)), Use::Look).unwrap_err();
    assert!(refused.contains("/nonexistent/ca.pem cannot be read"), "{refused}");
    let (_directory, tls) = certificate();
    let refused = client(&options(Security::Tls(Tls { key_file: None, ..tls })), Use::Look).unwrap_err();
    assert!(refused.contains("its key"), "{refused}");
}

#[test]
fn secrets_are_in_no_debug_text() {
    let tls = Tls { key_password: Some("hush-hush".to_owned()), ..Tls::default() };
    let mut options = options(Security::SaslTls(tls, scram()));
    options.properties.insert("sasl.oauthbearer.client.secret".to_owned(), "hush-hush".to_owned());
    let text = format!("{options:?}");
    assert!(text.contains("SCRAM-SHA-512") && !text.contains("hush-hush"), "{text}");
}
