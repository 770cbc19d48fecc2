//! The whole crate through its handle, on a real directory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use continuity_base::ManualClock;
use serde_json::Value;

use super::*;
use crate::testing::{manual_clock, options};
use crate::{AccessRange, Accessed, ClientSettings, ControlRecord, Created, MAX_SECRET_OVERLAP, Scope, ScopeSet};

struct Bench {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), clock: manual_clock() }
    }

    fn options(&self) -> AuthOptions {
        options(self.dir.path(), &self.clock)
    }

    fn open(&self) -> Auth {
        Auth::open(self.options()).unwrap()
    }
}

fn new_client(name: &str) -> ClientSettings {
    ClientSettings::named(name, ScopeSet::all())
}

async fn token(auth: &Auth, created: &Created) -> Result<TokenResponse, OAuthError> {
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        created.client.id,
        created.secret.as_deref().unwrap()
    );
    let content_type = Some("application/x-www-form-urlencoded");
    auth.token(TokenRequest { content_type, authorization: None, address: None, body: body.as_bytes() }).await
}

fn access(client_id: &str) -> Access {
    Access {
        loan: "lr-1".to_owned(),
        what: Accessed::FormData { task: "task-1".to_owned() },
        client_id: client_id.to_owned(),
        request_id: "r-1".to_owned(),
    }
}

#[tokio::test]
async fn a_restart_keeps_clients_secrets_tokens_and_accesses() {
    let bench = Bench::new();
    let auth = bench.open();
    let created = auth.create_client(new_client("Reporting")).unwrap();
    let live = token(&auth, &created).await.unwrap().access_token;
    auth.record_access(access(&created.client.id)).await.unwrap();
    auth.close();
    drop(auth);
    let auth = bench.open();
    let clients: Vec<_> = auth.list_clients().into_iter().map(|client| (client.id, client.settings)).collect();
    assert_eq!(clients, [(created.client.id.clone(), created.client.settings.clone())]);
    assert_eq!(auth.verify(&live, None).unwrap().client_id, created.client.id);
    assert!(token(&auth, &created).await.is_ok());
    let entries: Vec<_> = auth.access_log().forward(&AccessRange::default(), None).unwrap().collect();
    let entry: Value = serde_json::from_str(&entries[0].as_ref().unwrap().json()).unwrap();
    assert_eq!((entries.len(), &entry["actor"]["displayName"]), (1, &Value::from("Reporting")));
    assert_eq!(entry["id"].as_str().map(str::len), Some(36));
}

#[test]
fn the_first_start_makes_keys_that_only_the_owner_can_read() {
    let bench = Bench::new();
    let jwks = bench.open().jwks();
    let keys = bench.dir.path().join("keys");
    for (path, mode) in [(keys.clone(), 0o700), (keys.join("fleet-key"), 0o600)] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
    assert_eq!(bench.open().jwks(), jwks);
}

#[tokio::test]
async fn disabling_is_felt_by_the_next_request_and_outlives_a_restart() {
    let bench = Bench::new();
    let auth = bench.open();
    let created = auth.create_client(new_client("Reporting")).unwrap();
    let live = token(&auth, &created).await.unwrap().access_token;
    assert!(auth.verify(&live, None).is_ok());
    assert!(!auth.set_enabled(&created.client.id, false).unwrap().enabled);
    assert_eq!(auth.verify(&live, None), Err(TokenError::ClientDisabled));
    assert_eq!(token(&auth, &created).await.unwrap_err().error, "invalid_client");
    drop(auth);
    let auth = bench.open();
    assert_eq!(auth.verify(&live, None), Err(TokenError::ClientDisabled));
    auth.set_enabled(&created.client.id, true).unwrap();
    assert_eq!(auth.verify(&live, None), Err(TokenError::Revoked));
    assert!(token(&auth, &created).await.is_ok());
}

