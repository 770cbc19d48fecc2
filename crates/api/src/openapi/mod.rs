//! The OpenAPI 3.1 document, made from the table of endpoints, so that it says what the router does.

mod operation;
mod samples;
mod schemas;

use std::sync::LazyLock;

use continuity_auth::Scope;
use serde_json::{Map, Value, json};

use crate::endpoint::{Tag, Verb};
use crate::problem;
use crate::routes::TABLE;

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut text = serde_json::to_string_pretty(&document()).expect("a JSON value always serialises");
    text.push('\n');
    text
});

/// The document as JSON text, made once.
pub(crate) fn text() -> &'static str {
    &TEXT
}

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Continuity API",
            "version": "1.0.0",
            "description": format!("{DESCRIPTION}\n\n## Authentication\n\n{}", samples::token_markdown()),
        },
        "servers": [{"url": "/", "description": "This replica"}],
        "tags": Tag::ALL.iter().map(|tag| json!({"name": tag.name()})).collect::<Vec<_>>(),
        "paths": paths(),
        "components": {
            "schemas": schemas::all(),
            "headers": headers(),
            "responses": responses(),
            "securitySchemes": security_schemes(),
        },
    })
}

const DESCRIPTION: &str = "Read-only access to the loan origination data that this replica holds.\n\nEvery data path answers GET and HEAD, with and without its last slash, never by a redirect. Objects are open: members that are not described here are sent as the platform sent them. Every reply about data says how fresh it is (`X-Replica-*`), and has an `ETag` to ask with (`If-None-Match`). A request may set `X-Max-Staleness` (seconds): past that lag the answer is 503 `replica-too-stale`. Errors are problem documents (RFC 9457); their `type` ends in one of the codes of the schema `Problem`.";

fn paths() -> Value {
    let mut paths = Map::new();
    for endpoint in TABLE {
        let verb = match endpoint.verb {
            Verb::Get => "get",
            Verb::Post => "post",
        };
        paths.insert(endpoint.path.to_owned(), json!({verb: operation::of(endpoint)}));
    }
    Value::Object(paths)
}

/// (name in `components`, header, schema, description)
const HEADERS: [(&str, &str, &str, &str); 13] = [
    ("AsOf", "X-Replica-As-Of", "date-time", "The highest event time that has been applied."),
    ("Position", "X-Replica-Position", "integer", "The log position that the answer holds."),
    (
        "Lag",
        "X-Replica-Lag-Seconds",
        "integer",
        "Now minus the latest instant at which the answer held everything up to a head that the source had shown. Absent until that happened once since the start.",
    ),
    ("State", "X-Replica-State", "string", "live, catching-up, stale, disconnected, diverged, paused or rebuilding."),
    (
        "Complete",
        "X-Replica-Complete",
        "string",
        "`false` when something that belongs into the answer is known to be missing.",
    ),
    ("ETag", "ETag", "string", "Changes with the body."),
    ("RequestId", "X-Request-Id", "string", "The request's own id if it sent a plain one, else a new one."),
    ("Link", "Link", "string", "The next page, `rel=\"next\"`, while there is more and `limit` was given."),
    ("NextCursor", "X-Next-Cursor", "string", "The cursor of the next page."),
    (
        "AccessesCompleteUntil",
        "X-Accesses-Complete-Until",
        "date-time",
        "Every read before this instant that will ever be recorded is recorded.",
    ),
    ("TotalCount", "X-Total-Count", "integer", "Entries on all pages together; with `limit` only."),
    (
        "RateLimitPolicy",
        "RateLimit-Policy",
        "string",
        "What the client may ask: `q` requests in `w` seconds (draft-ietf-httpapi-ratelimit-headers-10). Absent where there is no limit.",
    ),
    (
        "RateLimit",
        "RateLimit",
        "string",
        "What is left of it: `r` requests now, all of them again in `t` seconds. Beyond it the answer is 429 with `Retry-After`.",
    ),
];

fn headers() -> Value {
    let header = |(key, _, kind, description): &(&str, &str, &str, &str)| {
        let schema = match *kind {
            "date-time" => json!({"type": "string", "format": "date-time"}),
            kind => json!({"type": kind}),
        };
        ((*key).to_owned(), json!({"description": description, "schema": schema}))
    };
    Value::Object(HEADERS.iter().map(header).collect())
}

/// One answer for each status that a problem can have.
fn responses() -> Value {
    let mut responses = Map::new();
    let mut kinds: Vec<_> = problem::ALL.to_vec();
    kinds.sort_by_key(|kind| kind.status.as_u16());
    for group in kinds.chunk_by(|a, b| a.status == b.status) {
        let codes: Vec<String> = group.iter().map(|kind| format!("`{}`", kind.code)).collect();
        let name = format!("Problem{}", group[0].status.as_u16());
        responses.insert(
            name,
            json!({
                "description": codes.join(", "),
                "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }),
        );
    }
    Value::Object(responses)
}

fn security_schemes() -> Value {
    let scopes: Map<String, Value> =
        Scope::ALL.iter().map(|s| (s.as_str().to_owned(), Value::from(scope_text(*s)))).collect();
    json!({
        "oauth2": {
            "type": "oauth2",
            "description": "Client credentials (RFC 6749 section 4.4). Clients are made by the operator.",
            "flows": {"clientCredentials": {"tokenUrl": "/api/v1/oauth/token", "scopes": scopes}},
        },
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
