//! The OpenAPI 3.1 document, made from the table of endpoints, so that it says what the router does.

mod examples;
mod headers;
mod links;
mod operation;
mod parameters;
mod problems;
mod reference;
mod samples;
mod schemas;

pub(crate) use reference::STYLE;

use std::sync::LazyLock;

use continuity_auth::Scope;
use serde_json::{Map, Value, json};

use crate::endpoint::{Access, Answer, Endpoint, Tag, Verb};
use crate::routes::TABLE;

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut text = serde_json::to_string_pretty(&document()).expect("a JSON value always serialises");
    text.push('\n');
    text
});

static PAGE: LazyLock<String> = LazyLock::new(|| reference::page(&document()));

/// The document as JSON text, made once.
pub(crate) fn text() -> &'static str {
    &TEXT
}

/// The document as a page to read, made once.
pub(crate) fn page() -> &'static str {
    &PAGE
}

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Continuity API",
            "version": "1.0.0",
            "summary": "Read-only access to loan origination data, also while the platform cannot be reached",
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
            "description": format!("{DESCRIPTION}\n\n## Authentication\n\n{}", samples::token_markdown()),
        },
        "externalDocs": {"url": "/~/open-api/reference", "description": "The same as a page to read"},
        "servers": [{"url": "/", "description": "This replica"}],
        "tags": Tag::ALL.iter().map(|tag| json!({"name": tag.name(), "description": tag.description()})).collect::<Vec<_>>(),
        "paths": paths(),
        "components": {
            "schemas": schemas::all(),
            "parameters": parameters::shared(),
            "headers": headers::shared(),
            "responses": problems::shared(),
            "examples": problems::examples(),
            "securitySchemes": security_schemes(),
        },
    })
}

const DESCRIPTION: &str = "Every data path answers GET and HEAD, with and without its last slash, never by a redirect. Objects are open: members that are not described here are sent as the platform sent them. Every reply about data says how fresh it is (`X-Replica-*`), and has an `ETag` to ask with (`If-None-Match`). A request may set `X-Max-Staleness` (seconds): past that lag the answer is 503 `replica-too-stale`. `asOf` asks as of an earlier time or log position. A client may be limited to teams (`team` of loan requests) and kinds of channels: what lies outside does not exist for it, it is 404 by its id and in no list, total or stream. Each client may ask so often (`RateLimit-Policy`); beyond that the answer is 429 with `Retry-After`. Errors are problem documents (RFC 9457); their `type` ends in one of the codes of the schema `Problem`.";

fn paths() -> Value {
    let mut paths = Map::new();
    for endpoint in TABLE {
        let verb = verb(endpoint);
        let operations = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        operations[verb] = operation::of(endpoint);
        if endpoint.verb == Verb::GetOrPost {
            // The same under both methods, each with an id of its own.
            let mut posted = operations[verb].clone();
            posted["operationId"] = format!("{}ByPost", endpoint.id).into();
            operations["post"] = posted;
        }
    }
    Value::Object(paths)
}

/// Its method, as the document names it.
fn verb(endpoint: &Endpoint) -> &'static str {
    match endpoint.verb {
        Verb::Get | Verb::GetOrPost => "get",
        Verb::Post => "post",
        Verb::Patch => "patch",
        Verb::Delete => "delete",
    }
}

/// Whether it is for people who administer.
fn is_administration(endpoint: &Endpoint) -> bool {
    matches!(endpoint.access, Access::Roles { .. })
}

/// Whether the endpoint answers with data of the replica.
fn is_data(endpoint: &Endpoint) -> bool {
    matches!(endpoint.access, Access::AnyOf(_))
}

/// Whether answers have an `ETag`: health, readiness, tokens and streams are of this moment only.
fn is_tagged(endpoint: &Endpoint) -> bool {
    let stream = matches!(endpoint.answer, Answer::Events);
    let of_now = stream || endpoint.tag == Tag::Health || is_administration(endpoint);
    endpoint.verb == Verb::Get && (is_data(endpoint) && !stream || !of_now)
}

fn security_schemes() -> Value {
    let scopes: Map<String, Value> =
        Scope::ALL.iter().map(|s| (s.as_str().to_owned(), Value::from(scope_text(*s)))).collect();
    let administer = Map::from_iter([("admin".to_owned(), Value::from("Administer, as far as the person may"))]);
    let clients = json!({"tokenUrl": "/api/v1/oauth/token", "scopes": scopes});
    json!({
        "oauth2": {
            "type": "oauth2",
            "description": "Client credentials (RFC 6749 section 4.4). Clients are made by the operator. A token that was asked for with a proof is bound to the key of the proof (DPoP, RFC 9449): it is sent as `Authorization: DPoP <token>`, with a further proof in the header `DPoP` of each request, whose `htu` is the public URL.",
            "flows": {"clientCredentials": clients},
        },
        "person": {
            "type": "oauth2",
            "description": "A person lets an application in: authorization code (RFC 6749 section 4.1) with PKCE, always. A token that is bound to a key is sent with the scheme `DPoP` instead, as above.",
            "flows": {"authorizationCode": of_people(scopes)},
        },
        "administrator": {
            "type": "oauth2",
            "description": "As `person`, with the scope `admin`, which stands alone or beside `openid`: for clients that may administer. The token is for `/api/v1/admin` and opens no data.",
            "flows": {"authorizationCode": of_people(administer)},
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-continuity",
            "description": "The session of somebody who is signed in at `/console/`. Changes have to come from a page of this server and to repeat `csrfToken` of `/api/v1/admin/me` as `X-CSRF-Token`.",
        },
    })
}

/// The flow for people, with these scopes and those of OpenID Connect.
fn of_people(mut scopes: Map<String, Value>) -> Value {
    let identity = [
        ("openid", "Know who the person is"),
        ("profile", "See the person's name"),
        ("email", "See the person's e-mail address"),
        ("offline_access", "Go on when the person is signed out"),
    ];
    scopes.extend(identity.map(|(name, text)| (name.to_owned(), text.into())));
    json!({
        "authorizationUrl": "/oauth/authorize",
        "tokenUrl": "/api/v1/oauth/token",
        "refreshUrl": "/api/v1/oauth/token",
        "scopes": scopes,
    })
}

const fn scope_text(scope: Scope) -> &'static str {
    match scope {
        Scope::LoansRead => "Access loan requests and bids",
        Scope::DocumentsRead => "Access documents and files",
        Scope::BidsRead => "Access loan bid information",
        Scope::TasksRead => "Access task information",
        Scope::AnalysisRead => "Access analysis reports",
        Scope::MessagesRead => "Access messaging and communication records",
        Scope::ReportsRead => "Access reports and summaries",
        Scope::AuditRead => "Access audit logs for compliance",
    }
}

#[cfg(test)]
mod tests;
