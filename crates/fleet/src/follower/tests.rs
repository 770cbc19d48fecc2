//! Replicas that follow one stream: apart, together, and over what goes wrong.

use continuity_auth::{ClientSettings, Created, ScopeSet, TokenRequest};

use super::*;
use crate::testing::{Memory, Replica, sealed, until};

fn create(replica: &Replica, name: &str) -> Created {
    replica.auth.create_client(ClientSettings::named(name, ScopeSet::all())).unwrap()
}

/// A token of the client, if it gets one.
async fn token(replica: &Replica, client: &Created) -> Option<String> {
    let (id, secret) = (&client.client.id, client.secret.as_deref().unwrap());
    let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let content_type = Some("application/x-www-form-urlencoded");
    let request = TokenRequest { content_type, authorization: None, address: None, body: body.as_bytes() };
    replica.auth.token(request).await.ok().map(|token| token.access_token)
}

fn is_enabled(replica: &Replica, client: &Created) -> Option<bool> {
    replica.auth.client(&client.client.id).map(|client| client.enabled)
}

/// Everything that both know is the same.
async fn until_they_agree(one: &Replica, other: &Replica) {
    let shown = |replica: &Replica| {
        let keys: Vec<_> = replica.auth.signing_keys().into_iter().map(|key| (key.id, key.state)).collect();
        let clients = replica.auth.export_clients().unwrap();
        let generations: Vec<_> =
            replica.auth.list_clients().into_iter().map(|client| client.secret_created_at).collect();
        (keys, clients, generations)
    };
    until("they agree", || {
        let waiting = |replica: &Replica| {
            let health = replica.board.health();
            !health.connected || health.waiting > 0 || health.behind != Some(0)
        };
        !waiting(one) && !waiting(other) && shown(one) == shown(other)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_on_one_works_on_the_other() {
    let memory = Memory::default();
    let (a, b) = (Replica::start("a", &memory), Replica::start("b", &memory));
    let client = create(&a, "Reporting");
    until_they_agree(&a, &b).await;
    let (by_a, by_b) = (token(&a, &client).await.unwrap(), token(&b, &client).await.unwrap());
    for (replica, token) in [(&a, &by_b), (&b, &by_a), (&a, &by_a), (&b, &by_b)] {
        assert!(replica.auth.verify(token, None).is_ok());
    }
    b.auth.set_enabled(&client.client.id, false).unwrap();
    until("a refuses its tokens", || a.auth.verify(&by_a, None).is_err() && a.auth.verify(&by_b, None).is_err()).await;
    a.auth.set_enabled(&client.client.id, true).unwrap();
    until("b has it enabled", || is_enabled(&b, &client) == Some(true)).await;
    assert!(b.auth.verify(&by_b, None).is_err(), "tokens of before stay refused");
    let after = token(&b, &client).await.unwrap();
    assert!(a.auth.verify(&after, None).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_first_starts_end_with_one_key_that_signs_and_both_are_published() {
    let memory = Memory::default();
    memory.set_down(true);
    let (a, b) = (Replica::start("a", &memory), Replica::start("b", &memory));
    let client = create(&b, "Reporting");
    let before = token(&b, &client).await.unwrap();
    memory.set_down(false);
    until_they_agree(&a, &b).await;
    let signing: Vec<_> = a.auth.signing_keys().into_iter().map(|key| key.state.name()).collect();
    assert_eq!(signing, ["active", "passive"], "the older one");
    assert!(a.auth.verify(&before, None).is_ok(), "what the other one signed is good");
    let jwks = (a.auth.jwks(), b.auth.jwks());
    assert_eq!(jwks.0, jwks.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_off_each_goes_on_alone_and_later_all_is_told() {
    let memory = Memory::default();
    let (a, b) = (Replica::start("a", &memory), Replica::start("b", &memory));
    let (shared, ended) = (create(&a, "Shared"), create(&a, "Ended"));
    until_they_agree(&a, &b).await;
    memory.set_down(true);
    until("both know", || !a.board.health().connected && !b.board.health().connected).await;
    let alone = create(&b, "Alone");
    assert!(token(&b, &alone).await.is_some() && is_enabled(&a, &alone).is_none());
    // One and the same client is changed on both sides.
    a.auth.set_enabled(&shared.client.id, false).unwrap();
    a.auth.set_enabled(&shared.client.id, true).unwrap();
    b.auth.set_enabled(&shared.client.id, false).unwrap();
    a.auth.delete_client(&ended.client.id).unwrap();
    b.auth.rotate_secret(&ended.client.id, Duration::ZERO).unwrap();
    until("it is shown that changes wait", || b.board.health().waiting == 3).await;
    memory.set_down(false);
    until_they_agree(&a, &b).await;
    assert_eq!((is_enabled(&a, &shared), is_enabled(&b, &shared)), (Some(false), Some(false)), "disabling wins");
    assert!(is_enabled(&b, &ended).is_none(), "deletion wins");
    assert!(token(&a, &alone).await.is_some());
    let (conflicts, count) = a.auth.control_stream().conflicts(10).unwrap();
    let told: Vec<_> =
        conflicts.iter().map(|conflict| (conflict.what.as_str(), conflict.lost_replica.as_str())).collect();
    assert_eq!((told, count), (vec![("change", "b"), ("enabling", "a")], 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_comes_later_gets_everything() {
    let memory = Memory::default();
    let a = Replica::start("a", &memory);
    let clients: Vec<_> = (0..300).map(|number| create(&a, &number.to_string())).collect();
    a.auth.set_enabled(&clients[7].client.id, false).unwrap();
    let b = Replica::start("b", &memory);
    until_they_agree(&a, &b).await;
    assert!(token(&b, &clients[250]).await.is_some() && token(&b, &clients[7]).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_was_made_anew_gets_everything_back() {
    let memory = Memory::default();
    let (a, b) = (Replica::start("a", &memory), Replica::start("b", &memory));
    let client = create(&a, "Reporting");
    until_they_agree(&a, &b).await;
    a.end();
    memory.make_anew();
    let c = Replica::start("c", &memory);
    until_they_agree(&b, &c).await;
    assert!(token(&c, &client).await.is_some(), "b told what a had made");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_where_it_was_after_a_restart() {
    let memory = Memory::default();
    let (a, b) = (Replica::start("a", &memory), Replica::start("b", &memory));
    let client = create(&a, "Reporting");
    until_they_agree(&a, &b).await;
    let dir = b.end();
    let b = Replica::start_in(dir, "b", &memory, "1");
    until_they_agree(&a, &b).await;
    let dir = b.end();
    let sent = memory.messages().len();
    a.auth.set_enabled(&client.client.id, false).unwrap();
    let b = Replica::start_in(dir, "b", &memory, "1");
    until_they_agree(&a, &b).await;
    assert_eq!(is_enabled(&b, &client), Some(false));
    assert_eq!(memory.messages().len(), sent + 1, "nothing was sent twice");
    // Without what is kept beside the log everything is read and sent again, and nothing happens twice.
    let records = b.auth.control_log().head().position;
    let dir = b.end();
    std::fs::remove_file(dir.path().join("control/store.redb")).unwrap();
    let b = Replica::start_in(dir, "b", &memory, "1");
    until_they_agree(&a, &b).await;
    assert_eq!(b.auth.control_log().head().position, records);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_proves_nothing_is_refused_counted_and_blocks_nothing() {
    let memory = Memory::default();
    let (a, b) = (Replica::start("a", &memory), Replica::start("b", &memory));
    let client = create(&a, "Reporting");
    until_they_agree(&a, &b).await;
    let genuine = memory.messages().last().unwrap().bytes.clone();
    let mut altered = genuine.clone();
    *altered.last_mut().unwrap() ^= 1;
    let records = b.auth.control_log().head().position;
    for message in [altered, b"hello".to_vec(), Vec::new(), vec![1; 2 << 20], genuine] {
        memory.write(message);
    }
    a.auth.set_enabled(&client.client.id, false).unwrap();
    until_they_agree(&a, &b).await;
    until("all are counted", || b.board.health().refused_messages == 4).await;
    assert_eq!(b.auth.control_log().head().position, records + 1, "the replayed one did nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_version_made_is_read_again_by_that_one() {
    let memory = Memory::default();
    let (a, b) = (Replica::start("a", &memory), Replica::start("b", &memory));
    until_they_agree(&a, &b).await;
    memory.write(sealed(&[3, 1, 2, 3]));
    let client = create(&a, "Reporting");
    until_they_agree(&a, &b).await;
    until("it is counted", || b.board.health().later_messages == 1).await;
    assert!(token(&b, &client).await.is_some(), "it blocks nothing");
    let mut dir = b.end();
    for (version, read_again) in [("1", 0), ("2", 1), ("2", 0), ("3", 1)] {
        let b = Replica::start_in(dir, "b", &memory, version);
        // It is connected, and behind nothing, once it has read what it reads again.
        create(&a, version);
        until_they_agree(&a, &b).await;
        // A change takes effect a moment before it is counted.
        until(&format!("version {version}"), || b.board.health().later_messages == read_again).await;
        dir = b.end();
    }
}
