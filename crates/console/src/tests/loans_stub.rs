//! A stand-in for the API: answers by path, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use continuity_auth::{Account, AccountSettings, Scope, ScopeSet, Session};
use http::{HeaderValue, StatusCode};

use super::bench::Bench;

/// A loan request with a name that no page may take for markup.
pub(crate) const LOAN: &str = r#"{"id":"L1","reference":"HO-2026-000037","status":"SANCTION","stage":"Approval","currency":"GBP",
    "requestedAmount":"466147.00","termMonths":300,"rate":0.30,"team":"North","promiseOfSaleExpiryDate":"2026-12-24",
    "participants":[{"id":"p1","role":"PRIMARY_APPLICANT","displayName":"<script>alert(1)</script>","dateOfBirth":"1962-03-02"}],
    "property":{"type":"LAND","address":{"line1":"158 Quarry Lane","country":"XM"},"purchasePrice":"301970.00"},
    "sanction":{"issuedAt":"2026-11-01T00:34:01.000Z","expiresAt":"2026-12-31"},"deed":{"scheduledAt":"2026-11-10T17:34:01.000Z"},
    "checklist":[{"key":"kyc","label":"Know your customer","stage":"Application","required":true,"completedAt":"2026-10-27T03:25:01.000Z"},
        {"key":"value","label":"Valuation","stage":"Approval","required":true},{"key":"x","label":"Nice","stage":"Approval","required":false}],
    "acceptedBidId":"q2","unheard":{"of":[1.50,"two"]}}"#;

/// What is answered to a path with its query, by the first that it begins with.
pub(crate) type Answers = &'static [(&'static str, u16, &'static str)];

/// What it was asked.
pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

/// The API, and what it was asked.
pub(crate) fn api(answers: Answers) -> (Router, Asked) {
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    let api = Router::new().fallback(move |request: Request| {
        assert!(request.extensions().get::<Session>().is_some(), "for a person");
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let answer = answers.iter().find(|(begins, ..)| path.starts_with(begins));
        seen.lock().unwrap().push(path.clone());
        std::future::ready(reply(answer.map_or((404, "{}"), |(_, status, text)| (*status, *text))))
    });
    (api, asked)
}

fn reply((status, text): (u16, &'static str)) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in [
        ("x-replica-state", "live"),
        ("x-replica-position", "42"),
        ("x-replica-lag-seconds", "2"),
        ("x-replica-as-of", "2026-11-22T18:00:00.000Z"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Somebody with those scopes.
pub(crate) fn reader(bench: &Bench, scopes: &[Scope]) -> Account {
    let scopes = scopes.iter().fold(ScopeSet::EMPTY, |all, scope| all.with(*scope));
    let settings = AccountSettings {
        email: "ann@bank.example".to_owned(),
        name: "Ann".to_owned(),
        scopes,
        ..AccountSettings::default()
    };
    bench.auth.create_account(settings).unwrap()
}
