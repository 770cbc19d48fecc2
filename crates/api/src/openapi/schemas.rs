//! Schemas of what is answered, as `schemas.txt` lists them: a name and what it is, then a line for each member.
//!
//! A line is the member's name, `!` when a client may rely on it, its kind, `*` for an array, and what it means. A kind may
//! have bounds, `text(1-200)`: of characters, of a number, or of elements. Entities
//! are open objects: the members listed are those of the event contract, and others are sent as they came.

use continuity_events::catalogue::words;
use serde_json::{Map, Value, json};

use super::examples;
use crate::problem;

static TEXT: &str = include_str!("schemas.txt");

pub(super) fn all() -> Value {
    let mut schemas: Map<String, Value> = TEXT.split("\n\n").filter_map(schema).collect();
    fill_in(&mut schemas);
    for (name, example) in examples::by_schema(&schemas) {
        if let Some(schema) = schemas.get_mut(&name) {
            schema["examples"] = json!([example]);
        }
    }
    Value::Object(schemas)
}

/// One block of the file.
fn schema(block: &str) -> Option<(String, Value)> {
    let mut lines = block.trim_end().lines();
    let (schema_name, description) = lines.next()?.split_once(": ")?;
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for line in lines {
        let (name, rest) = line.trim_start().split_once(' ')?;
        let (kind, description) = rest.split_once(' ')?;
        let bare = name.trim_end_matches('!');
        // Settings that are absent are left out; where null takes one away, that is said below.
        let is_sure = bare != name || CLOSED.contains(&schema_name);
        let mut member = if is_sure { of(kind) } else { nullable(of(kind)) };
        if bare != name {
            required.push(bare);
        }
        member["description"] = description.into();
        properties.insert(bare.to_owned(), member);
    }
    let mut schema = json!({"type": "object", "description": description, "properties": properties});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema["additionalProperties"] = true.into();
    if REQUESTS.contains(&schema_name) {
        // The members of a form: texts, each once, and no more than the server reads.
        schema["additionalProperties"] = json!({"type": ["string", "null"]});
        schema["maxProperties"] = 32.into();
    }
    if CLOSED.contains(&schema_name) {
        schema["additionalProperties"] = false.into();
    }
    Some((schema_name.to_owned(), schema))
}

/// A reference to a schema of the document.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn of(kind: &str) -> Value {
    if let Some((kind, bounds)) = kind.strip_suffix(')').and_then(|kind| kind.split_once('(')) {
        return within(of(kind), bounds);
    }
    if let Some(items) = kind.strip_suffix('*') {
        return json!({"type": "array", "items": of(items)});
    }
    match kind {
        "any" => json!({}),
        "text" => json!({"type": "string"}),
        "name" => json!({"type": "string", "minLength": 1}),
        "time" => json!({"type": "string", "format": "date-time"}),
        "date" => json!({"type": "string", "format": "date"}),
        "decimal" => json!({"type": ["string", "number"], "examples": ["320000.00"]}),
        "currency" => json!({"type": "string", "examples": ["EUR"]}),
        "digest" => json!({"type": "string", "minLength": 64, "maxLength": 64}),
        "cursor" => json!({"type": ["string", "null"]}),
        "object" => json!({"type": "object", "additionalProperties": true}),
        "blobState" => json!({"type": "string", "enum": ["PENDING", "AVAILABLE", "FAILED", "DAMAGED", "ERASED", null]}),
        "grantType" => json!({"type": "string", "enum": ["client_credentials", "authorization_code", "refresh_token"]}),
        "problemType" => json!({"type": "string", "enum": problem_types()}),
        name if name.starts_with(|c: char| c.is_ascii_uppercase()) => reference(name),
        // Words are examples and not all: a platform may send others.
        other => match WORDS.iter().find(|(name, _)| *name == other) {
            Some((_, words)) => json!({"type": "string", "examples": words}),
            None => json!({"type": other}),
        },
    }
}

/// A schema with bounds, `least-most` or `least-`.
fn within(mut schema: Value, bounds: &str) -> Value {
    let (least, most) = match schema["type"].as_str() {
        Some("array") => ("minItems", "maxItems"),
        Some("string") => ("minLength", "maxLength"),
        _ => ("minimum", "maximum"),
    };
    for (name, bound) in [least, most].into_iter().zip(bounds.split('-')) {
        if let Ok(bound) = bound.parse::<u64>() {
            schema[name] = bound.into();
        }
    }
    schema
}

