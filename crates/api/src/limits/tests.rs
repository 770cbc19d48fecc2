//! The limits as a client meets them, on a clock that stands still.

use std::time::Duration;

use axum::body::Body;
use http::Request;

use super::*;
use crate::tests::harness::{Answer, Feed, Replica};

const LIST: &str = "/api/v1/loan-requests";

fn limited_to(adjust: impl FnOnce(&mut Limits)) -> Replica {
    let mut limits = Limits::default().without_rates();
    adjust(&mut limits);
    Replica::with(Feed::house(), |state| state.limits = limits)
}

/// GET as it comes over a connection from that address.
async fn get_from(replica: &Replica, address: &str, token: &str, path: &str) -> Answer {
    let peer = Peer(address.parse().unwrap());
    let request = Request::get(path).header("host", "localhost").header("authorization", format!("Bearer {token}"));
    replica.send(request.extension(peer).body(Body::empty()).unwrap()).await
}

async fn token_request(replica: &Replica, address: &str, client: &str) -> Answer {
    let peer = Peer(address.parse().unwrap());
    let request = Request::post("/oauth/token").header("host", "localhost").extension(peer);
    let body = format!("grant_type=client_credentials&client_id={client}&client_secret=wrong");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body));
    replica.send(request.unwrap()).await
}

#[tokio::test]
async fn a_client_is_counted_down_and_told_when_to_come_again() {
    let rate = Rate { count: 10, per: Duration::from_secs(1), burst: 20 };
    let replica = limited_to(|limits| limits.client_rate = Some(rate));
    for left in (0..20).rev() {
        let answer = replica.get(LIST).await;
        assert_eq!((answer.status, answer.header("ratelimit-policy")), (http::StatusCode::OK, "\"client\";q=20;w=2"));
        let until_full = if left >= 10 { 1 } else { 2 };
        assert_eq!(answer.header("ratelimit"), format!("\"client\";r={left};t={until_full}"));
    }
    let answer = replica.get(LIST).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (429, "rate-limited"));
    assert_eq!((answer.header("retry-after"), answer.header("ratelimit")), ("1", "\"client\";r=0;t=2"));
    assert_eq!(replica.get_with("loans:read", LIST, &[]).await.status, 200, "another client");
    assert_eq!(replica.get_with("", "/health", &[]).await.header("ratelimit"), "", "nobody's");
    replica.clock.advance(Duration::from_millis(100));
    assert_eq!(replica.get(LIST).await.header("ratelimit"), "\"client\";r=0;t=2");
    assert_eq!(replica.get(LIST).await.status, 429);
    replica.clock.advance(Duration::from_mins(1));
    assert_eq!(replica.get(LIST).await.header("ratelimit"), "\"client\";r=19;t=1");
}

#[tokio::test]
async fn a_refusal_counts_too_and_says_what_is_left() {
    let rate = Rate { count: 1, per: Duration::from_secs(1), burst: 2 };
    let replica = limited_to(|limits| limits.client_rate = Some(rate));
    let answer = replica.get(&format!("{LIST}/nobody")).await;
    assert_eq!((answer.status.as_u16(), answer.header("ratelimit")), (404, "\"client\";r=1;t=1"));
}

#[tokio::test]
async fn whoever_guesses_tokens_is_slowed_and_nobody_beside_it() {
    let rate = Rate { count: 60, per: Duration::from_mins(1), burst: 3 };
    let replica = limited_to(|limits| limits.failed_authentications = Some(rate));
    for _ in 0..3 {
        let answer = get_from(&replica, "192.0.2.1", "a.b.c", LIST).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (401, "invalid-token"));
    }
    let answer = get_from(&replica, "192.0.2.1", "a.b.c", LIST).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (429, "rate-limited"));
    assert_eq!(answer.header("ratelimit-policy"), "\"failed-authentications\";q=3;w=3");
    assert_eq!((answer.header("ratelimit"), answer.header("retry-after")), ("\"failed-authentications\";r=0;t=3", "1"));
    let good = replica.token("all");
    assert_eq!(get_from(&replica, "192.0.2.1", good, LIST).await.status, 200, "behind the same address");
    assert_eq!(get_from(&replica, "192.0.2.2", "a.b.c", LIST).await.status, 401, "another address");
    replica.clock.advance(Duration::from_secs(1));
    assert_eq!(get_from(&replica, "192.0.2.1", "a.b.c", LIST).await.status, 401);
}

