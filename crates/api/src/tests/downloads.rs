//! Bytes of documents and attachments.

use axum::body::Body;
use continuity_base::Stop;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use super::files::{Files, wait};
use super::harness::{Answer, Feed, HOUSE, Replica};
use crate::limits::DOWNLOADS_PER_CLIENT;
use crate::{ServerLimits, serve_plain};

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
    let blob = |of: &str, rest: &str| format!("{{\"sha256\":\"{}\",\"sizeBytes\":5,{rest}}}", sha256(of.as_bytes()));
    let cases = [
        ("wrong", blob("hallo", "\"fetch\":{\"kind\":\"INLINE\",\"base64\":\"aGVsbE8=\"}"), 503, "blob-damaged"),
        (
            "absent",
            blob("holla", "\"fetch\":{\"kind\":\"OBJECT_STORE\",\"bucket\":\"b\",\"key\":\"k\"}"),
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

/// An `INLINE` reference to that text; its digest must be given.
fn inline(base64: &str, sha256: &str, rest: &str) -> String {
    format!("{{\"sha256\":\"{sha256}\",{rest}\"fetch\":{{\"kind\":\"INLINE\",\"base64\":\"{base64}\"}}}}")
}

async fn head(replica: &Replica, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(Method::HEAD).uri(path);
    request = request.header("authorization", format!("Bearer {}", replica.token("all")));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    replica.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_bytes() {
    let get = HOUSE.get(DOCUMENT).await;
    for headers in [&[][..], &[("range", "bytes=1-2")]] {
        let head = head(&HOUSE, DOCUMENT, headers).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
        for (name, value) in &get.headers {
            let varies = ["x-request-id", "x-replica-lag-seconds"].contains(&name.as_str());
            assert!(varies || head.headers.get(name) == Some(value), "{name}");
        }
        assert_eq!(head.header("content-length"), "5");
    }
    assert_eq!(head(&HOUSE, "/api/v1/loan-requests/L1/documents/none/download", &[]).await.status, 404);
}

/// Headers of a request, and the status and text of its answer.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

#[tokio::test]
async fn conditions_and_odd_ranges_are_answered_as_the_rfc_says() {
    let tag = format!("\"{HELLO}\"");
    let weak = format!("W/{tag}");
    let date = "Sun, 22 Nov 2026 12:00:00 GMT";
    let part = "bytes=1-3";
    let cases: &[Case<'_>] = &[
        (&[("range", part), ("if-range", &tag)], 206, "ell"),
        (&[("range", part), ("if-range", &weak)], 200, "hello"),
        (&[("range", part), ("if-range", date)], 200, "hello"),
        (&[("range", "bytes=0-1,3-4")], 200, "hello"),
        (&[("range", "bytes=0-0,0-0,0-0,0-0,0-0,0-0")], 200, "hello"),
        (&[("range", "lines=0-1")], 200, "hello"),
        (&[("range", "bytes=-2")], 206, "lo"),
        (&[("range", "bytes=3-")], 206, "lo"),
        (&[("if-none-match", &tag)], 304, ""),
        (&[("if-none-match", &weak)], 304, ""),
        (&[("if-none-match", "*")], 304, ""),
        (&[("if-none-match", &tag), ("range", part)], 304, ""),
        (&[("if-none-match", "\"other\""), ("range", part)], 206, "ell"),
    ];
    for (headers, status, body) in cases {
        let answer = HOUSE.get_with("all", DOCUMENT, headers).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (*status, *body), "{headers:?}");
        assert_eq!(answer.header("etag"), tag);
    }
}

#[tokio::test]
async fn versions_have_their_own_bytes() {
    const BYE: &str = "b49f425a7e1f9cff3856329ada223f2f9d368f15a00cf48df16ca95986137fe8";
    let mut feed = Feed::house();
    let old = inline("Ynll", BYE, "\"fileName\":\"old.txt\",\"mediaType\":\"text/html\",");
    let new = inline("aGVsbG8=", HELLO, "");
    let document = format!(
        "{{\"id\":\"v\",\"name\":\"new.txt\",\"version\":9,\"blob\":{new},\"versions\":[{{\"number\":1,\"blob\":{old}}},{{\"number\":2,\"sha256\":\"{HELLO}\"}},{{\"number\":3,\"sha256\":\"aa\"}}]}}"
    );
    feed.put("L1", "document", "v", "", &document);
    let replica = Replica::of(feed);
    let get = async |query: &str| replica.of_loan(&format!("/documents/v/download{query}")).await;
    for (query, body, name) in [
        ("", "hello", "new.txt"),
        ("?version=1", "bye", "old.txt"),
        ("?version=2", "hello", "new.txt"),
        ("?version=9", "hello", "new.txt"),
    ] {
        let answer = get(query).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, body), "{query}");
        assert!(answer.header("content-disposition").contains(name), "{query}");
        assert_eq!(answer.header("content-type"), "application/octet-stream");
    }
    assert_eq!(get("?version=3").await.problem(), "blob-not-synced");
    assert_eq!(get("?version=4").await.problem(), "not-found");
    assert_eq!(get("?version=x").await.problem(), "bad-parameter");
}

