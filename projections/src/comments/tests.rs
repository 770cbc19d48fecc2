//! What the comments read model serves after a script.

use super::*;
use crate::testing::{assert_json, fold};

#[test]
fn oldest_first() {
    let snapshot = fold(
        projection,
        r#"comment b {"id":"b","createdAt":"2024-01-01T00:00:00Z"}
           comment a {"id":"a","createdAt":"2024-01-01T00:00:00Z","parentId":"b"}
           comment c {"id":"c","createdAt":"2023-12-31T23:59:59.5Z"}
           comment d {"id":"d"}
           comment d gone"#,
    );
    assert_json(
        list(&snapshot, "L", &Page::default(), None).unwrap().json,
        concat!(
            r#"[{"id":"c","createdAt":"2023-12-31T23:59:59.5Z"},"#,
            r#"{"id":"a","createdAt":"2024-01-01T00:00:00Z","parentId":"b"},{"id":"b","createdAt":"2024-01-01T00:00:00Z"}]"#,
        ),
    );
    assert_json(list(&snapshot, "other", &Page::default(), None).unwrap().json, "[]");
}
