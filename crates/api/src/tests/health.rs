//! `/health`, `/ready`, `/live` and the documentation.

use std::sync::Arc;
use std::time::Duration;

use continuity_readmodel::{SourceState, SyncBoard};
use http::StatusCode;
use serde_json::json;

use super::harness::{Feed, HOUSE, Replica};

#[tokio::test]
async fn health_has_the_keys_and_words_of_the_guide() {
    let replica = Replica::of(Feed::house());
    replica.clock.advance(Duration::from_mins(135));
    let answer = replica.get_with("", "/health", &[]).await;
    assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"));
    let value = answer.json();
    let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["status", "timestamp", "version", "database", "sync", "uptime", "components"]);
    assert_eq!((&value["status"], &value["database"]), (&"healthy".into(), &"connected".into()));
    assert_eq!((&value["sync"], &value["uptime"]), (&"active".into(), &"2h 15m".into()));
    assert_eq!(value["components"]["source"]["lagSeconds"], 8_100);
    assert_eq!(value["components"]["readModels"].as_array().unwrap().len(), 12);
    assert_eq!(value["components"]["erasure"], json!({"loans": 1, "logHoldsErasedBytes": true}));
    assert!(!answer.text().contains("L1"));
    replica.state.sync.set_state(SourceState::Diverged);
    let value = replica.get_with("", "/health", &[]).await.json();
    assert_eq!((&value["status"], &value["sync"]), (&"degraded".into(), &"disconnected".into()));
    assert_eq!(value["components"]["source"]["state"], "diverged");
}

#[tokio::test]
async fn ready_once_synchronised_and_caught_up_and_for_good() {
    assert_eq!(HOUSE.get_with("", "/ready", &[]).await.status, StatusCode::OK);
    let replica = Replica::with(Feed::house(), |state| {
        state.sync = SyncBoard::new(Arc::clone(&state.clock));
    });
    let answer = replica.get_with("", "/ready", &[]).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "never-synchronised"));
    replica.state.sync.set_synchronised();
    replica.state.sync.set_state(SourceState::Disconnected);
    assert_eq!(replica.get_with("", "/ready", &[]).await.status, StatusCode::OK);
    replica.state.stop.stop();
    assert_eq!(replica.get_with("", "/ready", &[]).await.problem(), "stopping");
    assert_eq!(replica.get_with("", "/live", &[]).await.status, StatusCode::OK);
    let replica = Replica::with(Feed::house(), |state| state.start_position += 1);
    assert_eq!(replica.get_with("", "/ready", &[]).await.problem(), "starting");
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
