//! Header fields: too many, too large, absurd, and those that pretend.

use super::case::{Case, Facts, LIST};

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let many = |count: usize| (0..count).map(|number| format!("X-{number}: y\r\n")).collect::<Vec<_>>().concat();
    let long = |bytes: usize| format!("X-Long: {}\r\n", "y".repeat(bytes));
    let ranges = format!("Range: bytes={}0-1\r\n", "0-1,".repeat(1_000));
    let tags = format!("If-None-Match: {}\"z\"\r\n", "\"abc\", ".repeat(1_000));
    let mut cases = facts.with_headers(&[
        (LIST, &many(81), "431 headers-too-large"),
        (LIST, &many(300), "431 bare"),
        (LIST, &"X-Same: y\r\n".repeat(90), "431 headers-too-large"),
        (LIST, &long(33_000), "431 headers-too-large"),
        (LIST, &long(100_000), "431 bare"),
        (LIST, &format!("Cookie: session={}\r\n", "y".repeat(8_000)), "200 fine"),
        (LIST, "Accept: image/png\r\n", "406 not-acceptable"),
        (LIST, "Accept: ;;;\r\n", "406 not-acceptable"),
        (LIST, "Accept: application/json;q=0\r\n", "406 not-acceptable"),
        (LIST, &format!("Accept: {}\r\n", "text/x,".repeat(2_000)), "406 not-acceptable"),
        ("/api/v1/loan-requests/{L}/audit-log", "Accept: text/html\r\n", "406 not-acceptable"),
        (LIST, "If-None-Match: garbage\r\n", "200 fine"),
        (LIST, "If-None-Match: *\r\n", "304 fine"),
        (LIST, &tags, "200 fine"),
        (LIST, "If-Modified-Since: the day before yesterday\r\n", "200 fine"),
        (LIST, "Range: bytes=0-0\r\n", "200 fine"),
        ("{D}", "Range: bytes=99999999999-\r\n", "416 range-not-satisfiable"),
        ("{D}", "Range: bytes=-0\r\n", "416 range-not-satisfiable"),
        ("{D}", "Range: bytes=5-1\r\n", "200 fine"),
        ("{D}", "Range: bytes=abc\r\n", "200 fine"),
        ("{D}", "Range: bytes=0-99999999999999999999999\r\n", "206 fine"),
        ("{D}", "Range: lines=1-2\r\n", "200 fine"),
        ("{D}", &ranges, "200 fine"),
        ("{D}", "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n", "200 fine"),
        (LIST, "X-Max-Staleness: soon\r\n", "400 bad-request"),
        (LIST, "X-Max-Staleness: -1\r\n", "400 bad-request"),
        (LIST, "X-Max-Staleness: +5\r\n", "400 bad-request"),
        (LIST, "X-Max-Staleness: 1.5\r\n", "400 bad-request"),
        (LIST, "X-Max-Staleness:\r\n", "400 bad-request"),
        (LIST, "X-Max-Staleness: 1e3\r\n", "400 bad-request"),
        (LIST, "X-Max-Staleness: 60\r\nX-Max-Staleness: 1\r\n", "400 bad-request"),
        (LIST, "X-Request-Id: \"><script>\r\n", "200 fine"),
        (LIST, &format!("X-Request-Id: {}\r\n", "y".repeat(5_000)), "200 fine"),
        (LIST, "Host: other\r\n", "400 bad-request"),
        (LIST, "X-Forwarded-For: 127.0.0.1, ::1, nonsense\r\nForwarded: for=secret\r\n", "200 fine"),
        (LIST, "X-HTTP-Method-Override: DELETE\r\nX-Original-URL: /admin\r\n", "200 fine"),
        (LIST, "Expect: something-else\r\n", "200 fine"),
        (LIST, "Accept-Encoding: bomb;q=9, *;q=x\r\n", "200 fine"),
    ]);
    cases.extend(hosts());
    cases.extend(credentials(facts));
    cases.extend(verbs(facts));
    cases
}

fn hosts() -> Vec<Case> {
    let long = "h".repeat(10_000);
    let table: [(&str, &'static str); 9] = [
        ("", "400 bad-request"),
        ("a b", "400 bad-request"),
        ("user:password@localhost", "400 bad-request"),
        ("http://localhost", "400 bad-request"),
        ("../../etc/passwd", "400 bad-request"),
        ("[::1", "400 bad-request"),
        ("localhost:8083:8083", "400 bad-request"),
        (&long, "400 bad-request"),
        ("elsewhere.example", "200 fine"),
    ];
    let request = |host: &str| format!("GET /live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    table.iter().map(|(host, expected)| Case::new(format!("Host: {host}"), request(host), expected)).collect()
}

fn credentials(facts: &Facts) -> Vec<Case> {
    let long = format!("Authorization: Bearer {}\r\n", "y".repeat(9_000));
    let two = format!("Authorization: Bearer {0}\r\nAuthorization: Bearer {0}\r\n", facts.token);
    let bent = format!("Authorization: Bearer {}x\r\n", facts.token);
    let none = "Authorization: Bearer eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJhZG1pbiJ9.\r\n";
    let table: [(&str, &'static str); 16] = [
        ("", "401 unauthorized"),
        ("Authorization:\r\n", "401 unauthorized"),
        ("Authorization: Basic {S}\r\n", "401 unauthorized"),
        ("Authorization: Negotiate {S}\r\n", "401 unauthorized"),
        ("Cookie: access_token={S}\r\n", "401 unauthorized"),
        ("Authorization: Bearer\r\n", "401 invalid-token"),
        ("Authorization: Bearer {S}\r\n", "401 invalid-token"),
        ("authorization: bEaReR {S}\r\n", "401 invalid-token"),
        ("Authorization: Bearer {S}.{S}.{S}\r\n", "401 invalid-token"),
        ("Authorization: Bearer {S}, Bearer {S}\r\n", "401 invalid-token"),
        ("Authorization: Bearer \u{e4}{S}\r\n", "401 invalid-token"),
        (none, "401 invalid-token"),
        (&bent, "401 invalid-token"),
        (&long, "401 invalid-token"),
        (&two, "400 bad-request"),
        ("Authorization: Bearer {S}\r\nAuthorization: Basic {S}\r\n", "400 bad-request"),
    ];
    let case = |(lines, expected): &(&str, &'static str)| {
        let lines = lines.replace("{S}", super::case::MARKER);
        let request = format!("GET {LIST} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n");
        Case::new(format!("credentials {lines:?}"), request, expected)
    };
    table.iter().map(case).collect()
}

fn verbs(facts: &Facts) -> Vec<Case> {
    let loan = format!("{LIST}/{}", facts.loan);
    let mut cases = Vec::new();
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "FOO", "HEADER"] {
        for path in [LIST, &loan] {
            let bytes = facts.request(method, path.as_bytes(), b"X-HTTP-Method-Override: GET\r\n");
            cases.push(Case::new(format!("{method} {path}"), bytes, "405 method-not-allowed"));
        }
    }
    for method in ["GET", "PUT", "DELETE"] {
        cases.push(Case::new(
            format!("{method} of a token"),
            facts.request(method, b"/oauth/token", b""),
            "405 method-not-allowed",
        ));
    }
    cases
}
