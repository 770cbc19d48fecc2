//! The fold of a client, and the proof of a secret.

use super::*;
use crate::testing::{CLIENT, client_row};

const T: Timestamp = Timestamp::from_micros(1_000);

fn digest(byte: u8) -> SecretDigest {
    SecretDigest::from_bytes([byte; 32])
}

fn entry(change: Change) -> Entry {
    Entry { actor: "cli".to_owned(), change }
}

fn disabled() -> Change {
    Change::ClientDisabled { id: CLIENT.to_owned() }
}

fn rotated(byte: u8, previous_until: Option<i64>) -> Change {
    Change::SecretRotated(SecretRotated { id: CLIENT.to_owned(), secret: digest(byte), previous_until })
}

fn folded(changes: Vec<Change>) -> ClientRow {
    let step = |row, change| fold(Some(row), entry(change), T).unwrap().unwrap();
    changes.into_iter().fold(client_row(CLIENT, digest(1)), step)
}

#[test]
fn each_disabling_begins_a_new_generation_and_enabling_does_not() {
    let enabled = || Change::ClientEnabled { id: CLIENT.to_owned() };
    let row = folded(vec![disabled(), enabled()]);
    assert_eq!((row.enabled, row.generation), (true, 1));
    let row = folded(vec![disabled(), enabled(), disabled()]);
    assert_eq!((row.enabled, row.generation), (false, 2));
}

#[test]
fn rotation_keeps_one_secret_back_and_no_generation_changes() {
    let row = folded(vec![rotated(2, Some(5_000)), rotated(3, Some(6_000))]);
    assert_eq!(row.previous, Some((digest(2), Timestamp::from_micros(6_000))));
    assert_eq!((row.secret, row.secret_created_at, row.generation), (digest(3), T, 0));
    assert_eq!(folded(vec![rotated(2, Some(5_000)), rotated(3, None)]).previous, None);
}

#[test]
fn a_change_of_a_client_that_nothing_created_is_damage() {
    let error = fold(None, entry(disabled()), T).unwrap_err();
    assert!(error.to_string().contains(CLIENT), "{error}");
}

#[test]
fn a_secret_is_proved_by_the_present_or_the_previous_digest() {
    let clients = Clients::new().unwrap();
    clients.put(folded(vec![rotated(2, Some(5_000))]));
    let proves = |byte, at| clients.authenticate(CLIENT, &digest(byte), Timestamp::from_micros(at)).is_some();
    assert!(proves(2, 0) && proves(2, i64::MAX));
    assert!(proves(1, 4_999) && !proves(1, 5_000));
    assert!(!proves(3, 0) && !proves(0, 0));
    assert!(clients.authenticate("client-9", &digest(2), T).is_none());
    assert!(clients.authenticate("client-9", &clients.decoy, T).is_none());
    assert!(clients.authenticate(CLIENT, &clients.decoy, Timestamp::from_micros(i64::MIN)).is_none());
    clients.put(folded(vec![rotated(2, None), disabled()]));
    assert!(!proves(2, 0), "disabled");
}

#[test]
fn a_scope_that_this_version_does_not_know_grants_nothing() {
    let mut row = client_row(CLIENT, digest(1));
    row.scopes = vec!["loans:read".to_owned(), "tapes:read".to_owned()];
    assert_eq!(row.scope_set().to_string(), "loans:read");
}

#[test]
fn clients_are_listed_oldest_first() {
    let clients = Clients::new().unwrap();
    for (id, at) in [("a", 3), ("b", 1), ("c", 2)] {
        let mut row = client_row(id, digest(1));
        row.created_at = Timestamp::from_micros(at);
        clients.put(row);
    }
    let ids: Vec<_> = clients.views(900).into_iter().map(|client| client.id).collect();
    assert_eq!(ids, ["b", "c", "a"]);
    let one = clients.view("a", 900).unwrap();
    assert_eq!((one.token_seconds, one.created_by.as_str()), (900, "test"));
    let json = serde_json::to_value(&one).unwrap();
    assert_eq!(json["scopes"][0], "loans:read");
    assert_eq!(json["createdAt"], "1970-01-01T00:00:00.000Z");
    assert!(!json.to_string().contains("secret\""), "{json}");
}
