//! Reading and editing against tables, and against parsed values.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;

const OBJECT: &str = r#" { "a" : 1.50 , "\u0062":{"x":[1, 2]}, "c":"}," } "#;

#[test]
fn members_come_in_order_with_raw_values() {
    let found = members(OBJECT).unwrap();
    let found: Vec<_> = found.iter().map(|(name, value)| (name.as_ref(), *value)).collect();
    assert_eq!(found, [("a", "1.50"), ("b", r#"{"x":[1, 2]}"#), ("c", r#""},""#)]);
    assert_eq!(members("{}").unwrap().len(), 0);
    assert_eq!(members("[1]"), Err(JsonError::NotAnObject));
    assert!(matches!(members("{\"a\":1"), Err(JsonError::Malformed { .. })));
    assert!(matches!(members("{} {}"), Err(JsonError::Malformed { .. })));
    assert!(matches!(members("{,}"), Err(JsonError::Malformed { .. })));
    assert!(matches!(members("{\"a\":1,}"), Err(JsonError::Malformed { .. })));
}

#[test]
fn one_member_is_found_by_its_unescaped_name() {
    assert_eq!(member(OBJECT, "b"), Some(r#"{"x":[1, 2]}"#));
    assert_eq!(member(OBJECT, "x"), None);
    assert_eq!(member("[]", "x"), None);
    assert_eq!(member("", "x"), None);
}

#[test]
fn elements_come_in_order() {
    assert_eq!(elements("[1, [2,3] ,\"x\"]"), Ok(vec!["1", "[2,3]", "\"x\""]));
    assert_eq!(elements(" [ ] "), Ok(vec![]));
    assert_eq!(elements("{}"), Err(JsonError::NotAnArray));
    assert!(elements("[1,]").is_err());
    assert!(elements("[1 2]").is_err());
}

#[test]
fn text_is_of_strings_only() {
    assert_eq!(text(r#""a\n""#).as_deref(), Some("a\n"));
    for other in ["7", "null", "", "\"", "\"a\"b\"", "\"a", r#""\ud800""#] {
        assert_eq!(text(other), None, "{other}");
    }
}

#[test]
fn members_are_dropped_and_the_rest_stays_as_written() {
    assert_eq!(without(OBJECT, &["b", "z"]), r#"{"a":1.50,"c":"},"}"#);
    assert_eq!(without(r#"{"a":1}"#, &["a"]), "{}");
    assert!(matches!(without(OBJECT, &["z"]), Cow::Borrowed(same) if same == OBJECT));
    assert_eq!(without("[1]", &["a"]), "[1]");
}

#[test]
fn members_are_appended() {
    let check = |object: &str, expected: &str| {
        let mut object = object.to_owned();
        push_member(&mut object, "it\"ems", "[]");
        assert_eq!(object, expected);
    };
    check("{}", r#"{"it\"ems":[]}"#);
    check("{ } ", r#"{"it\"ems":[]}"#);
    check(r#"{"a":1 }"#, r#"{"a":1,"it\"ems":[]}"#);
    check("[]", "[]");
    check("", "");
}

#[test]
fn a_value_is_edited_where_it_stands() {
    let longer = |raw: &str| Some(format!("<{raw}>"));
    assert_eq!(edit_member(OBJECT, "b", longer).unwrap(), OBJECT.replace(r#"{"x":[1, 2]}"#, r#"<{"x":[1, 2]}>"#));
    assert_eq!(edit_member(OBJECT, "x", longer), None);
    assert_eq!(edit_member(OBJECT, "a", |_| None), None);
    assert_eq!(edit_member("[]", "a", longer), None);
    let array = " [1, [2,3] ,\"x\"] ";
    assert_eq!(edit_elements(array, longer).unwrap(), " [<1>, <[2,3]> ,<\"x\">] ");
    assert_eq!(edit_elements(array, |raw| longer(raw).filter(|_| raw == "1")).unwrap(), " [<1>, [2,3] ,\"x\"] ");
    assert_eq!(edit_elements(array, |_| None), None);
    assert_eq!(edit_elements("[]", longer), None);
    assert_eq!(edit_elements("{}", longer), None);
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    proptest::collection::vec(("[ab\"é\u{0}]{0,3}", super::super::value_strategy()), 0..8)
        .prop_map(|members| members.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn edits_are_those_of_parsed_values(object in object(), pretty in any::<bool>(), name in "[ab\"é\u{0}]{0,3}") {
        let mut text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) }.unwrap();
        let parse = |raw: &str| serde_json::from_str::<Value>(raw).unwrap();
        let read: Vec<_> = members(&text).unwrap().into_iter().map(|(name, raw)| (name.into_owned(), parse(raw))).collect();
        prop_assert_eq!(&read, &object.clone().into_iter().collect::<Vec<_>>());
        prop_assert_eq!(member(&text, &name).map(parse), object.get(&name).cloned());
        let mut less = object.clone();
        less.shift_remove(&name);
        prop_assert_eq!(parse(&without(&text, &[&name])), Value::Object(less.clone()));
        text = without(&text, &[&name]).into_owned();
        push_member(&mut text, &name, "[1.50]");
        less.insert(name, parse("[1.50]"));
        prop_assert_eq!(parse(&text), Value::Object(less));
    }

    #[test]
    fn elements_are_those_of_parsed_values(values in proptest::collection::vec(super::super::value_strategy(), 0..6)) {
        let text = serde_json::to_string_pretty(&values).unwrap();
        let read: Vec<Value> = elements(&text).unwrap().into_iter().map(|raw| serde_json::from_str(raw).unwrap()).collect();
        prop_assert_eq!(read, values);
    }
}
