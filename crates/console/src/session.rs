//! The session of a browser that asks for something else than a page.

use std::net::IpAddr;

use continuity_auth::{Auth, Origin, Session};
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName};

use crate::cookies::SESSION;
use crate::guard;
use crate::state::origin;

const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// The session of a browser by the headers of its request and where that came from; `None` without one that is in force. To
/// change something, the request has to come from a page of this server and to repeat the session's secret
/// ([`Session::csrf`]) as `X-CSRF-Token`; the error says what is wrong.
pub fn session(
    auth: &Auth,
    headers: &HeaderMap,
    address: Option<IpAddr>,
    changes: bool,
) -> Result<Option<Session>, &'static str> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let from = Origin { address, agent: text(&USER_AGENT).to_owned() };
    let Some(session) = SESSION.of(headers).and_then(|cookie| auth.session(cookie, &from)) else { return Ok(None) };
    if changes && !guard::is_from_here(headers, &origin(auth.issuer())) {
        return Err("The browser says that the request does not come from a page of this server.");
    }
    if changes && !guard::repeats(text(&CSRF_TOKEN), &session.csrf) {
        return Err("Send csrfToken of /api/v1/admin/me as X-CSRF-Token.");
    }
    Ok(Some(session))
}
