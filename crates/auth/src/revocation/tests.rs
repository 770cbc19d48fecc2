//! Revocation and introspection, through the handle.

use std::net::IpAddr;
use std::sync::Arc;

use continuity_base::{Clock, ManualClock};

use super::*;
use crate::testing::{ISSUER, manual_clock, options};
use crate::{ClientSettings, ControlRecord, Created, ScopeSet, TokenError};

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

struct Bench {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), clock: manual_clock() }
    }

    fn open(&self) -> Auth {
        Auth::open(options(self.dir.path(), &self.clock)).unwrap()
    }
}

fn client(auth: &Auth, may_introspect: bool) -> Created {
    let settings = ClientSettings { may_introspect, ..ClientSettings::named("Reporting", ScopeSet::all()) };
    auth.create_client(settings).unwrap()
}

fn credentials(client: &Created) -> String {
    format!("client_id={}&client_secret={}", client.client.id, client.secret.as_deref().unwrap())
}

fn about(client: &Created, token: &str) -> String {
    format!("{}&token={token}&token_type_hint=access_token", credentials(client))
}

fn request(body: &str) -> TokenRequest<'_> {
    TokenRequest { content_type: FORM, authorization: None, address: None, body: body.as_bytes() }
}

async fn token(auth: &Auth, client: &Created) -> String {
    let body = format!("grant_type=client_credentials&scope=loans:read&{}", credentials(client));
    auth.token(request(&body)).await.unwrap().access_token
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_and_after_a_restart() {
    let bench = Bench::new();
    let auth = bench.open();
    let ours = client(&auth, false);
    let (revoked, other) = (token(&auth, &ours).await, token(&auth, &ours).await);
    assert!(auth.verify(&revoked, None).is_ok(), "and it is in the cache now");
    for _ in 0..2 {
        auth.revoke(request(&about(&ours, &revoked))).await.unwrap();
        assert_eq!(auth.verify(&revoked, None), Err(TokenError::Revoked));
    }
    assert!(auth.verify(&other, None).is_ok());
    let revocations = |auth: &Auth| {
        let log = auth.control_log();
        let records = (1..=log.head().position).map(|at| ControlRecord::read(&log.get(at).unwrap().payload).unwrap());
        records.filter(|record| record.change == "TokenRevoked").count()
    };
    assert_eq!(revocations(&auth), 1, "the second needed no record");
    auth.close();
    drop(auth);
    let auth = bench.open();
    assert_eq!(auth.verify(&revoked, None), Err(TokenError::Revoked));
    assert!(auth.verify(&other, None).is_ok());
}

#[tokio::test]
async fn rfc_7009_2_2_an_unknown_or_foreign_token_is_no_error_and_no_change() {
    let bench = Bench::new();
    let auth = bench.open();
    let (ours, other) = (client(&auth, false), client(&auth, true));
    let live = token(&auth, &ours).await;
    let records = auth.control_log().head().position;
    for token in [live.as_str(), "nothing", "a.b.c", &"x".repeat(9_000)] {
        auth.revoke(request(&about(&other, token))).await.unwrap();
    }
    assert_eq!(auth.control_log().head().position, records);
    assert!(auth.verify(&live, None).is_ok());
}

#[tokio::test]
async fn rfc_7009_2_2_1_requests_are_refused_as_at_the_token_endpoint() {
    let bench = Bench::new();
    let auth = bench.open();
    let ours = client(&auth, false);
    let refused = |error: OAuthError| (error.status, error.error, error.challenge.is_some());
    for (body, expected) in [
        (credentials(&ours), (400, "invalid_request", false)),
        ("token=x".to_owned(), (401, "invalid_client", true)),
        (about(&ours, "x").replace("cs_", "sc_"), (401, "invalid_client", true)),
        (format!("{}&token=y", about(&ours, "x")), (400, "invalid_request", false)),
    ] {
        assert_eq!(refused(auth.revoke(request(&body)).await.unwrap_err()), expected, "{body}");
        assert_eq!(refused(auth.introspect(&request(&body)).unwrap_err()), expected, "{body}");
    }
}

#[tokio::test]
async fn rfc_7662_2_2_a_token_is_told_to_whom_it_concerns() {
    let bench = Bench::new();
    let auth = bench.open();
    let (ours, foreign, server) = (client(&auth, false), client(&auth, false), client(&auth, true));
    let live = token(&auth, &ours).await;
    let ask = |who: &Created, token: &str| auth.introspect(&request(&about(who, token))).unwrap();
    for who in [&ours, &server] {
        let told = ask(who, &live);
        assert_eq!(
            (&told["active"], &told["scope"], &told["iss"]),
            (&json!(true), &json!("loans:read"), &json!(ISSUER))
        );
        assert_eq!((&told["client_id"], &told["token_type"]), (&json!(ours.client.id), &json!("Bearer")));
        assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 3_600);
    }
    let nothing = json!({ "active": false });
    assert_eq!(ask(&foreign, &live), nothing);
    assert_eq!(ask(&server, "nothing"), nothing);
    auth.revoke(request(&about(&ours, &live))).await.unwrap();
    assert_eq!(ask(&server, &live), nothing);
    let live = token(&auth, &ours).await;
    auth.set_enabled(&ours.client.id, false).unwrap();
    assert_eq!(ask(&server, &live), nothing);
}

