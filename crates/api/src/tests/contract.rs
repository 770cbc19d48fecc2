//! What holds for every reply: problems, ids, freshness, caching, refused queries.

use axum::body::Body;
use http::{Request, StatusCode};

use super::harness::{Feed, HOUSE, Replica, cut_off};
use super::scopes::concrete;
use crate::UnknownParameters;
use crate::endpoint::{Access, Answer, Endpoint, Verb};
use crate::routes::TABLE;

const LIST: &str = "/api/v1/loan-requests";

#[tokio::test]
async fn unknown_paths_are_404_with_or_without_a_token() {
    for path in ["/", "/api/v1", "/api/v1/loans", "/api/v1/loan-requests/L1/nothing", "/api/v2/loan-requests", "//"] {
        for scope in ["", "all"] {
            let answer = HOUSE.get_with(scope, path, &[]).await;
            assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::NOT_FOUND, "unknown-path"), "{path}");
        }
    }
}

#[tokio::test]
async fn unknown_and_purged_loans_are_told_apart_on_every_path() {
    for endpoint in TABLE.iter().filter(|e| e.path.contains("{loanRequestId}")) {
        for (loan, status, code) in [("nobody", 404, "not-found"), ("purged", 410, "loan-purged")] {
            let answer = HOUSE.get(&concrete(endpoint).replace("L1", loan)).await;
            assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (status, code), "{}", endpoint.path);
            assert_eq!(answer.header("x-replica-complete"), "");
        }
    }
}

#[tokio::test]
async fn other_things_that_are_not_there_are_404() {
    for tail in [
        "/tasks/none",
        "/tasks/none/items/i1/download",
        "/tasks/t2/items/i1/download",
        "/documents/none/download",
        "/spaces/none/documents/",
        "/guilds/none/channels/c1",
        "/guilds/g1/channels/none",
        "/worksheets/none",
        "/tasks/%FF",
    ] {
        let answer = HOUSE.of_loan(tail).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::NOT_FOUND, "not-found"), "{tail}");
    }
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_everywhere() {
    let of_people = |e: &Endpoint| matches!(e.access, Access::Roles { .. });
    for endpoint in TABLE.iter().filter(|e| e.verb == Verb::Get && !of_people(e)) {
        let answer = HOUSE.get(&format!("{}?stauts=BID", concrete(endpoint))).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::BAD_REQUEST, "unknown-parameter"));
        assert!(answer.text().contains("`stauts`"), "{}", answer.text());
    }
}

#[tokio::test]
async fn an_unknown_parameter_may_be_ignored_and_is_named() {
    let replica = Replica::with(Feed::house(), |state| state.unknown_parameters = UnknownParameters::Ignore);
    let answer = replica.get(&format!("{LIST}?stauts=BID&limit=1&a%0Ab=1")).await;
    assert_eq!((answer.status, answer.header("x-ignored-params")), (StatusCode::OK, "stauts, a%0Ab"));
    assert_eq!(answer.ids().len(), 1);
}

#[tokio::test]
async fn a_token_in_the_url_is_refused_before_anything_else() {
    for path in [LIST, "/health", "/oauth/token", "/nowhere"] {
        let answer = HOUSE.get_with("", &format!("{path}?access_token=secret"), &[]).await;
        let refused = path != "/oauth/token";
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.problem(), "token-in-query");
        assert!(refused || answer.header("allow").is_empty());
        assert!(!answer.text().contains("secret"), "{}", answer.text());
    }
}

#[tokio::test]
async fn formats_that_there_are_not_are_406() {
    for endpoint in TABLE.iter().filter(|e| e.verb == Verb::Get && matches!(e.access, Access::AnyOf(_))) {
        let answer = HOUSE.get_with("all", &concrete(endpoint), &[("accept", "image/png")]).await;
        let expected = if endpoint.path.ends_with("/download") { 200 } else { 406 };
        assert_eq!(answer.status.as_u16(), expected, "{}", endpoint.path);
    }
}

#[tokio::test]
async fn a_long_url_is_414() {
    let answer = HOUSE.get(&format!("{LIST}?status={}", "x".repeat(9_000))).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::URI_TOO_LONG, "uri-too-long"));
}

#[tokio::test]
async fn the_request_id_comes_back() {
    let answer = HOUSE.get_with("all", LIST, &[("x-request-id", "mine-1")]).await;
    assert_eq!(answer.header("x-request-id"), "mine-1");
    let answer = HOUSE.get_with("all", LIST, &[("x-request-id", "no good\"")]).await;
    assert!(!answer.header("x-request-id").is_empty() && answer.header("x-request-id") != "no good\"");
}

