//! The way of every request: id, method, secrets in the URL, token, rate, query, turn, readiness, handler, headers, figures.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::response::Response;
use bytes::Bytes;
use continuity_auth::{Principal, Session};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};

use crate::access;
use crate::as_of;
use crate::call::{Call, Shared, starting};
use crate::cors;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag};
use crate::limits::Passage;
use crate::metrics::{Kind, RouteMetrics};
use crate::problem::{NOT_FOUND, Problem, UNKNOWN_PATH, URI_TOO_LONG};
use crate::reply::Reply;
use crate::request::id::X_REQUEST_ID;
use crate::request::query::{Query, refuse_secrets};
use crate::request::{accept, administrator, bearer, body, head};
use crate::sight;
use crate::staleness::{COMPLETE, Staleness};

/// The longest path and query, in bytes.
pub(crate) const LONGEST_URI: usize = 8 * 1024;

const IGNORED: HeaderName = HeaderName::from_static("x-ignored-params");

/// A path: its endpoints, one for each method, with their figures.
pub(crate) struct Route {
    endpoints: Vec<&'static Endpoint>,
    /// The value of `Allow`.
    allow: String,
    metrics: RouteMetrics,
}

impl Route {
    /// The endpoints of one path.
    pub(crate) fn new(endpoints: Vec<&'static Endpoint>) -> Self {
        let allow = endpoints.iter().map(|endpoint| endpoint.verb.allow()).collect::<Vec<_>>().join(", ");
        let first = endpoints[0];
        let kind = match first.access {
            Access::AnyOf(_) => Kind::Data,
            _ if first.tag == Tag::Health => Kind::Health,
            _ => Kind::Other,
        };
        let metrics = RouteMetrics::new(first.path, kind);
        Self { endpoints, allow, metrics }
    }

    pub(crate) fn path(&self) -> &'static str {
        self.endpoints[0].path
    }

    /// The endpoint of that method; of one that there is not, the first, which refuses it.
    fn endpoint(&self, method: &Method) -> &'static Endpoint {
        let found = self.endpoints.iter().find(|endpoint| endpoint.verb.admits(method));
        found.unwrap_or(&self.endpoints[0])
    }
}

/// Answers a request for a known path.
pub(crate) async fn serve(shared: Arc<Shared>, route: Arc<Route>, request: Request) -> Response {
    let started = shared.state.clock.monotonic();
    let (mut parts, body) = request.into_parts();
    let (method, request_id) = (parts.method.clone(), shared.ids.of(&parts.headers));
    let uri = parts.uri.clone();
    let endpoint = route.endpoint(&method);
    let data = matches!(endpoint.access, Access::AnyOf(_));
    let origin = cors::admitted(&shared.state.auth, endpoint, &parts.headers);
    if let Some(mut response) = cors::preflight(origin.as_ref(), &route.allow, &parts) {
        cors::mark(endpoint, origin, response.headers_mut());
        response.headers_mut().insert(X_REQUEST_ID, request_id);
        route.metrics.answered(&method, response.status(), std::time::Duration::ZERO);
        return response;
    }
    let mut passage = shared.admission.arrive(&parts);
    let answer = answer(&shared, (endpoint, &route.allow), &mut parts, body, &request_id, &mut passage).await;
    let fail = |problem| failure(&shared, problem, data, uri.path(), &request_id);
    let mut response = answer.unwrap_or_else(fail);
    if let Err(problem) = shared.admission.leave(passage, &mut response) {
        response = fail(problem);
    }
    cors::mark(endpoint, origin, response.headers_mut());
    response.headers_mut().insert(X_REQUEST_ID, request_id);
    let duration = shared.state.clock.monotonic().saturating_sub(started);
    route.metrics.answered(&method, response.status(), duration);
    log(route.path(), &method, response.status(), duration);
    response
}

/// Answers a request for a path that there is not.
pub(crate) fn unknown(shared: &Shared, metrics: &RouteMetrics, request: &Request) -> Response {
    let request_id = shared.ids.of(request.headers());
    let problem = check_uri(request.uri())
        .err()
        .unwrap_or_else(|| Problem::new(&UNKNOWN_PATH, "The paths that there are stand in /~/open-api/openapi.json."));
    let mut response = problem.into_response(request.uri().path(), request_id.to_str().unwrap_or_default());
    response.headers_mut().insert(X_REQUEST_ID, request_id);
    metrics.answered(request.method(), response.status(), std::time::Duration::ZERO);
    log("unknown", request.method(), response.status(), std::time::Duration::ZERO);
    response
}

