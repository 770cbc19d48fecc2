//! Tokens that are bound to a key, from each grant to what they are good for.

use crate::Purpose;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use continuity_base::Clock;
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::hostile::merged;
use super::{Proof, ProofFault};
use crate::authorization::tests::{BACK, Scene, VERIFIER, settings};
use crate::keys::algorithm::PublicKey;
use crate::people::tests::recorded;
use crate::testing::{ISSUER, NOW, base64url};
use crate::{
    Auth, Authentication, AuthorizationError, ClientSettings, Created, GrantType, OAuthError, Principal, ScopeSet,
    SigningAlgorithm, TokenError, TokenRequest, TokenResponse,
};

/// The token endpoint.
pub(super) const URL: &str = "https://replica.example:8083/api/v1/oauth/token";
const PATH: &str = "/api/v1/oauth/token";
const LOANS: &str = "/api/v1/loan-requests";

/// Who has a key.
pub(crate) struct Prover {
    algorithm: SigningAlgorithm,
    key: EncodingKey,
    public: PublicKey,
}

impl Prover {
    pub(super) fn new(algorithm: SigningAlgorithm) -> Self {
        let private: Zeroizing<Vec<u8>> = algorithm.generate().unwrap();
        Self::of(algorithm, &private)
    }

    pub(super) fn of(algorithm: SigningAlgorithm, private: &[u8]) -> Self {
        let public = PublicKey::of(algorithm, private).unwrap();
        Self { algorithm, key: algorithm.encoding_key(private).unwrap(), public }
    }

    pub(super) fn jwk(&self) -> Value {
        merged(self.public.jwk("", self.algorithm), &json!({ "use": null, "alg": null, "kid": null }))
    }

    pub(super) fn thumbprint(&self) -> String {
        self.public.thumbprint()
    }

    pub(super) fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": self.algorithm.name(), "jwk": self.jwk() })
    }

    /// A proof with a header that is changed; null removes a member.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_raw(&merged(self.header(), header).to_string(), &claims.to_string())
    }

    pub(super) fn sign_raw(&self, header: &str, claims: &str) -> String {
        self.signed_with(self.algorithm, header, claims)
    }

    /// A proof with another algorithm of the same key.
    pub(super) fn encoded(&self, algorithm: &str, claims: &Value) -> String {
        let header = merged(self.header(), &json!({ "alg": algorithm })).to_string();
        self.signed_with(SigningAlgorithm::parse(algorithm).unwrap(), &header, &claims.to_string())
    }

    fn signed_with(&self, algorithm: SigningAlgorithm, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", base64url(header), base64url(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, algorithm.jwt()).unwrap();
        format!("{message}.{signature}")
    }

    /// A good proof for now.
    fn proof(&self, auth: &Auth, path: &str, token: Option<&str>) -> String {
        let now = json!({ "iat": auth.now().as_seconds(), "htm": if token.is_some() { "GET" } else { "POST" } });
        self.sign(&json!({}), &merged(claims(&format!("{ISSUER}{path}"), token), &now))
    }
}

pub(super) fn ath(token: &str) -> String {
    base64url(digest(&SHA256, token.as_bytes()))
}

/// The claims of a good proof, with a `jti` of its own.
pub(super) fn claims(url: &str, token: Option<&str>) -> Value {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let jti = format!("jti-{}", NEXT.fetch_add(1, Ordering::SeqCst));
    let claims = json!({ "jti": jti, "htm": "POST", "htu": url, "iat": NOW });
    merged(claims, &token.map_or(json!({}), |token| json!({ "ath": ath(token) })))
}

fn prover() -> Prover {
    Prover::new(SigningAlgorithm::Es256)
}

async fn post(auth: &Auth, pairs: &[(&str, &str)], jwt: Option<&str>) -> Result<TokenResponse, OAuthError> {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    let body = body.extend_pairs(pairs).finish();
    let content_type = Some("application/x-www-form-urlencoded");
    let request = TokenRequest { content_type, authorization: None, address: None, body: body.as_bytes() };
    let proof = jwt.map(|jwt| Proof { jwt: Some(jwt), method: "POST", path: PATH });
    auth.token_with_proof(request, proof).await
}

async fn own(auth: &Auth, client: &Created, jwt: Option<&str>) -> Result<TokenResponse, OAuthError> {
    let secret = client.secret.as_deref().unwrap();
    let pairs = [("grant_type", "client_credentials"), ("client_id", &client.client.id), ("client_secret", secret)];
    post(auth, &pairs, jwt).await
}

fn use_with(auth: &Auth, token: &str, jwt: &str, path: &str) -> Result<Principal, TokenError> {
    auth.verify_bound(Purpose::Data, token, &Proof { jwt: Some(jwt), method: "GET", path }, None)
}

