//! The scanner against a table of texts, against `serde_json`, and against noise.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::super::{JsonError, check};
use super::*;

fn outcome(text: &str) -> &'static str {
    match check(text, 64) {
        Ok(()) => "ok",
        Err(JsonError::Malformed { .. }) => "malformed",
        Err(JsonError::LoneSurrogate { .. }) => "surrogate",
        Err(JsonError::DuplicateMember { .. }) => "duplicate",
        Err(JsonError::TooDeep { .. }) => "deep",
        Err(_) => "other",
    }
}

#[test]
fn texts_are_told_apart() {
    let table = [
        ("ok", " {\"a\" : [ 1 , -0.5e+10 , true , false , null , \"x\" ] , \"b\" : { } } "),
        ("ok", "[]"),
        ("ok", "123456789012345678901234567890.5E-400"),
        ("ok", r#"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#),
        ("ok", r#""\u0000\ud83d\ude00\\ud800""#),
        ("ok", "\"\u{7f}\u{e000}\u{ffff}\""),
        ("malformed", ""),
        ("malformed", "  "),
        ("malformed", "{"),
        ("malformed", "{]"),
        ("malformed", "[}"),
        ("malformed", "[1,]"),
        ("malformed", "{\"a\":1,}"),
        ("malformed", "{\"a\"}"),
        ("malformed", "{a:1}"),
        ("malformed", "{'a':1}"),
        ("malformed", "[1] x"),
        ("malformed", "01"),
        ("malformed", "+1"),
        ("malformed", "1."),
        ("malformed", ".5"),
        ("malformed", "1e"),
        ("malformed", "-"),
        ("malformed", "NaN"),
        ("malformed", "Infinity"),
        ("malformed", "tru"),
        ("malformed", "truex"),
        ("malformed", "\"a"),
        ("malformed", "\"\\x\""),
        ("malformed", "\"\\u12g4\""),
        ("malformed", "\"\\u12"),
        ("malformed", "\"a\nb\""),
        ("malformed", "\u{feff}{}"),
        ("malformed", "\u{a0}{}"),
        ("malformed", "{} // comment"),
        ("surrogate", r#""\ud800""#),
        ("surrogate", r#""\udc00""#),
        ("surrogate", r#""\ud800\ud800""#),
        ("surrogate", r#""\ud800x\udc00""#),
        ("surrogate", r#"{"\ud800":1}"#),
        ("duplicate", r#"{"a":1,"a":1}"#),
        ("duplicate", r#"{"a":1,"\u0061":1}"#),
        ("duplicate", r#"[{"x":{"é":1,"b":2,"\u00e9":3}}]"#),
    ];
    for (expected, text) in table {
        assert_eq!(outcome(text), expected, "{text}");
    }
}

#[test]
fn depth_is_counted_in_containers() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert_eq!(outcome(&nested(64)), "ok");
    assert_eq!(outcome(&nested(65)), "deep");
    assert_eq!(outcome(&"[".repeat(1_000_000)), "deep");
    assert_eq!(check(&nested(1_000_000), usize::MAX), Ok(()));
    assert_eq!(outcome(&format!("{}1{}", r#"{"a":"#.repeat(64), "}".repeat(64))), "ok");
    assert_eq!(check("[[]]", 1), Err(JsonError::TooDeep { at: 1, limit: 1 }));
}

#[test]
fn errors_say_where() {
    assert_eq!(check(r#"{"a":1,"b":2,"a":3}"#, 64), Err(JsonError::DuplicateMember { at: 13 }));
    assert_eq!(check("[1,x]", 64), Err(JsonError::Malformed { at: 3, expected: "a value" }));
    assert_eq!(check(r#"["ab\udfff"]"#, 64), Err(JsonError::LoneSurrogate { at: 4 }));
}

#[test]
fn without_strictness_only_the_grammar_counts() {
    let mut scanner = Scanner::<false>::new(r#"{"a":1,"a":"\ud800"}"#, 64);
    assert!(scanner.value().is_ok() && scanner.end().is_ok());
}

/// Text made of JSON's own tokens, so that much of it is nearly right.
fn soup() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\"",
        "\"\\u0061\"",
        "1",
        "-0.5",
        "1e5",
        "01",
        "true",
        "null",
        " ",
        "\"",
        "\\",
        "\"\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "é",
        "\0",
        "\"a\":1",
        "{}",
        "[]",
    ]);
    proptest::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

fn agrees_with_serde_json(text: &str) -> Result<(), TestCaseError> {
    let theirs = serde_json::from_str::<&RawValue>(text);
    let mut scanner = Scanner::<false>::new(text, usize::MAX);
    let ours = scanner.value().and_then(|value| scanner.end().map(|()| value));
    prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", text);
    if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
        prop_assert_eq!(ours, theirs.get());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_grammar_is_that_of_serde_json(text in soup()) {
        agrees_with_serde_json(&text)?;
        let _ = check(&text, 64);
    }

    #[test]
    fn any_value_passes_and_any_cut_of_it_is_told(value in super::super::merge::tests::value(), cut in any::<prop::sample::Index>()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(check(&text, 64), Ok(()));
        let cut = (0..=cut.index(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        agrees_with_serde_json(&text[..cut])?;
    }

    #[test]
    fn noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = check(&text, 8);
        let _ = super::super::members(&text);
        let _ = super::super::elements(&text);
        let _ = super::super::text(&text);
        let _ = super::super::merge_patch(&text, &text);
        let _ = super::super::without(&text, &["a"]);
        let mut object = text.clone().into_owned();
        super::super::push_member(&mut object, "a", "1");
    }
}
