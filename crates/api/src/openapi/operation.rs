//! One operation of the document.

use continuity_projections::loan_requests::Search;
use serde_json::{Map, Value, json};

use super::samples;
use crate::endpoint::{Access, Answer, Endpoint, Param, ParamKind, Verb};
use crate::filter::By;

pub(super) fn of(endpoint: &Endpoint) -> Value {
    let mut operation = json!({
        "tags": [endpoint.tag.name()],
        "operationId": endpoint.id,
        "summary": endpoint.summary,
    });
    if !endpoint.description.is_empty() {
        operation["description"] = endpoint.description.into();
    }
    let headers = matches!(endpoint.answer, Answer::Events).then(last_event_id);
    let parameters: Vec<Value> =
        path_parameters(endpoint.path).chain(endpoint.params.iter().map(query)).chain(headers).collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if endpoint.verb == Verb::Post {
        operation["requestBody"] = token_body();
    }
    operation["responses"] = responses(endpoint);
    operation["security"] = security(endpoint.access);
    operation["x-codeSamples"] = samples::of(endpoint);
    operation
}

fn path_parameters(path: &str) -> impl Iterator<Item = Value> {
    path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}))
    })
}

fn query(param: &Param) -> Value {
    let mut schema = match param.kind {
        ParamKind::AnyOf(known) => json!({"type": "array", "items": {"type": "string", "examples": known}}),
        ParamKind::OneOf { values, default } | ParamKind::OneOfAnyCase { values, default } => {
            json!({"type": "string", "enum": values, "default": default})
        }
        ParamKind::Integer { min, max, .. } => json!({"type": "integer", "minimum": min, "maximum": max}),
        ParamKind::Flag => json!({"type": "boolean", "default": false}),
        ParamKind::Cursor => json!({"type": "string"}),
        ParamKind::AsOf => json!({
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "pattern": "^[0-9]{1,20}$"}],
            "examples": ["2026-01-31T08:00:00Z", "120042"],
        }),
        ParamKind::Names => json!({"type": "array", "items": {"type": "string"}}),
        ParamKind::Filter(by, _) => filter(by),
    };
    if let ParamKind::Integer { default: Some(default), .. } = param.kind {
        schema["default"] = default.into();
    }
    let Param { name, description, .. } = param;
    let description = match param.kind {
        ParamKind::Filter(By::AnyOf(_), _) => format!(
            "{description} Repeated, with commas between, or as `{name}[]`: one of them is enough; an unknown value matches nothing."
        ),
        _ => (*description).to_owned(),
    };
    let mut value = json!({"name": name, "in": "query", "description": description, "schema": schema});
    if param.kind.is_repeatable() {
        value["style"] = "form".into();
        value["explode"] = true.into();
    }
    value
}

fn last_event_id() -> Value {
    json!({
        "name": "Last-Event-ID",
        "in": "header",
        "description": "Go on behind the event with this `id`. It counts before `since`.",
        "schema": {"type": "integer", "minimum": 0},
    })
}

fn filter(by: By) -> Value {
    match by {
        By::AnyOf(known) => json!({"type": "array", "items": {"type": "string", "examples": known}}),
        By::Contains => json!({"type": "string", "minLength": 1}),
        By::Words => {
            json!({"type": "string", "minLength": 1, "maxLength": Search::MOST_CHARACTERS, "examples": ["mull joh", "PE-2026-000199"]})
        }
        By::Flag => json!({"type": "boolean"}),
        By::Time(_) => json!({
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}],
            "examples": ["2026-01-31", "2026-01-31T08:00:00Z"],
        }),
        By::Amount(_) => {
            json!({"type": "string", "pattern": "^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$", "examples": ["250000.50"]})
        }
    }
}

fn token_body() -> Value {
    let schema = json!({"$ref": "#/components/schemas/TokenRequest"});
    json!({
        "required": true,
        "content": {
            "application/json": {"schema": schema},
            "application/x-www-form-urlencoded": {"schema": schema},
        },
    })
}

fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::AnyOf(scopes) => scopes.iter().map(|s| json!({"oauth2": [s.as_str()]})).collect::<Vec<_>>().into(),
    }
}

fn responses(endpoint: &Endpoint) -> Value {
    let mut responses = Map::new();
    let mut good = json!({"description": endpoint.summary, "headers": good_headers(endpoint)});
    good["content"] = content(endpoint.answer);
    responses.insert("200".to_owned(), good);
    if matches!(endpoint.answer, Answer::File) {
        let part = json!({"description": "The part that `Range` asked for", "content": content(Answer::File)});
        responses.insert("206".to_owned(), part);
    }
    if endpoint.verb == Verb::Get && !matches!(endpoint.answer, Answer::Events) {
        responses.insert("304".to_owned(), json!({"description": "Unchanged since the `ETag` of `If-None-Match`"}));
    }
    if endpoint.verb == Verb::Post {
        for (status, description) in TOKEN_ERRORS {
            let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/TokenError"}}});
            responses.insert((*status).to_owned(), json!({"description": description, "content": content}));
        }
    }
    for status in problems(endpoint) {
        let reference = json!({"$ref": format!("#/components/responses/Problem{status}")});
        responses.insert(status.to_string(), reference);
    }
    Value::Object(responses)
}

const TOKEN_ERRORS: &[(&str, &str)] = &[
    ("400", "invalid_request, invalid_scope or unsupported_grant_type"),
    ("401", "invalid_client"),
    ("413", "The body is too long"),
    ("429", "Authentication of this client failed too often from this address; `Retry-After` says when to come again"),
    ("503", "temporarily_unavailable"),
];

/// Statuses of the problems that the endpoint can answer with, ascending.
fn problems(endpoint: &Endpoint) -> Vec<u16> {
    if matches!(endpoint.access, Access::Open) {
        let ready = endpoint.path == "/ready" || endpoint.path == "/health";
        return match endpoint.verb {
            Verb::Get if ready => vec![400, 503],
            Verb::Get => vec![],
            Verb::Post => vec![408, 415, 431],
        };
    }
    let below_loan = endpoint.path.contains("{loanRequestId}");
    let mut statuses = vec![400, 401, 403];
    if below_loan {
        statuses.extend([404, 410]);
    }
    if matches!(endpoint.answer, Answer::Events) {
        statuses.push(409);
    }
    statuses.push(if matches!(endpoint.answer, Answer::File) { 416 } else { 406 });
    statuses.extend([413, 414, 429, 431, 503]);
    statuses.sort_unstable();
    statuses
}

fn good_headers(endpoint: &Endpoint) -> Value {
    let pages = matches!(endpoint.answer, Answer::Array(_) | Answer::Export(_));
    let mut headers = Map::new();
    for (key, name, _, _) in super::HEADERS {
        let wanted = match key {
            "RequestId" => true,
            "ETag" => endpoint.verb == Verb::Get && !matches!(endpoint.answer, Answer::Events),
            "AccessesCompleteUntil" => endpoint.id == "listAccesses",
            "TotalCount" => pages && endpoint.id != "listAccesses",
            "Link" | "NextCursor" => pages,
            _ => matches!(endpoint.access, Access::AnyOf(_)),
        };
        if wanted {
            headers.insert(name.to_owned(), json!({"$ref": format!("#/components/headers/{key}")}));
        }
    }
    Value::Object(headers)
}

fn content(answer: Answer) -> Value {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let text = || json!({"schema": {"type": "string"}});
    match answer {
        Answer::Object(name) => json!({"application/json": {"schema": reference(name)}}),
        Answer::Array(name) => json!({"application/json": {"schema": {"type": "array", "items": reference(name)}}}),
        Answer::Export(name) => json!({
            "application/json": {"schema": {"type": "array", "items": reference(name)}},
            "application/x-ndjson": text(),
            "text/csv": text(),
        }),
        Answer::File => json!({"application/octet-stream": {}, "*/*": {}}),
        Answer::Events => json!({"text/event-stream": text()}),
        Answer::Media(media_type) => json!({media_type: text()}),
    }
}