#[tokio::test]
async fn a_loans_path_opens_its_own_documents_and_items_only() {
    let mut feed = Feed::house();
    let blob = inline("aGVsbG8=", HELLO, "");
    feed.put("bare", "document", "theirs", "", &format!("{{\"id\":\"theirs\",\"blob\":{blob}}}"))
        .put("bare", "task", "t9", "", "{\"id\":\"t9\"}")
        .put("bare", "taskItem", "i9", "{\"taskId\":\"t9\"}", &format!("{{\"id\":\"i9\",\"blob\":{blob}}}"));
    let replica = Replica::of(feed);
    let (ours, theirs) = ("/api/v1/loan-requests/L1", "/api/v1/loan-requests/bare");
    for tail in ["/documents/theirs/download", "/documents/theirs/download?version=1", "/tasks/t9/items/i9/download"] {
        assert_eq!(replica.get(&format!("{ours}{tail}")).await.problem(), "not-found", "{tail}");
    }
    for tail in ["/documents/d1/download", "/tasks/t1/items/i1/download", "/tasks/t9/items/i1/download"] {
        assert_eq!(replica.get(&format!("{theirs}{tail}")).await.problem(), "not-found", "{tail}");
    }
    for encoded in ["..%2F..%2Fbare%2Fdocuments%2Ftheirs", "%2E%2E%2Fbare", "bare%00theirs", "theirs%2Fdownload"] {
        let answer = replica.get(&format!("{ours}/documents/{encoded}/download")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{encoded}");
    }
    assert_eq!(replica.get(&format!("{theirs}/documents/theirs/download")).await.text(), "hello");
    assert_eq!(replica.get(&format!("{theirs}/tasks/t9/items/i9/download")).await.text(), "hello");
}

#[tokio::test]
async fn a_big_file_comes_in_small_pieces_and_ranges_of_it_are_right() {
    let directory = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..16_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::create_dir(directory.path().join("b")).unwrap();
    std::fs::write(directory.path().join("b/big"), &bytes).unwrap();
    let sha256 = sha256(&bytes);
    let mut feed = Feed::house();
    let fetch = "\"fetch\":{\"kind\":\"OBJECT_STORE\",\"bucket\":\"b\",\"key\":\"big\"}";
    feed.put("L1", "document", "big", "", &format!("{{\"id\":\"big\",\"blob\":{{\"sha256\":\"{sha256}\",{fetch}}}}}"));
    let replica = Replica::with_files(feed, Files { directory: Some(directory.path().to_owned()), missing: 0 });
    let path = "/api/v1/loan-requests/L1/documents/big/download";
    let request = Request::get(path).header("authorization", format!("Bearer {}", replica.token("all")));
    let response = replica.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-length"], bytes.len().to_string().as_str());
    let (mut body, mut at) = (response.into_body(), 0);
    while let Some(frame) = body.frame().await {
        let piece = frame.unwrap().into_data().unwrap();
        assert!(piece.len() <= 256 * 1024, "{}", piece.len());
        assert!(bytes[at..].starts_with(&piece));
        at += piece.len();
    }
    assert_eq!(at, bytes.len());
    let part = replica.get_with("all", path, &[("range", "bytes=9000000-9300000")]).await;
    assert_eq!((part.status, part.header("content-length")), (StatusCode::PARTIAL_CONTENT, "300001"));
    assert!(part.body == bytes[9_000_000..=9_300_000]);
}

/// A replica whose document `big` of L1 is the file `b/big` of that many bytes, all alike.
fn with_file(directory: &std::path::Path, size: usize) -> Replica {
    let bytes = vec![b'x'; size];
    std::fs::create_dir(directory.join("b")).unwrap();
    std::fs::write(directory.join("b/big"), &bytes).unwrap();
    let fetch = "\"fetch\":{\"kind\":\"OBJECT_STORE\",\"bucket\":\"b\",\"key\":\"big\"}";
    let blob = format!("{{\"sha256\":\"{}\",{fetch}}}", sha256(&bytes));
    let mut feed = Feed::house();
    feed.put("L1", "document", "big", "", &format!("{{\"id\":\"big\",\"blob\":{blob}}}"));
    Replica::with_files(feed, Files { directory: Some(directory.to_owned()), missing: 0 })
}

const BIG: &str = "/api/v1/loan-requests/L1/documents/big/download";

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_sent_cuts_the_reply() {
    let directory = tempfile::tempdir().unwrap();
    let replica = with_file(directory.path(), 1 << 20);
    let request = Request::get(BIG).header("authorization", format!("Bearer {}", replica.token("all")));
    let response = replica.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let stored = replica.stored(&sha256(&vec![b'x'; 1 << 20]));
    std::fs::File::options().write(true).open(stored).unwrap().set_len(200_000).unwrap();
    assert!(response.into_body().collect().await.is_err());
    let answer = replica.get(BIG).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "blob-damaged"));
}

