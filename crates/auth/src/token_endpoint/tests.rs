//! The token endpoint, rule by rule.

use crate::Purpose;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::control::event::{Change, SecretRotated};
use crate::oauth::{OAuthError, TokenRequest, TokenResponse};
use crate::testing::{AUDIENCE, CLIENT, ISSUER, NOW, SECRET, Server};
use crate::{Scope, ScopeSet, TokenError};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const ALL: &str =
    "200 loans:read documents:read bids:read tasks:read analysis:read messages:read reports:read audit:read";
/// [`SECRET`] in a form.
const SECRET_FORM: &str = "cs_correct+horse%2B%25";

async fn ask(
    server: &Server,
    content_type: &str,
    authorization: Option<&str>,
    body: &str,
) -> Result<TokenResponse, OAuthError> {
    let request =
        TokenRequest { content_type: Some(content_type), authorization, address: None, body: body.as_bytes() };
    server.answer(request).await
}

/// "200 scope" or "status error".
fn summary(answer: &Result<TokenResponse, OAuthError>) -> String {
    match answer {
        Ok(token) => format!("200 {}", token.scope),
        Err(error) => format!("{} {}", error.status, error.error),
    }
}

fn form(rest: &str) -> String {
    format!("grant_type=client_credentials&client_id={CLIENT}&client_secret={SECRET_FORM}{rest}")
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The rule, the content type, the `Authorization` header, the body, the answer.
type Rule = (&'static str, &'static str, Option<String>, String, &'static str);

const GRANT: &str = "grant_type=client_credentials";

fn object() -> String {
    let rest = r#""scope":"loans:read documents:read""#;
    format!(r#"{{"grant_type":"client_credentials","client_id":"{CLIENT}","client_secret":"{SECRET}",{rest}}}"#)
}

fn by_form(rule: &'static str, body: impl Into<String>, expected: &'static str) -> Rule {
    (rule, FORM, None, body.into(), expected)
}

/// Sections 2.3 and 4.4.2 of RFC 6749: how the client proves who it is.
fn authentication() -> Vec<Rule> {
    let good = || Some(basic(CLIENT, SECRET_FORM));
    let null = || Some("Bearer null".to_owned());
    let with_id = |id: &str| format!("{GRANT}&client_id={id}");
    vec![
        by_form("4.4.2: form", form("&scope=loans%3Aread"), "200 loans:read"),
        ("the same as JSON", JSON, None, object(), "200 loans:read documents:read"),
        ("2.3.1: Basic, halves form-encoded", FORM, good(), GRANT.into(), ALL),
        ("2.3.1: Basic, the secret as it is", FORM, Some(basic(CLIENT, SECRET)), GRANT.into(), "401 invalid_client"),
        ("2.3: Basic and the same id in the body", FORM, good(), with_id(CLIENT), ALL),
        ("2.3: Basic and another id in the body", FORM, good(), with_id("x"), "400 invalid_request"),
        ("2.3: two authentications", FORM, good(), form(""), "400 invalid_request"),
        ("2.3: two authentications, JSON", JSON, good(), object(), "400 invalid_request"),
        ("Bearer null beside a form", FORM, null(), form("&scope=bids:read"), "200 bids:read"),
        ("Bearer null beside JSON", JSON, null(), object(), "200 loans:read documents:read"),
        ("Bearer null alone", FORM, null(), GRANT.into(), "401 invalid_client"),
        by_form("RFC 7521 4.2: assertion and secret", form("&client_assertion=x"), "400 invalid_request"),
        by_form("RFC 7521 4.2: an assertion alone", format!("{GRANT}&client_assertion=x"), "401 invalid_client"),
        by_form("5.2: wrong secret", form("").replace("horse", "house"), "401 invalid_client"),
        by_form("5.2: unknown client", form("").replace(CLIENT, "client-9"), "401 invalid_client"),
        by_form("5.2: no secret", with_id(CLIENT), "401 invalid_client"),
        by_form("5.2: no client", GRANT, "401 invalid_client"),
    ]
}

/// Sections 3.2, 3.3 and 5.2 of RFC 6749, and RFC 8707: what is asked for.
fn parameters() -> Vec<Rule> {
    let (request, scope) = ("400 invalid_request", "400 invalid_scope");
    let grant_type = |name: &str| form("").replace("client_credentials", name);
    let ours = form(&format!("&scope=bids:read&resource={AUDIENCE}"));
    vec![
        by_form("3.2: a repeated parameter", form("&scope=loans:read&scope=loans:read"), request),
        by_form("3.2: a repeated unknown parameter", form("&x=1&x=1"), request),
        by_form("3.2: an unknown parameter is ignored", form("&x=1&scope=bids:read"), "200 bids:read"),
        by_form("3.2: empty scope is absent", form("&scope="), ALL),
        by_form("3.3: absent scope", form(""), ALL),
        by_form("3.3: scope of spaces is absent", form("&scope=+++"), ALL),
        by_form("3.3: order does not matter", form("&scope=audit:read+loans:read"), "200 loans:read audit:read"),
        by_form("3.3: names have a case", form("&scope=LOANS:READ"), scope),
        by_form("5.2: unknown scope", form("&scope=loans:read+loans:write"), scope),
        by_form("5.2: no grant type", form("").replace("grant_type", "x"), request),
        by_form("5.2: empty grant type", grant_type(""), request),
        by_form("5.2: another grant type", grant_type("password"), "400 unsupported_grant_type"),
        by_form("RFC 8707 2: our resource", ours, "200 bids:read"),
        by_form("RFC 8707 2: another resource", form("&resource=https://other.example"), "400 invalid_target"),
        by_form("a personal log-in", "email=a%40b.c&password=x", "400 unsupported_grant_type"),
        by_form("JSON sent as a form", object(), request),
        ("a form sent as JSON", JSON, None, form(""), request),
        ("another content type", "text/plain", None, form(""), request),
        by_form("a body of 17 KiB", form(&format!("&x={}", "y".repeat(17 * 1024))), "413 invalid_request"),
    ]
}

#[tokio::test]
async fn every_rule_of_the_table_holds() {
    let server = Server::new();
    for (rule, content_type, authorization, body, expected) in authentication().into_iter().chain(parameters()) {
        let answer = ask(&server, content_type, authorization.as_deref(), &body).await;
        assert_eq!(summary(&answer), expected, "{rule}");
        if let Err(error) = answer {
            check_error(&error, rule);
        }
    }
}

/// RFC 6749 section 5.2: 401 carries a challenge, nothing else does; descriptions are of the allowed characters.
fn check_error(error: &OAuthError, rule: &str) {
    let challenge = (error.status == 401).then(|| "Basic realm=\"test\", charset=\"UTF-8\"".to_owned());
    assert_eq!(error.challenge, challenge, "{rule}");
    assert_eq!(error.status == 401, error.error == "invalid_client", "{rule}");
    assert!(
        error.description.chars().all(|c| c.is_ascii() && !c.is_ascii_control() && c != '"' && c != '\\'),
        "{rule}"
    );
    let body: Value = serde_json::from_str(&error.to_json()).unwrap();
    assert_eq!((&body["error"], body.as_object().unwrap().len()), (&Value::from(error.error), 2), "{rule}");
}

#[tokio::test]
async fn a_missing_content_type_is_refused() {
    let body = form("");
    let request = TokenRequest { content_type: None, authorization: None, address: None, body: body.as_bytes() };
    assert_eq!(summary(&Server::new().answer(request).await), "400 invalid_request");
}

#[tokio::test]
async fn a_token_has_the_claims_of_rfc_9068_section_2() {
    let server = Server::new();
    let answer = ask(&server, FORM, None, &form("&scope=loans:read")).await.unwrap();
    assert_eq!((answer.token_type, answer.expires_in), ("Bearer", 3_600));
    let parts: Vec<Value> = answer.access_token.split('.').take(2).map(decode).collect();
    assert_eq!(parts[0], server.header());
    let mut claims = parts[1].clone();
    let id = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(id.as_str().unwrap().len(), 32);
    let expected = serde_json::json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": CLIENT, "client_id": CLIENT, "iat": NOW, "exp": NOW + 3_600,
        "scope": "loans:read", "gen": 0,
    });
    assert_eq!(claims, expected);
    let principal = server.verifier.verify(Purpose::Data, &answer.access_token, None).unwrap();
    assert_eq!(principal.scopes, ScopeSet::EMPTY.with(Scope::LoansRead));
    let again = ask(&server, FORM, None, &form("")).await.unwrap();
    assert_ne!(server.verifier.verify(Purpose::Data, &again.access_token, None).unwrap().token_id, principal.token_id);
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn the_answer_has_the_four_members_of_the_documented_response() {
    let answer = ask(&Server::new(), FORM, None, &form("&scope=loans:read")).await.unwrap();
    let body: Value = serde_json::from_str(&answer.to_body().1).unwrap();
    let names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["access_token", "token_type", "expires_in", "scope"]);
    assert!(body["expires_in"].is_u64());
}

#[tokio::test]
async fn a_disabled_client_gets_the_answer_of_an_unknown_one() {
    let server = Server::new();
    let live = ask(&server, FORM, None, &form("")).await.unwrap().access_token;
    server.apply(Change::ClientDisabled { id: CLIENT.to_owned() });
    let disabled = ask(&server, FORM, None, &form("")).await.unwrap_err();
    let unknown = ask(&server, FORM, None, &form("").replace(CLIENT, "client-9")).await.unwrap_err();
    assert_eq!(disabled, unknown);
    assert_eq!(server.verifier.verify(Purpose::Data, &live, None), Err(TokenError::ClientDisabled));
    server.apply(Change::ClientEnabled { id: CLIENT.to_owned() });
    let fresh = ask(&server, FORM, None, &form("")).await.unwrap().access_token;
    assert!(server.verifier.verify(Purpose::Data, &fresh, None).is_ok());
    assert_eq!(server.verifier.verify(Purpose::Data, &live, None), Err(TokenError::Revoked));
}

#[tokio::test]
async fn the_secret_before_is_accepted_until_its_overlap_ends() {
    let server = Server::new();
    let rotate = |secret: &str, previous_until| {
        let secret = server.endpoint.pepper.digest(CLIENT, secret);
        server.apply(Change::SecretRotated(SecretRotated { id: CLIENT.to_owned(), secret, previous_until }));
    };
    rotate("second", Some((NOW + 60) * 1_000_000));
    let with = |secret: &str| form("").replace(SECRET_FORM, secret);
    for secret in [SECRET_FORM, "second"] {
        assert!(ask(&server, FORM, None, &with(secret)).await.is_ok(), "{secret} within the overlap");
    }
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(summary(&ask(&server, FORM, None, &form("")).await), "401 invalid_client", "at its end");
    assert!(ask(&server, FORM, None, &with("second")).await.is_ok());
    rotate("third", None);
    assert_eq!(summary(&ask(&server, FORM, None, &with("second")).await), "401 invalid_client", "no overlap");
    assert!(ask(&server, FORM, None, &with("third")).await.is_ok());
}

#[tokio::test]
async fn when_too_many_wait_the_next_is_told_to_come_again() {
    let server = Server::new();
    let _all = server.endpoint.gate.waiting.try_acquire_many(u32::try_from(super::MAX_WAITING).unwrap()).unwrap();
    let error = ask(&server, FORM, None, &form("")).await.unwrap_err();
    assert_eq!((error.status, error.error, error.retry_after), (503, "temporarily_unavailable", Some(1)));
}

#[tokio::test]
async fn no_secret_and_no_token_shows_in_debug_output() {
    let server = Server::new();
    let body = form("");
    let request = TokenRequest {
        content_type: Some(FORM),
        authorization: Some("Basic c2VjcmV0"),
        address: None,
        body: body.as_bytes(),
    };
    let shown = format!("{request:?}");
    assert!(!shown.contains("correct") && !shown.contains("c2VjcmV0"), "{shown}");
    let answer = ask(&server, FORM, None, &body).await.unwrap();
    assert!(!format!("{answer:?}").contains(&answer.access_token));
}
