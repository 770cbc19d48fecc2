//! Bodies of the one path that reads any: token requests.

use super::case::{Case, MARKER};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const JSON: &str = "Content-Type: application/json\r\n";

fn post(lines: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /api/v1/oauth/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n{lines}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(super) fn cases() -> Vec<Case> {
    let wrong = format!("grant_type=client_credentials&client_id=nobody&client_secret={MARKER}");
    let basic = format!("{FORM}Authorization: Basic {MARKER}\r\n");
    let (deep, long) = ("[".repeat(15_000), "a=".to_owned() + &"b".repeat(20_000));
    let many = (0..40).map(|number| format!("p{number}=1")).collect::<Vec<_>>().join("&");
    let table: [(&str, &str, &[u8], &'static str); 25] = [
        ("no type", "", wrong.as_bytes(), "400 oauth invalid_request"),
        ("plain text", "Content-Type: text/plain\r\n", wrong.as_bytes(), "400 oauth invalid_request"),
        ("multipart", "Content-Type: multipart/form-data; boundary=x\r\n", b"--x--", "400 oauth invalid_request"),
        ("two types", &format!("{FORM}{JSON}"), b"{}", "400 bad-request"),
        (
            "a compressed body",
            &format!("{FORM}Content-Encoding: gzip\r\n"),
            b"\x1f\x8b",
            "415 unsupported-content-coding",
        ),
        ("an empty body", FORM, b"", "400 oauth invalid_request"),
        ("an empty object", JSON, b"{}", "400 oauth invalid_request"),
        ("an array", JSON, b"[]", "400 oauth invalid_request"),
        ("a body that is cut", JSON, b"{\"grant_type\":\"client", "400 oauth invalid_request"),
        ("a deep body", JSON, deep.as_bytes(), "400 oauth invalid_request"),
        ("numbers for texts", JSON, b"{\"grant_type\":1}", "400 oauth invalid_request"),
        ("two objects", JSON, b"{}{}", "400 oauth invalid_request"),
        ("a byte order mark", JSON, b"\xef\xbb\xbf{}", "400 oauth invalid_request"),
        ("no UTF-8", JSON, b"{\"grant_type\":\"\xff\"}", "400 oauth invalid_request"),
        ("a form that is no UTF-8", FORM, b"grant_type=%ff", "400 oauth invalid_request"),
        ("a form with a broken escape", FORM, b"grant_type=%zz", "400 oauth invalid_request"),
        ("a parameter twice", FORM, b"grant_type=client_credentials&grant_type=password", "400 oauth invalid_request"),
        ("forty parameters", FORM, many.as_bytes(), "400 oauth invalid_request"),
        ("20,000 bytes", FORM, long.as_bytes(), "413 oauth invalid_request"),
        ("another grant", FORM, b"grant_type=password&username=a&password=b", "400 oauth unsupported_grant_type"),
        ("a wrong secret", FORM, wrong.as_bytes(), "401 oauth invalid_client"),
        ("a broken Basic", &basic, b"grant_type=client_credentials", "401 oauth invalid_client"),
        ("Basic and a secret", &basic, wrong.as_bytes(), "400 oauth invalid_request"),
        ("two credentials", &format!("{basic}Authorization: Bearer {MARKER}\r\n"), wrong.as_bytes(), "400 bad-request"),
        (
            "a NUL in the id",
            FORM,
            b"grant_type=client_credentials&client_id=%00&client_secret=x",
            "401 oauth invalid_client",
        ),
    ];
    let mut cases: Vec<Case> =
        table.iter().map(|(name, lines, body, expected)| Case::new(*name, post(lines, body), expected)).collect();
    let mut unfinished = post(FORM, &[b'a'; 100]);
    unfinished.truncate(unfinished.len() - 50);
    cases.push(Case::new("a body that does not come", unfinished, "408 request-timeout"));
    let query = format!(
        "POST /oauth/token?client_secret={MARKER} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    cases.push(Case::new("a secret in the URL", query, "400 token-in-query"));
    cases
}
