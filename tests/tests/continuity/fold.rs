//! The independent fold itself, on histories small enough to be judged by eye.

mod arrival;
mod gaps;
mod nesting;
mod whole;

use continuity_tests::fold::{Answer, Fold, Gaps};
use continuity_tests::json::Json;

/// One event of loan `l1`: `data` is JSON text.
fn event(sequence: u64, data: &str) -> String {
    named(sequence, "LoanRequestDetailsChanged", data)
}

fn named(sequence: u64, name: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"e{sequence}","source":"/s","type":"com.banclo.{name}","subject":"loan-requests/l1","time":"2026-01-01T00:00:{:02}Z","sequence":"{sequence}","data":{data}}}"#,
        sequence % 60
    )
}

/// The after-image of an entity of loan `l1`, and its members.
fn after(sequence: u64, kind: &str, id: &str, version: u64, members: &str) -> String {
    let data = format!(r#"{{"entity":"{kind}","id":"{id}","version":{version},"after":{{"id":"{id}"{members}}}}}"#);
    event(sequence, &data)
}

fn gone(sequence: u64, kind: &str, id: &str, version: u64) -> String {
    event(sequence, &format!(r#"{{"entity":"{kind}","id":"{id}","version":{version},"after":null}}"#))
}

fn patch(sequence: u64, kind: &str, id: &str, version: u64, patch: &str) -> String {
    let base = version - 1;
    let data = format!(r#"{{"entity":"{kind}","id":"{id}","version":{version},"baseVersion":{base},"patch":{patch}}}"#);
    event(sequence, &data)
}

fn child(sequence: u64, kind: &str, id: &str, parent: &str, members: &str) -> String {
    let data =
        format!(r#"{{"entity":"{kind}","id":"{id}","parent":{parent},"version":1,"after":{{"id":"{id}"{members}}}}}"#);
    event(sequence, &data)
}

fn loan(sequence: u64, version: u64) -> String {
    after(sequence, "loanRequest", "l1", version, &format!(r#","n":{version},"createdAt":"2026-01-01T00:00:01Z""#))
}

fn fold(gaps: Gaps, lines: &[String]) -> Fold {
    Fold::of(gaps, lines.iter().map(String::as_str))
}

/// The body of an answer as JSON text, or what else it is.
fn shown(answer: Answer) -> String {
    match answer {
        Answer::Body(body) => body.to_text(),
        other => format!("{other:?}"),
    }
}

/// The ids of the objects in a list.
fn ids(answer: Answer) -> Vec<String> {
    let Answer::Body(body) = answer else { panic!("{answer:?}") };
    body.elements().iter().map(|row| row.text("id").unwrap_or_default().to_owned()).collect()
}

#[test]
fn json_keeps_literals_order_and_refuses_duplicates() {
    let text = r#"{"b":1.10,"a":[1e2,-0],"c":{"é":"x\n","d":null}}"#;
    assert_eq!(Json::parse(text).unwrap().to_text(), text);
    assert!(Json::parse(r#"{"a":1,"b":{"c":1,"c":2}}"#).is_err());
    assert!(Json::parse(r#"{"a":"\ud800"}"#).is_err());
    let merged = Json::parse(r#"{"a":1,"b":{"x":1,"y":2},"c":3}"#).unwrap();
    let merged = merged.merged(&Json::parse(r#"{"d":{"n":null,"m":1.0},"b":{"x":null,"y":5},"a":7}"#).unwrap());
    assert_eq!(merged.to_text(), r#"{"a":7,"b":{"y":5},"c":3,"d":{"m":1.0}}"#);
}
