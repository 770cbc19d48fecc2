//! Requests and their answers.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::body::{self, Spoilt};
use super::range::{Asked, asked};
use super::{Fault, Outcome, Shared};
use crate::content::BlobId;
use crate::random::Random;

/// Serves until it is dropped.
pub(super) async fn run(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let router =
        Router::new().route("/objects/{id}", get(object)).route("/references/{id}", get(reference)).with_state(shared);
    drop(axum::serve(listener, router).await);
}

/// Digests that were asked for, so that a large file is hashed once; the oldest go when there are too many.
#[derive(Debug, Default)]
pub(super) struct Digests(Mutex<HashMap<BlobId, String>>);

impl Digests {
    const MOST: usize = 4_096;

    async fn of(&self, id: BlobId) -> Option<String> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(digest) = known().get(&id) {
            return Some(digest.clone());
        }
        let hashed = tokio::task::spawn_blocking(move || hex::encode(id.content().sha256())).await.ok()?;
        let mut known = known();
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert(id, hashed.clone());
        Some(hashed)
    }
}

fn has_token(shared: &Shared, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|text| text.strip_prefix("Bearer "));
    shared.options.token.as_deref().is_some_and(|token| given == Some(token))
}

async fn reference(State(shared): State<Arc<Shared>>, Path(text): Path<String>, headers: HeaderMap) -> Response {
    let refuse = |outcome, status: StatusCode, code| {
        shared.counters.add(outcome);
        failure(status, code)
    };
    if shared.options.token.is_some() && !has_token(&shared, &headers) {
        return refuse(Outcome::Unauthorized, StatusCode::UNAUTHORIZED, "Unauthorized");
    }
    let number = shared.requests.fetch_add(1, Ordering::Relaxed);
    let faults = *shared.faults.lock().unwrap_or_else(PoisonError::into_inner);
    if faults.refuses_reference(&mut Random::new(shared.options.seed, number)) {
        return refuse(Outcome::NoReference, StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable");
    }
    let Ok(id) = text.parse::<BlobId>() else {
        return refuse(Outcome::Unknown, StatusCode::NOT_FOUND, "NoSuchKey");
    };
    let Some(digest) = shared.digests.of(id).await else {
        return refuse(Outcome::NoReference, StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable");
    };
    shared.counters.add(Outcome::Reference);
    let json = shared.served.reference_to(id, &digest, shared.options.clock.now()).to_text();
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

async fn object(
    State(shared): State<Arc<Shared>>,
    Path(text): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let refuse = |outcome, status: StatusCode, code| {
        shared.counters.add(outcome);
        failure(status, code)
    };
    let Ok(id) = text.parse::<BlobId>() else {
        return refuse(Outcome::Unknown, StatusCode::NOT_FOUND, "NoSuchKey");
    };
    if !has_token(&shared, &headers) {
        let Some(expires) = signed_until(&shared, id, query.as_deref().unwrap_or_default()) else {
            return refuse(Outcome::WrongSignature, StatusCode::FORBIDDEN, "SignatureDoesNotMatch");
        };
        if shared.options.clock.now().as_seconds().unsigned_abs() >= expires {
            return refuse(Outcome::PastExpiry, StatusCode::FORBIDDEN, "ExpiredToken");
        }
    }
    let mut random = Random::new(shared.options.seed, shared.requests.fetch_add(1, Ordering::Relaxed));
    let scripted = shared.next.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let faults = *shared.faults.lock().unwrap_or_else(PoisonError::into_inner);
    let fault = scripted.unwrap_or_else(|| faults.draw(&mut random));
    if let Some(response) = fault.and_then(|fault| refused(&shared, fault)) {
        return response;
    }
    answer(&shared, id, fault, &mut random, &method, &headers)
}

/// Until when a rightly signed URL is good, in seconds since 1970.
fn signed_until(shared: &Shared, id: BlobId, query: &str) -> Option<u64> {
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let expires = value("expires")?.parse().ok()?;
    shared.served.key.verify(id, expires, value("signature")?).then_some(expires)
}

/// The answer to a fault that leaves no bytes of the file to send.
fn refused(shared: &Shared, fault: Fault) -> Option<Response> {
    let (status, code) = match fault {
        Fault::Forbidden => (StatusCode::FORBIDDEN, "AccessDenied"),
        Fault::Expired => (StatusCode::FORBIDDEN, "ExpiredToken"),
        Fault::NotFound => (StatusCode::NOT_FOUND, "NoSuchKey"),
        Fault::TooMany => (StatusCode::TOO_MANY_REQUESTS, "SlowDown"),
        Fault::ServerError => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        Fault::Slow | Fault::Cut | Fault::WrongBytes | Fault::WrongLength => return None,
    };
    shared.counters.add(Outcome::Fault(fault));
    let mut response = failure(status, code);
    if fault == Fault::TooMany {
        response.headers_mut().insert(header::RETRY_AFTER, shared.options.retry_after.as_secs().into());
    }
    Some(response)
}

fn failure(status: StatusCode, code: &str) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code></Error>\n");
    (status, [(header::CONTENT_TYPE, "application/xml")], text).into_response()
}

fn answer(
    shared: &Arc<Shared>,
    id: BlobId,
    fault: Option<Fault>,
    random: &mut Random,
    method: &Method,
    headers: &HeaderMap,
) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let etag = format!("\"{}\"", &blake3::hash(id.to_string().as_bytes()).to_hex()[..32]);
    let size = if fault == Some(Fault::WrongLength) { other_size(id.size(), random) } else { id.size() };
    // Another ETag, or a date: the file is another one than the client has a part of.
    let same = text(header::IF_RANGE).is_none_or(|known| known == etag);
    let asked = asked(text(header::RANGE).filter(|_| same), size);
    let common = [
        (header::ETAG, etag),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_TYPE, id.kind().media_type().to_owned()),
    ];
    let (range, outcome) = match asked {
        Asked::Whole => (0..size, Outcome::Whole),
        Asked::Part(range) => (range, Outcome::Partial),
        Asked::Unsatisfiable => {
            shared.counters.add(Outcome::Unsatisfiable);
            let whole = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, common, whole).into_response();
        }
    };
    let plain = if method == Method::HEAD { Outcome::Head } else { outcome };
    shared.counters.add(fault.map_or(plain, Outcome::Fault));
    let within = |random: &mut Random| random.between(range.start, range.end - 1);
    let spoilt = match fault {
        Some(Fault::Slow) => Spoilt { slow: shared.options.slow, ..Spoilt::default() },
        Some(Fault::Cut) => Spoilt { cut: Some(within(random)), ..Spoilt::default() },
        Some(Fault::WrongBytes) => Spoilt { flip: Some(within(random)), ..Spoilt::default() },
        _ => Spoilt::default(),
    };
    let length = [(header::CONTENT_LENGTH, range.end - range.start)].map(|(name, value)| (name, value.to_string()));
    let shown = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    let bytes =
        if method == Method::HEAD { Body::empty() } else { body::of(Arc::clone(shared), id.content(), range, spoilt) };
    if outcome == Outcome::Whole {
        return (common, length, bytes).into_response();
    }
    (StatusCode::PARTIAL_CONTENT, common, length, [(header::CONTENT_RANGE, shown)], bytes).into_response()
}

/// A size that is not that of the file: some bytes more, or up to half of them fewer.
fn other_size(size: u64, random: &mut Random) -> u64 {
    if random.percent(50) { size + random.between(1, 1_000) } else { size - random.between(1, size / 2) }
}
