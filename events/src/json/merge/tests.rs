//! Merge patches against the RFC's own examples and against a fold of parsed values.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;

#[test]
fn the_examples_of_rfc_7396_hold() {
    let check = |target: &str, patch: &str, expected: &str| {
        assert_eq!(merge_patch(target, patch).as_deref(), Ok(expected), "{target} + {patch}");
    };
    check(r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
    check(r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#);
    check(r#"{"a":"b"}"#, r#"{"a":null}"#, "{}");
    check(r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#);
    check(r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
    check(r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#);
    check(r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#);
    check(r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#);
    check(r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#);
    check(r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#);
    check(r#"{"a":"foo"}"#, "null", "null");
    check(r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#);
    check(r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#);
    check("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#);
    check("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#);
}

#[test]
fn literals_keys_and_order_survive() {
    let target = r#" { "\u0061mount" : 1.500e2 , "big":123456789012345678901234567890, "deep": {"x":  1.0, "y":2} } "#;
    let patch = r#"{"deep":{"y":2.10,"z":-0},"new":1E400,"amount":10.00}"#;
    let merged =
        r#"{"\u0061mount":10.00,"big":123456789012345678901234567890,"deep":{"x":1.0,"y":2.10,"z":-0},"new":1E400}"#;
    assert_eq!(merge_patch(target, patch).as_deref(), Ok(merged));
}

#[test]
fn what_is_not_json_is_an_error() {
    for (target, patch) in [("{}", ""), ("{}", "{"), ("{", "{}"), ("{}", "nope"), ("{}", r#"{"\ud800":1}"#)] {
        assert!(merge_patch(target, patch).is_err(), "{target} + {patch}");
    }
}

#[test]
fn depth_is_bounded_and_width_is_cheap() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    assert!(matches!(merge_patch("{}", &deep), Err(JsonError::TooDeep { .. })));
    let wide: Vec<String> = (0..50_000).map(|i| format!("\"m{i}\":{i}")).collect();
    let wide = format!("{{{}}}", wide.join(","));
    assert_eq!(merge_patch(&wide, &wide).as_deref(), Ok(wide.as_str()));
}

/// RFC 7396's own pseudo code, on parsed values.
fn reference(target: Option<Value>, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut merged = match target {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    for (name, change) in changes {
        if change.is_null() {
            merged.shift_remove(name);
        } else {
            let before = merged.get(name).cloned();
            merged.insert(name.clone(), reference(before, change));
        }
    }
    Value::Object(merged)
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        2 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => proptest::collection::vec(("[ab\"é]{0,2}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn raw_text_folds_as_parsed_values_do(target in value(), patch in value(), pretty in any::<bool>()) {
        let write = |value: &Value| {
            if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) }.unwrap()
        };
        let merged = merge_patch(&write(&target), &write(&patch)).unwrap();
        let expected = reference(Some(target), &patch);
        let parsed: Value = serde_json::from_str(&merged).unwrap();
        prop_assert_eq!(&parsed, &expected);
        // Members keep their order, new ones at the end: with preserve_order the texts agree too.
        prop_assert_eq!(serde_json::to_string(&parsed).unwrap(), serde_json::to_string(&expected).unwrap());
    }
}