async fn answer(
    shared: &Arc<Shared>,
    (endpoint, allow): (&'static Endpoint, &str),
    parts: &mut Parts,
    body: Body,
    request_id: &HeaderValue,
    passage: &mut Passage,
) -> Result<Response, Problem> {
    let data = matches!(endpoint.access, Access::AnyOf(_));
    check_uri(&parts.uri)?;
    head::check(parts)?;
    if !endpoint.verb.admits(&parts.method) {
        return Err(Problem::method(allow));
    }
    let reads_body = endpoint.verb.reads_body(&parts.method);
    head::check_body(parts, reads_body)?;
    let admitted = admit(shared, endpoint.access, parts, passage.address);
    let principal = shared.admission.charge(passage, admitted)?;
    let raw_query = parts.uri.query().unwrap_or_default();
    let query = Query::parse(raw_query, endpoint.params, shared.state.unknown_parameters)?;
    if data && matches!(endpoint.answer, Answer::Object(_) | Answer::Array(_)) {
        accept::choose(&parts.headers, &["application/json"])?;
    }
    let path = path_params(endpoint, parts).await?;
    let body = if reads_body { body::read(body, endpoint.longest_body()).await? } else { Bytes::new() };
    if endpoint.tag != Tag::Health || data {
        shared.admission.enter(passage).await?;
    }
    let view = shared.state.engine.view();
    let staleness = data.then(|| shared.freshness.current(&view, &shared.state));
    if let Some(staleness) = &staleness {
        if !shared.has_started() {
            return Err(starting(view.position, shared.state.start_position));
        }
        staleness.within(&parts.headers)?;
    }
    let as_of = as_of::asked(&query, &view, &shared.state)?;
    let loan = path.iter().flat_map(RawPathParams::iter).find(|(name, _)| *name == "loanRequestId");
    if let Some((_, loan)) = loan {
        sight::check(principal.as_ref(), &view, loan, as_of.as_ref())?;
    }
    let now = Arc::clone(&view);
    let view = match (&as_of, loan) {
        (Some(point), Some((_, loan))) => as_of::of_loan(shared, principal.as_ref(), &view, loan, point).await?,
        _ => view,
    };
    let call = Call {
        shared: Arc::clone(shared),
        endpoint,
        view,
        now,
        as_of,
        address: passage.address,
        principal,
        query,
        path,
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        headers: std::mem::take(&mut parts.headers),
        body,
        request_id: request_id.clone(),
        recorded: AtomicBool::new(false),
    };
    let reply = match endpoint.handler {
        Handler::Read(read) => read(&call),
        Handler::Wait(wait) => wait(&call).await,
    }?;
    access::count(&call);
    Ok(success(reply, &call, staleness.as_deref()).await)
}

/// Who asks, if the endpoint wants to know.
fn admit(shared: &Shared, access: Access, parts: &Parts, from: Option<IpAddr>) -> Result<Option<Principal>, Problem> {
    match (access, parts.extensions.get::<Session>()) {
        (Access::Roles { of, proof }, _) => administrator::admit(shared, (of, proof), parts, from),
        (Access::AnyOf(scopes), Some(session)) => bearer::within(session, scopes).map(Some),
        (access, _) => bearer::admit(&shared.state, access, parts, from),
    }
}

async fn success(reply: Reply, call: &Call, staleness: Option<&Staleness>) -> Response {
    let complete = reply.complete;
    let mut response = reply.into_response(&call.headers).await;
    if let Some(staleness) = staleness {
        staleness.mark(response.headers_mut());
        let text = matches!(call.endpoint.answer, Answer::Object(_) | Answer::Array(_) | Answer::Export(_));
        if text && call.as_of.is_none() {
            staleness.mark_modified(response.headers_mut());
        }
        if !complete {
            response.headers_mut().insert(COMPLETE, HeaderValue::from_static("false"));
        }
    }
    if !call.query.ignored.is_empty() {
        let quoted = |name: &String| form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>();
        let names: Vec<String> = call.query.ignored.iter().map(quoted).collect();
        if let Ok(names) = HeaderValue::from_str(&names.join(", ")) {
            response.headers_mut().insert(IGNORED, names);
        }
    }
    response
}

/// A problem, with what a client should know of freshness when it is about data.
fn failure(shared: &Shared, problem: Problem, data: bool, instance: &str, request_id: &HeaderValue) -> Response {
    let (kind, status) = (problem.kind, problem.kind.status);
    let mut response = problem.into_response(instance, request_id.to_str().unwrap_or_default());
    let tells = [StatusCode::NOT_FOUND, StatusCode::GONE, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
    if data && tells {
        let staleness = shared.freshness.current(&shared.state.engine.view(), &shared.state);
        staleness.mark(response.headers_mut());
        if kind == &NOT_FOUND && !staleness.synchronised {
            response.headers_mut().insert(COMPLETE, HeaderValue::from_static("false"));
        }
    }
    response
}

pub(crate) fn check_uri(uri: &http::Uri) -> Result<(), Problem> {
    let query = uri.query().unwrap_or_default();
    if uri.path().len() + query.len() > LONGEST_URI {
        return Err(Problem::new(&URI_TOO_LONG, format!("Path and query may have {LONGEST_URI} bytes together.")));
    }
    refuse_secrets(query)
}

/// The values in braces; ones that are not UTF-8 name nothing.
async fn path_params(endpoint: &Endpoint, parts: &mut Parts) -> Result<Option<RawPathParams>, Problem> {
    if !endpoint.path.contains('{') {
        return Ok(None);
    }
    let params = RawPathParams::from_request_parts(parts, &()).await;
    params.map(Some).map_err(|_| Problem::new(&NOT_FOUND, "The path is not valid UTF-8 once percent-decoded."))
}

/// The access log: route templates, never paths, queries or tokens. What went well is for debugging only.
pub(crate) fn log(route: &'static str, method: &Method, status: StatusCode, duration: std::time::Duration) {
    let (status, duration_ms) = (status.as_u16(), duration.as_secs_f64() * 1e3);
    match status {
        500.. => tracing::warn!(target: "continuity_api::access", route, %method, status, duration_ms),
        400.. => tracing::info!(target: "continuity_api::access", route, %method, status, duration_ms),
        _ => tracing::debug!(target: "continuity_api::access", route, %method, status, duration_ms),
    }
}
