//! The checked-in schemas are what the catalogue makes.

use std::collections::HashMap;
use std::path::PathBuf;

use super::*;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn checked_in_files_are_what_the_catalogue_makes() {
    let bless = std::env::var_os("CONTINUITY_BLESS").is_some();
    let mut stale = Vec::new();
    for (path, text) in files() {
        let file = root().join(&path);
        if bless {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &text).unwrap();
        } else if std::fs::read_to_string(&file).ok().as_deref() != Some(&text) {
            stale.push(path);
        }
    }
    assert!(
        stale.is_empty(),
        "differ from the catalogue: {stale:?}; regenerate with CONTINUITY_BLESS=1 cargo test -p continuity-events, and review the diff"
    );
}

#[test]
fn no_file_is_left_over() {
    let made: Vec<_> = files().into_iter().map(|(path, _)| root().join(path)).collect();
    for directory in ["schemas", "schemas/entities"] {
        for entry in std::fs::read_dir(root().join(directory)).unwrap() {
            let path = entry.unwrap().path();
            assert!(
                path.is_dir() || made.contains(&path),
                "{} belongs to nothing in the catalogue: delete it",
                path.display()
            );
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let documents: HashMap<String, Value> =
        files().into_iter().map(|(path, text)| (path, serde_json::from_str(&text).unwrap())).collect();
    for (path, document) in &documents {
        for reference in references(document) {
            let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
            let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
            let target = match file {
                "" => path.clone(),
                "../common.json" => "schemas/common.json".to_owned(),
                file => format!("{directory}/{file}").trim_start_matches('/').to_owned(),
            };
            assert!(
                documents.get(&target).is_some_and(|found| found.pointer(pointer).is_some()),
                "{reference} in {path}"
            );
        }
    }
}

fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(elements) => elements.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn schemas_are_given_by_name() {
    assert_eq!(event_schema("TaskAssigned").unwrap()["properties"]["type"]["const"], "com.banclo.TaskAssigned");
    assert_eq!(entity_schema("task").unwrap()["required"][0], "id");
    assert_eq!((event_schema("OfTomorrow"), entity_schema("ofTomorrow")), (None, None));
}
