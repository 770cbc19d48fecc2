//! JSON Schemas and the `AsyncAPI` document, made from the catalogue.
//!
//! They are checked in under `events/schemas` and `events/asyncapi.json` for producers to read; a test holds the files
//! to what is made here. JSON Schema draft-07, the dialect that every `AsyncAPI` 3 tool must read.

mod asyncapi;
mod common;

use serde_json::{Map, Value, json};

pub use asyncapi::asyncapi;
pub use common::common_schema;

use crate::catalogue::{self, EntityInfo, EventName, FieldKind};
use crate::{Role, TYPE_PREFIX};

const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// The JSON Schema of one event in structured mode, by its name without prefix.
pub fn event_schema(name: &str) -> Option<Value> {
    catalogue::event(name).map(event)
}

/// The JSON Schema of one entity's after-image.
pub fn entity_schema(name: &str) -> Option<Value> {
    catalogue::entity(name).map(entity)
}

/// Every generated file: its path below `events/`, and its text.
pub fn files() -> Vec<(String, String)> {
    let events = catalogue::EVENTS.iter().map(|info| (format!("schemas/{}.json", info.name), event(info)));
    let entities =
        catalogue::ENTITIES.iter().map(|info| (format!("schemas/entities/{}.json", info.name), entity(info)));
    let rest = [("schemas/common.json".to_owned(), common_schema()), ("asyncapi.json".to_owned(), asyncapi())];
    events.chain(entities).chain(rest).map(|(path, value)| (path, format!("{value:#}\n"))).collect()
}

fn event(info: &EventName) -> Value {
    let mut required = vec!["specversion", "id", "source", "type", "time", "data"];
    let mut properties = json!({ "type": { "const": format!("{TYPE_PREFIX}{}", info.name) } });
    if info.role == Role::Control {
        properties["subject"] = json!({ "const": crate::CONTROL_SUBJECT });
    } else {
        required.extend(["subject", "sequence"]);
        properties["subject"] = common::reference("loanSubject");
    }
    properties["data"] = data(info);
    json!({
        "$schema": DIALECT,
        "title": info.name,
        "description": info.summary,
        "type": "object",
        "allOf": [common::reference("envelope")],
        "required": required,
        "properties": properties,
    })
}

fn data(info: &EventName) -> Value {
    match (info.role, info.entity.and_then(catalogue::entity)) {
        (Role::Loan, Some(entity)) => change(entity),
        (Role::Loan, None) => json!({ "allOf": [common::reference("change")], "required": ["correctsEventId"] }),
        _ => common::reference(common::data_of(info.name)),
    }
}

fn change(entity: &EntityInfo) -> Value {
    let mut properties = json!({
        "entity": { "const": entity.name },
        "after": { "oneOf": [{ "$ref": format!("entities/{}.json", entity.name) }, { "type": "null" }] },
    });
    if !entity.parents.is_empty() {
        let ids: Map<_, _> =
            entity.parents.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
        properties["parent"] = json!({ "type": "object", "properties": ids });
    }
    json!({ "allOf": [common::reference("change")], "properties": properties })
}

fn entity(info: &EntityInfo) -> Value {
    let properties: Map<_, _> =
        info.fields.iter().map(|field| (field.name.to_owned(), field_schema(field.kind))).collect();
    let required: Vec<_> = info.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = json!({
        "$schema": DIALECT,
        "title": info.name,
        "description": "The whole entity after a change, as the API serves it. Other members are welcome and kept.",
        "type": "object",
        "properties": properties,
    });
    if info.name == "message" {
        // A deleted message leaves a tombstone, so that `seq` stays without gaps.
        schema["anyOf"] = json!([{ "required": required }, { "required": ["id", "seq", "deletedAt"] }]);
    } else {
        schema["required"] = json!(required);
    }
    schema
}

fn field_schema(kind: FieldKind) -> Value {
    match kind {
        FieldKind::Text => json!({ "type": "string" }),
        FieldKind::Time => json!({ "type": "string", "format": "date-time" }),
        FieldKind::Integer => json!({ "type": "integer" }),
        FieldKind::Boolean => json!({ "type": "boolean" }),
        FieldKind::Money => json!({ "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$" }),
        FieldKind::Currency => json!({ "type": "string", "pattern": "^[A-Z]{3}$" }),
        FieldKind::Digest => json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }),
        FieldKind::Words(words) => {
            json!({ "type": "string", "description": "Open: an unknown word is stored and served.", "examples": words })
        }
        FieldKind::Object => json!({ "type": "object" }),
        FieldKind::Array => json!({ "type": "array" }),
        FieldKind::Blob => common::reference_from("../common.json", "blob"),
        FieldKind::Any => json!(true),
    }
}

#[cfg(test)]
mod tests;
