//! What people do by way of the administration, and what is refused to whom.

use std::time::Duration;

use axum::body::Body;
use continuity_auth::{ClientSettings, Role, ScopeSet};
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::harness::{Answer, Feed, Replica};
use super::people::Browser;

const CLIENTS: &str = "/api/v1/admin/clients";

struct Scene {
    replica: Replica,
    admin: Browser,
}

impl Scene {
    async fn new() -> Self {
        let replica = Replica::of(Feed::house());
        let admin = Browser::of(&replica.state.auth, "admin@bank.example", Role::Admin).await;
        Self { replica, admin }
    }

    async fn send(&self, verb: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.admin.send(&self.replica, verb, path, &body).await
    }

    async fn good(&self, verb: &str, path: &str, body: Value) -> Value {
        let answer = self.send(verb, path, body).await;
        assert!(answer.status.is_success(), "{verb} {path}: {} {}", answer.status, answer.text());
        assert_eq!(answer.header("cache-control"), "no-store", "{verb} {path}");
        if answer.status == StatusCode::NO_CONTENT { Value::Null } else { answer.json() }
    }

    async fn refused(&self, verb: &str, path: &str, body: Value) -> (u16, String, String) {
        let answer = self.send(verb, path, body).await;
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        (answer.status.as_u16(), answer.problem(), detail)
    }

    /// Whether a client gets a token.
    async fn token(&self, id: &str, secret: &str) -> StatusCode {
        let body = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret}).to_string();
        let request = Request::post("/api/v1/oauth/token").header("content-type", "application/json");
        self.replica.send(request.body(Body::from(body)).unwrap()).await.status
    }
}

#[tokio::test]
async fn a_client_lives_as_the_screens_have_it() {
    let scene = Scene::new().await;
    let settings = json!({"name": "Reporting", "description": "Nightly", "scopes": ["loans:read"]});
    let answer = scene.send("post", CLIENTS, settings).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let made = answer.json();
    let (id, secret) = (made["client"]["id"].as_str().unwrap(), made["clientSecret"].as_str().unwrap());
    let one = format!("{CLIENTS}/{id}");
    assert_eq!(answer.header("location"), one);
    assert_eq!(scene.token(id, secret).await, StatusCode::OK);
    let shown = scene.good("get", &one, Value::Null).await;
    assert_eq!((&shown["createdBy"], shown.get("clientSecret")), (&json!("admin@bank.example"), None));

    let changed = scene.good("patch", &format!("{one}?reason=ticket+4711"), json!({"tokenSeconds": 600})).await;
    assert_eq!((&changed["tokenSeconds"], &changed["name"]), (&json!(600), &json!("Reporting")));
    let rotated = scene.good("post", &format!("{one}/secret"), json!({"overlapSeconds": 60})).await;
    let newer = rotated["clientSecret"].as_str().unwrap();
    assert!(scene.token(id, secret).await == StatusCode::OK && scene.token(id, newer).await == StatusCode::OK);
    let last = scene.good("post", &format!("{one}/secret"), Value::Null).await;
    let last = last["clientSecret"].as_str().unwrap();
    assert!(scene.token(id, newer).await == StatusCode::UNAUTHORIZED && scene.token(id, last).await == StatusCode::OK);

    scene.good("post", &format!("{one}/disable"), Value::Null).await;
    assert_eq!(scene.token(id, last).await, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.good("post", &format!("{one}/enable"), Value::Null).await["enabled"], true);
    assert_eq!(scene.token(id, last).await, StatusCode::OK);

    let definitions = scene.good("get", "/api/v1/admin/client-definitions", Value::Null).await;
    let definition = definitions.as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
    let imported = scene.good("post", "/api/v1/admin/client-definitions", definition.clone()).await;
    assert_eq!(imported, json!({"id": id, "outcome": "unchanged"}));
    assert_eq!(scene.good("delete", &one, Value::Null).await, Value::Null);
    assert_eq!(scene.refused("get", &one, Value::Null).await.1, "not-found");

    let records = scene.good("get", "/api/v1/admin/records?after=1&limit=1000", Value::Null).await;
    let records = records.as_array().unwrap();
    let of_client: Vec<&Value> = records.iter().filter(|one| one["subject"] == id).collect();
    let changes: Vec<&str> = of_client.iter().map(|one| one["change"].as_str().unwrap()).collect();
    let expected = [
        "ClientRegistered",
        "ClientChanged",
        "SecretRotated",
        "SecretRotated",
        "ClientDisabled",
        "ClientEnabled",
        "ClientDeleted",
    ];
    assert_eq!(changes, expected);
    assert!(of_client.iter().all(|one| one["actor"] == "admin@bank.example"), "{of_client:?}");
    assert_eq!(of_client[1]["reason"], "ticket 4711");
    let text = serde_json::to_string(records).unwrap();
    assert!(![secret, newer, last].iter().any(|secret| text.contains(secret)), "no secret is on record");
}

