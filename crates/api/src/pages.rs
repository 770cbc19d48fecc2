//! Pages for people: made elsewhere, let in by the same doors as the API.
//!
//! This crate does not know what they show. A page is handed the request with its body read, the address that it came from
//! as [`ConnectInfo`]`<`[`IpAddr`]`>` (absent where it came over no connection), and its id as `X-Request-Id`.
//!
//! Pages read data as everybody does: by asking the API. A request from within has the [`Session`] of the person that it is
//! for among its extensions, where nothing from outside can put one. Scopes, limits, records of reads and figures are those
//! of any request; only its turn is that of the page, which has it already.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use axum::routing::MethodRouter;
use continuity_auth::{Auth, MAX_TOKEN_REQUEST_BYTES, Session};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use tower::ServiceExt;

use crate::call::Shared;
use crate::limits::Passage;
use crate::metrics::RouteMetrics;
use crate::pipeline::{check_uri, log};
use crate::problem::{CONTENT_TOO_LARGE, Problem};
use crate::request::id::X_REQUEST_ID;
use crate::request::{body, head};

/// Pages beside the API.
pub struct Pages {
    /// Each path, parameters in braces, with what answers there. It must be none of the API's.
    pub routes: Vec<(&'static str, MethodRouter)>,
    /// Says to a person why a request was not looked at: the status, what that means, and what is wrong.
    pub refusal: Refusal,
}

/// The session of a browser by the headers of its request and where that came from. The flag says whether something is to
/// be changed: then the request has to come from a page of this server, or the answer is why it does not seem to.
pub type SessionOf = fn(&Auth, &HeaderMap, Option<IpAddr>, bool) -> Result<Option<Session>, &'static str>;

/// See [`Pages::refusal`].
pub type Refusal = fn(StatusCode, &str, &str) -> Response;

impl Default for Pages {
    fn default() -> Self {
        let refusal: Refusal = |status, _, _| {
            let mut response = Response::default();
            *response.status_mut() = status;
            response
        };
        Self { routes: Vec::new(), refusal }
    }
}

/// A page with its figures.
pub(crate) struct Page {
    pub(crate) path: &'static str,
    pub(crate) serve: MethodRouter,
    pub(crate) refusal: Refusal,
    pub(crate) metrics: RouteMetrics,
}

impl Page {
    fn refuse(&self, problem: Problem) -> Response {
        let mut response = (self.refusal)(problem.kind.status, problem.kind.title, &problem.detail);
        response.headers_mut().extend(problem.headers);
        response
    }
}

/// Answers a request for a page.
pub(crate) async fn serve(shared: Arc<Shared>, page: Arc<Page>, request: Request) -> Response {
    let started = shared.state.clock.monotonic();
    let (mut parts, body) = request.into_parts();
    let (method, id) = (parts.method.clone(), shared.ids.of(&parts.headers));
    parts.headers.insert(X_REQUEST_ID, id.clone());
    let mut passage = shared.admission.arrive(&parts);
    let answer = answer(&shared, &page, parts, body, &mut passage).await;
    let mut response = answer.unwrap_or_else(|problem| page.refuse(problem));
    if let Err(problem) = shared.admission.leave(passage, &mut response) {
        response = page.refuse(problem);
    }
    response.headers_mut().insert(X_REQUEST_ID, id);
    let duration = shared.state.clock.monotonic().saturating_sub(started);
    page.metrics.answered(&method, response.status(), duration);
    log(page.path, &method, response.status(), duration);
    response
}

async fn answer(
    shared: &Shared,
    page: &Page,
    mut parts: Parts,
    body: Body,
    passage: &mut Passage,
) -> Result<Response, Problem> {
    let reads_body = parts.method == Method::POST;
    check_uri(&parts.uri)?;
    head::check(&parts)?;
    head::check_body(&parts, reads_body)?;
    let body = if reads_body { body::read(body, MAX_TOKEN_REQUEST_BYTES).await? } else { bytes::Bytes::new() };
    if body.len() > MAX_TOKEN_REQUEST_BYTES {
        let detail = format!("At most {MAX_TOKEN_REQUEST_BYTES} bytes of a request body are read.");
        return Err(Problem::new(&CONTENT_TOO_LARGE, detail));
    }
    shared.admission.enter(passage).await?;
    if let Some(address) = passage.address {
        parts.extensions.insert(ConnectInfo::<IpAddr>(address));
    }
    let answer = page.serve.clone().oneshot(Request::from_parts(parts, Body::from(body))).await;
    Ok(answer.unwrap_or_else(|never: Infallible| match never {}))
}