#[tokio::test]
async fn whoever_guesses_a_secret_is_not_looked_at_any_more_and_other_clients_are() {
    let rate = Rate { count: 60, per: Duration::from_mins(1), burst: 3 };
    let replica = limited_to(|limits| limits.failed_authentications = Some(rate));
    for _ in 0..3 {
        assert_eq!(token_request(&replica, "192.0.2.1", "victim").await.status, 401);
    }
    let answer = token_request(&replica, "192.0.2.1", "victim").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "1"));
    assert_eq!(answer.json()["error"], "temporarily_unavailable", "clients of RFC 6749 find this");
    assert!(answer.header("ratelimit").starts_with("\"failed-authentications\";r=0"));
    assert_eq!(token_request(&replica, "192.0.2.1", "other").await.status, 401);
    assert_eq!(token_request(&replica, "192.0.2.2", "victim").await.status, 401);
    replica.clock.advance(Duration::from_secs(1));
    assert_eq!(token_request(&replica, "192.0.2.1", "victim").await.status, 401);
}

#[tokio::test]
async fn a_client_is_counted_where_it_proves_itself_too_and_nobody_else_counts_for_it() {
    let rate = Rate { count: 1, per: Duration::from_secs(1), burst: 2 };
    let replica = limited_to(|limits| limits.client_rate = Some(rate));
    let settings = continuity_auth::ClientSettings::named("Reporting", continuity_auth::ScopeSet::all());
    let made = replica.state.auth.create_client(settings).unwrap();
    let (id, secret) = (made.client.id.as_str(), made.secret.unwrap());
    for _ in 0..5 {
        assert_eq!(token_request(&replica, "192.0.2.1", id).await.status, 401, "wrong secrets take nothing");
    }
    let ask = async || {
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let request = Request::post("/oauth/token").header("host", "localhost");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body));
        replica.send(request.unwrap()).await
    };
    assert_eq!((ask().await.status.as_u16(), ask().await.status.as_u16()), (200, 200));
    let answer = ask().await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "1"));
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
    replica.clock.advance(Duration::from_secs(1));
    assert_eq!(ask().await.status, 200);
}

#[tokio::test]
async fn a_client_may_have_a_rate_and_networks_of_its_own() {
    let replica = limited_to(|_| {});
    let auth = &replica.state.auth;
    let rate_limit = Some(continuity_auth::ClientRate { requests_per_second: 1, burst: 2 });
    let allowed_networks = vec!["192.0.2.0/24".parse().unwrap()];
    let plain = continuity_auth::ClientSettings::named("Reporting", continuity_auth::ScopeSet::all());
    let settings = continuity_auth::ClientSettings { rate_limit, allowed_networks, ..plain.clone() };
    let made = auth.create_client(settings).unwrap();
    let body =
        format!("grant_type=client_credentials&client_id={}&client_secret={}", made.client.id, made.secret.unwrap());
    let content_type = Some("application/x-www-form-urlencoded");
    let address = Some("192.0.2.1".parse().unwrap());
    let request = continuity_auth::TokenRequest { content_type, authorization: None, address, body: body.as_bytes() };
    let token = auth.token(request).await.unwrap().access_token;
    let from = async |address: &str| get_from(&replica, address, &token, LIST).await;
    let answer = from("192.0.2.1").await;
    assert_eq!((answer.status.as_u16(), answer.header("ratelimit-policy")), (200, "\"client\";q=2;w=2"));
    assert_eq!(from("198.51.100.1").await.status, 401);
    assert_eq!(from("192.0.2.2").await.status, 200);
    assert_eq!(from("192.0.2.2").await.status, 429);
    auth.change_client(&made.client.id, plain).unwrap();
    let answer = from("198.51.100.1").await;
    assert_eq!((answer.status.as_u16(), answer.header("ratelimit-policy")), (200, ""), "from the next request on");
}

#[tokio::test]
async fn replies_that_nobody_takes_are_bounded_and_health_is_answered() {
    let replica = limited_to(|limits| (limits.requests, limits.requests_per_client, limits.queued) = (2, 2, 0));
    let ask = |path: &str| {
        let request = Request::get(path).header("authorization", format!("Bearer {}", replica.token("all")));
        tower::ServiceExt::oneshot(replica.router.clone(), request.body(Body::empty()).unwrap())
    };
    let mut open = vec![ask(LIST).await.unwrap(), ask(LIST).await.unwrap()];
    let answer = replica.get(LIST).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "overloaded"));
    assert_eq!(answer.header("retry-after"), "1");
    for path in ["/health", "/live", "/ready"] {
        assert_eq!(replica.get_with("", path, &[]).await.status, 200, "{path}");
    }
    open.pop();
    assert_eq!(replica.get(LIST).await.status, 200);
}

#[tokio::test]
async fn the_bytes_of_open_replies_are_bounded() {
    let replica = limited_to(|limits| limits.reply_bytes = 400);
    let request = Request::get(LIST).header("authorization", format!("Bearer {}", replica.token("all")));
    let request = request.body(Body::empty()).unwrap();
    let open = tower::ServiceExt::oneshot(replica.router.clone(), request).await.unwrap();
    let length = open.body().size_hint().exact().unwrap();
    assert!(length > 200 && length <= 400, "{length}: two do not fit, one does");
    let answer = replica.get(LIST).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "overloaded"));
    drop(open);
    assert_eq!(replica.get(LIST).await.status, 200);
}