fn used(auth: &Auth, prover: &Prover, response: &TokenResponse) -> Result<Principal, TokenError> {
    let token = &response.access_token;
    use_with(auth, token, &prover.proof(auth, LOANS, Some(token)), LOANS)
}

fn error(answer: &Result<TokenResponse, OAuthError>) -> (u16, &'static str) {
    answer.as_ref().err().map_or((200, "issued"), |error| (error.status, error.error))
}

const REFUSED: (u16, &str) = (400, "invalid_dpop_proof");
const NO_GRANT: (u16, &str) = (400, "invalid_grant");
const FAULT: fn(ProofFault) -> Result<Principal, TokenError> = |fault| Err(TokenError::BadProof(fault));

#[tokio::test]
async fn a_token_that_was_asked_for_with_a_proof_is_good_with_proofs_of_that_key_alone() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let client = auth.create_client(ClientSettings::named("Nightly", ScopeSet::all())).unwrap();
    let (mine, other) = (prover(), prover());
    let jwt = mine.proof(auth, PATH, None);
    let response = own(auth, &client, Some(&jwt)).await.unwrap();
    assert_eq!(response.token_type, "DPoP", "RFC 9449 section 5");
    let token = &response.access_token;
    for _ in 0..2 {
        assert_eq!(used(auth, &mine, &response).unwrap().client_id, client.client.id, "cached or not");
        assert_eq!(used(auth, &other, &response), Err(TokenError::WrongKey));
        assert_eq!(auth.verify(token, None), Err(TokenError::Bound), "section 7.2");
        assert_eq!(auth.verify_uncached(token, None), Err(TokenError::Bound));
    }
    let missing = Proof { jwt: None, method: "GET", path: LOANS };
    assert_eq!(auth.verify_bound(Purpose::Data, token, &missing, None), FAULT(ProofFault::Missing));
    let without = mine.sign(&json!({}), &merged(claims(&format!("{ISSUER}{LOANS}"), None), &json!({ "htm": "GET" })));
    assert_eq!(use_with(auth, token, &without, LOANS), FAULT(ProofFault::BadClaims), "a proof without ath");
    assert!(auth.verify_bound_again(token, None).is_ok(), "a stream goes on");

    let plain = own(auth, &client, None).await.unwrap();
    assert_eq!(plain.token_type, "Bearer");
    assert_eq!(used(auth, &mine, &plain), Err(TokenError::Unbound));
    assert_eq!(auth.verify_bound_again(&plain.access_token, None), Err(TokenError::Unbound));
}

#[tokio::test]
async fn a_proof_is_good_once_wherever() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let client = auth.create_client(ClientSettings::named("Nightly", ScopeSet::all())).unwrap();
    let mine = prover();
    let jwt = mine.proof(auth, PATH, None);
    let token = own(auth, &client, Some(&jwt)).await.unwrap().access_token;
    assert_eq!(error(&own(auth, &client, Some(&jwt)).await), REFUSED, "at the token endpoint");
    assert!(own(auth, &client, Some(&mine.proof(auth, PATH, None))).await.is_ok());

    let jwt = mine.proof(auth, LOANS, Some(&token));
    assert!(use_with(auth, &token, &jwt, LOANS).is_ok());
    assert_eq!(use_with(auth, &token, &jwt, LOANS), FAULT(ProofFault::Used), "where data is");
    assert_eq!(use_with(auth, &token, &jwt, "/api/v1/changes"), FAULT(ProofFault::WrongUrl), "at another path");
    let claims = |path: &str, htm: &str| {
        merged(claims(&format!("{ISSUER}{path}"), Some(&token)), &json!({ "jti": "one", "htm": htm }))
    };
    assert!(own(auth, &client, Some(&mine.sign(&json!({}), &claims(PATH, "POST")))).await.is_ok());
    let again = mine.sign(&json!({}), &claims(LOANS, "GET"));
    assert_eq!(use_with(auth, &token, &again, LOANS), FAULT(ProofFault::Used), "its jti at two endpoints");

    let captured = mine.proof(auth, LOANS, Some(&token));
    scene.bench.clock.advance(Duration::from_secs(1));
    let scene = Scene { bench: scene.bench.reopen(), ..scene };
    let auth = &scene.bench.auth;
    assert_eq!(use_with(auth, &token, &captured, LOANS), FAULT(ProofFault::NotFresh), "after a restart");
    assert!(use_with(auth, &token, &mine.proof(auth, LOANS, Some(&token)), LOANS).is_ok());
}

