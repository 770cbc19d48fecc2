//! Administrators look after OAuth clients.

use continuity_auth::{ClientSettings, Role, ScopeSet};
use http::StatusCode;

use super::bench::Bench;

const CLIENTS: &str = "/console/settings/clients";
const HOSTILE: &str = "<script>alert(1)</script>";

fn fields<'a>(name: &'a str, more: &[(&'static str, &'a str)]) -> Vec<(&'static str, &'a str)> {
    let all = [
        ("name", name),
        ("scopes", "loans:read"),
        ("grants", "client_credentials"),
        ("authentication", "client_secret"),
    ];
    all.into_iter().chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn a_client_is_created_and_its_secret_shown_once() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let page = browser.get(CLIENTS).await;
    assert!(page.says("New OAuth Client") && page.says("There is none yet") && page.says("aria-current=\"page\""));
    browser.get("/console/settings/clients/new").await;
    let more = [
        ("scopes", "bids:read"),
        ("description", "Nightly"),
        ("networks", "10.0.0.0/8\n\n192.0.2.0/24"),
        ("rate", "50"),
    ];
    let page = browser.post("/console/settings/clients/new", &fields(HOSTILE, &more)).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let secret = page.between("<code id=\"client-secret\">", "</code>");
    let id = page.between("<code id=\"client-id\">", "</code>");
    assert!(page.says("shown only now") && page.says("curl --cacert") && !page.says(HOSTILE));
    assert_eq!(page.headers["cache-control"], "no-store");
    let client = bench.auth.client(&id).unwrap();
    assert_eq!(
        (client.settings.scopes.to_string(), client.settings.allowed_networks.len()),
        ("loans:read bids:read".to_owned(), 2)
    );
    assert_eq!(client.settings.rate_limit.unwrap().burst, 50);
    let page = browser.get(&format!("{CLIENTS}/{id}")).await;
    assert!(page.says("10.0.0.0/8\n192.0.2.0/24") && !page.says(&secret) && !page.says(HOSTILE), "{}", page.text);
    assert!(!browser.get(CLIENTS).await.says(HOSTILE));
}

#[tokio::test]
async fn a_client_is_created_that_is_not_let_in_yet() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let page = browser.get("/console/settings/clients/new").await;
    assert!(page.says("name=\"enabled\" value=\"true\" checked"), "{}", page.text);
    let disabled = [("enabled", "false"), ("rate", "many")];
    let page = browser.post("/console/settings/clients/new", &fields("Reporting", &disabled)).await;
    assert!(page.says("name=\"enabled\" value=\"false\" checked"), "{}", page.text);
    let page = browser.post("/console/settings/clients/new", &fields("Reporting", &disabled[..1])).await;
    // Its secret is no good yet, so there is nothing to try it with.
    assert!(page.says("shown only now") && !page.says("curl --cacert"), "{}", page.text);
    let clients = bench.auth.list_clients();
    assert!(clients.len() == 1 && !clients[0].enabled);
    let page = browser.get(&format!("{CLIENTS}/{}", clients[0].id)).await;
    assert!(!page.says("name=\"enabled\" value=\"false\" checked"), "it is switched elsewhere: {}", page.text);
}

#[tokio::test]
async fn what_cannot_be_is_told_and_nothing_typed_is_lost() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    browser.get("/console/settings/clients/new").await;
    for (more, says) in [
        (&[("tokenSeconds", "5")][..], "60 to 86400"),
        (&[("rate", "many")], "no whole number"),
        (&[("networks", "everywhere")], "settings of a client"),
        (&[("jwks", "{")], "no JSON"),
        (&[("grants", "authorization_code")], "redirect URI"),
    ] {
        let page = browser.post("/console/settings/clients/new", &fields("Reporting", more)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{says}");
        assert!(page.says(says) && page.says("value=\"Reporting\""), "{says} in {}", page.text);
    }
    assert!(bench.auth.list_clients().is_empty());
}

