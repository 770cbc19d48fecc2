//! A stand-in for the API: one loan, in every field of which somebody tries to do harm.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use continuity_auth::{Account, AccountSettings, Role, Scope, ScopeSet};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::bench::Bench;

/// What must never come out as it went in.
pub(super) const EVIL: &str = "<img src=x onerror=alert(1)>\"'&\u{202e}javascript:alert(2)";
/// The bytes of the document that is here.
pub(super) const BYTES: &[u8] = b"%PDF-1.7 the deed";

fn long() -> String {
    "W".repeat(3_000)
}

fn actor() -> Value {
    json!({ "id": EVIL, "displayName": EVIL, "role": EVIL, "type": EVIL })
}

fn document(id: &str, state: &str, media_type: &str, sensitive: bool) -> Value {
    json!({
        "id": id, "name": EVIL, "category": EVIL, "status": EVIL, "fileName": format!("../{EVIL}.pdf"), "mediaType": media_type,
        "sizeBytes": BYTES.len(), "sha256": EVIL, "uploadedAt": EVIL, "version": 1, "spaceId": "s", "sensitive": sensitive,
        "uploadedBy": actor(), "signatures": [{ "by": EVIL, "at": EVIL, "method": EVIL }],
        "versions": [{ "number": EVIL, "sha256": EVIL, "at": EVIL }, { "number": 1, "sha256": long() }],
        "blob": { "state": state },
    })
}

fn documents() -> Value {
    json!([
        document("here", "AVAILABLE", "application/pdf", false),
        document("secret", "AVAILABLE", "image/png", true),
        document("gone", "PENDING", "application/pdf", false),
        document("page", "AVAILABLE", "text/html", false),
        document("drawing", "AVAILABLE", "image/svg+xml", false),
    ])
}

fn list(end: &str) -> Option<Value> {
    let whatever = json!({ EVIL: EVIL, "n": 1.5, "deep": [[EVIL], { "a": long() }] });
    Some(match end {
        "" => {
            json!({ "id": "x", "reference": EVIL, "status": EVIL, "checklist": [{ "label": EVIL, "stage": EVIL }], "more": whatever })
        }
        "spaces/" => json!([{ "id": "s", "name": EVIL, "kind": EVIL }]),
        "documents" => documents(),
        "tasks" => json!([
            { "id": "t", "title": EVIL, "status": EVIL, "sensitive": false, "formData": whatever,
              "items": [{ "id": "i", "fileName": EVIL, "mediaType": "image/jpeg", "sizeBytes": 3 }] },
            { "id": "t2", "title": EVIL, "status": EVIL, "sensitive": true, "items": [] },
        ]),
        "tasks/t2" => json!({ "id": "t2", "formData": { "note": "told in confidence" } }),
        "bid-requests" => json!([{ "id": EVIL, "status": EVIL, "quotes": [whatever] }]),
        "guilds" => json!([{ "id": "g", "name": EVIL, "createdAt": EVIL, "archivedAt": EVIL, "members": [actor()],
            "channels": [{ "id": "c", "name": EVIL, "kind": EVIL, "archivedAt": EVIL }] }]),
        "guilds/g/channels/c" => json!({ "id": "c", "name": EVIL, "kind": EVIL, "nextCursor": null, "messages": [
            { "id": "m1", "seq": 7, "author": actor(), "body": { "text": EVIL }, "postedAt": EVIL, "editedAt": EVIL,
              "replyToId": "m2", "attachments": [{ "fileName": EVIL, "mediaType": EVIL, "sizeBytes": EVIL }] },
            { "id": "m2", "seq": 8, "deletedAt": EVIL, "deletedBy": actor() },
            { "id": "m3", "seq": 9, "body": { "text": long() }, "replyToId": "m1" },
        ] }),
        "comments" => json!([{ "id": EVIL, "target": { "type": EVIL, "id": EVIL }, "author": actor(), "text": EVIL,
            "createdAt": EVIL, "visibility": EVIL, "parentId": EVIL, "resolvedAt": EVIL }]),
        "views/" => {
            json!([{ "id": EVIL, "definition": { "name": EVIL, "version": EVIL }, "status": EVIL, "generatedAt": EVIL,
            "error": whatever, "sections": [{ "title": EVIL, "fields": [
                { "label": EVIL, "value": EVIL, "valueType": EVIL, "source": EVIL },
                { "label": "Price", "value": "206072.00", "valueType": "MONEY" },
                { "label": "Day", "value": "2026-11-30", "valueType": "DATE" },
                { "label": "All", "value": whatever } ] }] }])
        }
        "worksheets" => {
            json!([{ "id": "w", "name": EVIL, "status": EVIL, "updatedAt": EVIL, "version": 2, "summary": whatever }])
        }
        "analysis" => {
            json!([{ "id": EVIL, "type": EVIL, "scope": EVIL, "status": EVIL, "runAt": EVIL, "participantId": EVIL,
            "formula": whatever, "inputs": [whatever], "result": { "value": 34.67 }, "thresholds": [whatever], "outcome": EVIL,
            "overriddenBy": actor(), "error": EVIL }])
        }
        "audit-log" => json!([
            { "id": EVIL, "occurredAt": EVIL, "action": EVIL, "origin": "CLOUD", "actor": actor(), "reason": EVIL,
              "target": { "type": EVIL, "id": EVIL, "label": EVIL }, "changes": [{ "field": EVIL, "from": EVIL, "to": whatever }] },
            { "id": "r", "occurredAt": "2026-11-22T18:00:00Z", "action": "READ", "origin": "REPLICA", "actor": actor(),
              "endpoint": EVIL, "count": 3, "until": EVIL },
        ]),
        _ => return None,
    })
}

