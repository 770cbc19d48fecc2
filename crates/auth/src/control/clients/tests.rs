//! The fold of a client, and the proof of a secret.

use super::*;
use crate::control::event::{ClientRegistered, SecretRotated};
use crate::control::stamp::Stamps;
use crate::testing::{CLIENT, NOW, client_row};

/// When the changes are made, some microseconds more or less.
const T: Timestamp = Timestamp::from_micros(NOW * 1_000_000);

fn digest(byte: u8) -> SecretDigest {
    SecretDigest::from_bytes([byte; 32])
}

fn disabled() -> Change {
    Change::ClientDisabled { id: CLIENT.to_owned() }
}

fn enabled() -> Change {
    Change::ClientEnabled { id: CLIENT.to_owned() }
}

fn rotated(byte: u8, previous_until: Option<i64>) -> Change {
    Change::SecretRotated(SecretRotated { id: CLIENT.to_owned(), secret: digest(byte), previous_until })
}

fn created(id: &str) -> Change {
    let settings = client_row(id, digest(1)).settings;
    Change::ClientRegistered(ClientRegistered { id: id.to_owned(), enabled: true, settings, secret: None })
}

/// Changes of one replica, one after the other, over a client that was created before.
fn folded(changes: Vec<Change>) -> ClientRow {
    let stamps = Stamps::new("one");
    stamps.saw(T);
    changes.into_iter().fold(client_row(CLIENT, digest(1)), |mut row, change| {
        let version = stamps.next(T, row.superseded_by(&change)).unwrap();
        assert_eq!(row.apply(change, "cli", &version), None, "nothing is lost where there is one replica");
        row
    })
}

#[test]
fn each_disabling_begins_a_new_generation_and_enabling_does_not() {
    let once = folded(vec![disabled()]);
    let again = folded(vec![disabled(), enabled()]);
    assert!(!once.is_enabled() && again.is_enabled());
    assert!(once.generation() != 0 && again.generation() != 0);
    let stamps = Stamps::new("one");
    stamps.saw(T);
    let (mut row, mut generations) = (client_row(CLIENT, digest(1)), vec![0]);
    for change in [disabled(), enabled(), disabled(), enabled()] {
        let version = stamps.next(T, row.superseded_by(&change)).unwrap();
        row.apply(change, "cli", &version);
        generations.push(row.generation());
    }
    assert!(generations[1] == generations[2] && generations[3] == generations[4]);
    assert!(generations[0] != generations[1] && generations[1] != generations[3] && generations[3] != 0);
}

#[test]
fn rotation_keeps_one_secret_back_and_no_generation_changes() {
    let row = folded(vec![rotated(2, Some(5_000)), rotated(3, Some(6_000))]);
    let (before, until) = row.previous().unwrap();
    assert_eq!((before.digest.clone(), until), (digest(2), Timestamp::from_micros(6_000)));
    let secret = row.secret().unwrap();
    assert_eq!((secret.digest.clone(), row.generation()), (digest(3), 0));
    assert_eq!(folded(vec![rotated(2, Some(5_000)), rotated(3, None)]).previous(), None);
}

#[test]
fn a_client_that_proves_itself_in_another_way_has_no_secret_ever_again() {
    let with = |authentication: &str| {
        let mut settings = client_row(CLIENT, digest(1)).settings;
        settings.first.authentication = authentication.to_owned();
        Change::ClientChanged { id: CLIENT.to_owned(), settings }
    };
    let row = folded(vec![with("private_key_jwt"), with("client_secret")]);
    assert_eq!(row.secret(), None, "it does not come back");
    let row = folded(vec![with("private_key_jwt"), with("client_secret"), rotated(2, Some(i64::MAX))]);
    assert!(row.secret().is_some() && row.previous().is_none());
}

#[test]
fn changes_of_a_client_that_nothing_created_yet_wait_for_it() {
    let clients = Clients::new().unwrap();
    let mut row = ClientRow::new(CLIENT);
    let version = Stamps::new("one").next(T, Vec::new()).unwrap();
    row.apply(rotated(2, None), "cli", &version);
    clients.put(row);
    assert!(clients.views(60).is_empty() && clients.view(CLIENT, 60).is_none() && !clients.is_taken(CLIENT));
    assert!(clients.authenticate(CLIENT, &digest(2), T, None).is_none());
}

