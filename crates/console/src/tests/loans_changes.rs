//! The history of a loan request, and what changed.

use continuity_auth::Scope;

use super::bench::Bench;
use super::loans_stub::{Answers, LOAN, api, reader};

const AUDIT: &str = r#"[{"id":"a3","occurredAt":"2026-11-14T10:06:01.000Z","action":"DEED_SIGNED","origin":"CLOUD"},
    {"id":"r1","occurredAt":"2026-11-13T10:06:01.000Z","action":"LOAN_REQUEST_READ","origin":"REPLICA"},
    {"id":"a2","occurredAt":"2026-11-12T06:41:01.000Z","action":"TASK_ASSIGNED","origin":"CLOUD"},
    {"id":"a1","occurredAt":"2026-11-12T06:41:01.000Z","action":"LOAN_REQUEST_CREATED","origin":"CLOUD"}]"#;
const OLD: &str = r#"{"id":"L1","reference":"HO-2026-000037","status":"BID","rate":0.3,"tags":["<b>"]}"#;
const UNTOLD: &str = r#"{"type":"urn:continuity:problem:as-of-untold","title":"x","detail":"y"}"#;
const OLD_DOCUMENTS: &str =
    r#"[{"id":"d1","status":"DRAFT","blob":{"fetch":{"url":"https://old.example"}}},{"id":"d2","name":"Gone"}]"#;
const DOCUMENTS: &str =
    r#"[{"id":"d1","status":"SIGNED","blob":{"fetch":{"url":"https://new.example"}}},{"id":"d3","name":"Came"}]"#;
const GUILDS: &str = r#"[{"id":"g","channels":[{"id":"c","name":"General"}]}]"#;
const OLD_MESSAGES: &str =
    r#"{"messages":[{"id":"m1","seq":1,"author":{"displayName":"Zoé"},"body":{"text":"<i>Hello"}}]}"#;
const MESSAGES: &str = r#"{"messages":[{"id":"m1","seq":1,"deletedAt":"2026-11-13T00:00:00Z"},
    {"id":"m2","seq":2,"author":{"displayName":"Ann"},"body":{"text":"Welcome"}}]}"#;
const GOOD: Answers = &[
    ("/api/v1/loan-requests/L1/audit-log", 200, AUDIT),
    ("/api/v1/loan-requests/L1/tasks", 200, "[]"),
    ("/api/v1/loan-requests/L1/bid-requests", 200, "[]"),
    ("/api/v1/loan-requests/L1/documents?asOf=2026-11-12", 200, OLD_DOCUMENTS),
    ("/api/v1/loan-requests/L1/documents", 200, DOCUMENTS),
    ("/api/v1/loan-requests/L1/guilds/g/channels/c?asOf=2026-11-12", 200, OLD_MESSAGES),
    ("/api/v1/loan-requests/L1/guilds/g/channels/c?before=9007199254740991&limit=500", 200, MESSAGES),
    ("/api/v1/loan-requests/L1/guilds", 200, GUILDS),
    ("/api/v1/loan-requests/L1?asOf=1", 404, UNTOLD),
    ("/api/v1/loan-requests/L1?asOf=2026-11-12", 200, OLD),
    ("/api/v1/loan-requests/L1", 200, LOAN),
];
const PATH: &str = "/console/loans/L1/changes";

#[tokio::test]
async fn points_are_those_of_the_audit_log() {
    let (api, asked) = api(GOOD);
    let bench = Bench::with_api(api);
    let ann = reader(&bench, &[Scope::LoansRead, Scope::AuditRead]);
    let page = bench.signed_in_as(&ann).await.get(PATH).await;
    for text in [
        "<option value=\"2026-11-14T10:06:01.000Z\">14 Nov 2026, 10:06:01 UTC: Deed signed</option>",
        "12 Nov 2026, 06:41:01 UTC: Task assigned, Loan request created",
        "href=\"/console/loans/L1?asOf=2026-11-12T06%3A41%3A01.000Z\"",
        "href=\"/console/loans/L1/changes?from=2026-11-14T10%3A06%3A01.000Z\"",
        "/console/assets/as_of.js?v=",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(!page.says("13 Nov 2026") && !page.says("older points"), "reads change nothing");
    assert!(!asked.lock().unwrap().iter().any(|path| path.contains("/tasks")), "nothing is compared yet");
}

#[tokio::test]
async fn differences_name_what_was_and_what_is() {
    let (api, asked) = api(GOOD);
    let bench = Bench::with_api(api);
    let mut browser = bench.signed_in().await;
    let page = browser.get(&format!("{PATH}?from=2026-11-12T06%3A41")).await;
    for text in [
        "From 12 Nov 2026, 06:41:00 UTC to now",
        "<code>status</code></td><td role=\"cell\" data-label=\"Before\"><del>BID</del></td><td role=\"cell\" data-label=\"Afterwards\"><ins>SANCTION</ins>",
        "<del>0.3</del>",
        "<ins>0.30</ins>",
        "<code>sanction › expiresAt</code>",
        "<del>&#60;b&#62;</del>",
        "your account may not read",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(!page.says("<code>reference</code>") && !page.says("as_of.js"));
    assert!(!asked.lock().unwrap().iter().any(|path| path.contains("audit-log")));
    let same = browser.get(&format!("{PATH}?from=2026-11-12&to=2026-11-12T10%3A00%3A00Z")).await;
    assert!(
        same.says(
            "Nothing differs between these points. Compared: The loan request, Bids and quotes, Tasks and forms."
        ),
        "{}",
        same.text
    );
}

#[tokio::test]
async fn documents_and_messages_are_compared_for_who_may_read_them() {
    let address = format!("{PATH}?from=2026-11-12T06%3A41");
    let (stub, asked) = api(GOOD);
    let bench = Bench::with_api(stub);
    let ann = reader(&bench, &[Scope::LoansRead, Scope::DocumentsRead, Scope::MessagesRead]);
    let page = bench.signed_in_as(&ann).await.get(&address).await;
    for text in [
        "<del>DRAFT</del>",
        "<ins>SIGNED</ins>",
        "<code>[d2] › name</code></td><td role=\"cell\" data-label=\"Before\"><del>Gone</del>",
        "<ins>Came</ins>",
        "<code>General › 1</code></td><td role=\"cell\" data-label=\"Before\"><del>Zoé: &#60;i&#62;Hello</del></td><td role=\"cell\" data-label=\"Afterwards\"><ins>Deleted</ins>",
        "<ins>Ann: Welcome</ins>",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(!page.says("example</") && !page.says("the first 40 channels"), "{}", page.text);
    assert!(asked.lock().unwrap().iter().any(|path| path.contains("/guilds/g/channels/c")));
    let (stub, asked) = api(GOOD);
    let bench = Bench::with_api(stub);
    let page = bench.signed_in().await.get(&address).await;
    assert!(page.says("<h3 class=\"group\">The loan request</h3>") && !page.says("Welcome") && !page.says("SIGNED"));
    let beyond = |path: &String| path.contains("/guilds") || path.contains("/documents");
    assert!(!asked.lock().unwrap().iter().any(beyond));
}

#[tokio::test]
async fn a_point_that_is_not_shown_is_explained_beside_its_field() {
    let (api, _) = api(GOOD);
    let bench = Bench::with_api(api);
    let page = bench.signed_in().await.get(&format!("{PATH}?from=1")).await;
    assert!(page.says("id=\"from-fault\">This replica does not know that far back."), "{}", page.text);
    assert!(!page.says("id=\"between\""));
}
