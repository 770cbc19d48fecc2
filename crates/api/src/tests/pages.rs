//! Pages of others pass the same doors as the API.

use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::get;
use continuity_auth::Role;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::harness::{Feed, HOUSE, Replica};
use super::people::Browser;
use crate::Pages;
use crate::limits::Peer;

async fn show(request: Request<Body>) -> String {
    let (parts, body) = request.into_parts();
    let address = parts.extensions.get::<ConnectInfo<IpAddr>>().map_or(String::new(), |info| info.0.to_string());
    let (headers, body) = (parts.headers, body.collect().await.unwrap().to_bytes());
    format!("{address} {} {}", headers["x-request-id"].to_str().unwrap(), body.len())
}

fn router() -> Router {
    let routes = vec![("/console/{page}", get(show).post(show)), ("/console/deep/{*rest}", get(show))];
    let refusal: crate::Refusal = |status, title, detail| {
        let mut response = axum::response::Response::new(format!("{title}: {detail}").into());
        *response.status_mut() = status;
        response
    };
    crate::router(HOUSE.state.clone(), |_, _, _, _| Ok(None), |_| Pages { routes, refusal })
}

async fn answer(request: http::request::Builder, body: Body) -> (StatusCode, HeaderMap, String) {
    let request = request.header("x-request-id", "r-1").extension(Peer([192, 0, 2, 9].into()));
    let response = router().oneshot(request.header("host", "localhost").body(body).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn a_page_is_told_the_address_and_the_id_and_is_given_the_body() {
    for path in ["/console/a", "/console/a/", "/console/deep/a/b/"] {
        let (status, headers, text) = answer(Request::get(path), Body::empty()).await;
        assert_eq!((status, text.as_str()), (StatusCode::OK, "192.0.2.9 r-1 0"), "{path}");
        assert_eq!(headers["x-request-id"], "r-1");
    }
    let (status, _, text) = answer(Request::post("/console/a"), Body::from("abc")).await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "192.0.2.9 r-1 3"));
    let (status, headers, _) = answer(Request::builder().method(Method::PUT).uri("/console/a"), Body::empty()).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(headers["allow"], "GET,HEAD,POST");
}

#[tokio::test]
async fn what_is_too_much_is_refused_in_the_words_of_the_pages() {
    let (status, headers, text) = answer(Request::post("/console/a"), Body::from(vec![b'x'; 17_000])).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(text, "The request body is too long: At most 16384 bytes of a request body are read.");
    assert_eq!(headers["x-request-id"], "r-1");
    let long = format!("/console/a?{}", "x".repeat(9_000));
    assert_eq!(answer(Request::get(long), Body::empty()).await.0, StatusCode::URI_TOO_LONG);
    let secret = "/console/a?access_token=x";
    assert_eq!(answer(Request::get(secret), Body::empty()).await.0, StatusCode::BAD_REQUEST);
    let announced = Request::get("/console/a").header("content-length", "3");
    assert_eq!(answer(announced, Body::empty()).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_page_reads_what_its_person_may_read_on_record_and_a_cookie_alone_reads_nothing() {
    let replica = Replica::of(Feed::house());
    let auth = &replica.state.auth;
    let person = Browser::of(auth, "reader@bank.example", Role::Viewer).await;
    let session = Browser::sign_in(auth, "reader@bank.example").await.session;
    let within = |path: &str| Request::get(path).extension(session.clone()).body(Body::empty()).unwrap();
    let loan = "/api/v1/loan-requests/L1";
    for path in ["/api/v1/loan-requests?limit=1", loan, "/health"] {
        let answer = replica.send(within(path)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    }
    let audit = format!("{loan}/audit-log");
    assert_eq!(replica.send(within(&audit)).await.status, StatusCode::FORBIDDEN, "a scope that the account lacks");
    let by_cookie = person.bare("GET", loan).body(Body::empty()).unwrap();
    assert_eq!(replica.send(by_cookie).await.status, StatusCode::UNAUTHORIZED);

    replica.clock.advance(Duration::from_mins(1));
    auth.write_reads(false);
    let entries = replica.get("/api/v1/replica/accesses").await.json();
    let read = entries.as_array().unwrap().iter().find(|entry| entry["endpoint"] == "getLoanRequest").unwrap();
    assert_eq!(read["actor"]["id"], "console");
    assert_eq!(read["actor"]["onBehalfOf"]["id"], person.account.id);
}

#[tokio::test]
async fn a_page_shows_nothing_outside_of_its_persons_teams() {
    let replica = Replica::of(Feed::house());
    let auth = &replica.state.auth;
    Browser::of(auth, "north@bank.example", Role::Viewer).await;
    let mut session = Browser::sign_in(auth, "north@bank.example").await.session;
    session.account.settings.teams = vec!["nowhere".to_owned()];
    let within = |path: &str| Request::get(path).extension(session.clone()).body(Body::empty()).unwrap();
    assert_eq!(replica.send(within("/api/v1/loan-requests/L1")).await.status, StatusCode::NOT_FOUND);
    let list = replica.send(within("/api/v1/loan-requests")).await.json();
    assert_eq!(list["pagination"]["total"], 0);
}
