//! The life of keys, on a clock that is set by hand.

use std::sync::Arc;

use continuity_base::ManualClock;
use serde_json::Value;

use super::*;
use crate::testing::{manual_clock, options};
use crate::{ClientSettings, Created, ScopeSet, TokenError, TokenRequest};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

struct Bench {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    /// `None` only while it is opened again.
    auth: Option<Auth>,
    client: Created,
}

impl Bench {
    fn new() -> Self {
        let (dir, clock) = (tempfile::tempdir().unwrap(), manual_clock());
        let auth = Auth::open(options(dir.path(), &clock)).unwrap();
        clock.advance(Duration::from_secs(1));
        auth.look_after_keys().unwrap();
        let client = auth.create_client(ClientSettings::named("Reporting", ScopeSet::all())).unwrap();
        Self { dir, clock, auth: Some(auth), client }
    }

    /// The server, a second later: no two keys are made at the same time.
    fn auth(&self) -> &Auth {
        self.clock.advance(Duration::from_secs(1));
        self.auth.as_ref().unwrap()
    }

    fn reopen(&mut self) -> Result<(), AuthError> {
        self.auth.take().unwrap().close();
        self.auth = Some(Auth::open(options(self.dir.path(), &self.clock))?);
        Ok(())
    }

    fn token(&self) -> String {
        let (id, secret) = (&self.client.client.id, self.client.secret.as_deref().unwrap());
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let content_type = Some("application/x-www-form-urlencoded");
        let request = TokenRequest { content_type, authorization: None, address: None, body: body.as_bytes() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(self.auth().token(request)).unwrap().access_token
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.auth().look_after_keys().unwrap();
    }

    /// States of all keys, the oldest first.
    fn states(&self) -> String {
        let names: Vec<_> = self.auth().signing_keys().iter().map(|key| key.state.name()).collect();
        names.join(" ")
    }

    fn published(&self) -> Vec<String> {
        let set: Value = serde_json::from_str(&self.auth().jwks()).unwrap();
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn a_key_is_published_before_it_signs_and_until_its_last_token_has_expired() {
    let bench = Bench::new();
    assert_eq!(bench.states(), "active next");
    let (first, next) = (bench.published()[0].clone(), bench.published()[1].clone());
    let token = bench.token();
    bench.pass(89 * DAY);
    assert_eq!(bench.published(), [first.clone(), next.clone()]);
    bench.pass(DAY);
    assert_eq!(bench.states(), "passive active next");
    assert_eq!(bench.published()[0], next, "what signs stands first");
    assert_eq!(bench.published().len(), 3);
    assert_eq!(bench.auth().verify(&token, None), Err(TokenError::Expired), "its key is still known");
    bench.pass(DAY + HOUR);
    assert_eq!(bench.states(), "retired active next");
    assert!(!bench.published().contains(&first));
    let retired = &bench.auth().signing_keys()[0];
    assert_eq!(retired.retired_because.as_deref(), Some("the last token that it signed has expired"));
}

#[test]
fn tokens_outlive_a_rotation_and_a_restart() {
    let mut bench = Bench::new();
    let before = bench.token();
    bench.pass(DAY);
    let before = if bench.auth().verify(&before, None).is_ok() { before } else { bench.token() };
    bench.auth().acting_as("cli").rotate_key(None, false).unwrap();
    let after = bench.token();
    assert!(bench.auth().verify(&before, None).is_ok() && bench.auth().verify(&after, None).is_ok());
    let jwks = bench.auth().jwks();
    bench.reopen().unwrap();
    assert_eq!((bench.states().as_str(), bench.auth().jwks()), ("passive active next", jwks));
    assert!(bench.auth().verify(&before, None).is_ok() && bench.auth().verify(&after, None).is_ok());
}

#[test]
fn a_key_that_nobody_can_know_yet_signs_only_when_it_must() {
    let bench = Bench::new();
    let error = bench.auth().rotate_key(None, false).unwrap_err().to_string();
    assert!(error.contains("clients may not know it yet") && error.contains("2026-11-23T18:00:01"), "{error}");
    assert_eq!(bench.states(), "active next");
    let signs = bench.auth().rotate_key(None, true).unwrap();
    assert_eq!((signs.state, bench.states().as_str()), (KeyState::Active, "passive active next"));
}

#[test]
fn a_leaked_key_ends_its_tokens_at_once() {
    let bench = Bench::new();
    let token = bench.token();
    assert!(bench.auth().verify(&token, None).is_ok(), "and it is in the cache now");
    let leaked = bench.published()[0].clone();
    assert!(bench.auth().retire_key(&leaked, " ").is_err());
    let retired = bench.auth().retire_key(&leaked, "found in a ticket").unwrap();
    assert_eq!((retired.state, retired.retired_because.as_deref()), (KeyState::Retired, Some("found in a ticket")));
    assert_eq!(bench.auth().verify(&token, None), Err(TokenError::UnknownKey));
    assert_eq!(bench.states(), "retired active next");
    assert!(bench.auth().verify(&bench.token(), None).is_ok());
    assert!(matches!(bench.auth().retire_key("nobody", "x"), Err(AuthError::UnknownKey(_))));
}

#[test]
fn another_algorithm_takes_the_place_of_the_next_key() {
    let bench = Bench::new();
    let published = bench.auth().rotate_key(Some(SigningAlgorithm::EdDsa), false).unwrap();
    assert_eq!((published.algorithm.as_str(), published.state), ("EdDSA", KeyState::Next));
    for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256] {
        let signs = bench.auth().rotate_key(Some(algorithm), true).unwrap();
        assert_eq!((signs.algorithm.as_str(), signs.state), (algorithm.name(), KeyState::Active));
        assert!(bench.auth().verify(&bench.token(), None).is_ok());
    }
}

#[test]
fn however_many_rotate_at_once_there_is_one_key_that_signs_and_one_next() {
    let bench = Bench::new();
    let auth = bench.auth();
    std::thread::scope(|scope| {
        for n in 0..8 {
            scope.spawn(move || match n % 4 {
                0 => drop(auth.rotate_key(None, true)),
                1 => drop(auth.rotate_key(Some(SigningAlgorithm::EdDsa), true)),
                2 => drop(auth.look_after_keys()),
                _ => {
                    let active = auth.signing_keys().into_iter().find(|key| key.state == KeyState::Active);
                    drop(active.map(|key| auth.retire_key(&key.id, "a drill")));
                }
            });
        }
    });
    let count = |state| auth.signing_keys().iter().filter(|key| key.state == state).count();
    assert_eq!((count(KeyState::Active), count(KeyState::Next)), (1, 1));
    assert!(auth.verify(&bench.token(), None).is_ok());
}

#[test]
fn nothing_is_signed_with_another_fleet_key() {
    let mut bench = Bench::new();
    std::fs::write(bench.dir.path().join("keys/fleet-key"), "00".repeat(32)).unwrap();
    let error = bench.reopen().unwrap_err();
    assert!(matches!(error, AuthError::KeySealed { .. }), "{error}");
}

#[test]
fn no_private_half_is_in_the_control_log_or_store() {
    let bench = Bench::new();
    bench.auth().rotate_key(Some(SigningAlgorithm::EdDsa), true).unwrap();
    bench.auth().close();
    // PKCS #8 of each of these algorithms holds its identifier in clear: RFC 5915 and RFC 8410.
    let identifiers: [&[u8]; 2] =
        [&[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], &[0x06, 0x03, 0x2b, 0x65, 0x70]];
    let mut looked = 0;
    for dir in ["", "log"] {
        for file in std::fs::read_dir(bench.dir.path().join(dir)).unwrap().map(Result::unwrap) {
            if file.file_type().unwrap().is_file() {
                let bytes = std::fs::read(file.path()).unwrap();
                looked += 1;
                for identifier in identifiers {
                    assert!(!bytes.windows(identifier.len()).any(|at| at == identifier), "{:?}", file.path());
                }
            }
        }
    }
    assert!(looked >= 2, "{looked} files");
}

#[test]
fn options_out_of_their_bounds_are_refused() {
    let with = |every, published_for| KeyRotation { every, published_for, ..KeyRotation::default() }.check();
    assert!(with(Some(HOUR), HOUR).is_ok() && with(None, 30 * DAY).is_ok());
    assert!(with(Some(HOUR / 2), Duration::ZERO).is_err());
    assert!(with(None, 31 * DAY).is_err());
    assert!(with(Some(HOUR), DAY).is_err());
}