#[tokio::test]
async fn clients_that_nobody_uses_are_found() {
    let scene = Scene::new().await;
    let path = format!("{CLIENTS}?unusedForDays=30");
    assert_eq!(scene.good("get", &path, Value::Null).await, json!([]));
    scene.replica.clock.advance(Duration::from_hours(31 * 24));
    let admin = Browser::of(&scene.replica.state.auth, "later@bank.example", Role::Admin).await;
    let used = scene.replica.client(ClientSettings::named("used", ScopeSet::all())).0;
    let scene = Scene { admin, ..scene };
    let unused = scene.good("get", &path, Value::Null).await;
    let unused = unused.as_array().unwrap();
    assert!(unused.len() > 5 && unused.iter().all(|one| one["id"] != used), "{unused:?}");
}

#[tokio::test]
async fn settings_that_cannot_be_are_told() {
    let scene = Scene::new().await;
    let named = |more: Value| {
        let mut settings = json!({"name": "Reporting", "scopes": ["loans:read"]});
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        settings
    };
    for (body, status, code, says) in [
        (json!({}), 422, "unusable-settings", "missing field"),
        (json!([]), 422, "unusable-settings", "must be a JSON object"),
        (named(json!({"scopes": ["loans:write"]})), 422, "unusable-settings", "no scope"),
        (named(json!({"scopes": []})), 422, "unusable-settings", "at least one scope"),
        (named(json!({"grantTypes": ["authorization_code"]})), 422, "unusable-settings", "redirect URI"),
        (named(json!({"mayAdminister": true})), 422, "unusable-settings", "Only people administer"),
        (named(json!({"tokenSeconds": 5})), 422, "unusable-settings", "60 to 86400"),
        (named(json!({"tokenSecond": 60})), 422, "unusable-settings", "unknown field"),
        (named(json!({"allowedNetworks": ["everywhere"]})), 422, "unusable-settings", "invalid"),
    ] {
        let (got, problem, detail) = scene.refused("post", CLIENTS, body.clone()).await;
        assert_eq!((got, problem.as_str()), (status, code), "{body}: {detail}");
        assert!(detail.contains(says), "{body}: {detail}");
    }
    let raw = |kind: &'static str, body: &'static str| {
        let request = scene.admin.bare("post", CLIENTS).header("origin", "https://localhost:8083");
        let request = request.header("x-csrf-token", &scene.admin.csrf).header("content-type", kind);
        scene.replica.send(request.body(Body::from(body)).unwrap())
    };
    assert_eq!(raw("application/json", "{").await.problem(), "bad-request");
    assert_eq!(raw("application/json", "").await.problem(), "bad-request");
    assert_eq!(raw("text/plain", "{}").await.problem(), "unsupported-media-type");
    let long: &'static str = Box::leak("x".repeat(200_000).into_boxed_str());
    assert_eq!(raw("application/json", long).await.problem(), "content-too-large");
    let (status, code, _) = scene.refused("patch", &format!("{CLIENTS}/client-0"), json!({"name": "x"})).await;
    assert_eq!((status, code.as_str()), (404, "not-found"));
    let reason = "x".repeat(501);
    let (status, code, _) = scene.refused("post", &format!("{CLIENTS}?reason={reason}"), json!({})).await;
    assert_eq!((status, code.as_str()), (400, "bad-parameter"));
}

