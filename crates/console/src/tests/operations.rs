//! What operators see and order, over a stub that remembers what it was told to do.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use axum::Router;
use axum::routing::get;
use continuity_auth::{Account, AccountSettings, Role, ScopeSet};
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::bench::{Bench, Browser, Page};
use crate::orders::{Order, Orders};

pub(crate) const EVIL: &str = "<script>alert(1)</script>";
pub(crate) const SECRET: &str = "raw-bytes-of-a-loan";

/// Answers, and remembers who ordered what.
#[derive(Default)]
pub(crate) struct Stub {
    pub(crate) given: Mutex<Vec<(Order, String)>>,
    pub(crate) paused: Mutex<bool>,
    pub(crate) refuses: Mutex<Option<String>>,
    /// What is told of backups.
    pub(crate) backups: Mutex<Value>,
    /// Long work waits until it is let go.
    held: Mutex<Option<Receiver<()>>>,
}

impl Stub {
    /// Long work waits until something is sent.
    fn hold(&self) -> SyncSender<()> {
        let (let_go, held) = sync_channel(1);
        *self.held.lock() = Some(held);
        let_go
    }

    /// What was ordered that changes something.
    pub(crate) fn changes(&self) -> Vec<(Order, String)> {
        self.given.lock().iter().filter(|(order, _)| order.changes()).cloned().collect()
    }

    fn source(&self) -> Value {
        let paused =
            self.paused.lock().then(|| json!({"actor": EVIL, "reason": EVIL, "since": "2026-11-22T17:00:00Z"}));
        json!({
            "source": "nats", "state": "diverged", "since": "2026-11-22T17:00:00Z", "cause": "recreated",
            "reason": EVIL, "detail": "it was made anew", "wayOut": "accept it", "lagSeconds": 12.4,
            "head": {"text": "sequence 9", "number": 9, "behind": 4, "seenAt": "2026-11-22T17:59:00Z"},
            "pausedBy": paused, "schedule": {"text": "all the time", "nextOpening": null}, "synchronised": true,
            "logPosition": 77, "parts": [{"part": "CHANGES", "position": "sequence 5", "identity": {"created": EVIL},
                "divergence": {"cause": "recreated", "detail": EVIL, "since": "2026-11-22T17:00:00Z"}}],
        })
    }
}

fn quarantined(position: u64) -> Value {
    json!({
        "position": position, "arrivedAt": "2026-11-22T17:00:00Z", "state": "open", "reason": "bad-data",
        "detail": EVIL, "loan": "loan-7", "sequence": 3, "eventId": "e1", "eventType": "com.banclo.TaskAssigned",
        "source": "Stream", "bytes": 25, "raw": format!("{SECRET}{EVIL}"), "text": true, "hex": hex::encode(SECRET),
    })
}

impl Orders for Stub {
    fn give(&self, order: Order, by: &str, tell: &mut dyn FnMut(u64, u64)) -> Result<Value, String> {
        self.given.lock().push((order.clone(), by.to_owned()));
        if let Some(error) = self.refuses.lock().clone().filter(|_| order.changes()) {
            return Err(error);
        }
        let held = matches!(order, Order::Rebuild { .. } | Order::LogVerify { .. }).then(|| self.held.lock().take());
        if let Some(held) = held.flatten() {
            tell(30, 120);
            held.recv().ok();
        }
        Ok(match order {
            Order::SourceStatus => self.source(),
            Order::Status => json!({"quarantined": 2, "parkedLoans": 1}),
            Order::ReadModels => json!([
                {"name": "tasks", "version": 3, "position": 77, "rows": 5, "bytes": 900, "digest": "abcd", "alarm": EVIL},
                {"name": "loans", "version": 3, "position": 77, "rows": 5, "bytes": 9000, "digest": "abcd",
                    "build": 2, "kept": {"build": 1, "rows": 6, "bytes": 1234, "digest": EVIL}},
            ]),
            Order::Rebuild { .. } => {
                json!({"name": "loans", "position": 77, "rows": 5, "digest": "abcd", "agrees": true})
            }
            Order::Quarantined { after, .. } => (after + 1..after + 52).map(quarantined).collect(),
            Order::QuarantinedOne { position: 7 } => quarantined(7),
            Order::QuarantinedOne { .. } => return Err("no such event".to_owned()),
            Order::QuarantineRetry { .. } => json!({"known": false}),
            Order::Parked { .. } => {
                json!([{"loan": "loan-9", "sequence": 4, "position": 60, "eventType": "com.banclo.X"}])
            }
            Order::LogSegments { .. } => json!({"position": 77, "hash": "beef", "bytes": 4096,
                "segments": [{"first": 1, "last": 77, "bytes": 4096}]}),
            Order::LogVerify { .. } => json!({"records": 77, "segments": 1, "bytes": 4096, "hash": "beef"}),
            Order::Scrub => json!({"good": 1234, "damaged": 0, "unreadable": 0, "givenUp": false}),
            Order::Backups => self.backups.lock().clone(),
            Order::BackUp => {
                json!({"log": {"position": 77}, "documents": {"count": 3, "damaged": []}, "writtenBytes": 99})
            }
            Order::VerifyBackup => json!({"records": 77, "agree": [], "problems": [EVIL]}),
            _ => json!({}),
        })
    }
}

