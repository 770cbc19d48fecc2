//! The page on the wall, in front of an API that says what it is told to say.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use continuity_auth::Role;
use continuity_history::Reading;
use http::StatusCode;
use serde_json::{Value, json};

use super::bench::{Bench, Page};

mod sentences;

/// What the API answers: `/health`, and why it is not ready.
#[derive(Clone, Default)]
pub(super) struct Said(Arc<Mutex<(Value, Option<&'static str>)>>);

impl Said {
    pub(super) fn say(&self, health: Value, not_ready: Option<&'static str>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (health, not_ready);
    }

    fn said(&self) -> (Value, Option<&'static str>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn api(&self) -> Router {
        let (health, ready) = (self.clone(), self.clone());
        let health = move || async move {
            let (health, _) = health.said();
            let status = if health["status"] == "unhealthy" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
            (status, health.to_string()).into_response()
        };
        let ready = move || async move {
            match ready.said().1 {
                None => "{\"status\":\"ready\"}".into_response(),
                Some(kind) => problem(kind),
            }
        };
        Router::new().route("/health", get(health)).route("/ready", get(ready))
    }

    /// A server in front of it.
    pub(super) fn bench(&self) -> Bench {
        Bench::with_api(self.api())
    }
}

fn problem(kind: &str) -> Response {
    let problem = json!({"type": format!("urn:continuity:problem:{kind}"), "title": "Not ready", "status": 503});
    (StatusCode::SERVICE_UNAVAILABLE, problem.to_string()).into_response()
}

/// A healthy replica; the bench's clock shows 18:00 of that day.
pub(super) fn healthy() -> Value {
    json!({
        "status": "healthy", "timestamp": "2026-11-22T18:00:00.000Z", "version": "0.1.0", "database": "connected",
        "sync": "active", "uptime": "2h 15m",
        "components": {
            "source": {
                "state": "live", "since": "2026-11-22T13:20:00.000Z", "cause": null, "reason": null, "wayOut": null,
                "until": null, "synchronised": true, "secondsSinceProofOfLife": 1, "secondsSinceHeartbeat": null,
                "lagSeconds": 2, "position": 17_858, "head": 17_900, "behind": 0, "clockSkewed": false,
            },
            "log": {"position": 17_858, "secondsSinceAppend": 19},
            "bootstrap": null,
            "completeness": {"failing": false, "asOf": "2026-11-22T14:03:00.000Z", "complete": true,
                "loansMissing": 0, "eventsMissing": 0},
            "readModels": [{"name": "loan-requests", "state": "serving", "position": 17_858}],
            "blobs": {"pending": {"count": 0}, "available": {"count": 1431}, "failed": {"count": 0},
                "damaged": {"count": 0}, "stuck": 0, "oldestPendingSeconds": null, "position": 17_858, "failing": false},
            "accessRecords": {"state": "recording", "unrecordedReads": 0},
            "webhooks": {"status": "up", "deadLetters": 0},
            "controlStream": null,
            "loans": {"incomplete": 0, "parked": 0},
            "events": {"parked": 0, "held": 0, "quarantined": 0, "gapsOpen": 0},
        },
    })
}

/// A healthy replica, but for the members at those paths.
pub(super) fn but(changes: &[(&str, Value)]) -> Value {
    let mut health = healthy();
    for (path, value) in changes {
        *health.pointer_mut(path).unwrap_or_else(|| panic!("there is no {path}")) = value.clone();
    }
    health
}

/// Whether the page says that, wherever its lines may not break.
fn says(page: &Page, text: &str) -> bool {
    page.text.replace('\u{a0}', " ").contains(text)
}

fn sentence(page: &Page) -> String {
    page.between("<p class=\"sentence\">", "</p>").replace('\u{a0}', " ")
}

#[tokio::test]
async fn what_others_say_is_text() {
    let said = Said::default();
    let bench = said.bench();
    let mut browser = bench.signed_in().await;
    let evil = "<img src=x onerror=alert(1)>";
    said.say(
        but(&[
            ("/version", json!(evil)),
            ("/uptime", json!(evil)),
            ("/components/source/state", json!("stale")),
            ("/components/source/since", json!(evil)),
            ("/components/source/cause", json!(evil)),
            ("/components/source/reason", json!(format!("\"'{evil}`{evil}`"))),
            ("/components/source/wayOut", json!(format!("`{evil}`"))),
            ("/components/source/until", json!(evil)),
            ("/components/completeness/asOf", json!(evil)),
            (
                "/components/readModels",
                json!([{"name": evil, "state": "rebuilding", "progress": {"done": 1, "of": 2}}]),
            ),
        ]),
        Some("<img>"),
    );
    for path in ["/console/status", "/console/status/now", "/console/status?range=%3Cimg%3E"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.says("<code>&#60;img src=x onerror=alert(1)&#62;</code>"), "{}", page.text);
        assert!(!page.says("<img"), "{}", page.text);
    }
}

#[tokio::test]
async fn it_is_home_and_everybody_sees_it_first() {
    let said = Said::default();
    said.say(healthy(), None);
    let bench = said.bench();
    let joe = bench.person("joe@bank.example", &[Role::Viewer]);
    let mut browser = bench.signed_in_as(&joe).await;
    assert_eq!(browser.get("/console").await.to(), "/console/status");
    let page = browser.get("/console/status").await;
    let place = page.between("<nav class=\"places\"", "</li>");
    assert!(place.contains("href=\"/console/status\" aria-current=\"page\">Status</a>"), "{place}");
    assert!(page.says("Nothing has to be done.") && page.says("hx-get=\"/console/status/now?range=hour\""));
    assert!(page.says("<time datetime=\"2026-11-22T18:00:00.000Z\">18:00:00 UTC</time>"), "{}", page.text);
}

#[tokio::test]
async fn whoever_was_signed_out_is_taken_to_the_sign_in_and_not_shown_it_inside() {
    let bench = Said::default().bench();
    let page = bench.browser().get("/console/status/now").await;
    assert_eq!(
        (page.status, page.headers["hx-redirect"].to_str().unwrap()),
        (StatusCode::UNAUTHORIZED, "/console/status")
    );
    assert_eq!(page.text, "");
    assert_eq!(bench.browser().get("/console/status").await.to(), "/console/sign-in?next=%2Fconsole%2Fstatus");
}

#[tokio::test]
async fn it_stays_up_when_the_replica_says_nothing() {
    let said = Said::default();
    let bench = said.bench();
    let mut browser = bench.signed_in().await;
    for health in [Value::Null, json!({}), json!({"components": 5}), json!("<html>")] {
        said.say(health, None);
        let page = browser.get("/console/status").await;
        assert_eq!(
            (page.status, sentence(&page).as_str()),
            (StatusCode::OK, "This replica does not say how it is. Do not trust anything else on this page.")
        );
        assert!(page.says("The process answers, but not about itself.") && !page.says("<ol class=\"chain\">"));
    }
}

#[tokio::test]
async fn what_was_measured_is_drawn_and_stands_in_a_table() {
    let said = Said::default();
    said.say(healthy(), None);
    let bench = said.bench();
    let mut browser = bench.signed_in().await;
    let page = browser.get("/console/status").await;
    assert!(
        says(&page, "From 17:00 UTC to 18:00 UTC: nothing was measured. Nobody measured for 59 min."),
        "{}",
        page.text
    );
    for second in 0..30_u64 {
        let lag = (second != 15).then(|| Duration::from_secs(if second == 7 { 4_000 } else { 1 }));
        bench.history.look(Reading {
            lag,
            logged: second * 20,
            applied: second * 20,
            reads: second * 6,
            ..Reading::default()
        });
        bench.later(2);
    }
    let page = browser.get("/console/status").await;
    assert_eq!(page.text.matches("role=\"img\"").count(), 5);
    assert!(says(&page, "at most 66 min, at the end"), "the worst is not averaged away: {}", page.text);
    assert!(says(&page, "It was not known for 10 s.") && says(&page, "<rect class=\"unknown\""));
    assert!(says(&page, "<td>66 min (at times not known)</td><td>10</td>"), "{}", page.text);
    assert!(says(&page, "<td colspan=\"6\">not measured</td>"));
    assert!(says(&page, "<dd>10/s</dd>"), "the rate of the read models stands in the chain");
    for range in ["day", "month"] {
        let page = browser.get(&format!("/console/status?range={range}")).await;
        assert!(says(
            &page,
            &format!("id=\"range-{range}\" href=\"/console/status?range={range}\" aria-current=\"true\"")
        ));
        assert!(says(&page, "at most 66 min"));
    }
}

#[tokio::test]
async fn its_scripts_are_here_with_their_licence() {
    let said = Said::default();
    said.say(healthy(), None);
    let bench = said.bench();
    let mut browser = bench.signed_in().await;
    let page = browser.get("/console/status").await;
    let scripts: Vec<&str> =
        page.text.split("<script src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(scripts.len(), 2);
    for script in &scripts {
        assert_eq!(browser.get(script).await.headers["content-type"], "text/javascript; charset=utf-8");
    }
    let htmx = browser.get(scripts[0]).await;
    assert!(htmx.text.starts_with("/* htmx 2.0.11") && htmx.says("Zero-Clause BSD") && htmx.says("var htmx="));
    let config: Value = serde_json::from_str(&page.between("name=\"htmx-config\" content='", "'>")).unwrap();
    assert_eq!((&config["allowEval"], &config["includeIndicatorStyles"]), (&json!(false), &json!(false)));
    assert!(says(&page, "<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>"));
}