#[tokio::test]
async fn a_client_is_changed_rotated_switched_off_and_deleted() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let made = bench.auth.create_client(ClientSettings::named("Reporting", ScopeSet::all())).unwrap();
    let id = made.client.id;
    let one = format!("{CLIENTS}/{id}");
    browser.get(&one).await;
    let page = browser.post(&one, &fields("Reports", &[("teams", "north"), ("reason", "ticket 4711")])).await;
    assert_eq!(page.to(), format!("{one}?done=changed"));
    let settings = bench.auth.client_settings(&id).unwrap();
    assert_eq!(
        (settings.name.as_str(), settings.teams.len(), settings.scopes.to_string()),
        ("Reports", 1, "loans:read".to_owned())
    );
    for unusable in ["", "a day", "-1", "18446744073709551615"] {
        let page = browser.post(&format!("{one}/secret"), &[("overlapHours", unusable)]).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{unusable}");
    }
    let page = browser.post(&format!("{one}/secret"), &[("overlapHours", "4294967295")]).await;
    assert!(page.status.is_client_error(), "longer than 30 days: {}", page.status);
    assert!(bench.auth.client(&id).unwrap().previous_secret_until.is_none(), "nothing was rotated");
    let page = browser.post(&format!("{one}/secret"), &[("overlapHours", "24")]).await;
    let secret = page.between("<code id=\"client-secret\">", "</code>");
    assert!(Some(secret) != made.secret && bench.auth.client(&id).unwrap().previous_secret_until.is_some());
    assert_eq!(
        browser.post(&format!("{one}/enabled"), &[("enabled", "false")]).await.to(),
        format!("{one}?done=disabled")
    );
    assert!(!bench.auth.client(&id).unwrap().enabled);
    assert!(browser.get(&format!("{one}?done=disabled")).await.says("Its tokens are refused"));
    assert_eq!(
        browser.post(&format!("{one}/enabled"), &[("enabled", "true")]).await.to(),
        format!("{one}?done=enabled")
    );
    let page = browser.post(&format!("{one}/delete"), &[("name", "Reporting")]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("Type the name"), "{}", page.text);
    assert_eq!(
        browser.post(&format!("{one}/delete"), &[("name", "Reports")]).await.to(),
        format!("{CLIENTS}?done=deleted")
    );
    assert_eq!(browser.get(&one).await.status, StatusCode::NOT_FOUND);
    let records = bench.auth.control_records(0, 1_000).unwrap();
    let changed = records.iter().find(|one| one.record.change == "ClientChanged").unwrap();
    assert_eq!(
        (changed.record.actor.as_str(), changed.record.reason.as_deref()),
        (super::bench::EMAIL, Some("ticket 4711"))
    );
}

#[tokio::test]
async fn it_is_for_administrators_who_proved_who_they_are() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let id = bench.auth.create_client(ClientSettings::named("Reporting", ScopeSet::all())).unwrap().client.id;
    let one = format!("{CLIENTS}/{id}");
    browser.get(&one).await;
    bench.later(11 * 60);
    let page = browser.get(&one).await;
    assert!(page.says("confirm first that it is you") && !page.says("Delete for good"), "{}", page.text);
    for path in [one.clone(), format!("{one}/secret"), format!("{one}/delete"), format!("{CLIENTS}/new")] {
        let page = browser.post(&path, &fields("Planted", &[])).await;
        assert!(page.to().starts_with("/console/confirm?next="), "{path}: {}", page.status);
    }
    assert_eq!(
        browser.post(&format!("{one}/enabled"), &[("enabled", "false")]).await.to(),
        format!("{one}?done=disabled")
    );
    assert!(browser.post(&format!("{one}/enabled"), &[("enabled", "true")]).await.to().starts_with("/console/confirm"));

    let other = continuity_auth::AccountSettings {
        email: "second@bank.example".to_owned(),
        name: "Second".to_owned(),
        roles: vec![Role::Admin],
        ..continuity_auth::AccountSettings::default()
    };
    bench.auth.create_account(other).unwrap();
    bench
        .auth
        .change_account_with(&bench.account.id, |before| {
            Ok(continuity_auth::AccountSettings { roles: vec![Role::Viewer], ..before.clone() })
        })
        .unwrap();
    for path in [CLIENTS.to_owned(), one.clone(), format!("{CLIENTS}/new")] {
        let page = browser.get(&path).await;
        assert!(page.status == StatusCode::FORBIDDEN && page.says("no role for this page"), "{path}: {}", page.text);
    }
    assert_eq!(browser.post(&format!("{one}/enabled"), &[("enabled", "true")]).await.status, StatusCode::FORBIDDEN);
    assert!(!browser.get("/console/account").await.says(CLIENTS), "nor is the way there shown");
}
