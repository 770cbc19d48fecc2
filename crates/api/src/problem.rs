//! Errors as RFC 9457 problem documents, with the challenges of RFC 6750.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};

/// One sort of problem: the last part of its `type`, its status and its title never change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) code: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
}

impl Kind {
    /// The `type` of its documents.
    pub(crate) fn urn(&self) -> String {
        format!("urn:continuity:problem:{}", self.code)
    }
}

macro_rules! kinds {
    ($($name:ident = $code:literal, $status:ident, $title:literal;)*) => {
        $(pub(crate) static $name: Kind = Kind { code: $code, status: StatusCode::$status, title: $title };)*
        /// Every kind, for the OpenAPI document.
        pub(crate) static ALL: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    BAD_REQUEST = "bad-request", BAD_REQUEST, "The request cannot be understood";
    UNKNOWN_PARAMETER = "unknown-parameter", BAD_REQUEST, "Unknown query parameter";
    BAD_PARAMETER = "bad-parameter", BAD_REQUEST, "Unusable query parameter";
    BAD_CURSOR = "bad-cursor", BAD_REQUEST, "Unusable cursor";
    CURSOR_MISMATCH = "cursor-mismatch", BAD_REQUEST, "The cursor belongs to another query";
    TOKEN_IN_QUERY = "token-in-query", BAD_REQUEST, "Access tokens do not belong into URLs";
    UNAUTHORIZED = "unauthorized", UNAUTHORIZED, "An access token is needed";
    INVALID_TOKEN = "invalid-token", UNAUTHORIZED, "The access token is not accepted";
    INVALID_PROOF = "invalid-dpop-proof", UNAUTHORIZED, "The DPoP proof is not accepted";
    INSUFFICIENT_SCOPE = "insufficient-scope", FORBIDDEN, "The access token lacks a scope";
    EXPIRED_TOKEN = "expired-token", FORBIDDEN, "The access token expired";
    PROOF_WANTED = "proof-wanted", UNAUTHORIZED, "A recent proof of who you are is needed";
    NOT_ADMITTED = "not-admitted", FORBIDDEN, "This person may not do this";
    CSRF_TOKEN_WANTED = "csrf-token-wanted", FORBIDDEN, "The request does not come from a page of this server";
    ACCOUNT_NOT_READY = "account-not-ready", FORBIDDEN, "The account has something to do first";
    UNKNOWN_PATH = "unknown-path", NOT_FOUND, "There is nothing at this path";
    NOT_FOUND = "not-found", NOT_FOUND, "There is no such thing";
    METHOD_NOT_ALLOWED = "method-not-allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    AS_OF_UNTOLD = "as-of-untold", NOT_FOUND, "This replica's history does not reach back so far";
    NOT_ACCEPTABLE = "not-acceptable", NOT_ACCEPTABLE, "No acceptable representation";
    CONFLICT = "conflict", CONFLICT, "It does not fit the present state";
    POSITION_AHEAD = "position-ahead", CONFLICT, "The point lies ahead of this replica";
    LOAN_PURGED = "loan-purged", GONE, "The loan request was purged";
    AS_OF_ERASED = "as-of-erased", GONE, "The loan request was as it is not shown any more";
    BLOB_ERASED = "blob-erased", GONE, "The bytes were erased";
    CONTENT_TOO_LARGE = "content-too-large", PAYLOAD_TOO_LARGE, "The request body is too long";
    UNSUPPORTED_CODING = "unsupported-content-coding", UNSUPPORTED_MEDIA_TYPE, "The request body's coding is not understood";
    UNSUPPORTED_TYPE = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The request body's media type is not understood";
    UNUSABLE_SETTINGS = "unusable-settings", UNPROCESSABLE_ENTITY, "The settings cannot be used";
    HEADERS_TOO_LARGE = "headers-too-large", REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's header fields are too large";
    RATE_LIMITED = "rate-limited", TOO_MANY_REQUESTS, "Too many requests";
    REQUEST_TIMEOUT = "request-timeout", REQUEST_TIMEOUT, "The request took too long";
    URI_TOO_LONG = "uri-too-long", URI_TOO_LONG, "The URL is too long";
    TOO_MANY_STREAMS = "too-many-streams", TOO_MANY_REQUESTS, "Too many streams of one client";
    RANGE_NOT_SATISFIABLE = "range-not-satisfiable", RANGE_NOT_SATISFIABLE, "The range lies outside the bytes";
    INTERNAL = "internal-error", INTERNAL_SERVER_ERROR, "The request failed";
    STARTING = "starting", SERVICE_UNAVAILABLE, "The replica is starting";
    NEVER_SYNCHRONISED = "never-synchronised", SERVICE_UNAVAILABLE, "The replica has never been complete";
    STOPPING = "stopping", SERVICE_UNAVAILABLE, "The replica is stopping";
    REBUILDING = "rebuilding", SERVICE_UNAVAILABLE, "The read model is being rebuilt";
    TOO_STALE = "replica-too-stale", SERVICE_UNAVAILABLE, "The replica is staler than asked for";
    BLOB_NOT_SYNCED = "blob-not-synced", SERVICE_UNAVAILABLE, "The bytes have not arrived yet";
    BLOB_DAMAGED = "blob-damaged", SERVICE_UNAVAILABLE, "The bytes fail their checksum";
    BLOB_TOO_LARGE = "blob-too-large", SERVICE_UNAVAILABLE, "The bytes are more than this replica serves";
    ACCESS_NOT_RECORDED = "access-not-recorded", SERVICE_UNAVAILABLE, "The access could not be recorded";
    CHANGE_NOT_RECORDED = "change-not-recorded", SERVICE_UNAVAILABLE, "The change could not be recorded";
    OVERLOADED = "overloaded", SERVICE_UNAVAILABLE, "Too much work at once";
}

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) kind: &'static Kind,
    pub(crate) detail: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), headers: Vec::new() }
    }

    /// Adds a header; text that no header can hold is left out.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Says when it is worth trying again.
    #[must_use]
    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        self.header(RETRY_AFTER, &seconds.to_string())
    }

    /// A store failed: logged here with its cause, shown without it.
    pub(crate) fn store(error: &impl std::fmt::Display) -> Self {
        tracing::error!(error = %error, "a read model could not be read");
        Self::new(&INTERNAL, "A read model could not be read; the operator's log says why.")
    }

    /// No such thing below a known loan.
    pub(crate) fn missing(what: &str, id: &str) -> Self {
        Self::new(&NOT_FOUND, format!("There is no {what} {id:?} here."))
    }

    /// 405 with the methods that there are.
    pub(crate) fn method(allow: &str) -> Self {
        Self::new(&METHOD_NOT_ALLOWED, format!("This path answers {allow}; the replica's data is read-only."))
            .header(ALLOW, allow)
    }

    /// 401: with an error code only when there was a token (RFC 6750 section 3.1).
    pub(crate) fn unauthorized(realm: &str, token_error: Option<&str>) -> Self {
        match token_error {
            None => Self::new(&UNAUTHORIZED, "Send an access token: Authorization: Bearer <token>.")
                .header(WWW_AUTHENTICATE, &format!("Bearer realm=\"{realm}\"")),
            Some(why) => Self::new(&INVALID_TOKEN, format!("{why}.")).header(
                WWW_AUTHENTICATE,
                &format!("Bearer realm=\"{realm}\", error=\"invalid_token\", error_description=\"{why}\""),
            ),
        }
    }

    /// 403 that names the scopes, one of which is needed.
    pub(crate) fn scope(realm: &str, needed: &str) -> Self {
        Self::new(&INSUFFICIENT_SCOPE, format!("The token needs one of these scopes: {needed}.")).header(
            WWW_AUTHENTICATE,
            &format!("Bearer realm=\"{realm}\", error=\"insufficient_scope\", scope=\"{needed}\""),
        )
    }

    /// The problem document. `instance` is the path without its query.
    pub(crate) fn document(&self, instance: &str, request_id: &str) -> Bytes {
        let document = serde_json::json!({
            "type": self.kind.urn(),
            "title": self.kind.title,
            "status": self.kind.status.as_u16(),
            "detail": self.detail,
            "instance": instance,
            "requestId": request_id,
        });
        Bytes::from(document.to_string())
    }

    /// The reply to send, but for the headers that every reply has.
    pub(crate) fn into_response(self, instance: &str, request_id: &str) -> Response<axum::body::Body> {
        let mut response = Response::new(axum::body::Body::from(self.document(instance, request_id)));
        *response.status_mut() = self.kind.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_the_six_members() {
        let problem = Problem::new(&LOAN_PURGED, "gone \"for\" good");
        let value: serde_json::Value = serde_json::from_slice(&problem.document("/a/b", "r-1")).unwrap();
        let expected = serde_json::json!({
            "type": "urn:continuity:problem:loan-purged", "title": "The loan request was purged", "status": 410,
            "detail": "gone \"for\" good", "instance": "/a/b", "requestId": "r-1",
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn challenges_follow_rfc_6750() {
        let challenge = |p: Problem| p.headers[0].1.to_str().unwrap().to_owned();
        assert_eq!(challenge(Problem::unauthorized("r", None)), "Bearer realm=\"r\"");
        assert_eq!(
            challenge(Problem::unauthorized("r", Some("The access token expired"))),
            "Bearer realm=\"r\", error=\"invalid_token\", error_description=\"The access token expired\""
        );
        assert_eq!(
            challenge(Problem::scope("r", "bids:read loans:read")),
            "Bearer realm=\"r\", error=\"insufficient_scope\", scope=\"bids:read loans:read\""
        );
    }

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let mut codes: Vec<&str> = ALL.iter().map(|k| k.code).collect();
        assert!(codes.iter().all(|c| c.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ALL.len());
    }
}
