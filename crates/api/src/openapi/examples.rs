//! Examples of answers: what the demo's platform sends, shortened, one for each schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

static TEXT: &str = include_str!("examples.json");

/// Examples by the name of their schema: those of the file, and what they hold of other schemas.
pub(super) fn by_schema(schemas: &Map<String, Value>) -> BTreeMap<String, Value> {
    let file: BTreeMap<String, Value> = serde_json::from_str(TEXT).expect("a test reads this text");
    let mut found = file.clone();
    for (name, example) in &file {
        collect(schemas, name, example, &mut found);
    }
    found
}

/// Takes up what `example`, of the schema `name`, holds of schemas that have none yet.
fn collect(schemas: &Map<String, Value>, name: &str, example: &Value, found: &mut BTreeMap<String, Value>) {
    let Some(members) = schemas.get(name).and_then(|schema| schema["properties"].as_object()) else { return };
    for (member, schema) in members {
        let Some((inner, value)) = target(schema).zip(example.get(member)) else { continue };
        let value = if let Value::Array(items) = value { items.first() } else { Some(value) };
        if let Some(value) = value.filter(|value| value.is_object()) {
            found.entry(inner.to_owned()).or_insert_with(|| value.clone());
            collect(schemas, inner, value, found);
        }
    }
}

/// The schema that a member refers to: itself, its elements, or unless it is null.
fn target(schema: &Value) -> Option<&str> {
    let reference = [&schema["$ref"], &schema["items"]["$ref"], &schema["anyOf"][0]["$ref"]];
    reference.into_iter().find_map(Value::as_str)?.rsplit('/').next()
}
