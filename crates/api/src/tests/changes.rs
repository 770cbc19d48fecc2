//! Streams of changes: what they tell, where they begin, and what ends them.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::harness::{Feed, HOUSE, Replica, cut_off};
use crate::ChangeOptions;

const LIMIT: Duration = Duration::from_secs(20);

/// A stream, read as it comes.
pub(super) struct Listener {
    body: Body,
    text: String,
}

/// An event: its name, its id (empty for none) and its data.
pub(super) type Told = (String, String, Value);

impl Listener {
    async fn of(replica: &Replica, query: &str, headers: &[(&str, &str)]) -> Self {
        Self::with(replica, replica.token("loans:read"), query, headers).await
    }

    pub(super) async fn with(replica: &Replica, token: &str, query: &str, headers: &[(&str, &str)]) -> Self {
        Self::authorized(replica, &format!("Bearer {token}"), query, headers).await
    }

    pub(super) async fn authorized(replica: &Replica, by: &str, query: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = Request::builder().uri(format!("/api/v1/changes{query}")).header("authorization", by);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = replica.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(!response.headers().contains_key("content-length") && !response.headers().contains_key("etag"));
        Self { body: response.into_body(), text: String::new() }
    }

    /// Reads on until that has been said.
    pub(super) async fn until(&mut self, said: &str) -> &str {
        while !self.text.contains(said) {
            let frame = tokio::time::timeout(LIMIT, self.body.frame()).await;
            let frame = frame.unwrap_or_else(|_| panic!("no {said:?} in {:?}", self.text));
            let frame = frame.unwrap_or_else(|| panic!("it ended with {:?}", self.text)).unwrap();
            self.text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
        &self.text
    }

    /// Reads to the end.
    pub(super) async fn all(mut self) -> Vec<Told> {
        let rest = tokio::time::timeout(LIMIT, self.body.collect()).await.expect("an end").unwrap().to_bytes();
        self.text.push_str(std::str::from_utf8(&rest).unwrap());
        events(&self.text)
    }
}

pub(super) fn events(text: &str) -> Vec<Told> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default().to_owned()
    };
    let told = text.split("\n\n").filter(|block| block.contains("data: "));
    told.map(|block| {
        let data = serde_json::from_str(&field(block, "data")).unwrap();
        (field(block, "event"), field(block, "id"), data)
    })
    .collect()
}