#[tokio::test]
async fn a_known_body_is_304() {
    let data = TABLE.iter().filter(|e| e.verb == Verb::Get && matches!(e.access, Access::AnyOf(_)));
    for endpoint in data.filter(|e| !matches!(e.answer, Answer::Events)) {
        let path = concrete(endpoint);
        let first = HOUSE.get(&path).await;
        let tag = first.header("etag").to_owned();
        let again = HOUSE.get_with("all", &path, &[("if-none-match", &tag)]).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        assert_eq!(again.header("etag"), tag);
        assert_eq!(first.header("x-replica-position"), again.header("x-replica-position"));
        assert!(first.header("cache-control").starts_with("private, no-"), "{path}");
        assert!(first.header("vary").contains("Authorization"), "{path}");
    }
}

#[tokio::test]
async fn freshness_is_told_and_follows_the_source() {
    let replica = Replica::of(Feed::house());
    let answer = replica.get(LIST).await;
    let position = replica.state.start_position.to_string();
    assert_eq!(answer.header("x-replica-position"), position);
    assert_eq!((answer.header("x-replica-lag-seconds"), answer.header("x-replica-state")), ("0", "live"));
    assert!(answer.header("x-replica-as-of").starts_with("2026-11-22T10:00:"), "{answer:?}");
    replica.clock.advance(std::time::Duration::from_secs(90));
    cut_off(&replica.state.sync);
    let answer = replica.get(&format!("{LIST}/L1")).await;
    assert_eq!((answer.header("x-replica-lag-seconds"), answer.header("x-replica-state")), ("90", "disconnected"));
    let stale = replica.get_with("all", LIST, &[("x-max-staleness", "89")]).await;
    assert_eq!((stale.status, stale.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "replica-too-stale"));
    assert_eq!(replica.get_with("all", LIST, &[("x-max-staleness", "90")]).await.status, StatusCode::OK);
    assert_eq!(replica.get_with("all", LIST, &[("x-max-staleness", "soon")]).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn data_waits_for_the_start_and_a_404_before_the_first_sync_is_not_final() {
    let replica = Replica::with(Feed::default(), |state| {
        state.sync = continuity_readmodel::SyncBoard::new(std::sync::Arc::clone(&state.clock));
    });
    let answer = replica.get(&format!("{LIST}/L1")).await;
    assert_eq!((answer.status, answer.header("x-replica-complete")), (StatusCode::NOT_FOUND, "false"));
    assert_eq!(answer.header("x-replica-state"), "catching-up");
    assert_eq!(replica.get(LIST).await.header("x-replica-complete"), "false");
    let replica = Replica::with(Feed::house(), |state| state.start_position += 1);
    let answer = replica.get(LIST).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "starting"));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn a_read_model_that_is_rebuilt_stops_its_own_paths_only() {
    for (model, stopped, serving) in [("tasks", "/L1/tasks", "/L1/comments"), ("comments", "/L1/comments", "")] {
        let replica = Replica::lacking(model);
        let answer = replica.get(&format!("{LIST}{stopped}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "rebuilding"));
        assert_eq!((answer.header("x-replica-state"), answer.header("retry-after")), ("rebuilding", "5"));
        let answer = replica.get(&format!("{LIST}{serving}")).await;
        assert_eq!((answer.status, answer.header("x-replica-state")), (StatusCode::OK, "live"));
        assert_eq!(replica.get_with("", "/ready", &[]).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn token_requests_reach_the_authorization_server() {
    for path in ["/api/v1/oauth/token", "/oauth/token", "/oauth/token/"] {
        let request = Request::post(path).header("content-type", "application/json");
        let body = "{\"grant_type\":\"client_credentials\",\"client_id\":\"x\",\"client_secret\":\"y\"}";
        let answer = HOUSE.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!((answer.status, &answer.json()["error"]), (StatusCode::UNAUTHORIZED, &"invalid_client".into()));
        assert!(answer.header("www-authenticate").starts_with("Basic "));
        assert_eq!(answer.header("cache-control"), "no-store");
        let long = Request::post(path).header("content-type", "application/json").body(Body::from(vec![b' '; 99_999]));
        assert_eq!(HOUSE.send(long.unwrap()).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    let keys = HOUSE.get_with("", "/.well-known/jwks.json", &[]).await;
    assert_eq!(keys.json()["keys"][0]["kty"], "EC");
}