#[test]
fn a_secret_is_proved_by_the_present_or_the_previous_digest() {
    let clients = Clients::new().unwrap();
    clients.put(folded(vec![rotated(2, Some(5_000))]));
    let proves = |byte, at| clients.authenticate(CLIENT, &digest(byte), Timestamp::from_micros(at), None).is_some();
    assert!(proves(2, 0) && proves(2, i64::MAX));
    assert!(proves(1, 4_999) && !proves(1, 5_000));
    assert!(!proves(3, 0) && !proves(0, 0));
    assert!(clients.authenticate("client-9", &digest(2), T, None).is_none());
    assert!(clients.authenticate("client-9", &clients.decoy, T, None).is_none());
    assert!(clients.authenticate(CLIENT, &clients.decoy, Timestamp::from_micros(i64::MIN), None).is_none());
    clients.put(folded(vec![rotated(2, None), disabled()]));
    assert!(!proves(2, 0), "disabled");
}

#[test]
fn clients_are_listed_oldest_first() {
    let clients = Clients::new().unwrap();
    for (id, at) in [("a", 3), ("b", 1), ("c", 2)] {
        let mut row = ClientRow::new(id);
        let version = Stamps::new("one").next(Timestamp::from_micros(at), Vec::new()).unwrap();
        row.apply(created(id), "test", &version);
        clients.put(row);
    }
    let ids: Vec<_> = clients.views(900).into_iter().map(|client| client.id).collect();
    assert_eq!(ids, ["b", "c", "a"]);
    let one = clients.view("a", 900).unwrap();
    assert_eq!((one.settings.token_seconds, one.created_by.as_str()), (Some(900), "test"));
    let json = serde_json::to_value(&one).unwrap();
    assert_eq!(json["scopes"][0], "loans:read");
    assert_eq!(json["createdAt"], "1970-01-01T00:00:00.000Z");
    assert!(json.get("secret").is_none() && json.get("digest").is_none(), "{json}");
}

#[test]
fn uses_are_known_to_the_hour_and_by_secret() {
    let clients = Clients::new().unwrap();
    clients.put(folded(vec![rotated(2, Some(i64::MAX))]));
    let at = |hours: i64| Timestamp::from_micros(hours * 3_600_000_000 + 5);
    let token = |byte, hours| {
        let client = clients.authenticate(CLIENT, &digest(byte), at(hours), None).unwrap();
        clients.note_use(&client, at(hours));
        clients.take_uses()
    };
    let with_new = token(2, 10);
    assert_eq!((with_new.len(), with_new[0].secret.is_some()), (1, true));
    clients.used(&with_new);
    assert!(token(2, 10).is_empty(), "known already");
    clients.used(&token(1, 10));
    let view = clients.view(CLIENT, 60).unwrap();
    assert_eq!((view.secret_last_used_at, view.last_used_at), (Some(at(10)), Some(at(10))));
    assert_eq!(view.previous_secret_last_used_at, Some(at(10)), "somebody has not changed over");
    clients.used(&token(2, 11));
    let view = clients.view(CLIENT, 60).unwrap();
    assert_eq!((view.secret_last_used_at, view.previous_secret_last_used_at), (Some(at(11)), Some(at(10))));
}

#[test]
fn a_deleted_client_is_gone_and_its_id_is_not_free() {
    let clients = Clients::new().unwrap();
    let row = folded(vec![Change::ClientDeleted { id: CLIENT.to_owned() }]);
    clients.put(row);
    assert!(clients.views(60).is_empty() && clients.view(CLIENT, 60).is_none());
    assert!(clients.authenticate(CLIENT, &digest(1), T, None).is_none());
    assert!(clients.is_taken(CLIENT) && clients.enabled(CLIENT).is_err());
    assert_eq!(clients.name(CLIENT).as_deref(), Some("Reporting"), "what it read stays readable");
    assert!(clients.live(CLIENT).unwrap().admit(1, crate::live::From::Anywhere).is_err());
}

#[test]
fn a_client_gets_tokens_from_its_networks_only() {
    let clients = Clients::new().unwrap();
    let mut row = client_row(CLIENT, digest(1));
    row.settings.first.allowed_networks = vec!["10.0.0.0/8".to_owned()];
    clients.put(row);
    let from = |address: &str| clients.authenticate(CLIENT, &digest(1), T, address.parse().ok()).is_some();
    assert!(from("10.0.0.1") && !from("192.0.2.1") && !from("nowhere"));
}