#[tokio::test]
async fn over_a_connection_the_length_is_told_and_head_leaves_it_in_step() {
    let directory = tempfile::tempdir().unwrap();
    let replica = with_file(directory.path(), 1 << 20);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), Stop::new());
    let serving = serve_plain(listener, replica.router.clone(), ServerLimits::default(), stop.clone());
    let token = replica.token("all");
    let request = |method: &str, rest: &str| {
        format!("{method} {BIG} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{rest}\r\n")
    };
    let asking = async {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let requests =
            request("HEAD", "") + &request("GET", "Range: bytes=5-7\r\n") + &request("GET", "Connection: close\r\n");
        stream.write_all(requests.as_bytes()).await.unwrap();
        let mut replies = String::new();
        stream.read_to_string(&mut replies).await.unwrap();
        stop.stop();
        replies
    };
    let (served, replies) = tokio::join!(serving, asking);
    served.unwrap();
    let [head, part, whole] = replies.split("HTTP/1.1 ").skip(1).collect::<Vec<_>>()[..] else {
        panic!("three replies, not {}", replies.matches("HTTP/1.1 ").count());
    };
    assert!(head.starts_with("200 ") && head.contains("content-length: 1048576\r\n") && head.ends_with("\r\n\r\n"));
    assert!(part.starts_with("206 ") && part.contains("content-length: 3\r\n") && part.ends_with("\r\n\r\nxxx"));
    assert!(whole.starts_with("200 ") && whole.contains("content-length: 1048576\r\n"));
    assert!(!replies.contains("transfer-encoding"));
    assert_eq!(whole.split_once("\r\n\r\n").unwrap().1.len(), 1 << 20);
}