/// An API that answers with what operators look at.
fn api() -> Router {
    let completeness = json!({
        "status": "incomplete", "counts": {"results": 1, "waiting": 0, "incomplete": 1, "purged": 1},
        "results": [{"result": "incomplete", "loanRequests": 9, "events": 90, "loansMissing": 1, "eventsMissing": 2,
            "missing": [{"loanRequestId": "loan-1", "ranges": [{"from": "4", "to": "5"}]}], "note": EVIL}],
        "incomplete": [{"loanRequestId": "loan-1", "missing": [{"from": "4", "to": "5"}], "parkedAt": "8"}],
        "purged": [{"loanRequestId": "loan-2", "lastSequence": "3"}],
    });
    let blobs = json!({
        "pending": {"count": 1, "bytes": 5}, "available": {"count": 2, "bytes": 10}, "failed": {"count": 1, "bytes": 0},
        "damaged": {"count": 0, "bytes": 0}, "stuck": 0, "failing": EVIL,
        "troubled": [{"sha256": "aa", "state": "FAILED", "reason": EVIL, "loanRequestIds": ["loan-1"]}],
    });
    let answer = |value: Value| get(move || std::future::ready(([("x-next-cursor", "next/one")], value.to_string())));
    Router::new()
        .route("/api/v1/replica/completeness", answer(completeness))
        .route("/api/v1/replica/blobs", answer(blobs))
}

pub(crate) fn bench() -> (Bench, Arc<Stub>) {
    let stub = Arc::new(Stub::default());
    (Bench::over(api(), Arc::<Stub>::clone(&stub)), stub)
}

/// An operator of no teams, who may read what the scopes are.
pub(crate) fn operator(bench: &Bench, email: &str, scopes: ScopeSet) -> Account {
    let account = bench.person(email, &[Role::Operator]);
    bench.auth.change_account(&account.id, AccountSettings { scopes, ..account.settings }).unwrap()
}

/// The page, once it says that: another thread works meanwhile.
pub(crate) async fn until(browser: &mut Browser<'_>, path: &str, text: &str) -> Page {
    for _ in 0..10_000 {
        let page = browser.get(path).await;
        if page.says(text) {
            return page;
        }
        tokio::task::yield_now().await;
    }
    panic!("{path} never says {text}")
}

