//! One operation of the document.

use serde_json::{Map, Value, json};

use super::schemas::reference;
use super::{headers, is_administration, is_tagged, links, parameters, problems, samples};
use crate::endpoint::{Access, Answer, Endpoint, Verb};

pub(super) fn of(endpoint: &Endpoint) -> Value {
    let mut operation = json!({
        "tags": [endpoint.tag.name()],
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "description": if endpoint.description.is_empty() { endpoint.summary } else { endpoint.description },
        "parameters": parameters::of(endpoint),
    });
    if let Some(body) = body(endpoint) {
        operation["requestBody"] = body;
    }
    operation["responses"] = responses(endpoint);
    operation["security"] = security(endpoint.access);
    operation["x-codeSamples"] = samples::of(endpoint);
    operation
}

/// Whether it is asked for a token, not about one.
pub(super) fn is_grant(endpoint: &Endpoint) -> bool {
    matches!(endpoint.answer, Answer::Object("Token"))
}

/// Of the administration: what is sent, whether it has to be.
const BODIES: &[(&str, &str, bool)] = &[
    ("createClient", "ClientSettings", true),
    ("changeClient", "ClientChange", true),
    ("rotateClientSecret", "SecretRotation", false),
    ("importClient", "ClientDefinition", true),
    ("registerApplication", "ApplicationSettings", true),
    ("changeApplication", "ApplicationChange", true),
    ("rotateApplicationSecret", "SecretRotation", false),
    ("createAccount", "AccountSettings", true),
    ("changeAccount", "AccountChange", true),
    ("rotateKey", "KeyRotation", false),
];

/// Whether something of the administration takes a body.
pub(super) fn has_body(endpoint: &Endpoint) -> bool {
    BODIES.iter().any(|(id, ..)| *id == endpoint.id)
}

fn body(endpoint: &Endpoint) -> Option<Value> {
    if !is_administration(endpoint) {
        return (endpoint.verb == Verb::Post).then(|| token_body(endpoint));
    }
    let (_, schema, required) = BODIES.iter().find(|(id, ..)| *id == endpoint.id)?;
    let schema = json!({"schema": reference(schema)});
    let mut content = json!({"application/json": schema});
    if endpoint.verb == Verb::Patch {
        content["application/merge-patch+json"] = schema;
    }
    Some(json!({"description": "What is wanted.", "required": required, "content": content}))
}

fn token_body(endpoint: &Endpoint) -> Value {
    let name = if is_grant(endpoint) { "TokenRequest" } else { "AboutToken" };
    let schema = json!({"schema": reference(name)});
    json!({
        "description": "Who asks, and for or about what. Id and secret may stand in HTTP Basic instead.",
        "required": true,
        "content": {"application/json": schema, "application/x-www-form-urlencoded": schema},
    })
}

fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::OpenId => json!([{"person": ["openid"]}]),
        Access::Roles { .. } => json!([{"session": []}, {"administrator": ["admin"]}]),
        Access::AnyOf(scopes) => scopes.iter().map(|s| json!({"oauth2": [s.as_str()]})).collect::<Vec<_>>().into(),
    }
}

fn responses(endpoint: &Endpoint) -> Value {
    let mut responses = Map::new();
    let mut put = |status: u16, description: &str, content: Option<Value>| {
        let mut response = json!({"description": description, "headers": headers::of(endpoint, status)});
        if let Some(content) = content {
            response["content"] = content;
        }
        responses.insert(status.to_string(), response);
    };
    match endpoint.answer {
        Answer::Created(_) => put(201, good(endpoint.answer), Some(content(endpoint.answer))),
        Answer::Nothing => put(204, good(endpoint.answer), None),
        _ => put(200, good(endpoint.answer), Some(content(endpoint.answer))),
    }
    if parameters::is_file(endpoint) {
        put(206, "The part that `Range` asked for", Some(content(Answer::File)));
    }
    if is_tagged(endpoint) {
        put(304, "Unchanged since the `ETag` of `If-None-Match`", None);
    }
    for (status, kinds) in problems::of(endpoint) {
        // Replies of the token endpoint may also have the form of RFC 6749: they are written out where they stand.
        let response = if problems::are_shared(endpoint) {
            json!({"$ref": format!("#/components/responses/{}", problems::name(endpoint, status, &kinds))})
        } else {
            problems::response(endpoint, status, &kinds)
        };
        responses.insert(status.to_string(), response);
    }
    let mut responses = Value::Object(responses);
    let links = links::of(endpoint);
    if !links.is_empty() {
        responses["200"]["links"] = Value::Object(links);
    }
    add_unusual(endpoint, &mut responses);
    responses
}

