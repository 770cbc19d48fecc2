//! What developers do about their applications.

use continuity_auth::{Account, Authentication, ClientSettings, GrantType, Role, Scope, ScopeSet};
use http::StatusCode;
use serde_json::json;

use super::bench::{Bench, PASSWORD};

const PATH: &str = "/console/settings/applications";
const NEW: &str = "/console/settings/applications/new";
const JOE: &str = "joe@bank.example";
const EVIL: &str = "<script>alert(1)</script>";
const LATER: u64 = 11 * 60;
const WEB: [(&str, &str); 6] = [
    ("name", "Loan pad"),
    ("scopes", "loans:read"),
    ("kind", "server"),
    ("redirectUris", "https://pad.bank.internal/callback\r\n"),
    ("refreshes", "true"),
    ("reason", "for the branches"),
];

fn registered(bench: &Bench, of: &Account, name: &str) -> String {
    let settings = json!({
        "name": name, "scopes": ["loans:read"], "redirectUris": ["https://pad.bank.internal/callback"],
    });
    bench.auth.register_application(of, serde_json::from_value(settings).unwrap()).unwrap().client.id
}

#[tokio::test]
async fn a_developer_registers_an_application_and_sees_its_secret_once() {
    let bench = Bench::lax();
    let joe = bench.person(JOE, &[Role::Developer]);
    let mut browser = bench.signed_in_as(&joe).await;
    assert!(browser.get(PATH).await.says("There is none yet."));
    let page = browser.get(NEW).await;
    assert!(
        page.says("value=\"loans:read\"") && !page.says("value=\"audit:read\""),
        "what Joe may read: {}",
        page.text
    );
    let page = browser.post(NEW, &WEB).await;
    assert!(page.status == StatusCode::OK && page.says("The application is registered."), "{}", page.text);
    assert!(page.headers["cache-control"] == "no-store" && !page.says("client_credentials"), "{}", page.text);
    let (id, secret) = (page.between("<code id=\"client-id\">", "<"), page.between("<code id=\"client-secret\">", "<"));
    let client = bench.auth.application(&joe, &id).unwrap();
    assert_eq!(client.settings.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
    assert_eq!(client.settings.redirect_uris, ["https://pad.bank.internal/callback"]);
    let record = bench.last_record();
    assert_eq!((&*record.actor, record.reason.as_deref()), (JOE, Some("for the branches")));
    let page = browser.get(&format!("{PATH}/{id}")).await;
    assert!(
        page.says("value=\"server\" checked") && page.says("Rotate Secret") && !page.says(&secret),
        "{}",
        page.text
    );
    assert!(!page.says("/console/settings/clients"), "that is for administrators");
    assert!(browser.get(PATH).await.says("Loan pad"));
}

#[tokio::test]
async fn the_kind_says_how_it_proves_who_it_is() {
    let bench = Bench::lax();
    let joe = bench.person(JOE, &[Role::Developer]);
    let mut browser = bench.signed_in_as(&joe).await;
    browser.get(NEW).await;
    for (kind, back, authentication) in [
        ("server", "https://pad.bank.internal/cb", Authentication::ClientSecret),
        ("browser", "https://pad.bank.internal/cb", Authentication::None),
        ("device", "internal.bank.pad:/cb", Authentication::None),
    ] {
        let fields = [("name", kind), ("scopes", "loans:read"), ("kind", kind), ("redirectUris", back)];
        let page = browser.post(NEW, &fields).await;
        assert_eq!(page.says("client-secret"), authentication == Authentication::ClientSecret, "{kind}");
        let id = page.between("<code id=\"client-id\">", "<");
        let settings = bench.auth.client_settings(&id).unwrap();
        assert_eq!(
            (settings.authentication, settings.grant_types),
            (authentication, vec![GrantType::AuthorizationCode])
        );
        let page = browser.get(&format!("{PATH}/{id}")).await;
        assert!(page.says(&format!("value=\"{kind}\" checked")), "{kind}: {}", page.text);
    }
    for (fields, says) in [
        (
            &[("name", "x"), ("scopes", "loans:read"), ("redirectUris", "https://a.example/cb")][..],
            "Say what the application is",
        ),
        (&[("name", "x"), ("scopes", "loans:read"), ("kind", "server")], "needs a redirect URI"),
        (&[("name", "x"), ("kind", "server"), ("redirectUris", "https://a.example/cb")], "at least one scope"),
        (&[("name", "x"), ("scopes", "audit:read"), ("kind", "server")], "no more than you may read yourself"),
        (&[("name", "x"), ("scopes", "root"), ("kind", "server")], "no scope &#34;root&#34;"),
    ] {
        let page = browser.post(NEW, fields).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says(says), "{says} in {}", page.text);
    }
    assert_eq!(bench.auth.applications(&joe).len(), 3);
}