#[tokio::test]
async fn rotation_ends_the_secret_after_its_overlap_and_no_token() {
    let bench = Bench::new();
    let auth = bench.open();
    let first = auth.create_client(new_client("Reporting")).unwrap();
    let live = token(&auth, &first).await.unwrap().access_token;
    let second = auth.rotate_secret(&first.client.id, Duration::from_mins(10)).unwrap();
    assert!(token(&auth, &first).await.is_ok() && token(&auth, &second).await.is_ok());
    bench.clock.advance(Duration::from_mins(10));
    assert!(token(&auth, &first).await.is_err() && token(&auth, &second).await.is_ok());
    let third = auth.rotate_secret(&first.client.id, Duration::ZERO).unwrap();
    assert!(token(&auth, &second).await.is_err() && token(&auth, &third).await.is_ok());
    assert!(auth.verify(&live, None).is_ok(), "rotation ends no token");
    assert_eq!(third.client.previous_secret_until, None);
}

#[test]
fn who_changed_what_is_recorded_and_nothing_when_nothing_changes() {
    let auth = Bench::new().open();
    let id = auth.acting_as("cli").create_client(new_client("Reporting")).unwrap().client.id;
    auth.acting_as("cli").set_enabled(&id, true).unwrap();
    auth.acting_as("demo").set_enabled(&id, false).unwrap();
    auth.rotate_secret(&id, Duration::ZERO).unwrap();
    let log = auth.control_log();
    // The first two are of the signing key.
    assert_eq!(log.head().position, 5);
    let lines: Vec<_> =
        (3..=5).map(|at| ControlRecord::read(&log.get(at).unwrap().payload).unwrap().to_string()).collect();
    let actors: Vec<_> = lines.iter().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(actors, ["cli: ClientRegistered", "demo: ClientDisabled", "local: SecretRotated"]);
    assert_eq!(log.get(3).unwrap().subject, id);
    assert_eq!(auth.client(&id).unwrap().created_by, "cli");
}

#[tokio::test]
async fn no_secret_is_in_any_file_record_or_debug_output() {
    let bench = Bench::new();
    let auth = bench.open();
    let first = auth.create_client(new_client("Reporting")).unwrap();
    let second = auth.rotate_secret(&first.client.id, Duration::from_mins(1)).unwrap();
    let live = token(&auth, &second).await.unwrap();
    auth.record_access(access(&first.client.id)).await.unwrap();
    let mut shown = format!("{auth:?} {first:?} {second:?} {live:?} {:?} {:?}", auth.list_clients(), bench.options());
    let mut stored = Vec::new();
    let log = auth.control_log();
    for position in 1..=log.head().position {
        let payload = log.get(position).unwrap().payload;
        shown += &ControlRecord::read(&payload).unwrap().to_string();
        stored.extend(payload);
    }
    auth.close();
    read_all(bench.dir.path(), &mut stored);
    stored.retain(|&byte| byte != 0); // the unused space of the log's segment
    stored.extend(shown.as_bytes());
    for secret in [first.secret.as_ref().unwrap(), second.secret.as_ref().unwrap(), &live.access_token] {
        let canary = secret.as_bytes();
        assert!(!stored.windows(canary.len()).any(|window| window == canary));
        assert!(!stored.windows(20).any(|window| window == &canary[canary.len() - 20..]), "not even a part");
    }
    assert!(stored.windows(9).any(|window| window == b"Reporting"), "the search finds what is there");
}

fn read_all(dir: &Path, into: &mut Vec<u8>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { read_all(&path, into) } else { into.extend(fs::read(path).unwrap()) }
    }
}

#[tokio::test]
async fn once_closed_tokens_are_still_checked_but_nothing_is_recorded() {
    let auth = Bench::new().open();
    let created = auth.create_client(new_client("Reporting")).unwrap();
    let live = token(&auth, &created).await.unwrap().access_token;
    assert_eq!(auth.control_log_failure(), None);
    auth.close();
    assert_eq!(auth.control_log_failure(), Some("it was closed"));
    assert!(auth.verify(&live, None).is_ok());
    assert!(matches!(auth.record_access(access("x")).await, Err(AuthError::Closed(_))));
    assert!(matches!(auth.set_enabled(&created.client.id, false), Err(AuthError::Closed(_))));
    assert_eq!(auth.access_log().count("lr-1").unwrap(), 0);
}

