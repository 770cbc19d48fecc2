//! Tokens that are bound to a key (RFC 9449), over the router: got, used, and refused to whoever has not got the key.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_auth::{ClientSettings, ScopeSet};
use continuity_base::Clock;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::changes::Listener;
use super::harness::{Answer, Feed, HOUSE, Replica};

const TOKEN: &str = "/api/v1/oauth/token";
const LOANS: &str = "/api/v1/loan-requests";
const ALGS: &str = "algs=\"RS256 PS256 ES256 EdDSA\"";

struct Key(EcdsaKeyPair);

impl Key {
    fn new() -> Self {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).unwrap())
    }

    /// A proof for a request.
    fn proof(&self, replica: &Replica, method: &str, path: &str, token: Option<&str>) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y) });
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
        let mut claims = json!({
            "jti": NEXT.fetch_add(1, Ordering::SeqCst).to_string(),
            "htm": method,
            "htu": format!("https://localhost:8083{path}"),
            "iat": replica.clock.now().as_seconds(),
        });
        if let Some(token) = token {
            claims["ath"] = text(digest(&SHA256, token.as_bytes()).as_ref()).into();
        }
        let message = format!("{}.{}", text(header.to_string().as_bytes()), text(claims.to_string().as_bytes()));
        let signature = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", text(signature.as_ref()))
    }
}

/// A client that reads loans, with that setting: its credentials as a request for a token has them.
fn client(replica: &Replica, bound: bool) -> String {
    let settings = ClientSettings {
        dpop_bound_access_tokens: bound,
        ..ClientSettings::named("Nightly", ScopeSet::parse("loans:read").unwrap())
    };
    let created = replica.state.auth.create_client(settings).unwrap();
    json!({
        "grant_type": "client_credentials",
        "client_id": created.client.id,
        "client_secret": created.secret,
    })
    .to_string()
}

async fn ask(replica: &Replica, path: &str, body: &str, proofs: &[&str]) -> Answer {
    let mut request = Request::builder().method(Method::POST).uri(path).header("content-type", "application/json");
    for proof in proofs {
        request = request.header("dpop", *proof);
    }
    replica.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

/// A token that is bound to the key.
async fn token(replica: &Replica, body: &str, key: &Key) -> String {
    let answer = ask(replica, TOKEN, body, &[&key.proof(replica, "POST", TOKEN, None)]).await;
    assert_eq!((answer.status, &answer.json()["token_type"]), (StatusCode::OK, &Value::from("DPoP")));
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn read(replica: &Replica, path: &str, by: &str, proofs: &[&str]) -> Answer {
    let mut headers = vec![("authorization", by)];
    headers.extend(proofs.iter().map(|proof| ("dpop", *proof)));
    replica.get_with("", path, &headers).await
}

#[tokio::test]
async fn a_bound_token_reads_with_a_proof_for_each_request() {
    let (key, body) = (Key::new(), client(&HOUSE, true));
    let token = token(&HOUSE, &body, &key).await;
    let by = format!("DPoP {token}");
    for path in [LOANS.to_owned(), format!("{LOANS}/"), format!("{LOANS}/L1")] {
        let proof = key.proof(&HOUSE, "GET", &path, Some(&token));
        let asked = format!("{path}?fields=id");
        assert_eq!(read(&HOUSE, &asked, &by, &[&proof]).await.status, StatusCode::OK, "{path}");
        let again = read(&HOUSE, &asked, &by, &[&proof]).await;
        assert_eq!((again.status, again.problem().as_str()), (StatusCode::UNAUTHORIZED, "invalid-dpop-proof"));
    }
    let proof = key.proof(&HOUSE, "HEAD", LOANS, Some(&token));
    let head = Request::builder().method(Method::HEAD).uri(LOANS).header("authorization", by).header("dpop", proof);
    assert_eq!(HOUSE.send(head.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_stolen_token_is_nothing_without_its_key() {
    let (key, body) = (Key::new(), client(&HOUSE, false));
    let token = token(&HOUSE, &body, &key).await;
    let bearer = HOUSE.get_as(&token, LOANS).await;
    assert_eq!((bearer.status, bearer.problem().as_str()), (StatusCode::UNAUTHORIZED, "invalid-token"));
    let challenge = bearer.header("www-authenticate");
    assert!(challenge.starts_with("DPoP ") && challenge.contains(ALGS), "{challenge}");
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");

    let by = format!("DPoP {token}");
    let good = || key.proof(&HOUSE, "GET", LOANS, Some(&token));
    let (one, two) = (good(), good());
    for (what, proofs, problem) in [
        ("no proof", vec![], "invalid-dpop-proof"),
        ("two proofs", vec![one.as_str(), two.as_str()], "invalid-dpop-proof"),
        ("of another key", vec![&*Key::new().proof(&HOUSE, "GET", LOANS, Some(&token))], "invalid-token"),
        ("of another token", vec![&*key.proof(&HOUSE, "GET", LOANS, Some("a.b.c"))], "invalid-dpop-proof"),
        ("of no token", vec![&*key.proof(&HOUSE, "GET", LOANS, None)], "invalid-dpop-proof"),
        ("for another path", vec![&*key.proof(&HOUSE, "GET", "/oauth/userinfo", Some(&token))], "invalid-dpop-proof"),
        ("for another method", vec![&*key.proof(&HOUSE, "POST", LOANS, Some(&token))], "invalid-dpop-proof"),
        ("nothing that is a proof", vec!["x"], "invalid-dpop-proof"),
    ] {
        let answer = read(&HOUSE, LOANS, &by, &proofs).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNAUTHORIZED, problem), "{what}");
        let challenge = answer.header("www-authenticate");
        let error = format!("error=\"{}\"", problem.replace('-', "_"));
        assert!(challenge.starts_with("DPoP ") && challenge.contains(ALGS) && challenge.contains(&error), "{what}");
    }
    assert_eq!(read(&HOUSE, LOANS, &by, &[&one]).await.status, StatusCode::OK, "two at once used up none");
}

#[tokio::test]
async fn a_token_that_is_not_bound_is_refused_with_a_proof() {
    let (key, plain) = (Key::new(), HOUSE.token("all"));
    let proof = key.proof(&HOUSE, "GET", LOANS, Some(plain));
    let answer = read(&HOUSE, LOANS, &format!("DPoP {plain}"), &[&proof]).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNAUTHORIZED, "invalid-token"));
    assert!(answer.header("www-authenticate").starts_with("DPoP "));
    let beside = read(&HOUSE, LOANS, &format!("Bearer {plain}"), &[&proof]).await;
    assert_eq!(beside.status, StatusCode::OK, "beside Bearer it is not looked at");
}

#[tokio::test]
async fn both_schemes_are_named_to_whoever_has_no_token() {
    let answer = HOUSE.get_with("", LOANS, &[]).await;
    let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, ["Bearer realm=\"continuity\"", &format!("DPoP realm=\"continuity\", {ALGS}")]);
    let wrong = HOUSE.get_with("", LOANS, &[("authorization", "Bearer a.b.c")]).await;
    assert_eq!(wrong.headers.get_all("www-authenticate").iter().count(), 1, "RFC 6750 as ever");
}