#[tokio::test]
async fn an_application_is_changed_and_keeps_what_others_decided() {
    let bench = Bench::lax();
    let joe = bench.person(JOE, &[Role::Developer]);
    let id = registered(&bench, &joe, "Pad");
    let path = format!("{PATH}/{id}");
    let more = |before: &ClientSettings| {
        Ok(ClientSettings { scopes: before.scopes.with(Scope::AuditRead), teams: vec!["x".into()], ..before.clone() })
    };
    bench.auth.change_client_with(&id, more).unwrap();
    let mut browser = bench.signed_in_as(&joe).await;
    assert!(browser.get(&path).await.says("value=\"audit:read\" checked"), "what it has can be kept");
    let page = browser.post(&path, &WEB).await;
    assert_eq!(page.to(), format!("{path}?done=changed"));
    assert!(browser.get(page.to()).await.says("The application is changed."));
    let settings = bench.auth.client_settings(&id).unwrap();
    assert_eq!((&*settings.name, settings.teams), ("Loan pad", vec!["x".to_owned()]));
    assert_eq!(settings.scopes, ScopeSet::EMPTY.with(Scope::LoansRead));
    let beyond =
        [("name", "Pad"), ("scopes", "bids:read"), ("kind", "server"), ("redirectUris", "https://a.example/cb")];
    let page = browser.post(&path, &beyond).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("value=\"Pad\""), "{}", page.text);
}

#[tokio::test]
async fn its_secret_is_rotated_and_it_is_deleted_by_name() {
    let bench = Bench::lax();
    let joe = bench.person(JOE, &[Role::Developer]);
    let id = registered(&bench, &joe, EVIL);
    let path = format!("{PATH}/{id}");
    let mut browser = bench.signed_in_as(&joe).await;
    for path in [PATH, &path] {
        let page = browser.get(path).await;
        assert!(page.says("&#60;script&#62;alert(1)") && !page.says(EVIL), "{}", page.text);
    }
    let page = browser.post(&format!("{path}/secret"), &[("overlapHours", "24")]).await;
    assert!(page.says("<code id=\"client-secret\">") && !page.says(EVIL), "{}", page.text);
    assert!(bench.auth.client(&id).unwrap().previous_secret_until.is_some());
    let page = browser.post(&format!("{path}/delete"), &[("name", "script")]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("confirm-name-fault") && !page.says(EVIL));
    let page = browser.post(&format!("{path}/delete"), &[("name", EVIL)]).await;
    assert_eq!(page.to(), format!("{PATH}?done=deleted"));
    assert!(browser.get(page.to()).await.says("The application is deleted.") && bench.auth.client(&id).is_none());
}

#[tokio::test]
async fn others_do_not_find_it_but_administrators_do() {
    let bench = Bench::lax();
    let (joe, eve) = (bench.person(JOE, &[Role::Developer]), bench.person("eve@bank.example", &[Role::Developer]));
    let path = format!("{PATH}/{}", registered(&bench, &joe, "Pad"));
    let service = bench.auth.create_client(ClientSettings::named("Nightly", ScopeSet::all())).unwrap().client.id;
    let mut browser = bench.signed_in_as(&eve).await;
    let before = bench.auth.control_log().head();
    assert!(!browser.get(PATH).await.says("Pad") && browser.get(&path).await.status == StatusCode::NOT_FOUND);
    for path in [&path, &format!("{PATH}/{service}")] {
        for what in ["", "/secret", "/delete"] {
            let fields = [&WEB[..], &[("overlapHours", "24")]].concat();
            let page = browser.post(&format!("{path}{what}"), &fields).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}{what}");
        }
    }
    assert_eq!(bench.auth.control_log().head(), before);
    let mut admin = bench.signed_in().await;
    let page = admin.get(PATH).await;
    assert!(page.says("Pad") && page.says("Registered by joe@bank.example") && !page.says("Nightly"), "{}", page.text);
    let page = admin.get(&path).await;
    assert!(page.says("/console/settings/clients/") && page.says("value=\"audit:read\""), "{}", page.text);
}

#[tokio::test]
async fn it_takes_the_role_and_a_proof() {
    let bench = Bench::lax();
    let joe = bench.person(JOE, &[Role::Developer]);
    let viewer = bench.person("eve@bank.example", &[Role::Operator, Role::Auditor, Role::Viewer]);
    let id = registered(&bench, &joe, "Pad");
    let path = format!("{PATH}/{id}");
    let (mut eve, mut browser) = (bench.signed_in_as(&viewer).await, bench.signed_in_as(&joe).await);
    let before = bench.auth.control_log().head();
    eve.get("/console/account").await;
    for path in [PATH, NEW, &path] {
        assert_eq!(eve.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for what in ["/new", &format!("/{id}"), &format!("/{id}/secret"), &format!("/{id}/delete")] {
        assert_eq!(eve.post(&format!("{PATH}{what}"), &WEB).await.status, StatusCode::FORBIDDEN, "{what}");
    }
    for what in ["/secret", "/delete"] {
        assert_eq!(browser.get(&format!("{path}{what}?name=Pad")).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    bench.later(LATER);
    let page = browser.get(&path).await;
    assert!(page.says("confirm first that it is you") && !page.says("Rotate Secret"), "{}", page.text);
    let to = "/console/confirm?next=%2Fconsole%2Fsettings%2Fapplications%2F";
    for what in ["", "/secret", "/delete"] {
        let page = browser.post(&format!("{path}{what}"), &WEB).await;
        assert_eq!(page.to(), format!("{to}{id}"), "{what}");
    }
    assert_eq!(browser.get(NEW).await.to(), format!("{to}new"));
    browser.get(PATH).await;
    assert_eq!(browser.post(NEW, &WEB).await.to(), format!("{to}new"));
    assert_eq!(bench.auth.control_log().head(), before);
    browser.post("/console/confirm", &[("password", PASSWORD)]).await;
    assert_eq!(browser.get(NEW).await.status, StatusCode::OK);
}
