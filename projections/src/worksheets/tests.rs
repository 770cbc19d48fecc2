//! What the worksheets read model serves after a script.

use super::*;
use crate::testing::{assert_json, fold};

const SCRIPT: &str = r#"
    worksheet a {"id":"a","sheets":[{"cells":[1.10]}],"updatedAt":"2024-01-01T00:00:00Z"}
    worksheet b {"id":"b","updatedAt":"2024-01-02T00:00:00Z"}
"#;

#[test]
fn lists_go_without_sheets_and_the_detail_has_them() {
    let snapshot = fold(projection, SCRIPT);
    assert_json(
        list(&snapshot, "L", &Page::default()).unwrap().json,
        r#"[{"id":"b","updatedAt":"2024-01-02T00:00:00Z"},{"id":"a","updatedAt":"2024-01-01T00:00:00Z"}]"#,
    );
    let whole = get(&snapshot, "L", "a").unwrap().unwrap();
    assert_json(whole, r#"{"id":"a","sheets":[{"cells":[1.10]}],"updatedAt":"2024-01-01T00:00:00Z"}"#);
    assert_eq!(get(&snapshot, "L", "x").unwrap(), None);
    assert_eq!(get(&snapshot, "M", "a").unwrap(), None);
}

#[test]
fn patches_reach_the_sheets() {
    let script = format!(
        "{SCRIPT}\nworksheet a patch {}\nworksheet b patch {}",
        r#"{"sheets":[2],"updatedAt":"2024-01-03T00:00:00Z"}"#, r#"{"sheets":[]}"#,
    );
    let snapshot = fold(projection, &script);
    let whole = |id| get(&snapshot, "L", id).unwrap().unwrap();
    assert_json(whole("a"), r#"{"id":"a","sheets":[2],"updatedAt":"2024-01-03T00:00:00Z"}"#);
    assert_json(whole("b"), r#"{"id":"b","updatedAt":"2024-01-02T00:00:00Z","sheets":[]}"#);
    assert_json(
        list(&snapshot, "L", &Page::default()).unwrap().json,
        r#"[{"id":"a","updatedAt":"2024-01-03T00:00:00Z"},{"id":"b","updatedAt":"2024-01-02T00:00:00Z"}]"#,
    );
}

#[test]
fn sheets_go_with_their_worksheet() {
    let script = format!("{SCRIPT}\nworksheet a gone\nworksheet b patch {{\"sheets\":null}}");
    let snapshot = fold(projection, &script);
    assert_eq!(get(&snapshot, "L", "a").unwrap(), None);
    assert_eq!(snapshot.count("worksheets_whole").unwrap(), 0);
    assert_eq!(fold(projection, &format!("{SCRIPT}\nclear")).count("worksheets_whole").unwrap(), 0);
}