#[test]
fn limits_are_held() {
    let auth = Bench::new().open();
    let invalid = |new: ClientSettings| matches!(auth.create_client(new), Err(AuthError::Invalid(_)));
    assert!(invalid(new_client(" ")) && invalid(new_client(&"x".repeat(201))));
    assert!(invalid(ClientSettings { scopes: ScopeSet::EMPTY, ..new_client("a") }));
    assert!(invalid(ClientSettings { description: "x".repeat(2_001), ..new_client("a") }));
    for seconds in [0, 59, 86_401] {
        assert!(invalid(ClientSettings { token_seconds: Some(seconds), ..new_client("a") }));
    }
    let unknown = |outcome: Result<(), AuthError>| matches!(outcome, Err(AuthError::UnknownClient(_)));
    assert!(
        unknown(auth.set_enabled("x", true).map(drop)) && unknown(auth.rotate_secret("x", Duration::ZERO).map(drop))
    );
    let id = auth.create_client(new_client("a")).unwrap().client.id;
    let too_long = MAX_SECRET_OVERLAP + Duration::from_micros(1);
    assert!(matches!(auth.rotate_secret(&id, too_long), Err(AuthError::Invalid(_))));
    assert!(auth.client("x").is_none());
}

#[tokio::test]
async fn a_client_has_its_own_life_of_tokens_and_scopes() {
    let auth = Bench::new().open();
    let scopes = ScopeSet::EMPTY.with(Scope::TasksRead);
    let new = ClientSettings { token_seconds: Some(60), scopes, ..new_client("Short") };
    let response = token(&auth, &auth.create_client(new).unwrap()).await.unwrap();
    assert_eq!((response.expires_in, response.scope.as_str()), (60, "tasks:read"));
    assert_eq!(auth.verify(&response.access_token, None).unwrap().scopes, scopes);
}

#[tokio::test]
async fn an_overlong_access_is_refused_before_it_reaches_the_log() {
    let auth = Bench::new().open();
    let long = Access { loan: "x".repeat(5_000), ..access("c") };
    assert!(matches!(auth.record_access(long).await, Err(AuthError::Invalid(_))));
    assert!(auth.record_access(access("c")).await.is_ok(), "the log goes on");
}

#[test]
fn unusable_options_are_refused() {
    let bench = Bench::new();
    let refused = |options| matches!(Auth::open(options), Err(AuthError::Invalid(_)));
    for issuer in ["", "https://a/", "https://a?b", "https://a#b"] {
        assert!(refused(AuthOptions { issuer: issuer.to_owned(), ..bench.options() }), "{issuer}");
    }
    assert!(refused(AuthOptions { realm: "a\"b".to_owned(), ..bench.options() }));
    assert!(refused(AuthOptions { default_token_seconds: 59, ..bench.options() }));
    for read_period_seconds in [0, 7, 61, 120] {
        assert!(refused(AuthOptions { read_period_seconds, ..bench.options() }), "{read_period_seconds}");
    }
}

#[test]
fn a_lost_pepper_stops_the_start_instead_of_ending_every_secret() {
    let bench = Bench::new();
    drop(bench.open().create_client(new_client("Reporting")).unwrap());
    fs::remove_file(bench.dir.path().join("keys/fleet-key")).unwrap();
    assert!(matches!(Auth::open(bench.options()), Err(AuthError::FleetKeyMissing { .. })));
}

#[test]
fn two_servers_on_one_directory_are_refused() {
    let bench = Bench::new();
    let _first = bench.open();
    assert!(matches!(Auth::open(bench.options()), Err(AuthError::ControlLog(_))));
}
