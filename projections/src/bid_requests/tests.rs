//! What the bid-requests read model serves after a script.

use super::*;
use crate::testing::{assert_json, fold};

fn check(script: &str, expected: &str) {
    assert_json(list(&fold(projection, script), "L", &Page::default()).unwrap().json, expected);
}

#[test]
fn newest_first_with_quotes_by_revision() {
    check(
        r#"bidRequest a {"id":"a","requestedAt":"2024-01-01T00:00:00Z"}
           bidRequest b {"id":"b","requestedAt":"2024-01-02T00:00:00Z","quotes":null}
           bidRequest c {"id":"c","requestedAt":"2024-01-02T00:00:00Z"}
           bidQuote q10 @bidRequestId=a {"id":"q10","revision":10}
           bidQuote q9 @bidRequestId=a {"id":"q9","revision":9}
           bidQuote q0 @bidRequestId=a {"id":"q0"}"#,
        concat!(
            r#"[{"id":"c","requestedAt":"2024-01-02T00:00:00Z","quotes":[]},"#,
            r#"{"id":"b","requestedAt":"2024-01-02T00:00:00Z","quotes":[]},"#,
            r#"{"id":"a","requestedAt":"2024-01-01T00:00:00Z","quotes":"#,
            r#"[{"id":"q0"},{"id":"q9","revision":9},{"id":"q10","revision":10}]}]"#,
        ),
    );
}

#[test]
fn quotes_are_patched_and_follow_their_revision() {
    check(
        r#"bidRequest a {"id":"a"}
           bidQuote p @bidRequestId=a {"id":"p","revision":1,"rate":"3.50"}
           bidQuote q @bidRequestId=a {"id":"q","revision":2}
           bidQuote p patch {"revision":3,"rate":null,"new":1.0}
           bidQuote q patch {"x":{}}"#,
        r#"[{"id":"a","quotes":[{"id":"q","revision":2,"x":{}},{"id":"p","revision":3,"new":1.0}]}]"#,
    );
}

#[test]
fn orphaned_quotes_wait_for_their_request() {
    let orphan = r#"bidQuote q @bidRequestId=a {"id":"q"}"#;
    check(orphan, "[]");
    check(&format!("{orphan}\nbidRequest a {{\"id\":\"a\"}}"), r#"[{"id":"a","quotes":[{"id":"q"}]}]"#);
}
