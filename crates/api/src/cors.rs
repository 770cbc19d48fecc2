//! Single-page applications of other origins (Fetch standard, CORS): which may ask from a browser, and be told the answer.
//!
//! An origin may whose registered application has a redirect URI there. It brings a token and never a cookie: nothing says
//! `Access-Control-Allow-Credentials`, and the administration is not among what may be asked.

use axum::body::Body;
use axum::response::Response;
use continuity_auth::Auth;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::endpoint::{Access, Endpoint, Tag};

/// What such an application may send.
const SENT: &str =
    "Authorization, Content-Type, DPoP, If-None-Match, If-Range, Last-Event-ID, Range, X-Max-Staleness, X-Request-Id";
/// What it may read beside the few that every script may.
const TOLD: &str = "Accept-Ranges, Content-Disposition, Content-Range, ETag, Link, RateLimit, RateLimit-Policy, Repr-Digest, Retry-After, WWW-Authenticate, X-Accesses-Complete-Until, X-Ignored-Params, X-Next-Cursor, X-Replica-As-Of, X-Replica-Complete, X-Replica-Lag-Seconds, X-Replica-Position, X-Replica-State, X-Request-Id, X-Total-Count";
/// How long a browser remembers what it was told, in seconds.
const REMEMBERED: &str = "600";

/// Whether other origins may ask it at all: data and what is needed to get tokens.
fn is_open_to_others(endpoint: &Endpoint) -> bool {
    match endpoint.access {
        Access::AnyOf(_) | Access::OpenId => true,
        Access::Open => endpoint.tag == Tag::Token && !endpoint.path.ends_with("/introspect"),
        Access::Roles { .. } => false,
    }
}

/// The origin that a request comes from, if it may ask this.
pub(crate) fn admitted(auth: &Auth, endpoint: &Endpoint, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (origin, None) = (origins.next()?, origins.next()) else { return None };
    (is_open_to_others(endpoint) && auth.is_origin_of_an_application(origin.to_str().ok()?)).then(|| origin.clone())
}

/// The answer to a browser that asks whether it may ask; `None`: that is no such question, or it may not.
pub(crate) fn preflight(admitted: Option<&HeaderValue>, allow: &str, parts: &Parts) -> Option<Response> {
    let asks = parts.method == Method::OPTIONS && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let _origin = admitted.filter(|_| asks)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_str(allow).ok()?);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(SENT));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED));
    Some(response)
}

/// Lets the application read the answer.
pub(crate) fn mark(endpoint: &Endpoint, admitted: Option<HeaderValue>, headers: &mut HeaderMap) {
    if !is_open_to_others(endpoint) {
        return;
    }
    // Whoever keeps it must not give it to another origin. What has no such field is not to be kept.
    let varied =
        headers.get(VARY).and_then(|vary| HeaderValue::from_str(&format!("{}, Origin", vary.to_str().ok()?)).ok());
    if let Some(varied) = varied {
        headers.insert(VARY, varied);
    }
    if let Some(origin) = admitted {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(TOLD));
    }
}
