//! Webhooks and the configuration, as they are shown.

use std::sync::Arc;

use axum::Router;
use http::StatusCode;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::bench::Bench;
use crate::orders::{Order, Orders, WebhookAgain};

const EVIL: &str = "<script>alert(1)</script>";
const PATH: &str = "/console/settings/webhooks/core";

#[derive(Default)]
struct Stub(Mutex<Vec<Order>>);

impl Orders for Stub {
    fn give(&self, order: Order, _: &str, _: &mut dyn FnMut(u64, u64)) -> Result<Value, String> {
        if order.changes() {
            self.0.lock().push(order.clone());
        }
        Ok(match order {
            Order::Webhooks => json!([{"id": "core", "target": "https://h.example:8443", "events": ["loan.reloaded"],
                "state": "disabled", "position": 9, "backlogPositions": 3, "replayingPositions": 0, "delivered": 4,
                "deadLetters": 1, "retrying": {"messageId": "m1", "attempts": 2, "nextAt": "2026-11-22T17:00:00Z",
                "reason": EVIL}}]),
            Order::WebhookDead { .. } => json!([{"givenUpAt": "2026-11-22T17:00:00Z", "messageId": "m0",
                "type": "loan.reloaded", "loanRequestId": "loan-1", "attempts": 5, "reason": EVIL}]),
            Order::WebhookTest { .. } => json!({"outcome": "delivered", "status": 204, "detail": EVIL}),
            Order::WebhookReplay { .. } => json!({"count": 1}),
            Order::Configuration => json!({"schedules": {"source": "all the time", "blobWindows": ["22:00-06:00"],
                "utcOffset": "+01:00", "scrubDays": 30, "keyRotationDays": 90, "keyPublishedHours": 24},
                "keys": [{"key": "source.nats.password", "value": "(secret)", "from": "CONTINUITY_X"},
                {"key": "log.segment_bytes", "value": EVIL, "from": null}]}),
            _ => json!({}),
        })
    }
}

#[tokio::test]
async fn a_subscription_is_shown_tried_enabled_and_sent_to_again() {
    let stub = Arc::new(Stub::default());
    let bench = Bench::over(Router::new(), Arc::<Stub>::clone(&stub));
    let mut browser = bench.signed_in().await;
    let page = browser.get("/console/settings/webhooks").await;
    assert!(page.says("https://h.example:8443") && page.says("ended by its receiver"), "{}", page.text);
    let page = browser.get(PATH).await;
    assert!(page.says("m0") && !page.says("loan-1") && !page.says(EVIL), "{}", page.text);
    assert_eq!(browser.get("/console/settings/webhooks/other").await.status, StatusCode::NOT_FOUND);
    let page = browser.post(&format!("{PATH}/test"), &[]).await;
    assert!(page.says("Ping to core: delivered, 204, ") && !page.says(EVIL), "{}", page.text);
    assert!(browser.post(&format!("{PATH}/enable"), &[]).await.to().ends_with("done=enabled"));
    let replay = format!("{PATH}/replay");
    for range in [[("from", "9"), ("to", "3")], [("from", "x"), ("to", "3")], [("from", "1"), ("to", "")]] {
        let page = browser.post(&replay, &range).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("from-fault"), "{}", page.text);
    }
    browser.post(&replay, &[("from", "3"), ("to", "9")]).await.to();
    browser.post(&replay, &[("message", "m0")]).await.to();
    assert!(browser.post(&replay, &[]).await.to().ends_with("done=replayed"));
    let again = [WebhookAgain::Range { from: 3, to: 9 }, WebhookAgain::Message("m0".to_owned()), WebhookAgain::Dead];
    let subscription = "core".to_owned();
    let replays = again.map(|again| Order::WebhookReplay { subscription: subscription.clone(), again });
    assert_eq!(stub.0.lock()[2..], replays);
}

#[tokio::test]
async fn the_configuration_is_shown_with_where_it_comes_from() {
    let bench = Bench::over(Router::new(), Arc::new(Stub::default()));
    let mut browser = bench.signed_in().await;
    let page = browser.get("/console/settings/configuration").await;
    for text in ["All the time.", "Within 22:00-06:00", "Every 90 days", "source.nats.password", "CONTINUITY_X"] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(page.says(">default<") && !page.says(EVIL), "{}", page.text);
    let bench = Bench::lax();
    let page = bench.signed_in().await.get("/console/settings/configuration").await;
    assert!(page.says("Nobody carries it out."), "{}", page.text);
}
