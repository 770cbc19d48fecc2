//! Clients over their life, through the handle.

use std::sync::Arc;

use continuity_base::ManualClock;
use serde_json::json;

use super::*;
use crate::testing::{manual_clock, options};
use crate::{GrantType, Scope, ScopeSet, TokenError, TokenRequest};

struct Bench {
    _dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    auth: Auth,
}

impl Bench {
    fn new() -> Self {
        let (dir, clock) = (tempfile::tempdir().unwrap(), manual_clock());
        Self { auth: Auth::open(options(dir.path(), &clock)).unwrap(), clock, _dir: dir }
    }

    async fn token(&self, client: &Created) -> Result<String, &'static str> {
        let (id, secret) = (&client.client.id, client.secret.as_deref().unwrap_or_default());
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let content_type = Some("application/x-www-form-urlencoded");
        let request = TokenRequest { content_type, authorization: None, address: None, body: body.as_bytes() };
        self.auth.token(request).await.map(|token| token.access_token).map_err(|error| error.error)
    }
}

fn named(name: &str) -> ClientSettings {
    ClientSettings::named(name, ScopeSet::all())
}

#[tokio::test]
async fn what_a_change_takes_away_ends_with_it() {
    let bench = Bench::new();
    let created = bench.auth.create_client(named("Reporting")).unwrap();
    let (id, token) = (created.client.id.as_str(), bench.token(&created).await.unwrap());
    let scopes = ScopeSet::EMPTY.with(Scope::LoansRead);
    let settings = ClientSettings { scopes, token_seconds: Some(60), ..bench.auth.client_settings(id).unwrap() };
    let changed = bench.auth.change_client(id, settings.clone()).unwrap();
    assert_eq!((changed.settings.scopes, changed.settings.token_seconds), (scopes, Some(60)));
    assert_eq!(bench.auth.verify(&token, None).unwrap().scopes, scopes, "tokens of before lose what was taken");
    let records = bench.auth.control_log().head().position;
    bench.auth.change_client(id, settings.clone()).unwrap();
    assert_eq!(bench.auth.control_log().head().position, records, "no change, no record");
    let no_grant = ClientSettings {
        grant_types: vec![GrantType::AuthorizationCode],
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        ..settings
    };
    bench.auth.change_client(id, no_grant).unwrap();
    assert_eq!(bench.token(&created).await, Err("unauthorized_client"));
    assert!(bench.auth.change_client("nobody", named("x")).is_err());
}

#[tokio::test]
async fn limits_hold_for_live_tokens_from_the_next_request_on() {
    let bench = Bench::new();
    let created = bench.auth.create_client(named("Branch")).unwrap();
    let (id, token) = (created.client.id.as_str(), bench.token(&created).await.unwrap());
    let limits = || bench.auth.verify(&token, None).unwrap().limits;
    assert_eq!(limits(), None);
    let teams = vec!["north".to_owned()];
    let change = |settings: &ClientSettings| Ok(ClientSettings { teams: teams.clone(), ..settings.clone() });
    bench.auth.change_client_with(id, change).unwrap();
    assert_eq!(limits().unwrap().teams(), Some(teams.as_slice()));
    let unknown = ClientSettings { channel_kinds: vec!["LOUD".to_owned()], ..named("Branch") };
    assert!(matches!(bench.auth.change_client(id, unknown), Err(AuthError::Invalid(_))));
    assert!(limits().is_some(), "what is refused changes nothing");
    bench.auth.change_client(id, named("Branch")).unwrap();
    assert_eq!(limits(), None);
}

#[tokio::test]
async fn a_deleted_client_ends_with_its_tokens() {
    let bench = Bench::new();
    let created = bench.auth.create_client(named("Reporting")).unwrap();
    let token = bench.token(&created).await.unwrap();
    bench.auth.delete_client(&created.client.id).unwrap();
    assert_eq!(bench.auth.verify(&token, None), Err(TokenError::ClientDisabled));
    assert_eq!(bench.token(&created).await, Err("invalid_client"));
    assert!(bench.auth.list_clients().is_empty());
    assert!(matches!(bench.auth.delete_client(&created.client.id), Err(AuthError::UnknownClient(_))));
    assert!(matches!(bench.auth.set_enabled(&created.client.id, true), Err(AuthError::UnknownClient(_))));
}

