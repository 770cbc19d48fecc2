//! Bytes of documents and attachments.

use http::StatusCode;

use super::harness::{Feed, HOUSE, Replica};

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const DOCUMENT: &str = "/api/v1/loan-requests/L1/documents/d1/download";

#[tokio::test]
async fn bytes_come_with_their_digest_and_name() {
    let answer = HOUSE.get(DOCUMENT).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "hello"));
    let expected = [
        ("content-type", "text/plain"),
        ("content-disposition", "attachment; filename=\"d.txt\""),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-store"),
        ("repr-digest", "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"),
        ("accept-ranges", "bytes"),
        ("content-length", "5"),
    ];
    for (name, value) in expected {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert_eq!(answer.header("etag"), format!("\"{HELLO}\""));
    let item = HOUSE.of_loan("/tasks/t1/items/i1/download").await;
    assert_eq!(
        item.header("content-disposition"),
        "attachment; filename=\"L_hne.txt\"; filename*=UTF-8''L%C3%B6hne.txt"
    );
}

#[tokio::test]
async fn a_range_is_a_part() {
    let part = HOUSE.get_with("all", DOCUMENT, &[("range", "bytes=1-3")]).await;
    assert_eq!((part.status, part.text()), (StatusCode::PARTIAL_CONTENT, "ell"));
    assert_eq!((part.header("content-range"), part.header("content-length")), ("bytes 1-3/5", "3"));
    let outside = HOUSE.get_with("all", DOCUMENT, &[("range", "bytes=9-")]).await;
    assert_eq!((outside.status, outside.header("content-range")), (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */5"));
    assert_eq!(outside.problem(), "range-not-satisfiable");
    let other = HOUSE.get_with("all", DOCUMENT, &[("range", "bytes=1-3"), ("if-range", "\"old\"")]).await;
    assert_eq!((other.status, other.text()), (StatusCode::OK, "hello"));
}

#[tokio::test]
async fn bytes_that_are_not_right_are_not_served() {
    let mut feed = Feed::house();
    let blob = |rest: &str| format!("{{\"sha256\":\"{HELLO}\",\"sizeBytes\":5,{rest}}}");
    let cases = [
        ("wrong", blob("\"fetch\":{\"kind\":\"INLINE\",\"base64\":\"aGVsbE8=\"}"), 503, "blob-damaged"),
        (
            "absent",
            blob("\"fetch\":{\"kind\":\"OBJECT_STORE\",\"bucket\":\"b\",\"key\":\"k\"}"),
            503,
            "blob-not-synced",
        ),
        ("erased", "null".to_owned(), 410, "blob-erased"),
    ];
    for (id, blob, _, _) in &cases {
        feed.put("L1", "document", id, "", &format!("{{\"id\":\"{id}\",\"blob\":{blob}}}"));
    }
    let replica = Replica::of(feed);
    for (id, _, status, code) in &cases {
        let answer = replica.of_loan(&format!("/documents/{id}/download")).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (*status, *code), "{id}");
        assert_eq!(answer.header("retry-after").is_empty(), *status == 410, "{id}");
    }
    let without = replica.of_loan("/documents/d2/download").await;
    assert_eq!((without.problem().as_str(), without.header("x-replica-complete")), ("blob-not-synced", "false"));
}
