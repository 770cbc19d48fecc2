//! What the views read model serves after a script.

use super::*;
use crate::testing::{assert_json, fold};

#[test]
fn by_order() {
    let snapshot = fold(
        projection,
        r#"view a {"id":"a","order":10,"status":"processing"}
           view b {"id":"b","order":9.5}
           view c {"id":"c","order":"1e1","status":"failed"}
           view a patch {"status":"completed"}"#,
    );
    assert_json(
        list(&snapshot, "L", &Page::default()).unwrap().json,
        concat!(
            r#"[{"id":"b","order":9.5},{"id":"a","order":10,"status":"completed"},"#,
            r#"{"id":"c","order":"1e1","status":"failed"}]"#,
        ),
    );
}
