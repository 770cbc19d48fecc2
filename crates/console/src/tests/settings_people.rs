//! What administrators do about accounts.

use continuity_auth::Role;
use http::StatusCode;

use super::bench::{Bench, Browser, EMAIL, PASSWORD};

const PATH: &str = "/console/settings/people";
const JOE: &str = "joe@bank.example";
const EVIL: &str = "<script>alert(1)</script>";
const LATER: u64 = 11 * 60;

fn joe(bench: &Bench) -> (String, String) {
    let id = bench.person(JOE, &[Role::Viewer]).id;
    (format!("{PATH}/{id}"), id)
}

/// An administrator who proved a while ago who it is.
async fn later(bench: &Bench) -> Browser<'_> {
    let mut browser = bench.signed_in().await;
    bench.later(LATER);
    browser.get(PATH).await;
    browser
}

#[tokio::test]
async fn a_new_account_comes_with_a_link_that_is_shown_once() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let page = browser.get(&format!("{PATH}/new")).await;
    assert!(page.says("<legend>What the person may do here</legend>") && page.says("value=\"auditor\""));
    let fields = [
        ("name", "Joe Doe"),
        ("email", " Joe@Bank.example "),
        ("roles", "auditor"),
        ("roles", "developer"),
        ("scopes", "loans:read"),
        ("teams", "North\r\n\r\nSouth"),
        ("channelKinds", "LEGAL"),
        ("reason", "new colleague"),
    ];
    let page = browser.post(&format!("{PATH}/new"), &fields).await;
    assert_eq!((page.status, &page.headers["cache-control"]), (StatusCode::OK, &"no-store".parse().unwrap()));
    assert!(page.says("shown only now") && page.says("data-copy=\"link\"") && page.says("25 Nov 2026, 18:00 UTC"));
    let link = page.between("<code id=\"link\">", "</code>");
    let joe = bench.auth.find_account(JOE).unwrap();
    assert_eq!(joe.settings.roles, [Role::Auditor, Role::Developer]);
    assert_eq!(
        (joe.settings.teams, joe.settings.channel_kinds),
        (vec!["North".into(), "South".into()], vec!["LEGAL".into()])
    );
    let record = bench.last_record();
    assert_eq!((&*record.actor, record.reason.as_deref()), (EMAIL, Some("new colleague")));

    let page = browser.get(&format!("{PATH}/{}", joe.id)).await;
    let token = link.rsplit('/').next().unwrap();
    assert!(page.says("not used yet, good until") && !page.says(token), "it is shown once: {}", page.text);
    let mut other = bench.browser();
    let path = link.strip_prefix("https://localhost:8083").unwrap();
    other.get(path).await;
    let set = other.post(path, &[("new", PASSWORD), ("repeat", PASSWORD)]).await;
    assert_eq!(set.to(), "/console/sign-in?said=password-set");
}