pub(super) fn changes(events: &[Told]) -> Vec<(u64, &str)> {
    let of = |told: &&Told| told.0 == "change";
    let pair = |told: &'_ Told| told.2["position"].as_u64().unwrap();
    events.iter().filter(of).map(|told| (pair(told), told.2["loanRequestId"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn from_the_beginning_every_loan_comes_once_with_its_marks() {
    let told = Listener::of(&HOUSE, "?since=0&once=true", &[]).await.all().await;
    let position = HOUSE.state.engine.view().position;
    let loans = changes(&told);
    assert_eq!(loans.iter().map(|(_, loan)| *loan).collect::<Vec<_>>(), ["L1", "bare", "deleted", "purged"]);
    assert!(loans.is_sorted(), "{loans:?}");
    for (name, id, data) in told.iter().filter(|told| told.0 == "change") {
        assert_eq!(*id, data["position"].to_string(), "{name}");
    }
    let marks: Vec<_> = told.iter().map(|told| (&told.2["deleted"], &told.2["purged"])).collect();
    assert_eq!(marks[3..5], [(&json!(true), &Value::Null), (&Value::Null, &json!(true))]);
    assert_eq!((told[0].0.as_str(), &told[0].2["state"]), ("state", &json!("live")));
    assert_eq!(told[5], ("position".to_owned(), position.to_string(), json!({"position": position})));
    assert_eq!((told[6].0.as_str(), &told[6].2["reason"]), ("end", &json!("once")));
    assert_eq!(told.len(), 7, "{told:?}");
}

#[tokio::test]
async fn from_any_position_the_rest_comes_and_the_header_counts_first() {
    let whole = Listener::of(&HOUSE, "?since=0&once=true", &[]).await.all().await;
    let whole = changes(&whole);
    for since in 0..=HOUSE.state.engine.view().position {
        let text = since.to_string();
        let headers = [("last-event-id", text.as_str()), ("accept", "text/event-stream")];
        let told = Listener::of(&HOUSE, "?once=true&since=0", &headers).await.all().await;
        let rest: Vec<_> = whole.iter().filter(|(position, _)| *position > since).copied().collect();
        assert_eq!(changes(&told), rest, "since {since}");
    }
}

#[tokio::test]
async fn a_far_listener_is_told_chunk_by_chunk() {
    let mut feed = Feed::default();
    for n in 0..300 {
        feed.loan(&format!("L{n:03}"), "\"status\":\"BID\",\"createdAt\":\"2026-01-01T00:00:00Z\"");
    }
    let replica = Replica::of(feed);
    let mut listener = Listener::of(&replica, "?since=0&once=true", &[]).await;
    let first = listener.until("event: change").await.to_owned();
    assert!(changes(&events(&first)).len() < 300, "everything was read before anybody took it");
    let told = listener.all().await;
    assert_eq!(changes(&told).len(), 300);
    assert_eq!(told.last().unwrap().2["reason"], "once");
}

#[tokio::test]
async fn without_a_position_it_begins_at_the_present_and_says_so() {
    let mut listener = Listener::of(&HOUSE, "", &[]).await;
    let position = HOUSE.state.engine.view().position;
    let text = listener.until("event: state").await;
    assert!(text.starts_with(&format!("retry: 2000\n\nevent: position\nid: {position}\ndata: ")), "{text}");
    assert!(!text.contains("event: change"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_gone_on_with_is_refused() {
    let ahead = HOUSE.state.engine.view().position + 1;
    let answer = HOUSE.get(&format!("/api/v1/changes?since={ahead}")).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::CONFLICT, "position-ahead"));
    for id in ["", "x", "-1", "1 ", "99999999999999999999999"] {
        let answer = HOUSE.get_with("all", "/api/v1/changes", &[("last-event-id", id)]).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::BAD_REQUEST, "bad-request"), "{id:?}");
    }
    let answer = HOUSE.get_with("all", "/api/v1/changes", &[("accept", "application/json")]).await;
    assert_eq!(answer.problem(), "not-acceptable");
    assert_eq!(HOUSE.get("/api/v1/changes?since=a").await.problem(), "bad-parameter");
}

#[tokio::test]
async fn head_opens_no_stream() {
    let replica = Replica::with(Feed::house(), |state| state.changes = ChangeOptions { streams: 1, ..state.changes });
    let token = replica.token("all").to_owned();
    for _ in 0..3 {
        let request = Request::builder().method(Method::HEAD).uri("/api/v1/changes");
        let request = request.header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap();
        assert_eq!(replica.send(request).await.status, StatusCode::OK);
    }
    let listening = Listener::of(&replica, "", &[]).await;
    assert_eq!(replica.get("/api/v1/changes").await.problem(), "overloaded");
    drop(listening);
    assert_eq!(replica.get("/api/v1/changes").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_has_so_many_streams() {
    let adjust = |state: &mut crate::ApiState| state.changes = ChangeOptions { streams_per_client: 2, ..state.changes };
    let replica = Replica::with(Feed::house(), adjust);
    let both = (Listener::of(&replica, "", &[]).await, Listener::of(&replica, "", &[]).await);
    let refused = replica.get_with("loans:read", "/api/v1/changes", &[]).await;
    assert_eq!((refused.status, refused.problem().as_str()), (StatusCode::TOO_MANY_REQUESTS, "too-many-streams"));
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(replica.get("/api/v1/changes").await.status, StatusCode::OK, "another client");
    drop(both);
}

#[tokio::test]
async fn silence_is_told_from_a_cut_and_states_as_they_change() {
    let adjust = |state: &mut crate::ApiState| state.changes.heartbeat = Duration::from_millis(50);
    let replica = Replica::with(Feed::house(), adjust);
    let mut listener = Listener::of(&replica, "", &[]).await;
    listener.until("\n: heartbeat\n\n").await;
    cut_off(&replica.state.sync);
    replica.clock.advance(Duration::from_secs(1));
    let text = listener.until("disconnected").await;
    assert_eq!(text.matches("event: state").count(), 2, "{text}");
}

#[tokio::test]
async fn a_token_that_ends_ends_its_stream() {
    let replica = Replica::of(Feed::house());
    let mut listener = Listener::of(&replica, "", &[]).await;
    listener.until("event: state").await;
    replica.clock.advance(Duration::from_secs(3_606));
    let told = listener.all().await;
    let end = &told.last().unwrap().2;
    assert_eq!(*end, json!({"reason": "token", "detail": "The access token expired"}));
}

#[tokio::test]
async fn a_disabled_client_is_told_nothing_more() {
    let replica = Replica::of(Feed::house());
    let mut listener = Listener::of(&replica, "", &[]).await;
    listener.until("event: state").await;
    let clients = replica.state.auth.list_clients();
    let id = &clients.iter().find(|client| client.settings.name == "loans:read").unwrap().id;
    replica.state.auth.set_enabled(id, false).unwrap();
    let told = listener.all().await;
    assert_eq!(told.last().unwrap().2["reason"], "token");
}

#[tokio::test]
async fn a_stop_ends_it_cleanly() {
    let replica = Replica::of(Feed::house());
    let mut listener = Listener::of(&replica, "", &[]).await;
    listener.until("event: state").await;
    replica.state.stop.stop();
    assert_eq!(listener.all().await.last().unwrap().2["reason"], "stopping");
}

#[tokio::test]
async fn changes_are_held_back_while_a_read_model_is_rebuilt() {
    let replica = Replica::lacking("loan-requests");
    let mut listener = Listener::of(&replica, "?since=0", &[]).await;
    let text = listener.until("event: state").await;
    assert!(text.contains("\"state\":\"rebuilding\"") && !text.contains("event: change"), "{text}");
}