#[tokio::test]
async fn no_other_site_changes_anything_with_a_person_s_cookie() {
    let scene = Scene::new().await;
    let body = || Body::from(json!({"name": "Planted", "scopes": ["loans:read"]}).to_string());
    let foreign: [&[(&str, &str)]; 6] = [
        &[],
        &[("x-csrf-token", &scene.admin.csrf)],
        &[("x-csrf-token", &scene.admin.csrf), ("origin", "https://evil.example")],
        &[("x-csrf-token", &scene.admin.csrf), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://localhost:8083")],
        &[("origin", "https://localhost:8083"), ("x-csrf-token", "wrong")],
    ];
    for headers in foreign {
        let request = headers.iter().fold(scene.admin.bare("post", CLIENTS), |request, (k, v)| request.header(*k, *v));
        let answer = scene.replica.send(request.header("content-type", "application/json").body(body()).unwrap()).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (StatusCode::FORBIDDEN, "csrf-token-wanted"),
            "{headers:?}"
        );
    }
    let clients = scene.good("get", CLIENTS, Value::Null).await;
    assert!(clients.as_array().unwrap().iter().all(|one| one["name"] != "Planted"));
    let looks = scene.replica.send(scene.admin.bare("get", CLIENTS).body(Body::empty()).unwrap()).await;
    assert_eq!(looks.status, StatusCode::OK, "to look, a page needs no more than the cookie");
    assert_eq!(looks.header("access-control-allow-origin"), "", "which no other site can read");
}

