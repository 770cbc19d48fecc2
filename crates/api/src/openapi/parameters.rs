//! Parameters of an operation: of its path, of its query, and the request headers that it heeds.

use continuity_projections::loan_requests::Search;
use serde_json::{Map, Value, json};

use super::is_data;
use crate::endpoint::{Access, Answer, Endpoint, Param, ParamKind, Verb};
use crate::filter::By;

/// Name, what it is, an example.
const OF_PATHS: &[(&str, &str, &str)] = &[
    ("loanRequestId", "The `id` of a loan request.", "01a169cd-036d-7cf9-b09c-e92c04714d94"),
    ("taskId", "The `id` of a task of this loan request.", "tsk_tb4kjf0pcw"),
    ("itemId", "The `id` of an item of this task.", "itm_c828e66t7v"),
    ("documentId", "The `id` of a document of this loan request.", "doc_6cetsxp7ky"),
    ("spaceId", "The `id` of a space of this loan request.", "spc_2f7vsvt04p"),
    ("guildId", "The `id` of a guild of this loan request.", "gld_4c5541bjhx"),
    ("channelId", "The `id` of a channel of this guild.", "chn_mkm9ys42q8"),
    ("clientId", "The `id` of a client.", "client-30d63515a4565ed3"),
    ("accountId", "The `id` of an account.", "4f9d0c1e-8a43-4f0a-9c1b-0a1b2c3d4e5f"),
    ("sessionId", "The `id` of a session of this account.", "5d1c7a0b9e2f4c6d8a3b1e0f7c5d9a24"),
    ("keyId", "The `id` of a signing key.", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ("worksheetId", "The `id` of a worksheet of this loan request.", "wks_prbb1rntwm"),
];

/// Key, name, schema, description, which endpoints heed it.
type RequestHeader = (&'static str, &'static str, fn() -> Value, &'static str, fn(&Endpoint) -> bool);

const OF_HEADERS: &[RequestHeader] = &[
    (
        "RequestId",
        "X-Request-Id",
        || json!({"type": "string", "examples": ["reporting-2026-11-22-0017"]}),
        "An id for this request, which comes back with the reply. One of more than 128 letters, digits, `-`, `_`, `.` and `:`, or with anything else in it, is replaced.",
        |_| true,
    ),
    (
        "Dpop",
        "DPoP",
        || json!({"type": "string", "examples": ["eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7fX0.eyJqdGkiOiIxIn0.c2lnbmF0dXJl"]}),
        "A proof that the client has a key (RFC 9449): with it a token is bound to that key, and a bound token is used. Not looked at beside `Bearer`.",
        |e| super::operation::is_grant(e) || !matches!(e.access, Access::Open),
    ),
    (
        "MaxStaleness",
        "X-Max-Staleness",
        || json!({"type": "integer", "minimum": 0, "examples": [60]}),
        "The most seconds that the answer may lag behind its source: past that the reply is 503 `replica-too-stale`.",
        is_data,
    ),
    (
        "IfNoneMatch",
        "If-None-Match",
        || json!({"type": "string", "examples": ["\"b041309c43662e55fb0d69a1626b0fdb\""]}),
        "The `ETag` of an answer that is at hand, or several with commas between: 304 while it still holds.",
        super::is_tagged,
    ),
    (
        "CsrfToken",
        "X-CSRF-Token",
        || json!({"type": "string", "examples": ["f2b47c1d0e5a49c28d3b6a7f18e90c4d5b2a1f0e9d8c7b6a594837261504f3e2"]}),
        "With the cookie of a session: `csrfToken` of `/api/v1/admin/me`, which no other site can read. Not with an access token.",
        |e| super::is_administration(e) && e.verb != Verb::Get,
    ),
    (
        "LastEventId",
        "Last-Event-ID",
        || json!({"type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991_u64, "examples": [24_023]}),
        "Go on behind the event with this `id`. It counts before `since`.",
        |e| matches!(e.answer, Answer::Events),
    ),
    (
        "Range",
        "Range",
        || json!({"type": "string", "examples": ["bytes=0-1023"]}),
        "The part of the file that is wanted: 206. Several parts at once, or what cannot be read, are answered with everything.",
        is_file,
    ),
    (
        "IfRange",
        "If-Range",
        || json!({"type": "string", "examples": [format!("\"{DIGEST}\"")]}),
        "The `ETag` of the part that is at hand: where it is another one now, everything comes instead of the part.",
        is_file,
    ),
];

const DIGEST: &str = "8f14e45fceea167a5a36dedd4bea2543c6f1a9b0d7e85342916fab07cd38e2b1";

pub(super) fn is_file(endpoint: &Endpoint) -> bool {
    matches!(endpoint.answer, Answer::File)
}

/// The request headers, for `components`.
pub(super) fn shared() -> Value {
    let entry = |(key, name, schema, description, _): &RequestHeader| {
        let parameter = json!({"name": name, "in": "header", "description": description, "schema": schema()});
        ((*key).to_owned(), parameter)
    };
    Value::Object(OF_HEADERS.iter().map(entry).collect::<Map<_, _>>())
}

pub(super) fn of(endpoint: &Endpoint) -> Vec<Value> {
    let of_query = endpoint.params.iter().map(query);
    let heeded = OF_HEADERS.iter().filter(|header| header.4(endpoint));
    let of_headers = heeded.map(|(key, ..)| json!({"$ref": format!("#/components/parameters/{key}")}));
    path(endpoint.path).chain(of_query).chain(of_headers).collect()
}

/// The names in braces.
pub(super) fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn path(path: &str) -> impl Iterator<Item = Value> {
    names(path).map(|name| {
        let (description, example) =
            OF_PATHS.iter().find(|known| known.0 == name).map_or(("", ""), |known| (known.1, known.2));
        let schema = json!({"type": "string", "minLength": 1, "examples": [example]});
        json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema})
    })
}

fn query(param: &Param) -> Value {
    let Param { name, kind, description } = param;
    let description = match kind {
        ParamKind::Filter(By::AnyOf(_), _) => format!(
            "{description} Repeated, with commas between, or as `{name}[]`: one of them is enough; an unknown value matches nothing."
        ),
        _ => (*description).to_owned(),
    };
    let mut value = json!({"name": name, "in": "query", "description": description, "schema": schema(kind)});
    if matches!(kind, ParamKind::Text { is_needed: true, .. }) {
        value["required"] = true.into();
    }
    if kind.is_repeatable() {
        value["style"] = "form".into();
        value["explode"] = true.into();
    }
    value
}

fn schema(kind: &ParamKind) -> Value {
    let text = || json!({"type": "string"});
    match *kind {
        ParamKind::AnyOf(known) | ParamKind::Filter(By::AnyOf(known), _) => several(known),
        ParamKind::Names => several(&["id", "status", "updatedAt"]),
        ParamKind::OneOf { values, default } | ParamKind::OneOfAnyCase { values, default } => {
            json!({"type": "string", "enum": values, "default": default})
        }
        ParamKind::Integer { min, max, default } => {
            let mut schema = json!({"type": "integer", "minimum": min, "maximum": max});
            match default {
                Some(default) => schema["default"] = default.into(),
                None => schema["examples"] = json!([max.min(100)]),
            }
            schema
        }
        ParamKind::Text { most, is_needed } => {
            let least = u8::from(is_needed);
            json!({"type": "string", "minLength": least, "maxLength": most, "examples": ["Asked for in ticket 4711"]})
        }
        ParamKind::Flag => json!({"type": "boolean", "default": false}),
        ParamKind::AsOf => json!({
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "pattern": "^[0-9]{1,20}$"}],
            "examples": ["2026-11-22T20:11:21.270Z", "24023"],
        }),
        ParamKind::Cursor => json!({"type": "string", "examples": ["AQAAAAAAAF3XkGZ8bqkX0m4hVnE2cQ"]}),
        ParamKind::Filter(By::Contains, _) => json!({"type": "string", "pattern": "\\S", "examples": ["agreement"]}),
        ParamKind::Filter(By::Words, _) => json!({
            "type": "string",
            "maxLength": Search::MOST_CHARACTERS,
            "pattern": words_pattern(),
            "examples": ["mull joh", "PE-2026-000199"],
        }),
        ParamKind::Filter(By::Flag, _) => json!({"type": "boolean", "examples": [true]}),
        ParamKind::Filter(By::Time(_), _) => json!({
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}],
            "examples": ["2026-01-31", "2026-01-31T08:00:00Z"],
        }),
        ParamKind::Filter(By::Amount(_), _) => {
            let mut schema = text();
            schema["pattern"] = "^[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$".into();
            schema["examples"] = json!(["250000.50"]);
            schema
        }
    }
}

fn several(known: &[&str]) -> Value {
    json!({"type": "array", "items": {"type": "string"}, "examples": known.get(..1).map(|one| [one])})
}

/// One word at least, and not too many.
fn words_pattern() -> String {
    let (between, more) = (Search::BETWEEN, Search::MOST_WORDS - 1);
    format!("^[{between}]*[^{between}]+([{between}]+[^{between}]+){{0,{more}}}[{between}]*$")
}
