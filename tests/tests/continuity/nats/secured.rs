//! Every way to be somebody to a server, and encryption.

use std::fs;
use std::path::Path;

use async_nats::ConnectOptions;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::Stop;
use continuity_ingest::{Known, NatsAuth, NatsOptions, NatsSecret, NatsSource, NatsTls, Source, StreamFilter};
use continuity_tests::brokers::{NATS, NATS_OLDEST, NatsServer};
use continuity_tests::harness::certificates;
use nkeys::KeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::{Broker, STREAM, events, known, read_to_end, refusal, texts, until};

const EVENTS: u64 = 5;

/// A source that is let in reads everything; one that is not says so without showing a secret.
fn admitted_and_not(broker: &Broker, right: NatsAuth, wrong: NatsAuth) {
    broker.create_default();
    broker.publish_events(0..EVENTS);
    for (auth, admitted) in [(right, true), (wrong, false), (NatsAuth::None, false)] {
        let mut options = broker.options(vec![StreamFilter::all(STREAM)]);
        options.auth = auth;
        let shown = format!("{options:?}");
        let mut source = NatsSource::new(options);
        let resumed = source.resume(&Known::default());
        if admitted {
            resumed.unwrap();
            assert_eq!(texts(&read_to_end(&mut source)), events(0..EVENTS));
        } else {
            let said = format!("{shown} {:?}", resumed.unwrap_err());
            assert!(said.contains("Refused") && said.contains("credentials"), "{said}");
            assert!(!said.contains("hunter2") && !said.contains("wrong-"), "{said}");
        }
    }
}

#[test]
fn user_and_password() {
    let options = NatsServer::new(NATS).config("authorization { user: bank, password: hunter2 }");
    let client = ConnectOptions::new().user_and_password("bank".to_owned(), "hunter2".to_owned());
    let broker = Broker::as_user(options, client);
    let user = |password: &str| NatsAuth::User { user: "bank".to_owned(), password: NatsSecret::new(password) };
    admitted_and_not(&broker, user("hunter2"), user("wrong-secret"));
}

#[test]
fn token() {
    let options = NatsServer::new(NATS_OLDEST).config("authorization { token: hunter2 }");
    let broker = Broker::as_user(options, ConnectOptions::new().token("hunter2".to_owned()));
    let token = |text: &str| NatsAuth::Token(NatsSecret::new(text));
    admitted_and_not(&broker, token("hunter2"), token("wrong-secret"));
}

#[test]
fn nkey() {
    let dir = TempDir::new().unwrap();
    let (right, wrong) = (KeyPair::new_user(), KeyPair::new_user());
    let file = |name: &str, pair: &KeyPair| {
        let path = dir.path().join(name);
        fs::write(&path, format!("{}\n", pair.seed().unwrap())).unwrap();
        NatsAuth::Nkey(path)
    };
    let config = format!("authorization {{ users: [ {{ nkey: {} }} ] }}", right.public_key());
    let client = ConnectOptions::new().nkey(right.seed().unwrap());
    let broker = Broker::as_user(NatsServer::new(NATS).config(&config), client);
    admitted_and_not(&broker, file("right", &right), file("wrong", &wrong));
}

/// A token of the decentralised authentication, signed by `issuer`.
fn jwt(issuer: &KeyPair, subject: &KeyPair, nats: &Value) -> String {
    let claims = json!({
        "jti": subject.public_key(), "iat": 1_700_000_000, "iss": issuer.public_key(), "name": "test",
        "sub": subject.public_key(), "nats": nats,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"typ": "JWT", "alg": "ed25519-nkey"})), part(&claims));
    let signature = issuer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn account(operator: &KeyPair, account: &KeyPair, storage: i64) -> String {
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
        "mem_storage": storage, "disk_storage": storage, "streams": storage, "consumer": storage,
    });
    jwt(operator, account, &json!({"type": "account", "version": 2, "limits": limits}))
}

fn credentials(account: &KeyPair) -> String {
    let user = KeyPair::new_user();
    let claims = json!({"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1, "pub": {}, "sub": {}});
    format!(
        "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{}\n\
         ------END USER NKEY SEED------\n",
        jwt(account, &user, &claims),
        user.seed().unwrap()
    )
}

#[test]
fn credentials_file() {
    let dir = TempDir::new().unwrap();
    let (operator, system, own, foreign) =
        (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_account(), KeyPair::new_account());
    let config = format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {}: {}, {}: {} }}",
        jwt(&operator, &operator, &json!({"type": "operator", "version": 2})),
        system.public_key(),
        system.public_key(),
        account(&operator, &system, 0),
        own.public_key(),
        account(&operator, &own, -1),
    );
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        NatsAuth::Credentials(path)
    };
    let mine = credentials(&own);
    let client = ConnectOptions::new().credentials(&mine).unwrap();
    let broker = Broker::as_user(NatsServer::new(NATS).config(&config), client);
    admitted_and_not(&broker, file("right.creds", &mine), file("wrong.creds", &credentials(&foreign)));
}

fn tls_server(dir: &Path, verify: bool) -> Broker {
    certificates(dir).unwrap();
    let config = format!(
        "tls {{ cert_file: '{0}/certificate.pem', key_file: '{0}/key.pem', ca_file: '{0}/ca.pem', verify: {verify} }}",
        dir.display()
    );
    let mut client = ConnectOptions::new().require_tls(true).add_root_certificates(dir.join("ca.pem"));
    if verify {
        client = client.add_client_certificate(dir.join("certificate.pem"), dir.join("key.pem"));
    }
    let broker = Broker::as_user(NatsServer::new(NATS).config(&config), client);
    broker.create_default();
    broker.publish_events(0..EVENTS);
    broker
}