/// What is not there yet.
const MISSING: &str = "late";

fn hex_of(digest: &str) -> [u8; 32] {
    *blake3::Hash::from_hex(digest).unwrap().as_bytes()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[tokio::test]
async fn open_downloads_are_bounded_and_given_back() {
    let replica = Replica::of(Feed::house());
    let mut open = Vec::new();
    for _ in 0..DOWNLOADS_PER_CLIENT {
        let request = Request::get(DOCUMENT).header("authorization", format!("Bearer {}", replica.token("all")));
        let response = replica.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        open.push(response);
    }
    let answer = replica.get(DOCUMENT).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "overloaded"));
    assert_eq!(answer.header("retry-after"), "5");
    open.pop();
    assert_eq!(replica.get(DOCUMENT).await.text(), "hello", "what is no longer read is given back");
    assert_eq!(head(&replica, DOCUMENT, &[]).await.status, StatusCode::OK);
    assert_eq!(replica.get(DOCUMENT).await.text(), "hello", "HEAD holds nothing");
}

#[tokio::test]
async fn states_are_spliced_into_lists_and_tags_follow_them() {
    let directory = tempfile::tempdir().unwrap();
    let mut feed = Feed::house();
    let fetch = "\"fetch\":{\"kind\":\"OBJECT_STORE\",\"bucket\":\"b\",\"key\":\"k\"}";
    let pending = format!("{{\"sha256\":\"{}\",\"state\":\"odd\",{fetch}}}", sha256(MISSING.as_bytes()));
    feed.put("bare", "document", "p", "", &format!("{{\"id\":\"p\",\"spaceId\":\"s\",\"blob\":{pending}}}"))
        .put("bare", "space", "s", "", "{\"id\":\"s\"}")
        .put("bare", "task", "t", "", "{\"id\":\"t\"}")
        .put("bare", "taskItem", "i", "{\"taskId\":\"t\"}", &format!("{{\"id\":\"i\",\"blob\":{pending}}}"));
    let replica = Replica::with_files(feed, Files { directory: Some(directory.path().to_owned()), missing: 1 });
    let digest = || replica.state.engine.statuses().iter().map(|model| model.digest).collect::<Vec<_>>();
    let before = digest();
    let paths = ["/documents", "/spaces/s/documents/", "/tasks", "/tasks/t"];
    let mut tags = Vec::new();
    for (state, complete) in [("PENDING", "false"), ("AVAILABLE", "")] {
        for path in paths {
            let answer = replica.get(&format!("/api/v1/loan-requests/bare{path}")).await;
            let marked = format!("{fetch},\"state\":\"{state}\"}}");
            assert!(answer.text().contains(&marked) && !answer.text().contains("odd"), "{path}: {}", answer.text());
            assert_eq!(answer.header("x-replica-complete"), complete, "{path}");
            tags.push(answer.header("etag").to_owned());
        }
        std::fs::create_dir_all(directory.path().join("b")).unwrap();
        std::fs::write(directory.path().join("b/k"), MISSING).unwrap();
        replica.state.blobs.retry(hex_of(&sha256(MISSING.as_bytes()))).unwrap();
        wait("what was missing is here", || replica.state.blobs.lag().unwrap().pending.count == 0);
    }
    assert!(tags[..4].iter().zip(&tags[4..]).all(|(then, now)| then != now), "{tags:?}");
    assert_eq!(digest(), before);
    let hidden = replica.get_with("loans:read", "/api/v1/loan-requests/bare/tasks", &[]).await;
    assert!(!hidden.text().contains("AVAILABLE") && !hidden.text().contains("blob"));
    let whole = HOUSE.of_loan("/documents").await;
    assert_eq!(whole.json()[1]["blob"]["state"], "AVAILABLE");
    assert!(whole.json()[0].get("blob").is_none(), "no blob, no state");
}
