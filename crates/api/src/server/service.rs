//! The requests of one connection, on their way to the router and back.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_LENGTH;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service as _;

use super::body::Outgoing;
use super::watch::Watch;
use crate::limits::{Held, Peer};
use crate::metrics::{Limited, limited};
use crate::problem::{OVERLOADED, Problem};
use crate::request::id::{RequestIds, X_REQUEST_ID};

/// Paths that are answered however many requests are open: whoever watches the process has to hear of it.
const ALWAYS: [&str; 3] = ["/health", "/live", "/ready"];

/// What the connections of a listener share.
pub(super) struct Door {
    router: Router,
    /// Requests that may be open at once on all connections together, whatever they ask.
    room: Arc<Semaphore>,
    ids: RequestIds,
}

/// Serves one connection.
#[derive(Clone)]
pub(super) struct Requests {
    pub(super) door: Arc<Door>,
    pub(super) peer: IpAddr,
    pub(super) watch: Arc<Watch>,
}

impl Door {
    pub(super) fn new(router: Router, open_requests: usize, seed: &str) -> Self {
        let room = Arc::new(Semaphore::new(open_requests));
        Self { router, room, ids: RequestIds::new(seed.as_bytes()) }
    }

    /// The right to be open, or the answer instead. This is asked before any memory is taken for the request.
    fn enter(&self, request: &Request<Incoming>) -> Result<Option<OwnedSemaphorePermit>, Box<Response>> {
        match Arc::clone(&self.room).try_acquire_owned() {
            Ok(permit) => Ok(Some(permit)),
            Err(_) if ALWAYS.contains(&request.uri().path().trim_end_matches('/')) => Ok(None),
            Err(_) => {
                limited(Limited::OpenRequests);
                let id = self.ids.of(request.headers());
                let problem = Problem::new(&OVERLOADED, "More requests are open than the replica works on.");
                let mut response =
                    problem.retry_after(1).into_response(request.uri().path(), id.to_str().unwrap_or_default());
                response.headers_mut().insert(X_REQUEST_ID, id);
                Err(Box::new(response))
            }
        }
    }
}

impl hyper::service::Service<Request<Incoming>> for Requests {
    type Response = Response<Outgoing>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (watch, running) = (Arc::clone(&self.watch), self.watch.request());
        let send = move |mut response: Response| {
            let held = response.extensions_mut().remove::<Held>().unwrap_or_default();
            if response.status() == StatusCode::NOT_MODIFIED {
                // The router gives its empty body a length, which is not that of what is unchanged (RFC 9110 section 8.6).
                response.headers_mut().remove(CONTENT_LENGTH);
            }
            response.map(|body| Outgoing::new(body, watch, held, running))
        };
        let open = match self.door.enter(&request) {
            Ok(open) => open,
            Err(response) => return Box::pin(ready(Ok(send(*response)))),
        };
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(self.peer));
        let answer = self.door.router.clone().call(request);
        Box::pin(async move {
            let response = answer.await?;
            drop(open);
            Ok(send(response))
        })
    }
}
