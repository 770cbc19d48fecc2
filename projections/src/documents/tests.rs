//! What the documents read model serves after a script.

use super::*;
use crate::testing::{assert_json, fold};

const SCRIPT: &str = r#"
    document a {"id":"a","uploadedAt":"2024-01-01T00:00:00Z","spaceId":"s"}
    document b {"id":"b","uploadedAt":"2024-01-02T00:00:00Z","spaceId":"s"}
    document c {"id":"c","uploadedAt":"2024-01-03T00:00:00Z","spaceId":null}
    document d @spaceId=s {"id":"d","uploadedAt":"2024-01-04T00:00:00Z"}
"#;

fn check(script: &str, space: Option<&str>, expected: &[&str]) {
    let snapshot = fold(projection, script);
    let rows = list(&snapshot, "L", space, &Page::default()).unwrap();
    let documents: Vec<serde_json::Value> = serde_json::from_slice(&rows.json).unwrap();
    let ids: Vec<_> = documents.iter().map(|document| document["id"].as_str().unwrap()).collect();
    assert_eq!(ids, expected, "{script}");
    assert_eq!(rows.total, expected.len() as u64);
}

#[test]
fn newest_upload_first_in_the_loan_and_in_a_space() {
    check(SCRIPT, None, &["d", "c", "b", "a"]);
    check(SCRIPT, Some("s"), &["b", "a"]);
    check(SCRIPT, Some("t"), &[]);
    check(SCRIPT, Some(""), &[]);
}

#[test]
fn the_folded_space_id_alone_decides() {
    check(&format!("{SCRIPT}\ndocument a patch {{\"spaceId\":\"t\"}}"), Some("s"), &["b"]);
    check(&format!("{SCRIPT}\ndocument a patch {{\"spaceId\":\"t\"}}"), Some("t"), &["a"]);
    check(&format!("{SCRIPT}\ndocument a patch {{\"spaceId\":null}}"), Some("s"), &["b"]);
    check(&format!("{SCRIPT}\ndocument b @spaceId=t {{\"id\":\"b\",\"spaceId\":\"s\"}}"), Some("s"), &["a", "b"]);
    check(&format!("{SCRIPT}\ndocument a gone"), Some("s"), &["b"]);
    check(&format!("{SCRIPT}\nclear"), Some("s"), &[]);
}

#[test]
fn a_new_upload_time_moves_it_in_both_lists() {
    let script = format!("{SCRIPT}\ndocument a patch {{\"uploadedAt\":\"2024-02-01T00:00:00Z\"}}");
    check(&script, None, &["a", "d", "c", "b"]);
    check(&script, Some("s"), &["a", "b"]);
}

#[test]
fn pages_of_a_space_walk_to_the_end() {
    let snapshot = fold(projection, SCRIPT);
    let first = list(&snapshot, "L", Some("s"), &Page { limit: Some(1), ..Page::default() }).unwrap();
    assert_eq!((first.count, first.total), (1, 2));
    let rest = list(&snapshot, "L", Some("s"), &Page { after: first.next, ..Page::default() }).unwrap();
    assert_eq!((rest.count, rest.total, &rest.next), (1, 2, &None));
    assert_json(rest.json, r#"[{"id":"a","uploadedAt":"2024-01-01T00:00:00Z","spaceId":"s"}]"#);
}

#[test]
fn a_document_is_found_by_id() {
    let snapshot = fold(projection, SCRIPT);
    let found = get(&snapshot, "L", "c").unwrap().unwrap();
    assert_json(found, r#"{"id":"c","uploadedAt":"2024-01-03T00:00:00Z","spaceId":null}"#);
    assert_eq!(get(&snapshot, "L", "x").unwrap(), None);
    assert_eq!(get(&fold(projection, &format!("{SCRIPT}\ndocument c gone")), "L", "c").unwrap(), None);
}
