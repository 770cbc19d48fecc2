//! Paths: encodings, traversal, and what scanners try.

use super::case::{Case, Facts};

pub(super) fn cases(facts: &Facts) -> Vec<Case> {
    let mut cases = facts.gets(&[
        ("/api/v1/loan-requests/../../health", "404 unknown-path"),
        ("/api/v1/loan-requests/..", "404 not-found"),
        ("/api/v1/loan-requests/.", "404 not-found"),
        ("/api/v1/loan-requests/%2e%2e", "404 not-found"),
        ("/api/v1/loan-requests/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "404 not-found"),
        ("/api/v1/loan-requests/..%5c..%5cwindows%5cwin.ini", "404 not-found"),
        ("/api/v1/loan-requests/%252e%252e%252fetc%252fpasswd", "404 not-found"),
        ("/api/v1/loan-requests/%c0%ae%c0%ae%c0%af", "404 not-found"),
        ("/api/v1/loan-requests/%e0%80%af", "404 not-found"),
        ("/api/v1/loan-requests/%ed%a0%80", "404 not-found"),
        ("/api/v1/loan-requests/%f4%90%80%80", "404 not-found"),
        ("/api/v1/loan-requests/%ff", "404 not-found"),
        ("/api/v1/loan-requests/%00", "404 not-found"),
        ("/api/v1/loan-requests/{L}%00", "404 not-found"),
        ("/api/v1/loan-requests/{L}%00.json", "404 not-found"),
        ("/api/v1/loan-requests/{L}%20", "404 not-found"),
        ("/api/v1/loan-requests/{L}%2ftasks", "404 not-found"),
        ("/api/v1/loan-requests/%", "404 not-found"),
        ("/api/v1/loan-requests/%4", "404 not-found"),
        ("/api/v1/loan-requests/%zz", "404 not-found"),
        ("/api/v1/loan-requests/%u0041", "404 not-found"),
        ("/api/v1/loan-requests/%0d%0aSet-Cookie:%20a=b", "404 not-found"),
        ("/api/v1/loan-requests/'%20OR%20'1'='1", "404 not-found"),
        ("/api/v1/loan-requests/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "404 not-found"),
        ("/api/v1/loan-requests/$%7Bjndi:ldap:%2F%2Fx%7D", "404 not-found"),
        ("/api/v1/loan-requests/%25s%25n%25x", "404 not-found"),
        ("/api/v1/loan-requests/{L}/tasks/..%2f..%2fsecret", "404 not-found"),
        ("/api/v1/loan-requests/{L}/tasks/x/items/..%2f..%2f..%2fetc%2fpasswd/download", "404 not-found"),
        ("/api/v1/loan-requests/{L}/documents/..%2f..%2fcontrol%2fkey.pem/download", "404 not-found"),
        ("/api/v1/loan-requests/{L}/nothing", "404 unknown-path"),
        ("//api/v1/loan-requests", "404 unknown-path"),
        ("/api//v1/loan-requests", "404 unknown-path"),
        ("/api/v1/loan-requests//", "404 not-found"),
        ("/API/V1/LOAN-REQUESTS", "404 unknown-path"),
        ("/api/v1/loan-requests;jsessionid=1", "404 unknown-path"),
        ("/api/v1/loan-requests%2f", "404 unknown-path"),
        ("/api/v1/loan-requests%3flimit=1", "404 unknown-path"),
        ("/~/open-api/../../../../etc/passwd", "404 unknown-path"),
        ("/~/open-api/..%2f..%2fetc%2fpasswd", "404 unknown-path"),
        ("/.git/config", "404 unknown-path"),
        ("/.env", "404 unknown-path"),
        ("/wp-login.php", "404 unknown-path"),
        ("/metrics", "404 unknown-path"),
        ("/actuator/env", "404 unknown-path"),
        ("/live#fragment", "200 fine"),
    ]);
    let long = |count: usize| format!("/api/v1/loan-requests/{}", "x".repeat(count));
    cases.extend(facts.gets(&[
        (&long(3_000), "404 not-found"),
        (&long(9_000), "414 uri-too-long"),
        (&long(70_000), "431 bare"),
        (&"/..".repeat(2_000), "404 unknown-path"),
        (&"/a".repeat(6_000), "414 uri-too-long"),
    ]));
    for (name, target, expected) in [
        ("a raw byte that is no ASCII", &b"/api/v1/loan-requests/\xff"[..], "400 bare"),
        ("raw UTF-8", "/api/v1/loan-requests/\u{e4}".as_bytes(), "404 not-found"),
        ("a raw space", b"/api/v1/loan-requests/a b", "400 bare"),
        ("a raw control character", b"/api/v1/loan-requests/\x01", "400 bare"),
        ("raw angle brackets", b"/api/v1/loan-requests/<x>", "400 bare"),
    ] {
        cases.push(Case::new(name, facts.request("GET", target, b""), expected));
    }
    cases
}
