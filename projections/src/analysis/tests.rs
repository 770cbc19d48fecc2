//! What the analysis read model serves after a script.

use super::*;
use crate::testing::{assert_json, fold};

#[test]
fn newest_run_first() {
    let snapshot = fold(
        projection,
        r#"analysis a {"id":"a","runAt":"2024-01-01T00:00:00Z"}
           analysis b {"id":"b","runAt":"2024-01-01T00:00:00.000001Z"}
           analysis c {"id":"c","status":"PENDING"}
           analysis d {"id":"d","runAt":"2024-01-03T00:00:00Z"}
           analysis d gone
           analysis a patch {"outcome":"PASS"}"#,
    );
    let rows = list(&snapshot, "L", &Page::default()).unwrap();
    assert_eq!((rows.count, rows.total, rows.next), (3, 3, None));
    assert_json(
        rows.json,
        concat!(
            r#"[{"id":"b","runAt":"2024-01-01T00:00:00.000001Z"},"#,
            r#"{"id":"a","runAt":"2024-01-01T00:00:00Z","outcome":"PASS"},{"id":"c","status":"PENDING"}]"#,
        ),
    );
}
