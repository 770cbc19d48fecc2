//! What the verifier accepts, and what the cache must not keep alive.

use crate::Purpose;
use std::time::Duration;

use continuity_base::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::LEEWAY_SECONDS;
use crate::control::event::Change;
use crate::testing::{CLIENT, NOW, Padding, Server, claims, forge, signing_key};
use crate::{Principal, TokenError};

fn token(server: &Server, claims: &Value) -> String {
    forge(&server.header().to_string(), &claims.to_string(), signing_key(), Padding::Rs256)
}

fn good() -> (Server, String) {
    let server = Server::new();
    let token = token(&server, &claims());
    (server, token)
}

#[test]
fn a_good_token_says_who_and_what() {
    let (server, token) = good();
    let expected = Principal {
        client_id: CLIENT.to_owned(),
        scopes: crate::ScopeSet::parse("loans:read audit:read").unwrap(),
        expires_at: Timestamp::from_micros((NOW + 3_600) * 1_000_000),
        token_id: "t1".to_owned(),
        rate: None,
        person: None,
        limits: None,
    };
    for _ in 0..2 {
        assert_eq!(server.verifier.verify(Purpose::Data, &token, None), Ok(expected.clone()));
    }
    assert_eq!(server.verifier.verify_uncached(&token, None), Ok(expected));
    assert_eq!(server.verifier.cache.len(), 1);
}

#[test]
fn clocks_may_differ_by_the_leeway() {
    let server = Server::new();
    for changed in [("iat", NOW + LEEWAY_SECONDS), ("nbf", NOW + LEEWAY_SECONDS), ("nbf", NOW - 1)] {
        let mut claims = claims();
        claims[changed.0] = json!(changed.1);
        assert!(server.verifier.verify(Purpose::Data, &token(&server, &claims), None).is_ok(), "{changed:?}");
    }
}

#[test]
fn a_cached_token_ends_at_its_time() {
    let (server, token) = good();
    assert!(server.verifier.verify(Purpose::Data, &token, None).is_ok());
    server.clock.advance(Duration::from_secs(3_600 + LEEWAY_SECONDS.unsigned_abs() - 1));
    assert!(server.verifier.verify(Purpose::Data, &token, None).is_ok());
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(server.verifier.verify(Purpose::Data, &token, None), Err(TokenError::Expired));
    assert_eq!(server.verifier.verify_uncached(&token, None), Err(TokenError::Expired));
}

#[test]
fn disabling_ends_a_cached_token_at_once_and_enabling_does_not_bring_it_back() {
    let (server, token) = good();
    assert!(server.verifier.verify(Purpose::Data, &token, None).is_ok());
    server.apply(Change::ClientDisabled { id: CLIENT.to_owned() });
    assert_eq!(server.verifier.verify(Purpose::Data, &token, None), Err(TokenError::ClientDisabled));
    assert_eq!(server.verifier.verify_uncached(&token, None), Err(TokenError::ClientDisabled));
    server.apply(Change::ClientEnabled { id: CLIENT.to_owned() });
    assert_eq!(server.verifier.verify(Purpose::Data, &token, None), Err(TokenError::Revoked));
    let mut claims = claims();
    claims["gen"] = json!(server.force.clients.row(CLIENT).unwrap().generation());
    assert!(server.verifier.verify(Purpose::Data, &self::token(&server, &claims), None).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_other_spelling_of_a_good_token_is_accepted(at in any::<prop::sample::Index>(), to in "[ -~]", cached in any::<bool>()) {
        let (server, token) = good();
        if cached {
            prop_assert!(server.verifier.verify(Purpose::Data, &token, None).is_ok());
        }
        let at = at.index(token.len());
        let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        prop_assert_eq!(server.verifier.verify(Purpose::Data, &changed, None).is_ok(), changed == token);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        prop_assert!(Server::new().verifier.verify(Purpose::Data, &text, None).is_err());
    }
}
