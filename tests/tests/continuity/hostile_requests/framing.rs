//! Where a message begins and ends: what two readers could read as two different things.

use super::case::{Case, Facts, LIST};

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// POST to the token endpoint with these lines and this body.
fn post(lines: &str, body: &str) -> Vec<u8> {
    format!("POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{FORM}{lines}\r\n{body}")
        .into_bytes()
}

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let mut cases = lengths();
    cases.extend(chunks());
    cases.extend(lines());
    cases.extend(bodies_of_gets(facts));
    cases
}

fn lengths() -> Vec<Case> {
    let both = format!("0\r\n\r\n{SMUGGLED}");
    let table: [(&str, &str, &str, &'static str); 19] = [
        (
            "a length and chunks",
            "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
            &both,
            "400 oauth invalid_request",
        ),
        (
            "chunks and a length",
            "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
            &both,
            "400 oauth invalid_request",
        ),
        ("two lengths", "Content-Length: 3\r\nContent-Length: 40\r\n", "a=b", "400 bare"),
        ("the same length twice", "Content-Length: 3\r\nContent-Length: 3\r\n", "a=b", "400 oauth invalid_request"),
        ("a list of lengths", "Content-Length: 3, 3\r\n", "a=b", "400 bare"),
        ("a length with a plus", "Content-Length: +3\r\n", "a=b", "400 bare"),
        ("a negative length", "Content-Length: -3\r\n", "a=b", "400 bare"),
        ("a hexadecimal length", "Content-Length: 0x3\r\n", "a=b", "400 bare"),
        ("an empty length", "Content-Length:\r\n", "a=b", "400 bare"),
        ("a length beyond 64 bits", "Content-Length: 99999999999999999999\r\n", "a=b", "400 bare"),
        ("the longest length", "Content-Length: 18446744073709551615\r\n", "a=b", "431 bare"),
        ("chunked twice", "Transfer-Encoding: chunked, chunked\r\n", &both, "400 bad-request"),
        (
            "chunked on two lines",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            &both,
            "400 bad-request",
        ),
        ("gzip below chunked", "Transfer-Encoding: gzip, chunked\r\n", &both, "400 bad-request"),
        ("identity", "Transfer-Encoding: identity\r\n", &both, "400 bare"),
        ("chunked not last", "Transfer-Encoding: chunked, identity\r\n", &both, "400 bare"),
        ("a coding like chunked", "Transfer-Encoding: xchunked\r\n", &both, "400 bare"),
        ("a space before the colon", "Transfer-Encoding : chunked\r\n", &both, "400 bare"),
        ("a vertical tab", "Transfer-Encoding: \u{b}chunked\r\n", &both, "400 bare"),
    ];
    table.into_iter().map(|(name, lines, body, expected)| Case::new(name, post(lines, body), expected)).collect()
}

fn chunks() -> Vec<Case> {
    let extension = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(40_000));
    let trailer = format!("1\r\na\r\n0\r\nX-Trailer: {}\r\n\r\n", "x".repeat(40_000));
    let table: [(&str, &str, &'static str); 10] = [
        ("a chunk size with 0x", "0x1\r\na\r\n0\r\n\r\n", "400 bad-request"),
        ("a negative chunk size", "-1\r\na\r\n0\r\n\r\n", "400 bad-request"),
        ("an empty chunk size", "\r\na\r\n0\r\n\r\n", "400 bad-request"),
        ("a chunk size beyond 64 bits", "FFFFFFFFFFFFFFFFF\r\na\r\n0\r\n\r\n", "400 bad-request"),
        ("chunk lines that end with LF", "1\na\n0\n\n", "400 bad-request"),
        ("more bytes than the chunk has", "1\r\nabc\r\n0\r\n\r\n", "400 bad-request"),
        ("a space in the chunk size", "1 1\r\na\r\n0\r\n\r\n", "400 bad-request"),
        ("a long chunk extension", &extension, "400 bad-request"),
        ("a long trailer", &trailer, "400 bad-request"),
        (
            "a smuggled request behind the last chunk",
            "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
            "400 oauth invalid_request",
        ),
    ];
    let post = |body| post("Transfer-Encoding: chunked\r\n", body);
    table.into_iter().map(|(name, body, expected)| Case::new(name, post(body), expected)).collect()
}

fn lines() -> Vec<Case> {
    let table: [(&[u8], &'static str); 33] = [
        (b"GET /live HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c: d\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n\tc: d\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/1.1\r\n Host: localhost\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/1.1\nHost: localhost\nConnection: close\n\n", "200 fine"),
        (b"\r\n\r\nGET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "200 fine"),
        (b"GET /live HTTP/1.1\r\nHost: localhost\r\nX-A: a\rb\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b\r\n\r\n", "400 bare"),
        (b"GET /live\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/1.1\r\nHost: localhost\r\n: nameless\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/1.1\r\nHost: localhost\r\nX A: b\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/1.1\r\nHost: localhost\r\nX-\xe4: b\r\n\r\n", "400 bare"),
        (b"GET /live\r\n\r\n", "400 bare"),
        (b"GET  /live HTTP/1.1\r\nHost: localhost\r\n\r\n", "400 bare"),
        (b"GET\t/live\tHTTP/1.1\r\nHost: localhost\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/1.1 more\r\nHost: localhost\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/1.2\r\nHost: localhost\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/2.0\r\nHost: localhost\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/9.9\r\nHost: localhost\r\n\r\n", "400 bare"),
        (b"GET /live http/1.1\r\nHost: localhost\r\n\r\n", "400 bare"),
        (b"GET /live HTTP/1.1\r\nConnection: close\r\n\r\n", "400 bad-request"),
        (b"GET /live HTTP/1.0\r\n\r\n", "200 fine"),
        (b"POST /oauth/token HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 bare"),
        (b"get /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "405 method-not-allowed"),
        (b"G\xc3\x84T /live HTTP/1.1\r\nHost: localhost\r\n\r\n", "400 bare"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hello of TLS within TLS\r\n\r\n", "400 bare"),
        (b"\xff\xfe\xfd\xfc\r\n\r\n", "400 bare"),
        (b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "404 unknown-path"),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "404 unknown-path"),
        (b"GET live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "404 unknown-path"),
        (b"GET https://elsewhere.example/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "200 fine"),
        (b"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n", "200 fine"),
        (b"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close, Host, Authorization\r\n\r\n", "200 fine"),
    ];
    let name = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let mut cases: Vec<Case> = table.iter().map(|(bytes, expected)| Case::new(name(bytes), *bytes, expected)).collect();
    let long = format!("{} /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "G".repeat(10_000));
    cases.push(Case::new("a method of 10,000 letters", long, "405 method-not-allowed"));
    cases
}

/// The usual carrier of a smuggled request: a GET whose body one reader ignores.
fn bodies_of_gets(facts: &Facts) -> Vec<Case> {
    let length = format!("Content-Length: {}\r\n", SMUGGLED.len());
    let mut cases = Vec::new();
    for (method, path) in [("GET", LIST), ("GET", "/live"), ("HEAD", LIST)] {
        for (lines, body) in
            [(length.as_str(), SMUGGLED.to_owned()), ("Transfer-Encoding: chunked\r\n", format!("0\r\n\r\n{SMUGGLED}"))]
        {
            let mut bytes = facts.request(method, path.as_bytes(), lines.as_bytes());
            bytes.extend_from_slice(body.as_bytes());
            let expected = if method == "HEAD" { "413 fine" } else { "413 content-too-large" };
            cases.push(Case::new(format!("{method} {path} with a body, {lines:?}"), bytes, expected));
        }
    }
    cases
}