#[tokio::test]
async fn people_are_let_in_and_out() {
    let scene = Scene::new().await;
    let accounts = "/api/v1/admin/accounts";
    let settings =
        json!({"email": "joe@bank.example", "name": "Joe Galea", "roles": ["viewer"], "scopes": ["loans:read"]});
    let account = scene.good("post", accounts, settings.clone()).await;
    let id = account["id"].as_str().unwrap();
    let one = format!("{accounts}/{id}");
    assert_eq!(scene.refused("post", accounts, settings).await.1, "conflict", "one account for an address");
    let link = scene.good("post", &format!("{one}/link"), Value::Null).await;
    let link = link["link"].as_str().unwrap();
    let token = link.strip_prefix("https://localhost:8083/console/link/").unwrap();
    assert_eq!(scene.replica.state.auth.link(token).unwrap().id, id);
    let changed = scene.good("patch", &one, json!({"roles": ["auditor"], "teams": ["north"]})).await;
    assert_eq!((&changed["roles"], &changed["teams"]), (&json!(["auditor"]), &json!(["north"])));

    let joe = Browser::of(&scene.replica.state.auth, "jo@bank.example", Role::Auditor).await;
    let of_joe = format!("{accounts}/{}/sessions", joe.account.id);
    let sessions = scene.good("get", &of_joe, Value::Null).await;
    let session = sessions[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(joe.send(&scene.replica, "get", "/api/v1/admin/me", "").await.status, StatusCode::OK);
    scene.good("delete", &format!("{of_joe}/{session}"), Value::Null).await;
    assert_eq!(joe.send(&scene.replica, "get", "/api/v1/admin/me", "").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.refused("delete", &format!("{of_joe}/{session}"), Value::Null).await.1, "not-found");
    scene.good("delete", &of_joe, Value::Null).await;
    assert_eq!(scene.good("post", &format!("{one}/disable"), Value::Null).await["enabled"], false);
    assert_eq!(
        scene.good("post", &format!("{one}/reset-factors?reason=phone+lost"), Value::Null).await["hasTotp"],
        false
    );
    scene.good("delete", &one, Value::Null).await;
    assert_eq!(scene.refused("get", &one, Value::Null).await.1, "not-found");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let scene = Scene::new().await;
    let own = format!("/api/v1/admin/accounts/{}", scene.admin.account.id);
    for (verb, path, body) in [
        ("delete", own.clone(), Value::Null),
        ("post", format!("{own}/disable"), Value::Null),
        ("patch", own.clone(), json!({"roles": ["viewer"]})),
    ] {
        let (status, code, detail) = scene.refused(verb, &path, body).await;
        assert_eq!((status, code.as_str()), (409, "conflict"), "{verb} {path}");
        assert!(detail.contains("last administrator"), "{detail}");
    }
    Browser::of(&scene.replica.state.auth, "second@bank.example", Role::Admin).await;
    scene.good("patch", &own, json!({"roles": ["viewer"]})).await;
    let (status, code, _) = scene.refused("get", CLIENTS, Value::Null).await;
    assert_eq!((status, code.as_str()), (403, "not-admitted"), "what somebody may do no longer ends at once");
}

#[tokio::test]
async fn keys_turn_by_hand() {
    let scene = Scene::new().await;
    let keys = "/api/v1/admin/keys";
    let early = scene.refused("post", &format!("{keys}/rotate"), Value::Null).await;
    assert_eq!((early.0, early.1.as_str()), (409, "conflict"), "clients may not know the next key yet: {}", early.2);
    let rotated = scene.good("post", &format!("{keys}/rotate"), json!({"atOnce": true, "algorithm": "EdDSA"})).await;
    assert_eq!((&rotated["state"], &rotated["algorithm"]), (&json!("active"), &json!("EdDSA")));
    let unknown = scene.refused("post", &format!("{keys}/rotate"), json!({"algorithm": "HS256"})).await;
    assert!(unknown.1 == "unusable-settings" && unknown.2.contains("RS256"), "{unknown:?}");
    let id = rotated["id"].as_str().unwrap();
    for none in ["", "?reason=+"] {
        assert_eq!(scene.refused("post", &format!("{keys}/{id}/retire{none}"), Value::Null).await.1, "bad-parameter");
    }
    let retired = scene.good("post", &format!("{keys}/{id}/retire?reason=it+leaked"), Value::Null).await;
    assert_eq!((&retired["state"], &retired["retiredBecause"]), (&json!("retired"), &json!("it leaked")));
    let listed = scene.good("get", keys, Value::Null).await;
    assert!(listed.as_array().unwrap().iter().any(|key| key["state"] == "active"), "{listed}");
}

#[tokio::test]
async fn a_person_registers_an_application_and_nothing_more() {
    let scene = Scene::new().await;
    let developer = Browser::of(&scene.replica.state.auth, "dev@bank.example", Role::Developer).await;
    let dev = Scene { replica: scene.replica, admin: developer };
    let applications = "/api/v1/admin/applications";
    let settings = json!({
        "name": "Loan pad", "scopes": ["loans:read"], "redirectUris": ["https://pad.example/cb"], "refreshes": true,
    });
    let made = dev.good("post", applications, settings.clone()).await;
    let id = made["client"]["id"].as_str().unwrap();
    assert!(made["clientSecret"].is_string() && made["client"]["owner"] == dev.admin.account.id.as_str());
    assert_eq!(made["client"]["grantTypes"], json!(["authorization_code", "refresh_token"]));
    let one = format!("{applications}/{id}");
    assert_eq!(dev.good("patch", &one, json!({"name": "Pad"})).await["name"], "Pad");
    assert_eq!(dev.good("get", applications, Value::Null).await.as_array().unwrap().len(), 1);
    for beyond in [json!({"scopes": ["audit:read"]}), json!({"mayAdminister": true}), json!({"grantTypes": []})] {
        assert_eq!(dev.refused("patch", &one, beyond.clone()).await.1, "unusable-settings", "{beyond}");
    }
    assert_eq!(dev.refused("get", CLIENTS, Value::Null).await.1, "not-admitted");
    let service = dev.replica.client(ClientSettings::named("Nightly", ScopeSet::all())).0;
    assert_eq!(dev.refused("post", &format!("{applications}/{service}/secret"), Value::Null).await.1, "not-found");
    let other = Browser::of(&dev.replica.state.auth, "other@bank.example", Role::Developer).await;
    let answer = other.send(&dev.replica, "delete", &one, "").await;
    assert_eq!(answer.problem(), "not-found", "another's application does not exist for anybody else");
    assert_eq!(dev.good("get", "/api/v1/admin/me", Value::Null).await["account"]["email"], "dev@bank.example");
    dev.good("delete", &one, Value::Null).await;
    assert!(dev.replica.state.auth.client(id).is_none());
}

#[tokio::test]
async fn who_has_something_to_do_first_administers_nothing() {
    let replica = Replica::of(Feed::house());
    let admin = Browser::of(&replica.state.auth, "admin@bank.example", Role::Admin).await;
    let temporary = replica.state.auth.set_temporary_password(&admin.account.id).unwrap();
    let origin = continuity_auth::Origin::default();
    let step = replica.state.auth.sign_in("admin@bank.example", &temporary, &origin).await.unwrap();
    let continuity_auth::Step::SignedIn(signed_in) = step else { panic!("{step:?}") };
    let request = Request::get("/api/v1/admin/me").header("cookie", format!("__Host-continuity={}", *signed_in.cookie));
    let answer = replica.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::FORBIDDEN, "account-not-ready"));
}
