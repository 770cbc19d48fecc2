//! The requests and answers that the guides show from which clients were written: sent as they stand there, and compared by the
//! names and types of members.

mod personal;
mod suite;
mod third_party;

use serde_json::Value;

/// The members of an object with the type of each, in the order of their names.
fn shape(value: &Value) -> Vec<(String, &'static str)> {
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() => "count",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    let mut members: Vec<_> =
        value.as_object().into_iter().flatten().map(|(name, v)| (name.clone(), kind(v))).collect();
    members.sort();
    members
}

/// Whether an answer has exactly the members of the example, with the same types.
fn has_shape_of(answer: &Value, example: &str) {
    let example: Value = serde_json::from_str(example).unwrap();
    assert_eq!(shape(answer), shape(&example), "{answer}");
}
