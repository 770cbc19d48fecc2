//! Whether a form was sent by a page of this server, which its person had open.
//!
//! Two things have to hold. The browser says that the request comes from here: `Origin` names this server, or, where there
//! is none, `Sec-Fetch-Site` says `same-origin`. And the form repeats a secret that no other site can read: what follows
//! from the session's own secret, or, before there is a session, the random text of a cookie.

use http::header::ORIGIN;
use http::{HeaderMap, HeaderName};
use subtle::ConstantTimeEq;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the browser says that a page of `origin` sent it.
pub(crate) fn is_from_here(headers: &HeaderMap, origin: &str) -> bool {
    let mut named = headers.get_all(ORIGIN).iter();
    match (named.next(), named.next()) {
        // A browser that keeps where it comes from to itself says null.
        (Some(value), None) if value != "null" => value == origin,
        (_, None) => headers.get(FETCH_SITE).is_some_and(|site| site == "same-origin"),
        (_, Some(_)) => false,
    }
}

/// Whether a form repeats the secret.
pub(crate) fn repeats(sent: &str, secret: &str) -> bool {
    !secret.is_empty() && bool::from(sent.as_bytes().ct_eq(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(headers: &[(HeaderName, &str)]) -> bool {
        let headers: HeaderMap = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        is_from_here(&headers, "https://localhost:8083")
    }

    #[test]
    fn only_this_origin_sends_forms() {
        assert!(here(&[(ORIGIN, "https://localhost:8083")]));
        assert!(here(&[(FETCH_SITE, "same-origin")]));
        assert!(here(&[(ORIGIN, "null"), (FETCH_SITE, "same-origin")]));
        for foreign in [
            "https://localhost",
            "http://localhost:8083",
            "https://localhost:8083.evil.example",
            "https://evil.example",
            "https://localhost:8083/",
            "",
        ] {
            assert!(!here(&[(ORIGIN, foreign), (FETCH_SITE, "same-origin")]), "{foreign}");
        }
        for site in ["same-site", "cross-site", "none", ""] {
            assert!(!here(&[(FETCH_SITE, site)]) && !here(&[(ORIGIN, "null"), (FETCH_SITE, site)]), "{site}");
        }
        assert!(!here(&[]));
        assert!(!here(&[(ORIGIN, "https://localhost:8083"), (ORIGIN, "https://evil.example")]));
    }

    #[test]
    fn a_secret_is_repeated_whole() {
        assert!(repeats("abc", "abc"));
        for wrong in ["", "ab", "abcd", "abC"] {
            assert!(!repeats(wrong, "abc"), "{wrong}");
        }
        assert!(!repeats("", ""));
    }
}