#[tokio::test]
async fn a_client_whose_tokens_are_bound_gets_and_uses_no_others() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let client = auth.create_client(ClientSettings::named("Nightly", ScopeSet::all())).unwrap();
    let (mine, plain) = (prover(), own(auth, &client, None).await.unwrap().access_token);
    let bound = own(auth, &client, Some(&mine.proof(auth, PATH, None))).await.unwrap();
    assert!(auth.verify(&plain, None).is_ok());
    let settings = ClientSettings { dpop_bound_access_tokens: true, ..client.client.settings.clone() };
    auth.change_client(&client.client.id, settings).unwrap();
    assert_eq!(auth.verify(&plain, None), Err(TokenError::Unbound), "at once, cached or not");
    assert_eq!(error(&own(auth, &client, None).await), REFUSED, "RFC 9449 section 5.2");
    assert_eq!(error(&own(auth, &client, Some("x")).await), REFUSED);
    assert!(used(auth, &mine, &bound).is_ok());
    assert!(own(auth, &client, Some(&mine.proof(auth, PATH, None))).await.is_ok());
}

#[tokio::test]
async fn a_wrong_secret_is_said_first_and_uses_up_no_proof() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let client = auth.create_client(ClientSettings::named("Nightly", ScopeSet::all())).unwrap();
    let wrong = Created { secret: Some("cs_wrong".to_owned()), client: client.client.clone() };
    let jwt = prover().proof(auth, PATH, None);
    assert_eq!(error(&own(auth, &wrong, Some(&jwt)).await), (401, "invalid_client"));
    assert!(own(auth, &client, Some(&jwt)).await.is_ok());
}

#[tokio::test]
async fn what_a_bound_token_is_can_be_asked_and_ended() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let client = auth.create_client(ClientSettings::named("Nightly", ScopeSet::all())).unwrap();
    let mine = prover();
    let response = own(auth, &client, Some(&mine.proof(auth, PATH, None))).await.unwrap();
    let (id, secret) = (&client.client.id, client.secret.as_deref().unwrap());
    let body = format!("client_id={id}&client_secret={secret}&token={}", response.access_token);
    let content_type = Some("application/x-www-form-urlencoded");
    let about = || TokenRequest { content_type, authorization: None, address: None, body: body.as_bytes() };
    let told = auth.introspect(&about()).unwrap();
    assert_eq!((&told["token_type"], &told["cnf"]["jkt"]), (&"DPoP".into(), &mine.thumbprint().into()), "section 6.2");
    auth.revoke(about()).await.unwrap();
    assert_eq!(used(auth, &mine, &response), Err(TokenError::Revoked));
    assert_eq!(auth.metadata()["dpop_signing_alg_values_supported"], json!(["RS256", "PS256", "ES256", "EdDSA"]));
}

/// Exchanges a code, with a proof of that key if there is one.
async fn redeem(scene: &Scene, code: &str, prover: Option<&Prover>) -> Result<TokenResponse, OAuthError> {
    let auth = &scene.bench.auth;
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", &scene.client),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    post(auth, &pairs, prover.map(|prover| prover.proof(auth, PATH, None)).as_deref()).await
}

async fn refresh(scene: &Scene, token: &str, prover: Option<&Prover>) -> Result<TokenResponse, OAuthError> {
    let auth = &scene.bench.auth;
    let pairs = [("grant_type", "refresh_token"), ("client_id", &scene.client), ("refresh_token", token)];
    post(auth, &pairs, prover.map(|prover| prover.proof(auth, PATH, None)).as_deref()).await
}

#[tokio::test]
async fn a_code_is_good_with_the_key_alone_that_it_was_asked_for_with() {
    let scene = Scene::new().await;
    let (mine, other) = (prover(), prover());
    let jkt = mine.thumbprint();
    let bound = async || scene.code(&[("dpop_jkt", &jkt)]).await;
    assert_eq!(error(&redeem(&scene, &bound().await, Some(&other)).await), NO_GRANT, "RFC 9449 section 10");
    assert_eq!(error(&redeem(&scene, &bound().await, None).await), NO_GRANT, "without a proof");
    let response = redeem(&scene, &bound().await, Some(&mine)).await.unwrap();
    let principal = used(&scene.bench.auth, &mine, &response).unwrap();
    assert!(principal.person.is_some());
    let told = scene.bench.auth.userinfo(&principal).unwrap();
    assert!(told.is_none(), "it was granted no openid");
    let code = bound().await;
    assert_eq!(
        error(
            &post(
                &scene.bench.auth,
                &[
                    ("grant_type", "authorization_code"),
                    ("client_id", &scene.client),
                    ("code", &code),
                    ("redirect_uri", BACK),
                    ("code_verifier", VERIFIER)
                ],
                Some("x")
            )
            .await
        ),
        REFUSED
    );
    assert!(redeem(&scene, &code, Some(&mine)).await.is_ok(), "a bad proof uses up no code");
    for wrong in ["x", &jkt[1..], &format!("{jkt}="), &format!("{jkt}A")] {
        let asked = scene.bench.auth.authorization(&scene.query(&[("dpop_jkt", wrong)]));
        assert!(matches!(asked, Err(AuthorizationError::Redirect(url)) if url.contains("error=invalid_request")));
    }
}