/// Answers that are neither good nor problem documents: those of RFC 6749, and an unhealthy replica's health.
fn add_unusual(endpoint: &Endpoint, responses: &mut Value) {
    let unusual = match (endpoint.verb, endpoint.path) {
        (Verb::Post, _) if is_grant(endpoint) => TOKEN_ERRORS,
        (Verb::Post, _) if !is_administration(endpoint) => ABOUT_TOKEN_ERRORS,
        (_, "/health") => &[(503, "The same, while the replica is unhealthy", "Health")],
        _ => return,
    };
    for (status, description, schema) in unusual {
        let status_text = status.to_string();
        let response = &mut responses[&status_text];
        let problems = response["description"].as_str().map_or(String::new(), |known| format!(" {known}"));
        response["description"] = format!("{description}.{problems}").into();
        response["headers"] = headers::of(endpoint, *status);
        response["content"]["application/json"] = json!({"schema": reference(schema)});
    }
}

const fn good(answer: Answer) -> &'static str {
    match answer {
        Answer::Object(_) => "What was asked for",
        Answer::Created(_) => "It was made",
        Answer::Nothing => "It is done",
        Answer::Array(_) | Answer::Export(_) => "The list, whole or one page of it",
        Answer::Events => "The stream of events",
        Answer::File => "The bytes",
        Answer::Media(_) => "The text",
    }
}

const TOKEN_ERRORS: &[(u16, &str, &str)] = &[
    (
        400,
        "`invalid_request`, `invalid_grant`, `invalid_scope`, `invalid_target`, `invalid_dpop_proof`, `unauthorized_client` or `unsupported_grant_type`",
        "TokenError",
    ),
    (401, "`invalid_client`: unknown, disabled, or with a wrong secret", "TokenError"),
    (413, "`invalid_request`: the body is too long", "TokenError"),
    (429, "`temporarily_unavailable`: authentication of this client failed too often from this address", "TokenError"),
    (503, "`temporarily_unavailable`: too many token requests at once", "TokenError"),
];

const ABOUT_TOKEN_ERRORS: &[(u16, &str, &str)] = &[
    (400, "`invalid_request`: the token is missing, or what was sent cannot be read", "TokenError"),
    (401, "`invalid_client`: unknown, disabled, or with a wrong secret", "TokenError"),
    (413, "`invalid_request`: the body is too long", "TokenError"),
    (429, "`temporarily_unavailable`: authentication of this client failed too often from this address", "TokenError"),
    (503, "`temporarily_unavailable`: what was asked cannot be recorded", "TokenError"),
];

/// One event of a stream.
fn event() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "description": "One event.",
        "properties": {
            "event": {"type": "string", "enum": ["change", "position", "state", "end"], "description": "What it tells."},
            "id": text("The log position up to which everything was told: where to go on after a cut."),
            "data": text("JSON, as the description says."),
            "retry": {"type": "integer", "description": "Milliseconds after which to come back after a cut."},
        },
    })
}

fn content(answer: Answer) -> Value {
    let text = || json!({"schema": {"type": "string"}});
    let array = |name: &str| json!({"schema": {"type": "array", "items": reference(name)}});
    match answer {
        Answer::Nothing => json!({}),
        Answer::Object(name) | Answer::Created(name) => json!({"application/json": {"schema": reference(name)}}),
        Answer::Array(name) => json!({"application/json": array(name)}),
        Answer::Export(name) => json!({
            "application/json": array(name),
            "application/x-ndjson": text(),
            "text/csv": text(),
        }),
        Answer::Events => json!({"text/event-stream": {"schema": event()}}),
        Answer::File => json!({"application/octet-stream": {}, "*/*": {}}),
        Answer::Media(media_type) => json!({media_type: text()}),
    }
}