#[tokio::test]
async fn the_source_is_shown_in_words_paused_and_resumed_with_a_reason() {
    let (bench, stub) = bench();
    let mut browser = bench.signed_in().await;
    let page = browser.get("/console/operations").await;
    for text in ["The source is not the one that was followed", "sequence 9", "12 s", "All the time.", "CHANGES"] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(!page.says(EVIL) && page.says("&#60;script&#62;"), "{}", page.text);
    let pause = "/console/operations/source/pause";
    let page = browser.post(pause, &[("reason", " ")]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("reason-fault"), "{}", page.text);
    let page = browser.post(pause, &[("reason", "maintenance")]).await;
    assert!(browser.get(page.to()).await.says("The source is paused."));
    *stub.paused.lock() = true;
    let page = browser.get("/console/operations").await;
    assert!(page.says("source/resume") && !page.says("source/pause") && !page.says(EVIL), "{}", page.text);
    *stub.refuses.lock() = Some("no operator has paused the source".to_owned());
    let page = browser.post("/console/operations/source/resume", &[("reason", "done")]).await;
    assert!(page.status == StatusCode::CONFLICT && page.says("No operator has paused the source."), "{}", page.text);
    *stub.refuses.lock() = None;
    browser.post("/console/operations/source/sync", &[]).await.to();
    let by = "jane@bank.example from 192.0.2.1".to_owned();
    let expected = [
        Order::SourcePause { reason: "maintenance".to_owned() },
        Order::SourceResume { reason: "done".to_owned() },
        Order::SourceSync,
    ];
    assert_eq!(stub.changes(), expected.map(|order| (order, by.clone())));
}

#[tokio::test]
async fn a_divergence_is_accepted_once_it_was_typed_and_proved() {
    let (bench, stub) = bench();
    let mut browser = bench.signed_in().await;
    let path = "/console/operations/source/accept";
    assert!(browser.get(path).await.says("Type CHANGES to confirm"));
    for (fields, fault) in [
        ([("reason", ""), ("confirm", "CHANGES")], "reason-fault"),
        ([("reason", "restored"), ("confirm", "changes")], "confirm-fault"),
    ] {
        let page = browser.post(path, &fields).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says(fault), "{}", page.text);
    }
    assert!(stub.changes().is_empty());
    let good = [("reason", "restored"), ("confirm", "CHANGES")];
    assert_eq!(browser.post(path, &good).await.to(), "/console/operations?done=accepted");
    bench.later(11 * 60);
    browser.get("/console/operations").await;
    assert!(browser.post(path, &good).await.to().starts_with("/console/confirm?next="));
    assert_eq!(stub.changes().len(), 1);
}

#[tokio::test]
async fn a_rebuild_goes_on_beside_the_page_and_a_second_one_is_refused() {
    let (bench, stub) = bench();
    let let_go = stub.hold();
    let mut browser = bench.signed_in().await;
    let path = "/console/operations/read-models";
    browser.get(path).await;
    assert_eq!(browser.post(path, &[("name", "loans")]).await.to(), path);
    let page = until(&mut browser, path, "25 %").await;
    assert!(page.says("Rebuild of loans") && page.says("value=\"30\" max=\"120\""), "{}", page.text);
    assert_eq!(page.headers["refresh"], "3");
    let again = browser.post(path, &[("name", "loans")]).await;
    assert!(again.status == StatusCode::CONFLICT && again.says("has begun this already"), "{}", again.text);
    let_go.send(()).unwrap();
    let page = until(&mut browser, path, "It is the same as before").await;
    assert!(!page.headers.contains_key("refresh") && !page.says(EVIL), "{}", page.text);
    assert_eq!(stub.changes().len(), 1);
    *stub.refuses.lock() = Some("another rebuild is under way".to_owned());
    browser.post(path, &[("name", "loans")]).await.to();
    until(&mut browser, path, "Another rebuild is under way.").await;
}