#[tokio::test]
async fn a_refresh_token_of_an_application_without_a_secret_is_good_with_its_key_alone() {
    let scene = Scene::new().await;
    let (mine, other) = (prover(), prover());
    let first = redeem(&scene, &scene.code(&[]).await, Some(&mine)).await.unwrap();
    let one = first.refresh_token.clone().unwrap();
    assert_eq!(error(&refresh(&scene, &one, Some(&other)).await), NO_GRANT, "RFC 9449 section 5");
    assert_eq!(error(&refresh(&scene, &one, None).await), NO_GRANT);
    assert!(used(&scene.bench.auth, &mine, &first).is_ok(), "a thief ends nothing");
    let second = refresh(&scene, &one, Some(&mine)).await.unwrap();
    assert_eq!(second.token_type, "DPoP");
    assert!(used(&scene.bench.auth, &mine, &second).is_ok());

    let scene = Scene { bench: scene.bench.reopen(), ..scene };
    scene.bench.clock.advance(Duration::from_secs(1));
    let two = second.refresh_token.unwrap();
    assert_eq!(error(&refresh(&scene, &two, Some(&other)).await), NO_GRANT, "and after a restart");
    assert!(refresh(&scene, &two, Some(&mine)).await.is_ok());
    let bound = recorded(&scene.bench.auth).into_iter().filter(|line| line.contains("GrantBound"));
    assert!(bound.inspect(|line| assert!(!line.contains(&mine.thumbprint()), "{line}")).count() == 1);
}

#[tokio::test]
async fn a_refresh_token_is_bound_by_the_first_proof_that_comes_with_it() {
    let scene = Scene::new().await;
    let (mine, other) = (prover(), prover());
    let one = redeem(&scene, &scene.code(&[]).await, None).await.unwrap().refresh_token.unwrap();
    let two = refresh(&scene, &one, Some(&mine)).await.unwrap().refresh_token.unwrap();
    assert_eq!(error(&refresh(&scene, &two, Some(&other)).await), NO_GRANT);
    assert_eq!(error(&refresh(&scene, &two, None).await), NO_GRANT);
    let bound = ClientSettings { dpop_bound_access_tokens: true, ..settings() };
    scene.bench.auth.change_client(&scene.client, bound).unwrap();
    assert_eq!(error(&refresh(&scene, &two, None).await), REFUSED);
    assert!(refresh(&scene, &two, Some(&mine)).await.is_ok());
}

#[tokio::test]
async fn a_client_that_proves_itself_may_change_its_key() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let grants = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    let with_secret =
        ClientSettings { authentication: Authentication::ClientSecret, grant_types: grants, ..settings() };
    let created = auth.create_client(with_secret).unwrap();
    let scene = Scene { client: created.client.id.clone(), ..scene };
    let auth = &scene.bench.auth;
    let (mine, next, secret) = (prover(), prover(), created.secret.as_deref().unwrap());
    let code = scene.code(&[]).await;
    let ask = async |pairs: &[(&str, &str)], prover: &Prover| {
        let client = [("client_id", scene.client.as_str()), ("client_secret", secret)];
        post(auth, &[pairs, &client].concat(), Some(&prover.proof(auth, PATH, None))).await.unwrap()
    };
    let code = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let first = ask(&code, &mine).await;
    let token = first.refresh_token.clone().unwrap();
    let second = ask(&[("grant_type", "refresh_token"), ("refresh_token", &token)], &next).await;
    assert!(used(auth, &next, &second).is_ok(), "RFC 9449 section 5: its secret is what binds");
    assert_eq!(used(auth, &mine, &second), Err(TokenError::WrongKey));
    assert!(used(auth, &mine, &first).is_ok());
}

#[tokio::test]
async fn a_client_fills_no_room_of_others_and_what_proves_nothing_takes_none() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let (mine, before) = (prover(), scene.bench.clock.monotonic());
    let response = redeem(&scene, &scene.code(&[]).await, Some(&mine)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(error(&redeem(&scene, "unknown", Some(&mine)).await), NO_GRANT);
        assert_eq!(used(auth, &prover(), &response), Err(TokenError::WrongKey));
    }
    assert_eq!(auth.proofs().replays.len(), 1, "proofs of strangers are not remembered");
    assert_eq!(scene.bench.clock.monotonic(), before);
}
