//! `/health`, `/ready`, `/live` and the documentation.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Timestamp};
use continuity_events::record::Divergence;
use continuity_readmodel::{CompletenessSummary, ExportSeen, Fault, FaultKind, Pause, PauseCause, SyncBoard};
use http::StatusCode;
use serde_json::{Value, json};

use super::harness::{Feed, HOUSE, NO_WEBHOOKS, Replica, cut_off, live};
use crate::{ControlStreamHealth, WebhookHealth};

#[tokio::test]
async fn health_has_the_keys_and_words_of_the_guide() {
    let replica = Replica::of(Feed::house());
    replica.clock.advance(Duration::from_mins(135));
    live(&replica.state.sync, replica.clock.as_ref(), replica.state.start_position);
    let answer = replica.get_with("", "/health", &[]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"));
    let value = answer.json();
    let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["status", "timestamp", "version", "database", "sync", "uptime", "components"]);
    assert_eq!((&value["status"], &value["database"]), (&"healthy".into(), &"connected".into()));
    assert_eq!((&value["sync"], &value["uptime"]), (&"active".into(), &"2h 15m".into()));
    assert_eq!(value["components"]["source"]["lagSeconds"], 0);
    assert_eq!(value["components"]["readModels"].as_array().unwrap().len(), 14);
    assert_eq!(value["components"]["erasure"], json!({"loans": 1, "logHoldsErasedBytes": true}));
    assert!(!answer.text().contains("L1"));
}

