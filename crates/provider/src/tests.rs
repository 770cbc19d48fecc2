//! The questions, to a provider that does what a test wants.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use continuity_base::{Clock, ManualClock, Timestamp};
use parking_lot::Mutex;
use reqwest::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::*;

const NOW: i64 = 1_795_370_400;

/// A key that signs, and its public half.
struct Key(jsonwebtoken::EncodingKey, Value);

impl Key {
    fn new(id: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let private = pair.to_pkcs8v1().unwrap();
        let point = pair.public_key().as_ref();
        let half = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let public = json!({ "kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "alg": "ES256", "x": half(&point[1..33]), "y": half(&point[33..]) });
        Self(jsonwebtoken::EncodingKey::from_ec_der(private.as_ref()), public)
    }
}

/// What the stub answers, and what it was asked.
struct Stub {
    issuer: String,
    metadata: Value,
    key: Key,
    published: Vec<Value>,
    claims: Value,
    user_info: Value,
    tokens: Option<(StatusCode, String)>,
    /// Never answers.
    hangs: bool,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Stub>>;

struct Bench {
    stub: Shared,
    clock: Arc<ManualClock>,
    provider: Provider,
    _server: JoinSet<()>,
}

async fn bench() -> Bench {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let key = Key::new("k1");
    let at = |path: &str| format!("{issuer}{path}");
    let metadata = json!({
        "issuer": issuer, "authorization_endpoint": at("/auth?tenant=1"), "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/me"), "jwks_uri": at("/jwks"),
    });
    let claims = json!({
        "iss": issuer, "sub": "u1", "aud": "continuity", "exp": NOW + 300, "iat": NOW, "nonce": "n1",
        "email": "jane@bank.example", "groups": ["a"],
    });
    let published = vec![key.1.clone()];
    let stub = Arc::new(Mutex::new(Stub {
        issuer: issuer.clone(),
        metadata,
        key,
        published,
        claims,
        user_info: json!({ "sub": "u1" }),
        tokens: None,
        hangs: false,
        asked: Vec::new(),
    }));
    let router = Router::new().fallback(answer).with_state(Arc::clone(&stub));
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(NOW * 1_000_000)));
    let as_clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let options = ProviderOptions {
        issuer,
        name: "Example Bank".to_owned(),
        client_id: "continuity".to_owned(),
        client_secret: Zeroizing::new("s:cret +".to_owned()),
        scopes: "openid profile email groups".to_owned(),
        groups_claim: "groups".to_owned(),
        redirect_uri: "https://replica.example/console/sign-in/provider/callback".to_owned(),
        ca: None,
        limit: Duration::from_secs(1),
        clock: as_clock,
    };
    Bench { stub, clock, provider: Provider::new(options).unwrap(), _server: server }
}

