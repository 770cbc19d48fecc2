//! The document against the table of endpoints and against itself.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::text;
use crate::endpoint::{Access, Verb};
use crate::routes::TABLE;

fn document() -> Value {
    serde_json::from_str(text()).unwrap()
}

/// Renew the file with `CONTINUITY_BLESS=1`.
#[test]
fn the_checked_in_document_is_the_present_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    if std::env::var_os("CONTINUITY_BLESS").is_some() {
        std::fs::write(&path, text()).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == text(), "crates/api/openapi.json is out of date: run the tests with CONTINUITY_BLESS=1");
}

#[test]
fn every_endpoint_is_in_it_with_its_scopes_parameters_and_samples() {
    let document = document();
    for endpoint in TABLE {
        let operation = &document["paths"][endpoint.path][super::verb(endpoint)];
        assert_eq!(operation["operationId"], endpoint.id);
        let parameters = operation["parameters"].as_array().unwrap();
        let place = |name: &str| parameters.iter().filter(|parameter| parameter["in"] == name).count();
        assert_eq!(
            (place("query"), place("path")),
            (endpoint.params.len(), endpoint.path.matches('{').count()),
            "{}",
            endpoint.path
        );
        let scopes: Vec<&str> = operation["security"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|alternative| alternative["oauth2"][0].as_str())
            .collect();
        match endpoint.access {
            Access::Open | Access::OpenId | Access::Roles { .. } => assert!(scopes.is_empty()),
            Access::AnyOf(wanted) => assert_eq!(scopes, wanted.iter().map(|s| s.as_str()).collect::<Vec<_>>()),
        }
        let samples = operation["x-codeSamples"].as_array().unwrap();
        assert_eq!(
            samples.iter().map(|s| s["lang"].as_str().unwrap()).collect::<Vec<_>>(),
            ["Shell", "Python", "JavaScript"]
        );
    }
    let operations = document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len());
    let twice = TABLE.iter().filter(|endpoint| endpoint.verb == Verb::GetOrPost).count();
    assert_eq!(operations.sum::<usize>(), TABLE.len() + twice, "one path and method, one endpoint");
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, out: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(members) => {
                out.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|v| references(v, out));
            }
            Value::Array(items) => items.iter().for_each(|v| references(v, out)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn operation_ids_are_unique() {
    let ids: BTreeSet<&str> = TABLE.iter().map(|e| e.id).collect();
    assert_eq!(ids.len(), TABLE.len());
}

/// Everything that a person reads has a description, and every parameter that a person fills in shows how.
#[test]
fn everything_is_described_and_shown() {
    let document = document();
    for operation in document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
    {
        let id = operation["operationId"].as_str().unwrap();
        assert!(operation["description"].as_str().is_some_and(|text| !text.is_empty()), "{id}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let reference = response["$ref"].as_str().and_then(|reference| document.pointer(&reference[1..]));
            let response = reference.unwrap_or(response);
            assert!(!response["description"].as_str().unwrap().is_empty(), "{id} {status}");
            assert!(response["headers"]["X-Request-Id"].is_object(), "{id} {status}");
        }
        for parameter in operation["parameters"].as_array().unwrap().iter().filter(|p| p.get("$ref").is_none()) {
            let name = parameter["name"].as_str().unwrap();
            assert!(!parameter["description"].as_str().unwrap().is_empty(), "{id} {name}");
            let schema = &parameter["schema"];
            let shown = schema["examples"][0].is_null() && schema["default"].is_null();
            assert!(!shown, "{id}: {name} has neither an example nor a default");
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema["examples"][0].is_object() || NEVER_IN_EXAMPLES.contains(&name.as_str()), "{name}");
    }
}

/// What a healthy replica without a rebuild, an export or a manifest does not answer with.
const NEVER_IN_EXAMPLES: [&str; 4] = ["HealthBootstrap", "HealthCompleteness", "HealthProgress", "LoanAhead"];