/// A worksheet whose numbers are written in their own way.
const WORKSHEET: &str = r#"{"id":"w","name":"<b>","status":"FINAL","updatedAt":"2026-11-22T18:00:00Z","sheets":[
    {"name":"<script>","cells":[{"ref":"A1","value":1.50,"formula":"=<i>"},{"ref":"C9","value":"<img src=x>"},{"ref":"<u>","value":2}]},
    {"name":"Two","cells":[]}]}"#;

fn told(body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-replica-state", "live"),
        ("x-replica-position", "4711"),
        ("x-replica-as-of", "2026-11-22T17:59:58Z"),
        ("x-total-count", "5"),
        ("x-next-cursor", "next<&\""),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    response
}

fn problem(status: StatusCode, kind: &str) -> Response {
    let text =
        json!({ "type": format!("urn:continuity:problem:{kind}"), "title": format!("It is {kind}"), "detail": EVIL });
    (status, text.to_string()).into_response()
}

fn file(id: &str, sent: &HeaderMap) -> Response {
    let media_type = match id {
        "secret" => "image/png",
        "page" => "text/html",
        "drawing" => "image/svg+xml",
        "here" => "application/pdf",
        "gone" => return problem(StatusCode::SERVICE_UNAVAILABLE, "blob-not-synced"),
        "failing" => return problem(StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        _ => "image/jpeg",
    };
    let mut response = told(BYTES);
    let tag = format!("\"{}\"", hex::encode(Sha256::digest(BYTES)));
    let headers = response.headers_mut();
    headers.insert("content-type", media_type.parse().unwrap());
    headers.insert("etag", tag.parse().unwrap());
    headers.insert("content-disposition", "attachment; filename=\"a.pdf\"".parse().unwrap());
    if let Some(range) = sent.get("range") {
        headers.insert("x-seen-range", range.clone());
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

async fn answer(Path((_, end)): Path<(String, String)>, request: Request) -> Response {
    let parts: Vec<&str> = end.split('/').collect();
    match parts.as_slice() {
        ["documents", id, "download"] | ["tasks", _, "items", id, "download"] => file(id, request.headers()),
        ["worksheets", "w"] => told(WORKSHEET),
        _ => list(&end).map_or_else(|| problem(StatusCode::NOT_FOUND, "not-found"), |value| told(value.to_string())),
    }
}

/// The API of one loan, `x`.
pub(super) fn api() -> Router {
    let loan = async || told(list("").unwrap().to_string());
    Router::new().route("/api/v1/loan-requests/{id}", get(loan)).route("/api/v1/loan-requests/{id}/{*end}", get(answer))
}

/// Somebody who may read with those scopes.
pub(super) fn reader(bench: &Bench, scopes: ScopeSet) -> Account {
    let settings = AccountSettings {
        email: "reader@bank.example".to_owned(),
        name: EVIL.replace('\u{202e}', ""),
        roles: vec![Role::Viewer],
        scopes: scopes.with(Scope::LoansRead),
        ..AccountSettings::default()
    };
    bench.auth.create_account(settings).unwrap()
}
