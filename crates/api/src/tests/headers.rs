//! Headers of real answers against the document: none that it promises is absent, none that comes is missing from it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::harness::{Answer, HOUSE};
use super::scopes::concrete;
use crate::endpoint::{Answer as Holds, Verb};
use crate::routes::TABLE;

/// The scope of the token, the path, and request headers.
type Asked = (&'static str, String, Vec<(&'static str, &'static str)>);

/// Headers that HTTP itself has.
const OF_HTTP: [&str; 3] = ["content-type", "content-length", "date"];

fn check(document: &Value, path: &str, verb: &str, answer: &Answer) {
    let status = answer.status.as_u16().to_string();
    let response = &document["paths"][path][verb]["responses"][&status];
    let reference = response["$ref"].as_str().and_then(|reference| document.pointer(&reference[1..]));
    let response = reference.unwrap_or(response);
    let headers = response["headers"].as_object().unwrap_or_else(|| panic!("{path}: {status} is not documented"));
    let documented: BTreeSet<String> = headers.keys().map(|name| name.to_ascii_lowercase()).collect();
    for name in answer.headers.keys().map(http::HeaderName::as_str) {
        assert!(documented.contains(name) || OF_HTTP.contains(&name), "{path}: {status} has {name}");
    }
    for (name, header) in headers {
        let pointer = header["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
        let promised = document.pointer(pointer).unwrap()["required"] == true;
        assert!(!promised || answer.headers.contains_key(name), "{path}: {status} lacks {name}");
    }
    let media_type = answer.header("content-type").split(';').next().unwrap();
    let content = &response["content"];
    let known = media_type.is_empty() || !content[media_type].is_null() || !content["*/*"].is_null();
    assert!(known, "{path}: {status} is {media_type}");
}

#[tokio::test]
async fn answers_have_the_headers_that_are_documented() {
    let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
    for endpoint in TABLE.iter().filter(|endpoint| endpoint.verb == Verb::Get) {
        let path = concrete(endpoint);
        let good = HOUSE.get(&path).await;
        check(&document, endpoint.path, "get", &good);
        let mut others: Vec<Asked> = vec![
            ("all", format!("{path}?stauts=1"), vec![]),
            ("all", format!("{path}?access_token=x"), vec![]),
            ("", path.clone(), vec![]),
            ("bids:read", path.clone(), vec![]),
            ("all", path.replace("L1", "nobody"), vec![]),
            ("all", path.replace("L1", "purged"), vec![]),
            ("all", path.clone(), vec![("if-none-match", "*")]),
        ];
        if endpoint.params.iter().any(|param| param.name == "limit") {
            others.push(("all", format!("{path}?limit=1"), vec![]));
        }
        if matches!(endpoint.answer, Holds::File) {
            others.push(("all", path.clone(), vec![("range", "bytes=1-2")]));
            others.push(("all", path.clone(), vec![("range", "bytes=99-")]));
        } else {
            others.push(("all", path.clone(), vec![("accept", "image/png")]));
        }
        for (scope, path, headers) in others {
            check(&document, endpoint.path, "get", &HOUSE.get_with(scope, &path, &headers).await);
        }
    }
}