fn tls_options(broker: &Broker, tls: NatsTls) -> NatsOptions {
    let mut options = broker.options(vec![StreamFilter::all(STREAM)]);
    options.servers = vec![format!("tls://localhost:{}", broker.server.port())];
    options.tls = tls;
    options
}

#[test]
fn encrypted_under_a_private_authority() {
    let dir = TempDir::new().unwrap();
    let broker = tls_server(dir.path(), false);
    let trusting = NatsTls { required: true, ca: Some(dir.path().join("ca.pem")), ..NatsTls::default() };
    let mut source = NatsSource::new(tls_options(&broker, trusting));
    source.resume(&Known::default()).unwrap();
    assert_eq!(texts(&read_to_end(&mut source)), events(0..EVENTS));
    let foreign = TempDir::new().unwrap();
    certificates(foreign.path()).unwrap();
    let trusting_another = NatsTls { ca: Some(foreign.path().join("ca.pem")), ..NatsTls::default() };
    let mut source = NatsSource::new(tls_options(&broker, trusting_another));
    let refused = refusal(source.resume(&Known::default()).unwrap_err());
    assert!(refused.contains("certificate"), "{refused}");
}

#[test]
fn encrypted_with_a_certificate_of_our_own() {
    let dir = TempDir::new().unwrap();
    let broker = tls_server(dir.path(), true);
    let path = |name: &str| Some(dir.path().join(name));
    let tls =
        NatsTls { required: true, ca: path("ca.pem"), certificate: path("certificate.pem"), key: path("key.pem") };
    let mut source = NatsSource::new(tls_options(&broker, tls));
    source.resume(&Known::default()).unwrap();
    assert_eq!(texts(&read_to_end(&mut source)), events(0..EVENTS));
    let without = NatsTls { required: true, ca: path("ca.pem"), ..NatsTls::default() };
    let mut source = NatsSource::new(tls_options(&broker, without));
    assert!(source.resume(&Known::default()).is_err());
}

#[test]
fn a_server_without_encryption_is_not_spoken_to_when_it_is_required() {
    let broker = Broker::start(NATS);
    broker.create_default();
    let mut options = broker.options(vec![StreamFilter::all(STREAM)]);
    options.tls.required = true;
    assert!(NatsSource::new(options).resume(&Known::default()).is_err());
}

/// What the documentation asks for, and nothing more.
const ALLOWED: &str = r#"["$JS.API.STREAM.INFO.CHANGES", "$JS.API.STREAM.MSG.GET.CHANGES", "$JS.API.CONSUMER.CREATE.CHANGES.>",
    "$JS.API.CONSUMER.INFO.CHANGES.*", "$JS.API.CONSUMER.MSG.NEXT.CHANGES.*", "$JS.ACK.CHANGES.>"]"#;

#[test]
fn a_user_needs_few_permissions_and_is_told_which_one_is_missing() {
    let user = |name: &str, allowed: &str| {
        let permissions = format!("publish: {{ allow: {allowed} }}, subscribe: \"_INBOX.>\"");
        format!("{{ user: {name}, password: b, permissions: {{ {permissions} }} }}")
    };
    let deaf = ALLOWED.replace("MSG.NEXT.CHANGES", "MSG.NEXT.OTHER");
    let users = [user("bank", ALLOWED), user("guest", "[\"$JS.API.STREAM.INFO.*\"]"), user("deaf", &deaf)].join(", ");
    let config = format!("authorization {{ users: [ {{ user: admin, password: a }}, {users} ] }}");
    let client = ConnectOptions::new().user_and_password("admin".to_owned(), "a".to_owned());
    let broker = Broker::as_user(NatsServer::new(NATS).config(&config), client);
    broker.create_default();
    broker.publish_events(0..EVENTS);
    let source = |user: &str| {
        let mut options = broker.options(vec![StreamFilter::all(STREAM)]);
        options.auth = NatsAuth::User { user: user.to_owned(), password: NatsSecret::new("b") };
        NatsSource::new(options)
    };
    let mut allowed = source("bank");
    let resumed = allowed.resume(&Known::default()).unwrap();
    let messages = read_to_end(&mut allowed);
    assert_eq!(texts(&messages), events(0..EVENTS));
    allowed.acknowledge(&messages[4].position).unwrap();
    until("the acknowledgement", || broker.consumer(STREAM).filter(|info| info.ack_floor.stream_sequence == EVENTS));
    allowed.resume(&known(&resumed, &messages[..2])).unwrap();
    assert_eq!(texts(&read_to_end(&mut allowed)), events(2..EVENTS));
    let refused = refusal(source("guest").resume(&Known::default()).unwrap_err());
    assert!(refused.contains("$JS.API.CONSUMER.CREATE.CHANGES"), "{refused}");
    let mut deaf = source("deaf");
    let resumed = deaf.resume(&Known::default());
    let stop = Stop::new();
    let refused = until("the refusal", || match &resumed {
        Err(_) => Some(String::new()),
        Ok(_) => deaf.next_batch(100, 1 << 20, &stop).err().map(refusal),
    });
    assert!(refused.contains("$JS.API.CONSUMER.MSG.NEXT.CHANGES"), "{refused} {resumed:?}");
}
