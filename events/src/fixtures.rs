//! One sample per event name, `fixtures/<name>/v1.json`: what a producer may have sent once must be read forever.

use std::collections::HashSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::catalogue::{self, EVENTS, FieldKind};
use crate::record::{self, Received, SourcePosition};
use crate::{CloudEvent, Form, Limits, Reason, Role, TYPE_PREFIX, instant::Instant};

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Name and text of every sample of every version.
fn samples() -> Vec<(String, String)> {
    let mut samples = Vec::new();
    for event in EVENTS {
        let directory = directory().join(event.name);
        let first = directory.join("v1.json");
        assert!(first.exists(), "{} is missing: add a sample of the event", first.display());
        for entry in std::fs::read_dir(directory).unwrap() {
            samples.push((event.name.to_owned(), std::fs::read_to_string(entry.unwrap().path()).unwrap()));
        }
    }
    samples
}

fn parse(name: &str, text: &str) -> CloudEvent {
    CloudEvent::parse_structured(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_name_has_a_sample_that_decodes_and_comes_back_whole() {
    for (name, text) in samples() {
        let event = parse(&name, &text);
        assert_eq!(event.event_type, format!("{TYPE_PREFIX}{name}"));
        assert_eq!(event.role(), catalogue::event(&name).unwrap().role, "{name}");
        assert!(text.contains(&event.data), "{name}: data is as it was written");
        let again = event.to_structured();
        assert_eq!(parse(&name, &again), event);
        // Another order of the attributes, the same content.
        let values: [Value; 2] = [&text, &again].map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(values[0], values[1], "{name}");
        let received = Received { event, position: SourcePosition::Simulator { seed: 0, number: 1 } };
        assert_eq!(record::decode(&record::encode(&received)), Ok(received));
    }
}

#[test]
fn no_sample_is_left_over() {
    for entry in std::fs::read_dir(directory()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "records" || catalogue::event(&name).is_some(), "fixtures/{name} belongs to no event");
    }
}

#[test]
fn the_written_contract_names_everything() {
    let text = std::fs::read_to_string(directory().join("../README.md")).unwrap();
    let words: HashSet<_> = text.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    let events = EVENTS.iter().map(|event| event.name);
    let entities =
        catalogue::ENTITIES.iter().flat_map(|entity| [entity.name].into_iter().chain(entity.parents.iter().copied()));
    let reasons = Reason::ALL.iter().map(|reason| reason.code());
    let missing: Vec<_> = events.chain(entities).chain(reasons).filter(|word| !words.contains(word)).collect();
    assert!(missing.is_empty(), "README.md does not speak of {missing:?}");
}

#[test]
fn samples_of_changes_fit_their_entity() {
    for (name, text) in samples() {
        let event = parse(&name, &text);
        if event.role() != Role::Loan {
            continue;
        }
        let change = event.change().unwrap();
        let entity = catalogue::entity(&change.entity).unwrap();
        assert!(catalogue::event(&name).unwrap().entity.is_none_or(|usual| usual == entity.name), "{name}");
        for parent in entity.parents.iter().filter(|_| change.parent.is_some()) {
            assert!(change.parent.as_ref().unwrap().get(parent).is_some(), "{name}: {parent}");
        }
        match change.form {
            Form::After(after) => check_fields(&name, entity.name, &serde_json::from_str(after).unwrap()),
            Form::Patch { base_version, .. } => assert_eq!(base_version + 1, change.version, "{name}"),
            Form::Gone => {}
        }
    }
}

#[test]
fn samples_of_whole_loans_fit_their_entities() {
    for (name, text) in samples() {
        let event = parse(&name, &text);
        if !matches!(event.role(), Role::Snapshot | Role::Erasure) {
            continue;
        }
        for entity in event.snapshot().unwrap().entities {
            check_fields(&name, &entity.entity, &serde_json::from_str(entity.after).unwrap());
        }
    }
}

fn check_fields(name: &str, entity: &str, after: &Value) {
    let tombstone = entity == "message" && after.get("deletedAt").is_some();
    for field in catalogue::entity(entity).unwrap().fields {
        match after.get(field.name) {
            None => assert!(!field.required || tombstone, "{name}: {entity}.{} is missing", field.name),
            Some(value) => assert!(fits(field.kind, value), "{name}: {entity}.{} is {value}", field.name),
        }
    }
}

fn fits(kind: FieldKind, value: &Value) -> bool {
    let text = value.as_str();
    match kind {
        FieldKind::Text => text.is_some(),
        FieldKind::Time => text.is_some_and(|text| Instant::parse(text).is_some()),
        FieldKind::Integer => value.is_u64(),
        FieldKind::Boolean => value.is_boolean(),
        FieldKind::Money => text.is_some_and(|text| text.bytes().all(|b| b.is_ascii_digit() || b == b'.')),
        FieldKind::Currency => text.is_some_and(|text| text.len() == 3),
        FieldKind::Digest => text.is_some_and(|text| text.len() == 64),
        FieldKind::Words(words) => text.is_some_and(|text| words.contains(&text)),
        FieldKind::Object => value.is_object(),
        FieldKind::Array => value.is_array(),
        FieldKind::Blob => value.get("sha256").is_some() && value.pointer("/fetch/kind").is_some(),
        FieldKind::Any => true,
    }
}
