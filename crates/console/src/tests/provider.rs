//! To the bank's provider and back, as far as it does not vouch for anybody.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use continuity_auth::SignInPolicy;
use http::header::SET_COOKIE;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use super::bench::{Bench, Browser, ISSUER, PASSWORD, Page};

const GO: &str = "/console/sign-in/provider";
const BACK: &str = "/console/sign-in/provider/callback";
const COOKIE: &str = "__Host-continuity-provider";

/// A provider that knows nobody, and the address of it.
async fn provider() -> (JoinSet<()>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let metadata = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"), "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"), "authorization_response_iss_parameter_supported": true,
    });
    let metadata = metadata.to_string();
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(|| async move { metadata }))
        .route("/jwks", get(|| async { r#"{"keys":[]}"# }))
        .route("/token", post(|| async { (StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#) }));
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (server, issuer)
}

fn bench(provider: &str) -> Bench {
    Bench::with_provider(ISSUER, SignInPolicy::default(), Some(provider))
}

/// Goes there; the state that it went with.
async fn go(browser: &mut Browser<'_>, next: &str) -> String {
    let page = browser.get(&format!("{GO}?next={next}")).await;
    let to = Url::parse(page.to()).unwrap();
    to.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

async fn back(browser: &mut Browser<'_>, query: &[(&str, &str)]) -> Page {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    browser.get(&format!("{BACK}?{query}")).await
}

#[tokio::test]
async fn the_way_there_is_a_link_where_there_is_a_provider() {
    let (_server, issuer) = provider().await;
    let bench = bench(&issuer);
    let mut browser = bench.browser();
    let page = browser.get("/console/sign-in?next=%2Fconsole%2Faccount").await;
    assert!(
        page.says(&format!("href=\"{GO}?next=%2Fconsole%2Faccount\">Sign in with Example &#60;Bank&#62;</a>")),
        "{}",
        page.text
    );
    let page = browser.get(GO).await;
    assert!(page.to().starts_with(&format!("{issuer}/auth?response_type=code&client_id=continuity&")), "{}", page.to());
    assert!(page.to().contains("code_challenge_method=S256") && !page.to().contains("prompt"));
    let set = page.headers[SET_COOKIE].to_str().unwrap();
    assert!(set.starts_with(COOKIE) && set.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"), "{set}");
    let bound = browser.cookies[COOKIE].clone();
    browser.get(GO).await;
    assert_eq!(browser.cookies[COOKIE], bound, "another tab does not end the first one's");

    let without = Bench::strict();
    let mut browser = without.browser();
    assert!(!browser.get("/console/sign-in").await.says("provider"));
    for path in [GO, BACK] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn what_comes_back_has_to_be_begun_by_the_same_browser_once() {
    let (_server, issuer) = provider().await;
    let bench = bench(&issuer);
    let (mut jane, mut other) = (bench.browser(), bench.browser());
    let state = go(&mut jane, "").await;
    go(&mut other, "").await;
    let lost = |page: &Page| {
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.text);
        assert!(page.says("was not begun in this browser") && page.says("/console/sign-in\""), "{}", page.text);
    };
    lost(&back(&mut jane, &[("code", "c"), ("state", "forged"), ("iss", &issuer)]).await);
    lost(&back(&mut jane, &[("code", "c"), ("iss", &issuer)]).await);
    lost(&back(&mut other, &[("code", "c"), ("state", &state), ("iss", &issuer)]).await);
    let state = go(&mut jane, "").await;
    let page = back(&mut jane, &[("error", "access_denied"), ("state", &state), ("iss", &issuer)]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    lost(&back(&mut jane, &[("code", "c"), ("state", &state), ("iss", &issuer)]).await);
    let state = go(&mut jane, "").await;
    bench.later(600);
    lost(&back(&mut jane, &[("code", "c"), ("state", &state), ("iss", &issuer)]).await);
    assert!(jane.session().is_none() && other.session().is_none());
}

#[tokio::test]
async fn answers_that_are_not_accepted_say_so_in_our_words() {
    let (_server, issuer) = provider().await;
    let bench = bench(&issuer);
    let mut browser = bench.browser();
    let evil = "<script>alert(1)</script>";
    for (query, status) in [
        (&[("code", "c"), ("iss", "https://evil.example")][..], StatusCode::BAD_GATEWAY),
        (&[("code", "c")], StatusCode::BAD_GATEWAY),
        (&[("iss", &issuer)], StatusCode::BAD_GATEWAY),
        (&[("code", "c"), ("iss", &issuer)], StatusCode::BAD_GATEWAY),
        (&[("error", evil), ("error_description", evil), ("iss", &issuer)], StatusCode::BAD_GATEWAY),
        (&[("error", "access_denied"), ("error_description", evil), ("iss", &issuer)], StatusCode::FORBIDDEN),
        (&[("error", "server_error"), ("iss", &issuer)], StatusCode::SERVICE_UNAVAILABLE),
        (&[("error", "access_denied"), ("iss", "https://evil.example")], StatusCode::BAD_GATEWAY),
    ] {
        let state = go(&mut browser, "").await;
        let page = back(&mut browser, &[query, &[("state", &state)]].concat()).await;
        assert_eq!(page.status, status, "{query:?}");
        assert!(page.says("Example &#60;Bank&#62;") && !page.says("script>") && !page.says("evil"), "{}", page.text);
        assert!(browser.session().is_none());
    }
}

#[tokio::test]
async fn without_the_provider_people_sign_in_here() {
    let (mut server, issuer) = provider().await;
    server.shutdown().await;
    let bench = bench(&issuer);
    let mut browser = bench.with_password().await;
    let page = browser.get(GO).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.says("does not answer now") && page.says("/console/sign-in\""), "{}", page.text);
    browser.get("/console/sign-in").await;
    let fields = [("email", super::bench::EMAIL), ("password", PASSWORD)];
    assert!(browser.post("/console/sign-in", &fields).await.to().starts_with("/console/account"));
    assert!(browser.session().is_some());
}
