//! The list of loan requests.

use continuity_auth::Scope;
use http::StatusCode;

use super::bench::Bench;
use super::loans_stub::{Answers, api, reader};

const PATH: &str = "/console/loans";
const ONE: &str = r#"{"loanRequests":[{"id":"L/1","reference":"HO-1","status":"BID","currency":"EUR","requestedAmount":"1234567.10",
    "participants":[{"displayName":"<script>alert(1)</script>"},{"familyName":"Borg"}],"team":"North","updatedAt":"2026-11-22T18:00:00Z"}],
    "pagination":{"limit":25,"offset":0,"total":10000,"totalIsExact":false,"hasMore":true,"nextCursor":"c+1"}}"#;
const NONE: &str =
    r#"{"loanRequests":[],"pagination":{"limit":25,"offset":0,"total":0,"hasMore":false,"nextCursor":null}}"#;
const GOOD: Answers = &[("/api/v1/loan-requests?q=nobody", 200, NONE), ("/api/v1/loan-requests?", 200, ONE)];

#[tokio::test]
async fn loans_are_listed_with_their_total_and_the_way_on() {
    let (api, asked) = api(GOOD);
    let bench = Bench::with_api(api);
    let mut browser = bench.signed_in().await;
    let page = browser.get(&format!("{PATH}?q=borg&status=BID&status=DEED&team=&nonsense=1&amountMin=5")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let query = asked.lock().unwrap().last().unwrap().clone();
    assert!(
        query.starts_with("/api/v1/loan-requests?amountMin=5&q=borg&status=BID&status=DEED&fields=id%2C"),
        "{query}"
    );
    for text in [
        "At least 10,000 loan requests",
        "<a href=\"/console/loans/L%2F1\">HO-1</a>",
        "EUR 1,234,567.10",
        ", Borg",
        "&#60;script&#62;alert(1)",
        "value=\"DEED\" checked",
        "Data as of <time datetime=\"2026-11-22T18:00:00.000Z\">22 Nov 2026, 18:00 UTC</time>, log position 42.",
        "href=\"/console/loans?amountMin=5&#38;q=borg&#38;status=BID&#38;status=DEED&#38;cursor=c%2B1\" rel=\"next\"",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(!page.says("<script>alert") && !page.says("First page"));
    let next = browser.get(&format!("{PATH}?q=borg&cursor=c%2B1")).await;
    assert!(next.says("href=\"/console/loans?q=borg\">First page"), "{}", next.text);
    assert!(asked.lock().unwrap().last().unwrap().contains("cursor=c%2B1"));
}

#[tokio::test]
async fn an_empty_list_says_why_and_what_helps() {
    let (api, _) = api(&[("/api/v1/loan-requests?", 200, NONE)]);
    let bench = Bench::with_api(api);
    let mut browser = bench.signed_in().await;
    let page = browser.get(PATH).await;
    assert!(page.says("Nothing here yet") && page.says("<h2 id=\"found\">0 loan requests</h2>"), "{}", page.text);
    let page = browser.get(&format!("{PATH}?q=nobody")).await;
    assert!(page.says("Nothing matches") && page.says("<details open>"), "{}", page.text);
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field() {
    let bad = r#"{"type":"urn:continuity:problem:bad-parameter","title":"Unusable","detail":"`amountMin` must be a decimal number."}"#;
    let cursor = r#"{"type":"urn:continuity:problem:bad-cursor","title":"Unusable cursor","detail":"`cursor` must be another."}"#;
    let (api, _) = api(Box::leak(Box::new([
        ("/api/v1/loan-requests?amountMin", 400, bad),
        ("/api/v1/loan-requests?cursor", 400, cursor),
    ])));
    let bench = Bench::with_api(api);
    let mut browser = bench.signed_in().await;
    let page = browser.get(&format!("{PATH}?amountMin=%3Cscript%3E")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.says("id=\"amountMin-fault\">Write a decimal number") && page.says("value=\"&#60;script&#62;\""),
        "{}",
        page.text
    );
    let page = browser.get(&format!("{PATH}?cursor=x")).await;
    assert!(page.says("This page of the list cannot be shown any more"), "{}", page.text);
}

#[tokio::test]
async fn it_is_for_whoever_may_read() {
    let refused = r#"{"type":"urn:continuity:problem:insufficient-scope","title":"The access token lacks a scope","detail":"loans:read"}"#;
    let (api, _) = api(Box::leak(Box::new([("/api/v1/loan-requests?", 403, refused)])));
    let bench = Bench::with_api(api);
    assert!(bench.browser().get(PATH).await.to().starts_with("/console/sign-in"));
    let ann = reader(&bench, &[Scope::AuditRead]);
    let mut browser = bench.signed_in_as(&ann).await;
    let page = browser.get(PATH).await;
    assert!(page.status == StatusCode::FORBIDDEN && page.says("lacks a scope"), "{}", page.text);
    assert!(!page.says("href=\"/console/loans\""), "nobody is led to where nothing may be read: {}", page.text);
    bench.auth.delete_account(&ann.id).unwrap();
    let officer = reader(&bench, &[Scope::LoansRead]);
    let page = bench.signed_in_as(&officer).await.get("/console/account").await;
    assert!(page.says("href=\"/console/loans\""), "{}", page.text);
}