/// What is sent, and not answered.
const REQUESTS: [&str; 2] = ["TokenRequest", "AboutToken"];
/// Settings, of which no other member is taken: what was meant to bind would be left out.
const CLOSED: [&str; 10] = [
    "SecretRotation",
    "KeyRotation",
    "ClientRate",
    "ClientSettings",
    "ClientChange",
    "ClientDefinition",
    "AccountSettings",
    "AccountChange",
    "ApplicationSettings",
    "ApplicationChange",
];

/// What has the members of other settings beside its own, and whether those that have to be there still have to be.
const LIKE: [(&str, &str, bool); 4] = [
    ("ClientChange", "ClientSettings", false),
    ("ClientDefinition", "ClientSettings", true),
    ("AccountChange", "AccountSettings", false),
    ("ApplicationChange", "ApplicationSettings", false),
];

/// Fills these in.
fn fill_in(schemas: &mut Map<String, Value>) {
    for (name, other, is_required) in LIKE {
        let Some(other) = schemas.get(other).cloned() else { continue };
        let Some(schema) = schemas.get_mut(name) else { continue };
        for (member, inner) in other["properties"].as_object().into_iter().flatten() {
            let inner = if is_required { inner.clone() } else { nullable(inner.clone()) };
            schema["properties"][member] = inner;
        }
        let required = other["required"].as_array().filter(|_| is_required).cloned().unwrap_or_default();
        let own = schema["required"].as_array().cloned().unwrap_or_default();
        let all: Vec<Value> = own.into_iter().chain(required).collect();
        if !all.is_empty() {
            schema["required"] = all.into();
        }
    }
}

const WORDS: &[(&str, &[&str])] = &[
    ("loanStatus", words::LOAN_STATUS),
    ("loanStage", words::LOAN_STAGE),
    ("bidStatus", words::BID_STATUS),
    ("quoteStatus", words::QUOTE_STATUS),
    ("taskType", words::TASK_TYPE),
    ("taskStatus", words::TASK_STATUS),
    ("analysisType", words::ANALYSIS_TYPE),
    ("analysisScope", words::ANALYSIS_SCOPE),
    ("viewStatus", words::VIEW_STATUS),
    ("worksheetStatus", words::WORKSHEET_STATUS),
    ("channelKind", &["GENERAL", "DIRECT", "LEGAL", "ARCHITECT", "CUSTOM"]),
    ("origin", &["CLOUD", "REPLICA"]),
];

fn problem_types() -> Vec<String> {
    let mut types: Vec<String> = problem::ALL.iter().map(|kind| kind.urn()).collect();
    types.sort_unstable();
    types
}

/// What a client cannot rely on may be null as well as absent.
fn nullable(mut schema: Value) -> Value {
    if let Some(name) = schema.get("$ref").cloned() {
        let mut either = json!({"anyOf": [{"$ref": name}, {"type": "null"}]});
        if let Some(description) = schema.get("description") {
            either["description"] = description.clone();
        }
        return either;
    }
    let kinds = match schema.get("type") {
        Some(Value::String(kind)) => json!([kind, "null"]),
        Some(Value::Array(kinds)) if !kinds.contains(&json!("null")) => {
            kinds.iter().cloned().chain([json!("null")]).collect()
        }
        _ => return schema,
    };
    schema["type"] = kinds;
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_understood() {
        const PLAIN: [&str; 4] = ["string", "integer", "number", "boolean"];
        let schemas = all();
        let schemas = schemas.as_object().unwrap();
        assert_eq!(schemas.len(), TEXT.matches("\n\n").count() + 1, "a block could not be read");
        for (name, schema) in schemas {
            for (member, schema) in schema["properties"].as_object().unwrap() {
                assert!(schema["description"].as_str().unwrap().ends_with('.'), "{name}.{member}");
                if let Some(kind) = schema["type"].as_str().filter(|kind| !["array", "object"].contains(kind)) {
                    assert!(PLAIN.contains(&kind), "{name}.{member} is {kind}");
                }
            }
        }
    }

    #[test]
    fn kinds_have_bounds() {
        assert_eq!(of("text(1-200)"), json!({"type": "string", "minLength": 1, "maxLength": 200}));
        assert_eq!(of("integer(60-86400)"), json!({"type": "integer", "minimum": 60, "maximum": 86_400}));
        let items = json!({"type": "string"});
        assert_eq!(of("text*(1-20)"), json!({"type": "array", "items": items, "minItems": 1, "maxItems": 20}));
        assert_eq!(of("text*(1-)")["maxItems"], json!(null));
    }

    #[test]
    fn what_may_be_absent_may_be_null() {
        assert_eq!(nullable(of("text"))["type"], json!(["string", "null"]));
        assert_eq!(nullable(of("decimal"))["type"], json!(["string", "number", "null"]));
        assert_eq!(nullable(of("Product")), json!({"anyOf": [reference("Product"), {"type": "null"}]}));
    }
}