#[tokio::test]
async fn of_two_builds_one_is_chosen_and_the_other_is_removed_once_its_name_was_typed() {
    let (bench, stub) = bench();
    let mut browser = bench.signed_in().await;
    let (models, path) = ("/console/operations/read-models", "/console/operations/read-models/loans");
    assert!(browser.get(models).await.says(&format!("href=\"{path}\"")));
    let page = browser.get(path).await;
    for text in [
        "name=\"build\" value=\"1\"",
        "Two builds of loans",
        "9,000",
        "1,234",
        "Serve the kept build",
        "Type its name to confirm: loans",
    ] {
        assert!(page.says(text) && !page.says(EVIL), "{text} in {}", page.text);
    }
    let rollback = browser.post(&format!("{path}/rollback"), &[("build", "1")]).await;
    assert_eq!(rollback.to(), format!("{path}?done=rolled-back"));
    let discard = format!("{path}/discard");
    let page = browser.post(&discard, &[("confirm", "Loans")]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("confirm-fault"), "{}", page.text);
    let good = [("confirm", "loans"), ("build", "1")];
    assert_eq!(browser.post(&discard, &good).await.to(), format!("{models}?done=discarded"));
    let orders: Vec<Order> = stub.changes().into_iter().map(|(order, _)| order).collect();
    let name = "loans".to_owned();
    assert_eq!(orders, [Order::RollBack { name: name.clone(), build: 1 }, Order::Discard { name, build: 1 }]);
    let page = browser.get(&format!("{models}/tasks")).await;
    assert!(page.says("There is one build of it") && !page.says("Serve the kept build"), "{}", page.text);
    assert_eq!(browser.get(&format!("{models}/nothing")).await.status, StatusCode::NOT_FOUND);
    *stub.refuses.lock() = Some("another rebuild is under way".to_owned());
    for (end, fields) in [("rollback", vec![]), ("discard", vec![("confirm", "loans")])] {
        let page = browser.post(&format!("{path}/{end}"), &fields).await;
        assert!(page.status == StatusCode::CONFLICT && page.says("Another rebuild is under way."), "{}", page.text);
    }
    bench.later(11 * 60);
    browser.get(models).await;
    let page = browser.get(path).await;
    assert!(!page.says("Type its name") && page.says("Choose a build"), "{}", page.text);
    for end in ["rollback", "discard"] {
        let page = browser.post(&format!("{path}/{end}"), &good).await;
        assert!(page.to().starts_with("/console/confirm?next="));
    }
}

#[tokio::test]
async fn both_logs_are_verified() {
    let (bench, stub) = bench();
    let mut browser = bench.signed_in().await;
    let path = "/console/operations/log";
    let page = browser.get(path).await;
    assert!(page.says("It was not verified") && page.says("beef"), "{}", page.text);
    for log in ["replica", "control"] {
        assert_eq!(browser.post(path, &[("log", log)]).await.to(), path);
    }
    until(&mut browser, path, "Verification of the replica log</strong></p>\n<p>It is whole").await;
    until(&mut browser, path, "Verification of the control log</strong></p>\n<p>It is whole").await;
    let orders: Vec<Order> = stub.changes().into_iter().map(|(order, _)| order).collect();
    assert!(
        orders.contains(&Order::LogVerify { control: true }) && orders.contains(&Order::LogVerify { control: false })
    );
    assert!(!browser.get(path).await.says("It was not verified"));
}

#[tokio::test]
async fn what_is_missing_and_which_files_are_in_trouble_is_named() {
    let (bench, stub) = bench();
    let mut browser = bench.signed_in().await;
    let page = browser.get("/console/operations/completeness").await;
    for text in ["Something is missing", "loan-1", "4–5", "from event 8 on", "loan-2", "cursor=next%2Fone"] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(!page.says(EVIL));
    let began = browser.post("/console/operations/completeness", &[]).await.to().to_owned();
    // It is begun on a thread of its own; once the page says how it ended, the order was given.
    until(&mut browser, &began, "Evaluation of the newest manifest</strong></p>\n<p>").await;
    let page = browser.get("/console/operations/blobs").await;
    assert!(page.says("FAILED") && page.says("2 files, 10 bytes") && !page.says(EVIL), "{}", page.text);
    let sha256 = "aa".to_owned();
    assert!(browser.post("/console/operations/blobs/retry", &[("sha256", "aa")]).await.to().ends_with("done=fetching"));
    assert!(browser.post("/console/operations/blobs/verify", &[("sha256", "aa")]).await.to().ends_with("done=hashing"));
    let blobs = browser.post("/console/operations/blobs/scrub", &[]).await.to().to_owned();
    until(
        &mut browser,
        &blobs,
        "Hashing all stored files</strong></p>\n<p>Good: 1,234. Damaged, and fetched again: 0.",
    )
    .await;
    let orders: Vec<Order> = stub.changes().into_iter().map(|(order, _)| order).collect();
    assert!(orders.contains(&Order::Scrub) && orders.contains(&Order::BlobRetry { sha256: sha256.clone() }));
    assert!(orders.contains(&Order::BlobVerify { sha256 }) && orders.contains(&Order::EvaluateCompleteness));
}
