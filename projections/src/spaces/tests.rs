//! What the spaces read model serves after a script.

use super::*;
use crate::testing::{assert_json, fold};

const SCRIPT: &str = r#"
    space a {"id":"a","name":"Zoo","order":2}
    space b {"id":"b","name":"Ant","order":10}
    space c {"id":"c","name":"Ant","order":2}
    space d {"id":"d","name":"Ant"}
    space e {"id":"e","name":"Gone","order":1}
    space e gone
"#;

#[test]
fn by_order_then_name() {
    let snapshot = fold(projection, SCRIPT);
    assert_json(
        list(&snapshot, "L", &Page::default()).unwrap().json,
        concat!(
            r#"[{"id":"d","name":"Ant"},{"id":"c","name":"Ant","order":2},"#,
            r#"{"id":"a","name":"Zoo","order":2},{"id":"b","name":"Ant","order":10}]"#,
        ),
    );
}

#[test]
fn a_space_exists_while_it_is_not_gone() {
    let snapshot = fold(projection, SCRIPT);
    let there = |loan, space| exists(&snapshot, loan, space).unwrap();
    assert!(there("L", "a"));
    assert!(!there("L", "e"));
    assert!(!there("L", "x"));
    assert!(!there("M", "a"));
    assert!(exists(&fold(projection, &format!("{SCRIPT}\nspace e {{\"id\":\"e\"}}")), "L", "e").unwrap());
}