#[tokio::test]
async fn what_cannot_be_an_account_says_why_and_stays_typed() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let path = format!("{PATH}/new");
    browser.get(&path).await;
    for (name, email, status, says) in [
        ("Joe", "nobody", StatusCode::UNPROCESSABLE_ENTITY, "An account needs an e-mail address"),
        ("", JOE, StatusCode::UNPROCESSABLE_ENTITY, "name must have 1 to 200 characters"),
        ("Jane", EMAIL, StatusCode::CONFLICT, "There is an account of jane@bank.example already"),
    ] {
        let page = browser.post(&path, &[("name", name), ("email", email), ("roles", "operator")]).await;
        assert_eq!(page.status, status, "{says}");
        assert!(page.says(says) && page.says(&format!("value=\"{email}\"")), "{}", page.text);
        assert!(page.says("value=\"operator\" checked") && page.says("<title>Error: New account"));
    }
    let unknown = browser.post(&path, &[("name", "Joe"), ("email", JOE), ("roles", "root")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(bench.auth.accounts().len(), 1);
}

#[tokio::test]
async fn hostile_names_are_text() {
    let bench = Bench::lax();
    let (path, id) = joe(&bench);
    bench
        .auth
        .change_account_with(&id, |before| before.merged(&serde_json::json!({"name": EVIL, "teams": [EVIL]})))
        .unwrap();
    let mut browser = bench.signed_in().await;
    for path in [PATH, &path] {
        let page = browser.get(path).await;
        assert!(page.says("&#60;script&#62;alert(1)") && !page.says(EVIL), "{}", page.text);
    }
    let page = browser.post(&format!("{path}/link"), &[]).await;
    assert!(page.says("&#60;script&#62;alert(1)") && !page.says(EVIL), "{}", page.text);
    let page = browser.post(&format!("{PATH}/new"), &[("name", EVIL), ("email", EVIL), ("teams", EVIL)]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && !page.says(EVIL), "{}", page.text);
}

#[tokio::test]
async fn an_account_is_changed() {
    let bench = Bench::lax();
    let (path, id) = joe(&bench);
    let mut browser = bench.signed_in().await;
    let page = browser.get(&path).await;
    assert!(page.says("value=\"viewer\" checked") && page.says("value=\"loans:read\" checked"), "{}", page.text);
    let fields = [("name", "Joe"), ("email", JOE), ("roles", "operator"), ("teams", "West"), ("reason", "moved")];
    let page = browser.post(&path, &fields).await;
    assert_eq!(page.to(), format!("{path}?done=changed"));
    assert!(browser.get(page.to()).await.says("The account is changed."));
    let settings = bench.auth.account(&id).unwrap().settings;
    assert_eq!((settings.roles, settings.teams), (vec![Role::Operator], vec!["West".to_owned()]));
    assert!(settings.scopes.is_empty(), "what is not ticked is taken away");
    assert_eq!(bench.last_record().reason.as_deref(), Some("moved"));
    let page = browser.post(&path, &[("name", "Joe"), ("email", EMAIL)]).await;
    assert!(page.status == StatusCode::CONFLICT && page.says("There is another account of jane@bank.example"));
}

#[tokio::test]
async fn somebody_is_kept_out_and_let_in_again() {
    let bench = Bench::lax();
    let account = bench.person(JOE, &[Role::Viewer]);
    let path = format!("{PATH}/{}", account.id);
    let mut joe = bench.signed_in_as(&account).await;
    let mut browser = later(&bench).await;
    let page = browser.get(&path).await;
    assert!(page.says("confirm first that it is you") && page.says(">Disable</button>"), "{}", page.text);
    let page = browser.post(&format!("{path}/enabled"), &[("enabled", "false"), ("reason", "left")]).await;
    assert_eq!(page.to(), format!("{path}?done=disabled"));
    assert!(joe.get("/console/account").await.to().starts_with("/console/sign-in"));
    assert_eq!(bench.last_record().reason.as_deref(), Some("left"));
    let page = browser.post(&format!("{path}/enabled"), &[("enabled", "true")]).await;
    assert!(page.to().starts_with("/console/confirm?next="), "it gives access");
    assert!(!bench.auth.account(&account.id).unwrap().enabled);
    browser.post("/console/confirm", &[("password", PASSWORD)]).await;
    let page = browser.post(&format!("{path}/enabled"), &[("enabled", "true")]).await;
    assert_eq!(page.to(), format!("{path}?done=enabled"));
    assert!(bench.auth.account(&account.id).unwrap().enabled);
}

#[tokio::test]
async fn who_lost_the_second_factor_gets_in_without() {
    let bench = Bench::lax();
    let account = bench.person(JOE, &[Role::Viewer]);
    let path = format!("{PATH}/{}", account.id);
    let mut joe = bench.signed_in_as(&account).await;
    joe.set_up_app().await;
    let mut browser = bench.signed_in().await;
    let page = browser.get(&path).await;
    assert!(page.says("Authenticator app, 0 passkeys, 10 recovery codes left"), "{}", page.text);
    assert!(browser.get(PATH).await.says("second factor set up"));
    let page = browser.post(&format!("{path}/factors"), &[("factors-reason", " ")]).await;
    assert!(page.says("Say why: it stands on record"), "{}", page.text);
    assert!(bench.auth.account(&account.id).unwrap().has_second_factor());
    let page = browser.post(&format!("{path}/factors"), &[("factors-reason", "ticket 7")]).await;
    assert_eq!(page.to(), format!("{path}?done=factors-reset"));
    assert!(!browser.get(&path).await.says("Take second factors away"));
    assert!(!bench.auth.account(&account.id).unwrap().has_second_factor());
    assert!(joe.get("/console/account").await.to().starts_with("/console/sign-in"));
}

#[tokio::test]
async fn sessions_of_others_end_without_a_proof() {
    let bench = Bench::lax();
    let account = bench.person(JOE, &[Role::Viewer]);
    let path = format!("{PATH}/{}", account.id);
    let mut joe = bench.signed_in_as(&account).await;
    let _second = bench.signed_in_as(&account).await;
    let mut browser = later(&bench).await;
    assert_eq!(bench.auth.sessions(&account.id).len(), 1, "a password that is set by link ends what was before");
    let mut third = bench.browser();
    third.get("/console/sign-in").await;
    third.post("/console/sign-in", &[("email", JOE), ("password", PASSWORD)]).await;
    let page = browser.get(&path).await;
    assert_eq!(page.text.matches(&format!("action=\"{path}/sessions\"")).count(), 3, "two, and all");
    let id = page.value("id").unwrap();
    let page = browser.post(&format!("{path}/sessions"), &[("id", &id)]).await;
    assert_eq!(page.to(), format!("{path}?done=session-ended"));
    assert_eq!(browser.post(&format!("{path}/sessions"), &[("id", &id)]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(bench.auth.sessions(&account.id).len(), 1);
    let page = browser.post(&format!("{path}/sessions"), &[]).await;
    assert_eq!(page.to(), format!("{path}?done=sessions-ended"));
    assert!(bench.auth.sessions(&account.id).is_empty() && browser.get(&path).await.says("Nowhere."));
    assert!(joe.get("/console/account").await.to().starts_with("/console/sign-in"));
}

#[tokio::test]
async fn a_consent_of_somebody_is_withdrawn_without_a_proof() {
    let bench = Bench::lax();
    let account = bench.person(JOE, &[Role::Viewer]);
    let path = format!("{PATH}/{}", account.id);
    let mut joe = bench.signed_in_as(&account).await;
    let (client, request) = bench.application("");
    joe.get(&request).await;
    let (_, query) = request.split_once('?').unwrap();
    joe.post("/oauth/authorize", &[("query", query), ("answer", "allow")]).await;
    let mut browser = later(&bench).await;
    let page = browser.get(&path).await;
    assert!(page.says("Loan &#60;Browser&#62;") && page.says("loans:read"), "{}", page.text);
    let page = browser.post(&format!("{path}/consents"), &[("client", &client)]).await;
    assert_eq!(page.to(), format!("{path}?done=withdrawn"));
    assert!(bench.auth.consents(&account.id).is_empty());
    let again = browser.post(&format!("{path}/consents"), &[("client", &client)]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_account_is_deleted_once_its_address_was_typed() {
    let bench = Bench::lax();
    let (path, id) = joe(&bench);
    let mut browser = bench.signed_in().await;
    browser.get(&path).await;
    for typed in ["", "Joe", "joe@bank"] {
        let page = browser.post(&format!("{path}/delete"), &[("name", typed)]).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("confirm-name-fault"), "{}", page.text);
    }
    let page = browser.post(&format!("{path}/delete"), &[("name", JOE), ("reason", "left")]).await;
    assert_eq!(page.to(), format!("{PATH}?done=deleted"));
    assert!(browser.get(page.to()).await.says("The account is deleted."));
    assert!(bench.auth.account(&id).is_err());
    assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(bench.last_record().reason.as_deref(), Some("left"));
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let bench = Bench::lax();
    let path = format!("{PATH}/{}", bench.account.id);
    let mut browser = bench.signed_in().await;
    browser.get(&path).await;
    for (what, fields) in [
        ("", vec![("name", "Jane"), ("email", EMAIL), ("roles", "viewer")]),
        ("/enabled", vec![("enabled", "false")]),
        ("/delete", vec![("name", EMAIL)]),
    ] {
        let page = browser.post(&format!("{path}{what}"), &fields).await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{what}: {}", page.text);
        assert!(page.says("last administrator"), "{what}: {}", page.text);
    }
    let account = bench.auth.account(&bench.account.id).unwrap();
    assert!(account.enabled && account.settings == bench.account.settings);
}

const PROVED: [&str; 5] = ["", "/enabled", "/link", "/factors", "/delete"];
const URGENT: [&str; 2] = ["/sessions", "/consents"];

#[tokio::test]
async fn what_gives_access_wants_a_proof() {
    let bench = Bench::lax();
    let (path, id) = joe(&bench);
    let mut browser = later(&bench).await;
    let before = bench.auth.control_log().head();
    assert_eq!(
        browser.get(&format!("{PATH}/new")).await.to(),
        "/console/confirm?next=%2Fconsole%2Fsettings%2Fpeople%2Fnew"
    );
    browser.get(PATH).await;
    let fields = [("name", JOE), ("email", JOE), ("enabled", "true"), ("roles", "admin")];
    let page = browser.post(&format!("{PATH}/new"), &fields).await;
    assert_eq!(page.to(), "/console/confirm?next=%2Fconsole%2Fsettings%2Fpeople%2Fnew");
    for what in PROVED {
        let page = browser.post(&format!("{path}{what}"), &fields).await;
        assert_eq!(page.to(), format!("/console/confirm?next=%2Fconsole%2Fsettings%2Fpeople%2F{id}"), "{what}");
    }
    assert_eq!(bench.auth.control_log().head(), before);
}

#[tokio::test]
async fn nobody_else_gets_in_and_nothing_changes_by_get() {
    let bench = Bench::lax();
    let others = [Role::Operator, Role::Auditor, Role::Developer, Role::Viewer];
    let account = bench.person(JOE, &others);
    let path = format!("{PATH}/{}", account.id);
    let mut browser = bench.signed_in_as(&account).await;
    assert!(!browser.get("/console/account").await.says("/console/settings/people"));
    let before = bench.auth.control_log().head();
    for path in [PATH, &format!("{PATH}/new"), &path] {
        assert_eq!(browser.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    for what in PROVED.iter().chain(&URGENT) {
        let page = browser.post(&format!("{path}{what}"), &[("name", JOE), ("enabled", "true")]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{what}");
    }
    assert_eq!(browser.post(&format!("{PATH}/new"), &[]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(bench.auth.control_log().head(), before);

    let mut admin = bench.signed_in().await;
    assert!(admin.get("/console/account").await.says("href=\"/console/settings/people\""));
    let before = bench.auth.control_log().head();
    for what in PROVED.iter().chain(&URGENT) {
        let page = admin.get(&format!("{path}{what}?enabled=false&id=x&name={JOE}")).await;
        assert!(
            page.status == StatusCode::OK || page.status == StatusCode::METHOD_NOT_ALLOWED,
            "{what}: {}",
            page.status
        );
    }
    assert_eq!(bench.auth.control_log().head(), before);
    assert_eq!(admin.post(&format!("{PATH}/nobody/link"), &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(admin.post(&format!("{PATH}/nobody/sessions"), &[]).await.status, StatusCode::NOT_FOUND);
}