#[tokio::test]
async fn who_still_uses_the_old_secret_is_seen() {
    let bench = Bench::new();
    let old = bench.auth.create_client(named("Reporting")).unwrap();
    assert_eq!(old.client.last_used_at, None);
    bench.clock.advance(Duration::from_secs(1));
    let new = bench.auth.rotate_secret(&old.client.id, Duration::from_hours(48)).unwrap();
    bench.clock.advance(Duration::from_hours(2));
    bench.token(&old).await.unwrap();
    bench.auth.write_uses().unwrap();
    let view = bench.auth.client(&old.client.id).unwrap();
    assert!(view.previous_secret_last_used_at.is_some() && view.secret_last_used_at.is_none());
    bench.token(&new).await.unwrap();
    bench.auth.write_uses().unwrap();
    let view = bench.auth.client(&old.client.id).unwrap();
    assert_eq!(view.secret_last_used_at, view.last_used_at);
    let records = bench.auth.control_log().head().position;
    bench.token(&new).await.unwrap();
    bench.auth.write_uses().unwrap();
    assert_eq!(bench.auth.control_log().head().position, records, "known to the hour");
}

#[tokio::test]
async fn definitions_move_to_another_server_and_secrets_do_not() {
    let (from, to) = (Bench::new(), Bench::new());
    let created = from.auth.create_client(named("Reporting")).unwrap();
    from.clock.advance(Duration::from_secs(1));
    from.auth
        .create_client(ClientSettings { token_seconds: Some(90), teams: vec!["north".to_owned()], ..named("Nightly") })
        .unwrap();
    let exported = serde_json::to_string(&from.auth.export_clients().unwrap()).unwrap();
    assert!(!exported.contains(created.secret.as_deref().unwrap()));
    let definitions: Vec<ClientDefinition> = serde_json::from_str(&exported).unwrap();
    let import = |definitions: &[ClientDefinition]| -> Vec<Imported> {
        definitions.iter().map(|one| to.auth.import_client(one.clone()).unwrap()).collect()
    };
    assert_eq!(import(&definitions), [Imported::Created, Imported::Created]);
    assert_eq!(import(&definitions), [Imported::Unchanged, Imported::Unchanged]);
    let by_id = |mut all: Vec<ClientDefinition>| {
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    };
    assert_eq!(by_id(to.auth.export_clients().unwrap()), by_id(definitions.clone()));
    let unknown = exported.replacen("\"scopes\"", "\"allowedNetwork\":[],\"scopes\"", 1);
    assert!(serde_json::from_str::<Vec<ClientDefinition>>(&unknown).is_err(), "what was meant to bind it");
    let mut changed = definitions.clone();
    changed[0].settings.description = "nightly".to_owned();
    changed[1].enabled = false;
    assert_eq!(import(&changed), [Imported::Changed, Imported::Changed]);
    assert_eq!(to.token(&created).await, Err("invalid_client"), "it has no secret here");
    let rotated = to.auth.rotate_secret(&created.client.id, Duration::ZERO).unwrap();
    assert!(to.token(&rotated).await.is_ok());
    let bad = ClientDefinition { id: "../x".to_owned(), ..definitions[0].clone() };
    assert!(to.auth.import_client(bad).is_err());
}

#[tokio::test]
async fn a_client_with_keys_of_its_own_has_no_secret() {
    let bench = Bench::new();
    let ed = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let authentication = Authentication::PrivateKeyJwt;
    let settings = ClientSettings { authentication, jwks: Some(json!({ "keys": [ed] })), ..named("Batch") };
    let created = bench.auth.create_client(settings).unwrap();
    assert_eq!((created.secret.is_none(), created.client.secret_created_at), (true, None));
    let rotated = bench.auth.rotate_secret(&created.client.id, Duration::ZERO);
    assert!(matches!(rotated, Err(AuthError::Conflict(_))));
}

#[tokio::test]
async fn a_secret_does_not_come_back_with_the_way_of_authentication() {
    let bench = Bench::new();
    let created = bench.auth.create_client(named("Reporting")).unwrap();
    let id = created.client.id.as_str();
    let ed = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let with_keys = |settings: &ClientSettings| {
        let (authentication, jwks) = (Authentication::PrivateKeyJwt, Some(json!({ "keys": [ed] })));
        Ok(ClientSettings { authentication, jwks, ..settings.clone() })
    };
    assert_eq!(bench.auth.change_client_with(id, with_keys).unwrap().secret_created_at, None);
    assert_eq!(bench.token(&created).await, Err("invalid_client"));
    let back = |settings: &ClientSettings| {
        Ok(ClientSettings { authentication: Authentication::ClientSecret, jwks: None, ..settings.clone() })
    };
    bench.auth.change_client_with(id, back).unwrap();
    assert_eq!(bench.token(&created).await, Err("invalid_client"), "it may have leaked");
    assert!(bench.token(&bench.auth.rotate_secret(id, Duration::ZERO).unwrap()).await.is_ok());
}