async fn answer(State(stub): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 10_000).await.unwrap();
    if stub.lock().hangs {
        std::future::pending::<()>().await;
    }
    let mut stub = stub.lock();
    let header = parts.headers.get("authorization").map_or("", |value| value.to_str().unwrap());
    let line = format!("{} {} {header} {}", parts.method, parts.uri, String::from_utf8_lossy(&body));
    stub.asked.push(line);
    match parts.uri.path() {
        "/.well-known/openid-configuration" => stub.metadata.to_string().into_response(),
        "/jwks" => json!({ "keys": stub.published }).to_string().into_response(),
        "/me" => stub.user_info.to_string().into_response(),
        "/token" => stub.tokens.clone().unwrap_or_else(|| (StatusCode::OK, stub.tokens())).into_response(),
        "/elsewhere" => (StatusCode::FOUND, [("location", "/.well-known/openid-configuration")]).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Stub {
    fn tokens(&self) -> String {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
        header.kid = self.key.1["kid"].as_str().map(str::to_owned);
        let token = jsonwebtoken::encode(&header, &self.claims, &self.key.0).unwrap();
        json!({ "access_token": "at-1", "token_type": "Bearer", "id_token": token }).to_string()
    }

    fn times(&self, path: &str) -> usize {
        self.asked.iter().filter(|line| line.split(' ').nth(1) == Some(path)).count()
    }
}

impl Bench {
    async fn who(&self) -> Result<Identity, ProviderError> {
        let verifier = Zeroizing::new("verifier-1".to_owned());
        self.provider.identify("code-1", &Returned { nonce: "n1".to_owned(), verifier, next: None, since: None }).await
    }

    async fn address(&self, again: bool) -> Result<String, ProviderError> {
        let text = str::to_owned;
        let request = ProviderRequest { state: text("s1"), nonce: text("n1"), challenge: text("c1"), again };
        self.provider.address(&request).await
    }
}

#[tokio::test]
async fn a_person_is_sent_there_and_known_afterwards() {
    let bench = bench().await;
    assert!(bench.stub.lock().asked.is_empty(), "nothing is asked before somebody signs in");
    let address = bench.address(false).await.unwrap();
    let callback = "https%3A%2F%2Freplica.example%2Fconsole%2Fsign-in%2Fprovider%2Fcallback";
    let expected = format!(
        "{}/auth?tenant=1&response_type=code&client_id=continuity&redirect_uri={callback}&scope=openid+profile+email+groups\
         &state=s1&nonce=n1&code_challenge=c1&code_challenge_method=S256&max_age=43200",
        bench.stub.lock().issuer
    );
    assert_eq!(address, expected);
    assert!(bench.address(true).await.unwrap().ends_with("&prompt=login&max_age=0"));
    let who = bench.who().await.unwrap();
    assert_eq!((who.subject.as_str(), who.groups.unwrap().join(" ").as_str()), ("u1", "a"));
    let stub = bench.stub.lock();
    assert_eq!((stub.times("/.well-known/openid-configuration"), stub.times("/jwks"), stub.times("/me")), (1, 1, 0));
    let secret = STANDARD.encode("continuity:s%3Acret+%2B");
    let form = format!("grant_type=authorization_code&code=code-1&redirect_uri={callback}&code_verifier=verifier-1");
    assert_eq!(stub.asked.last().unwrap(), &format!("POST /token Basic {secret} {form}"));
}

#[tokio::test]
async fn what_the_token_lacks_is_asked_for_and_has_to_be_of_the_same_person() {
    let bench = bench().await;
    {
        let mut stub = bench.stub.lock();
        stub.claims.as_object_mut().unwrap().remove("groups");
        stub.user_info = json!({ "sub": "u1", "groups": ["b"], "email": "other@bank.example", "amr": ["mfa"] });
        stub.metadata["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    }
    let who = bench.who().await.unwrap();
    assert_eq!((who.groups.unwrap().join(" "), who.email.as_deref()), ("b".to_owned(), Some("jane@bank.example")));
    assert!(who.methods.is_empty(), "how somebody signed in is signed");
    assert!(bench.stub.lock().asked.iter().any(|line| line.starts_with("GET /me Bearer at-1")));
    let by_form = "client_id=continuity&client_secret=s%3Acret+%2B";
    assert!(bench.stub.lock().asked.iter().any(|line| line.starts_with("POST /token  ") && line.ends_with(by_form)));
    bench.stub.lock().user_info["sub"] = json!("u2");
    assert!(matches!(bench.who().await, Err(ProviderError::Invalid(_))));
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused() {
    let bench = bench().await;
    let own = bench.stub.lock().issuer.clone();
    bench.provider.check_issuer(Some(&own)).await.unwrap();
    bench.provider.check_issuer(None).await.unwrap();
    assert!(bench.provider.check_issuer(Some("https://evil.example")).await.is_err());
    bench.stub.lock().metadata["authorization_response_iss_parameter_supported"] = json!(true);
    bench.clock.advance(Duration::from_hours(1));
    assert!(matches!(bench.provider.check_issuer(None).await, Err(ProviderError::Invalid(_))));
    bench.provider.check_issuer(Some(&own)).await.unwrap();
}

#[tokio::test]
async fn newer_keys_are_looked_for_and_not_too_often() {
    let bench = bench().await;
    bench.who().await.unwrap();
    let next = Key::new("k2");
    {
        let mut stub = bench.stub.lock();
        stub.published.push(next.1.clone());
        stub.key = next;
    }
    assert!(matches!(bench.who().await, Err(ProviderError::Invalid(_))), "they were fetched just now");
    bench.clock.advance(Duration::from_secs(30));
    bench.who().await.unwrap();
    assert_eq!(bench.stub.lock().times("/jwks"), 2);
    bench.stub.lock().key = Key::new("k3");
    for _ in 0..3 {
        assert!(bench.who().await.is_err());
    }
    assert_eq!(bench.stub.lock().times("/jwks"), 2);
}

#[tokio::test]
async fn a_provider_that_is_away_costs_a_moment_and_what_is_known_stays() {
    let bench = bench().await;
    bench.stub.lock().hangs = true;
    assert!(matches!(bench.address(false).await, Err(ProviderError::Unreachable(_))));
    bench.stub.lock().hangs = false;
    assert!(matches!(bench.address(false).await, Err(ProviderError::Unreachable(_))), "it is not asked again at once");
    assert!(bench.stub.lock().asked.is_empty());
    bench.clock.advance(Duration::from_secs(3));
    bench.address(false).await.unwrap();
    bench.clock.advance(Duration::from_hours(1));
    bench.stub.lock().hangs = true;
    assert!(matches!(bench.address(false).await, Err(ProviderError::Unreachable(_))), "nobody is sent there");
    let own = bench.stub.lock().issuer.clone();
    bench.provider.check_issuer(Some(&own)).await.unwrap();
    assert!(matches!(bench.who().await, Err(ProviderError::Unreachable(_))), "the code cannot be exchanged");
}

#[tokio::test]
async fn strange_answers_are_refused() {
    let bench = bench().await;
    let again = || bench.clock.advance(Duration::from_hours(2));
    let sound = bench.stub.lock().metadata.clone();
    for (name, value) in [
        ("issuer", json!("https://evil.example")),
        ("jwks_uri", json!("http://192.0.2.1/jwks")),
        ("jwks_uri", json!(format!("{}/elsewhere", bench.stub.lock().issuer))),
        ("token_endpoint", json!(7)),
        ("padding", json!("x".repeat(600_000))),
    ] {
        bench.stub.lock().metadata[name] = value.clone();
        let error = bench.address(false).await.unwrap_err();
        assert!(matches!(error, ProviderError::Invalid(_)), "{name}: {error}");
        bench.stub.lock().metadata = sound.clone();
        again();
    }
    let reply = |status: StatusCode, text: &str| bench.stub.lock().tokens = Some((status, text.to_owned()));
    for (status, text) in [
        (StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#),
        (StatusCode::UNAUTHORIZED, "<html>"),
        (StatusCode::OK, "{}"),
        (StatusCode::OK, r#"{"access_token":"a","id_token":"eyJhbGciOiJub25lIn0.e30."}"#),
        (StatusCode::FOUND, ""),
    ] {
        reply(status, text);
        assert!(matches!(bench.who().await, Err(ProviderError::Invalid(_))), "{status} {text}");
    }
    reply(StatusCode::BAD_GATEWAY, "");
    assert!(matches!(bench.who().await, Err(ProviderError::Unreachable(_))));
}

#[tokio::test]
async fn authorities_have_to_be_readable() {
    let mut options = bench().await.provider.options;
    options.ca = Some("/nowhere/ca.pem".into());
    let error = Provider::new(options).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/ca.pem cannot be read"), "{error}");
}

#[test]
fn issuers_are_https_or_here() {
    for good in [
        "https://login.bank.example",
        "https://login.bank.example/realms/x",
        "http://127.0.0.1:9",
        "http://[::1]:9",
        "http://localhost",
    ] {
        assert!(is_usable_issuer(good), "{good}");
    }
    for bad in [
        "",
        "login.bank.example",
        "http://login.bank.example",
        "https://a:b@login.bank.example",
        "https://x?y",
        "https://x#y",
        "ftp://localhost",
        "http://127.0.0.1.evil.example",
    ] {
        assert!(!is_usable_issuer(bad), "{bad}");
    }
}
