//! What administrators and auditors see of the control log.

use continuity_auth::{By, ClientSettings, Role, ScopeSet};
use http::StatusCode;

use super::bench::{Bench, Browser, EMAIL, Page};

const PATH: &str = "/console/settings/records";
const EVIL: &str = "<script>alert(1)</script>";

/// How many records a page shows.
fn rows(page: &Page) -> usize {
    page.text.matches("<tr>\n").count()
}

/// Where the link of that text leads.
fn link(page: &Page, text: &str) -> Option<String> {
    let (before, _) = page.text.split_once(&format!("\">{text}</a>"))?;
    before.rsplit('"').next().map(str::to_owned)
}

/// Whose accounts were created, as a page says, in its order.
fn subjects(page: &Page) -> Vec<String> {
    let rows = page.text.split("<strong>Account created</strong>: ").skip(1);
    rows.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

async fn auditor(bench: &Bench) -> Browser<'_> {
    let joe = bench.person("joe@bank.example", &[Role::Auditor]);
    bench.signed_in_as(&joe).await
}

#[tokio::test]
async fn records_say_who_what_when_from_where_and_why() {
    let bench = Bench::lax();
    let by = By { reason: Some("audit".to_owned()), address: Some("192.0.2.7".to_owned()), ..By::actor(EMAIL) };
    let client = bench.auth.acting(by).create_client(ClientSettings::named("Nightly", ScopeSet::all())).unwrap().client;
    let mut browser = auditor(&bench).await;
    let page = browser.get(PATH).await;
    for text in [
        "<th scope=\"col\">From where</th>",
        "<strong>OAuth client created</strong>: Nightly (",
        &client.id,
        ">192.0.2.7</td>",
        ">audit</td>",
        "22 Nov 2026, 18:00 UTC",
        ">joe@bank.example</td>",
        "<strong>Signed in</strong>: joe@bank.example",
        "<strong>Signing key made</strong>",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    let names = page.text.split("<strong>").skip(1).map(|rest| rest.split('<').next().unwrap());
    for name in names {
        assert!(name.contains(' '), "{name} has no words");
    }
    assert!(page.text.find("Signed in<").unwrap() < page.text.find("OAuth client created").unwrap(), "newest first");
    assert!(link(&page, "Older").is_none() && link(&page, "Newer").is_none());
    assert!(
        page.says("href=\"/console/settings/records\" aria-current=\"page\"") && !page.says("/console/settings/people")
    );
    assert!(browser.get("/console/account").await.says(">Settings</a>"));
}

#[tokio::test]
async fn they_are_shown_fifty_at_a_time() {
    let bench = Bench::lax();
    let mut browser = auditor(&bench).await;
    let first = bench.auth.control_log().head().position;
    for number in 0..110 {
        bench.person(&format!("p{number}@bank.example"), &[]);
    }
    let newest = browser.get(PATH).await;
    let expected = |numbers: std::ops::Range<usize>| -> Vec<String> {
        numbers.rev().map(|number| format!("p{number}@bank.example")).collect()
    };
    assert_eq!((rows(&newest), subjects(&newest)), (50, expected(60..110)));
    assert!(link(&newest, "Newer").is_none());
    let middle = browser.get(&link(&newest, "Older").unwrap()).await;
    assert_eq!(subjects(&middle), expected(10..60));
    assert_eq!(link(&middle, "Newer").unwrap(), PATH);
    let oldest = browser.get(&link(&middle, "Older").unwrap()).await;
    let left = usize::try_from(first).unwrap() + 10;
    assert_eq!(rows(&oldest), left.min(50));
    assert_eq!(subjects(&oldest)[..10], expected(0..10));
    assert!(link(&oldest, "Older").is_none() == (left <= 50));
    let back = browser.get(&link(&oldest, "Newer").unwrap()).await;
    assert_eq!(back.text, middle.text);
    for odd in ["0", "1", "-1", "x", "18446744073709551615", EVIL] {
        let page = browser.get(&format!("{PATH}?before={}", odd.replace('<', "%3C").replace('>', "%3E"))).await;
        assert!(page.status == StatusCode::OK && !page.says(EVIL), "{odd}: {}", page.text);
    }
}

#[tokio::test]
async fn hostile_texts_are_text() {
    let bench = Bench::lax();
    let by = By { reason: Some(EVIL.to_owned()), address: Some(EVIL.to_owned()), actor: EVIL.to_owned() };
    bench.auth.acting(by).create_client(ClientSettings::named(EVIL, ScopeSet::all())).unwrap();
    let page = auditor(&bench).await.get(PATH).await;
    assert!(!page.says(EVIL) && page.text.matches("&#60;script&#62;alert(1)").count() >= 4, "{}", page.text);
}

#[tokio::test]
async fn they_are_for_administrators_and_auditors() {
    let bench = Bench::lax();
    let eve = bench.person("eve@bank.example", &[Role::Operator, Role::Developer, Role::Viewer]);
    let mut browser = bench.signed_in_as(&eve).await;
    assert_eq!(browser.get(PATH).await.status, StatusCode::FORBIDDEN);
    let mut admin = bench.signed_in().await;
    bench.later(11 * 60);
    assert_eq!(admin.get(PATH).await.status, StatusCode::OK, "to look needs no proof");
    assert_eq!(admin.post(PATH, &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(bench.browser().get(PATH).await.to().starts_with("/console/sign-in"));
}