#[tokio::test]
async fn a_client_bound_to_networks_is_served_from_there_only() {
    let bench = Bench::new();
    let auth = bench.open();
    let settings = ClientSettings {
        allowed_networks: vec!["10.0.0.0/8".parse().unwrap()],
        ..ClientSettings::named("Reporting", ScopeSet::all())
    };
    let ours = auth.create_client(settings).unwrap();
    let (inside, outside): (IpAddr, IpAddr) = ("10.9.9.9".parse().unwrap(), "192.0.2.1".parse().unwrap());
    let body = format!("grant_type=client_credentials&{}", credentials(&ours));
    let from = |address| TokenRequest { address: Some(address), ..request(&body) };
    assert_eq!(auth.token(from(outside)).await.unwrap_err().error, "invalid_client");
    let live = auth.token(from(inside)).await.unwrap().access_token;
    assert!(auth.verify(&live, Some(inside)).is_ok());
    assert_eq!(auth.verify(&live, Some(outside)), Err(TokenError::WrongNetwork));
    let told = auth.introspect(&TokenRequest { address: Some(inside), ..request(&about(&ours, &live)) }).unwrap();
    assert_eq!(told["active"], true);
    let narrowed = |settings: &ClientSettings| {
        Ok(ClientSettings { scopes: ScopeSet::EMPTY.with(crate::Scope::BidsRead), ..settings.clone() })
    };
    auth.change_client_with(&ours.client.id, narrowed).unwrap();
    let ask = || auth.introspect(&TokenRequest { address: Some(inside), ..request(&about(&ours, &live)) }).unwrap();
    assert_eq!(ask()["scope"], "bids:read", "what it opens now");
    auth.revoke(TokenRequest { address: Some(inside), ..request(&about(&ours, &live)) }).await.unwrap();
    assert_eq!(ask(), json!({ "active": false }));
}

#[tokio::test]
async fn a_token_of_the_future_can_be_revoked_too() {
    let bench = Bench::new();
    let auth = bench.open();
    let ours = client(&auth, false);
    bench.clock.advance(std::time::Duration::from_mins(10));
    let live = token(&auth, &ours).await;
    bench.clock.step_to(manual_clock().now());
    assert_eq!(auth.verify(&live, None), Err(TokenError::NotYetValid));
    auth.revoke(request(&about(&ours, &live))).await.unwrap();
    bench.clock.advance(std::time::Duration::from_mins(10));
    assert_eq!(auth.verify(&live, None), Err(TokenError::Revoked));
}