/// `/health` as it is now: its status, its word, and the source.
async fn health(replica: &Replica) -> (String, String, Value) {
    let answer = replica.get_with("", "/health", &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    for secret in ["broker-7", "L1", "BANCLO_CHANGES", "jane"] {
        assert!(!answer.text().contains(secret), "{secret}: {}", answer.text());
    }
    let value = answer.json();
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    (text("status"), text("sync"), value["components"]["source"].clone())
}

async fn headers(replica: &Replica) -> (String, String) {
    let answer = replica.get("/api/v1/loan-requests").await;
    (answer.header("x-replica-state").to_owned(), answer.header("x-replica-lag-seconds").to_owned())
}

fn words(status: &str, sync: &str) -> (String, String) {
    (status.to_owned(), sync.to_owned())
}

#[tokio::test]
async fn a_poller_that_stopped_is_seen_by_the_one_who_looks() {
    let replica = Replica::of(Feed::house());
    assert_eq!(headers(&replica).await, words("live", "0"));
    replica.clock.advance(Duration::from_secs(61));
    let (status, sync, source) = health(&replica).await;
    assert_eq!((status.as_str(), sync.as_str()), ("degraded", "stale"));
    assert_eq!((&source["state"], &source["cause"]), (&json!("stale"), &json!("silent")));
    assert_eq!((&source["lagSeconds"], &source["secondsSinceProofOfLife"]), (&json!(61), &json!(61)));
    assert_eq!((&source["behind"], &source["since"]), (&Value::Null, &json!("2026-11-22T12:01:00.000Z")));
    assert_eq!(headers(&replica).await, words("stale", "61"));
    assert_eq!(replica.get_with("", "/ready", &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_platform_that_fell_silent_behind_its_broker_is_seen() {
    let replica = Replica::of(Feed::house());
    let sync = &replica.state.sync;
    for beat in 0..30 {
        if beat < 10 {
            sync.heartbeat(Some(replica.clock.now()));
        }
        replica.clock.advance(Duration::from_secs(10));
        live(sync, replica.clock.as_ref(), replica.state.start_position);
    }
    let (status, word, source) = health(&replica).await;
    assert_eq!((status.as_str(), word.as_str(), &source["cause"]), ("degraded", "stale", &json!("no-heartbeat")));
    assert_eq!((&source["secondsSinceHeartbeat"], &source["lagSeconds"]), (&json!(210), &json!(210)));
    assert_eq!(source["secondsSinceProofOfLife"], 0);
    assert_eq!(headers(&replica).await, words("stale", "210"));
}

#[tokio::test]
async fn a_stepped_clock_and_a_foreign_one_are_shown_and_change_no_age() {
    let replica = Replica::of(Feed::house());
    let sync = &replica.state.sync;
    for _ in 0..4 {
        replica.clock.advance(Duration::from_secs(10));
        live(sync, replica.clock.as_ref(), replica.state.start_position);
        let ahead = replica.clock.now().plus(Duration::from_millis(7_250));
        sync.heartbeat(Some(ahead));
    }
    let (status, _, source) = health(&replica).await;
    assert_eq!((&source["clockSkewSeconds"], &source["clockSkewed"]), (&json!(7.25), &json!(true)));
    assert_eq!((status.as_str(), &source["clockStepSeconds"]), ("healthy", &Value::Null));
    replica.clock.advance(Duration::from_secs(20));
    replica.clock.step_to(Timestamp::from_micros(0));
    let (_, _, source) = health(&replica).await;
    assert_eq!((&source["state"], &source["lagSeconds"]), (&json!("live"), &json!(20)));
    assert!(source["clockStepSeconds"].as_f64().unwrap() < -1e9);
    assert_eq!((&source["clockSkewSeconds"], &source["secondsSinceClockStep"]), (&Value::Null, &json!(0)));
    replica.clock.step_to(Timestamp::from_micros(4_000_000_000_000_000));
    replica.clock.advance(Duration::from_secs(40));
    let (_, _, source) = health(&replica).await;
    assert_eq!((&source["state"], &source["lagSeconds"]), (&json!("stale"), &json!(60)));
}

#[tokio::test]
async fn a_diverged_source_is_named_with_the_point_and_the_way_out() {
    let replica = Replica::of(Feed::house());
    let sync = &replica.state.sync;
    let (partition, point) = ("BANCLO_CHANGES".to_owned(), "BANCLO_CHANGES at 4711".to_owned());
    let kind = FaultKind::Diverged { cause: Divergence::Recreated, partition, point, number: Some(4711) };
    sync.failed(Fault { kind, detail: "made anew by jane".to_owned() });
    let (status, word, source) = health(&replica).await;
    assert_eq!((status.as_str(), word.as_str(), &source["state"]), ("degraded", "disconnected", &json!("diverged")));
    assert_eq!((&source["cause"], &source["point"]), (&json!("recreated"), &json!(4711)));
    assert!(source["wayOut"].as_str().unwrap().contains("source accept"));
    cut_off(sync);
    assert_eq!(health(&replica).await.2["state"], "diverged");
    sync.accepted();
    cut_off(sync);
    assert_eq!(health(&replica).await.2["cause"], "unreachable");
}

#[tokio::test]
async fn a_pause_names_its_cause_and_only_the_schedules_is_in_order() {
    let replica = Replica::of(Feed::house());
    for (cause, expected) in [
        (PauseCause::Operator, "degraded"),
        (PauseCause::Bound, "degraded"),
        (PauseCause::Space, "degraded"),
        (PauseCause::Schedule, "healthy"),
        (PauseCause::Bandwidth, "healthy"),
        (PauseCause::MissedWindow, "degraded"),
    ] {
        let until = Some(replica.clock.now().plus(Duration::from_mins(1)));
        let pause = Pause { cause, detail: "jane waits for loan L1".to_owned(), since: None, until };
        replica.state.sync.paused(Some(pause));
        let (status, word, source) = health(&replica).await;
        assert_eq!((status.as_str(), word.as_str(), &source["state"]), (expected, "stale", &json!("paused")));
        assert_eq!(source["cause"], cause.name());
    }
    replica.clock.advance(Duration::from_mins(2));
    let (status, _, source) = health(&replica).await;
    assert_eq!((status.as_str(), &source["state"], &source["cause"]), ("degraded", &json!("stale"), &json!("overdue")));
}

#[tokio::test]
async fn what_cannot_write_is_degraded_and_ready() {
    let replica = Replica::of(Feed::house());
    replica.state.sync.broken(Some("/data/jane: no space left".to_owned()));
    let (status, word, source) = health(&replica).await;
    assert_eq!((status.as_str(), word.as_str(), &source["cause"]), ("degraded", "stale", &json!("cannot-write")));
    assert_eq!(replica.get_with("", "/ready", &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_replica_without_the_others_is_degraded_and_ready() {
    let component = async |health: Option<ControlStreamHealth>| {
        let replica = Replica::with(Feed::house(), |state| state.control_stream = Arc::new(move || health));
        let value = replica.get_with("", "/health", &[]).await.json();
        assert_eq!(replica.get_with("", "/ready", &[]).await.status, StatusCode::OK);
        (value["status"].as_str().unwrap().to_owned(), value["components"]["controlStream"].clone())
    };
    assert_eq!(component(None).await, ("healthy".to_owned(), Value::Null));
    let connected = ControlStreamHealth {
        connected: true,
        refused: false,
        since: Duration::from_millis(1_900),
        waiting: 0,
        behind: Some(2),
        refused_messages: 3,
        later_messages: 4,
    };
    let shown = json!({"state": "connected", "secondsInState": 1, "waitingChanges": 0, "behindMessages": 2,
        "refusedMessages": 3, "laterMessages": 4, "conflicts": 0});
    assert_eq!(component(Some(connected)).await, ("healthy".to_owned(), shown));
    for (refused, state) in [(false, "alone"), (true, "refused")] {
        let health = ControlStreamHealth { connected: false, refused, waiting: 7, behind: None, ..connected };
        let (status, shown) = component(Some(health)).await;
        assert_eq!((status.as_str(), shown["state"].as_str()), ("degraded", Some(state)));
        assert_eq!((&shown["waitingChanges"], &shown["behindMessages"]), (&json!(7), &Value::Null));
    }
}

#[tokio::test]
async fn webhooks_that_do_not_arrive_are_degraded_and_ready() {
    let component = async |health: Option<WebhookHealth>| {
        let replica = Replica::with(Feed::house(), |state| state.webhooks = Arc::new(move || health));
        let value = replica.get_with("", "/health", &[]).await.json();
        assert_eq!(replica.get_with("", "/ready", &[]).await.status, StatusCode::OK);
        (value["status"].as_str().unwrap().to_owned(), value["components"]["webhooks"].clone())
    };
    let none = json!({"status": "up", "subscriptions": 0, "backlogPositions": 0, "deadLetters": 0, "oldestWaitingSeconds": null});
    assert_eq!(component(Some(NO_WEBHOOKS)).await, ("healthy".to_owned(), none));
    let oldest_waiting = Some(Duration::from_millis(61_900));
    let behind = WebhookHealth { well: false, subscriptions: 2, backlog: 7, dead_letters: 3, oldest_waiting };
    let shown = json!({"status": "degraded", "subscriptions": 2, "backlogPositions": 7, "deadLetters": 3, "oldestWaitingSeconds": 61});
    assert_eq!(component(Some(behind)).await, ("degraded".to_owned(), shown));
    assert_eq!(component(None).await, ("degraded".to_owned(), json!({"status": "degraded"})));
}

fn export(loans_done: u64, loans: u64) -> ExportSeen {
    ExportSeen { loans_done, loans_expected: Some(loans), loans_missing: None }
}

#[tokio::test]
async fn completeness_and_bootstrap_are_shown_as_counts() {
    let replica = Replica::of(Feed::house());
    let sync = &replica.state.sync;
    let summary = |complete, loans_missing, events_missing| CompletenessSummary {
        as_of: "2026-11-22T12:00:00Z".to_owned(),
        evaluated_at: replica.clock.now(),
        complete,
        loans_missing,
        events_missing,
    };
    sync.bootstrap(Some(export(10, 30)));
    sync.completeness(Some(summary(true, 0, 0)));
    replica.clock.advance(Duration::from_secs(10));
    sync.bootstrap(Some(export(20, 30)));
    let value = replica.get_with("", "/health", &[]).await.json();
    let expected = json!({"loansDone": 20, "loansExpected": 30, "loansMissing": null, "etaSeconds": 10});
    assert_eq!((&value["components"]["bootstrap"], &value["status"]), (&expected, &json!("healthy")));
    assert_eq!(value["components"]["completeness"]["secondsSinceEvaluation"], 10);
    assert_eq!(replica.get("/api/v1/loan-requests").await.header("x-replica-complete"), "");
    sync.bootstrap(Some(ExportSeen { loans_missing: Some(10), ..export(20, 30) }));
    let value = replica.get_with("", "/health", &[]).await.json();
    assert_eq!((&value["components"]["bootstrap"]["loansMissing"], &value["status"]), (&json!(10), &json!("degraded")));
    sync.bootstrap(None);
    sync.completeness_failing(true);
    let value = replica.get_with("", "/health", &[]).await.json();
    assert_eq!((&value["components"]["completeness"]["failing"], &value["status"]), (&json!(true), &json!("degraded")));
    sync.completeness_failing(false);
    sync.completeness(Some(summary(false, 2, 5)));
    replica.clock.advance(Duration::from_secs(1));
    let value = replica.get_with("", "/health", &[]).await.json();
    let shown = &value["components"]["completeness"];
    assert_eq!(
        (&value["status"], &shown["loansMissing"], &shown["eventsMissing"]),
        (&json!("degraded"), &json!(2), &json!(5))
    );
    assert_eq!(replica.get("/api/v1/loan-requests").await.header("x-replica-complete"), "false");
}

#[tokio::test]
async fn ready_once_synchronised_and_caught_up_and_for_good() {
    assert_eq!(HOUSE.get_with("", "/ready", &[]).await.status, StatusCode::OK);
    let replica = Replica::with(Feed::house(), |state| {
        state.sync = SyncBoard::new(Arc::clone(&state.clock));
    });
    let answer = replica.get_with("", "/ready", &[]).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "never-synchronised"));
    replica.state.sync.set_synchronised(0);
    cut_off(&replica.state.sync);
    assert_eq!(replica.get_with("", "/ready", &[]).await.status, StatusCode::OK);
    replica.state.stop.stop();
    assert_eq!(replica.get_with("", "/ready", &[]).await.problem(), "stopping");
    assert_eq!(replica.get_with("", "/live", &[]).await.status, StatusCode::OK);
    let replica = Replica::with(Feed::house(), |state| state.start_position += 1);
    assert_eq!(replica.get_with("", "/ready", &[]).await.problem(), "starting");
    let replica = Replica::with(Feed::house(), |state| {
        state.sync = SyncBoard::new(Arc::clone(&state.clock));
        state.sync.set_synchronised(1_000_000);
    });
    let answer = replica.get_with("", "/ready", &[]).await;
    assert_eq!(answer.problem(), "starting", "the log is whole, and the read models do not show it yet");
    let list = replica.get("/api/v1/loan-requests").await;
    assert_eq!((list.status, list.header("x-replica-complete")), (StatusCode::OK, "false"));
}

#[tokio::test]
async fn the_documentation_is_open_and_at_home() {
    let page = HOUSE.get_with("", "/~/open-api/", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    for reference in page.text().split(['"', '\'']).filter(|text| text.starts_with("/~/")) {
        assert_eq!(HOUSE.get_with("", reference, &[]).await.status, StatusCode::OK, "{reference}");
    }
    assert!(page.header("content-security-policy").starts_with("default-src 'self'"));
    let document = HOUSE.get_with("", "/~/open-api/openapi.json", &[]).await;
    assert_eq!(document.text(), crate::openapi());
    assert_eq!(document.json()["openapi"], "3.1.0");
}