#[tokio::test]
async fn what_a_token_lacks_is_said_in_its_scheme() {
    let (key, body) = (Key::new(), client(&HOUSE, true));
    let token = token(&HOUSE, &body, &key).await;
    for (path, scope) in [("/api/v1/replica/accesses", "audit:read"), ("/oauth/userinfo", "openid")] {
        let proof = key.proof(&HOUSE, "GET", path, Some(&token));
        let answer = read(&HOUSE, path, &format!("DPoP {token}"), &[&proof]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("DPoP ") && challenge.ends_with(&format!("scope=\"{scope}\"")), "{challenge}");
    }
}

#[tokio::test]
async fn the_token_endpoint_takes_one_proof_for_its_path() {
    let (key, body) = (Key::new(), client(&HOUSE, true));
    let proof = |path: &str| key.proof(&HOUSE, "POST", path, None);
    let refused = async |path: &str, proofs: &[&str]| {
        let answer = ask(&HOUSE, path, &body, proofs).await;
        (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
    };
    let expected = (StatusCode::BAD_REQUEST, "invalid_dpop_proof".to_owned());
    assert_eq!(refused(TOKEN, &[]).await, expected, "RFC 9449 section 5.2");
    assert_eq!(refused(TOKEN, &[&proof(TOKEN), &proof(TOKEN)]).await, expected, "section 4.3");
    assert_eq!(refused(TOKEN, &[&proof("/oauth/token")]).await, expected);
    let short = proof("/oauth/token");
    assert_eq!(ask(&HOUSE, "/oauth/token", &body, &[&short]).await.status, StatusCode::OK);
    assert_eq!(refused("/oauth/token", &[&short]).await, expected, "it is good once");
}

#[tokio::test]
async fn a_stream_goes_on_with_the_proof_that_it_began_with_and_ends_with_its_token() {
    let replica = Replica::of(Feed::house());
    let (key, body) = (Key::new(), client(&replica, true));
    let token = token(&replica, &body, &key).await;
    let (by, path) = (format!("DPoP {token}"), "/api/v1/changes");
    let proof = key.proof(&replica, "GET", path, Some(&token));
    let whole = Listener::authorized(&replica, &by, "?since=0&once=true", &[("dpop", &proof)]).await.all().await;
    assert_eq!(whole.last().unwrap().2["reason"], "once");
    assert_eq!(read(&replica, path, &by, &[&proof]).await.problem(), "invalid-dpop-proof");

    let proof = key.proof(&replica, "GET", path, Some(&token));
    let mut listener = Listener::authorized(&replica, &by, "", &[("dpop", &proof)]).await;
    listener.until("event: state").await;
    replica.clock.advance(Duration::from_secs(3_606));
    assert_eq!(listener.all().await.last().unwrap().2["reason"], "token");
}

#[tokio::test]
async fn a_client_that_has_to_prove_its_key_from_now_on_reads_nothing_with_what_it_had() {
    let replica = Replica::of(Feed::house());
    let settings = ClientSettings::named("Nightly", ScopeSet::parse("loans:read").unwrap());
    let (id, plain) = replica.client(settings.clone());
    let mut listener = Listener::with(&replica, &plain, "", &[]).await;
    listener.until("event: state").await;
    assert_eq!(replica.get_as(&plain, LOANS).await.status, StatusCode::OK);
    let bound = ClientSettings { dpop_bound_access_tokens: true, ..settings };
    replica.state.auth.change_client(&id, bound).unwrap();
    let answer = replica.get_as(&plain, LOANS).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNAUTHORIZED, "invalid-token"));
    assert!(answer.header("www-authenticate").starts_with("Bearer realm=\"continuity\", error=\"invalid_token\""));
    assert_eq!(listener.all().await.last().unwrap().2["reason"], "token", "a stream too");
}
