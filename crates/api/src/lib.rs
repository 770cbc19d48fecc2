//! The HTTPS API: routes, problems, health, OpenAPI.
//!
//! One table of endpoints (`endpoint`, filled by `routes`) makes the axum router, the checks of scope and query, the
//! metrics' labels and the OpenAPI document, so that none of them can drift from the others. A request goes through
//! `pipeline`, which lists the steps in their order.

mod access;
mod as_of;
pub mod blob_lag;
mod blob_state;
mod call;
mod changes;
pub mod completeness;
mod cors;
mod cursor;
mod download;
mod encoding;
mod endpoint;
pub mod export;
mod filter;
mod limits;
pub mod metrics;
mod openapi;
mod pages;
mod paging;
mod pipeline;
mod problem;
mod reply;
mod request;
mod routes;
mod server;
mod sight;
mod staleness;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::any;

use crate::call::Shared;
use crate::metrics::{Kind, RouteMetrics};
use crate::pages::Page;
use crate::pipeline::Route;

pub use changes::ChangeOptions;
pub use limits::{Limits, Rate};
pub use pages::{Pages, Refusal, SessionOf};
pub use server::{ServerLimits, TlsFiles, serve_plain, serve_tls};
pub use state::{ApiState, ControlStreamHealth, ControlStreamProbe, UnknownParameters, WebhookHealth, WebhookProbe};

/// The whole API as a service: data, token, health and documentation paths, with pages for people beside them. Pages are
/// made with the API as they may ask it themselves, see [`Pages`].
///
/// Install the metrics recorder before the first request: handles are taken once for each route.
pub fn router(state: ApiState, session: SessionOf, pages: impl FnOnce(Router) -> Pages) -> Router {
    metrics::register_streams();
    let shared = Arc::new(Shared::new(state, session));
    let mut router = Router::new();
    for endpoints in routes::by_path() {
        let route = Arc::new(Route::new(endpoints));
        for path in spellings(route.path()) {
            let (shared, route) = (Arc::clone(&shared), Arc::clone(&route));
            let serve = move |request: Request| pipeline::serve(Arc::clone(&shared), Arc::clone(&route), request);
            router = router.route(&path, any(serve));
        }
    }
    let pages = pages(router.clone());
    for (path, serve) in pages.routes {
        let page =
            Arc::new(Page { path, serve, refusal: pages.refusal, metrics: RouteMetrics::new(path, Kind::Other) });
        // What names the rest of a path has its last slash already.
        let spellings = if path.contains("{*") { vec![path.to_owned()] } else { spellings(path).to_vec() };
        for path in spellings {
            let (shared, page) = (Arc::clone(&shared), Arc::clone(&page));
            let serve = move |request: Request| pages::serve(Arc::clone(&shared), Arc::clone(&page), request);
            router = router.route(&path, any(serve));
        }
    }
    let metrics = Arc::new(RouteMetrics::new("unknown", Kind::Other));
    router.fallback(move |request: Request| {
        let response = pipeline::unknown(&shared, &metrics, &request);
        async move { response }
    })
}

/// The OpenAPI 3.1 document of [`router`], as JSON text.
pub fn openapi() -> String {
    openapi::text().to_owned()
}

/// The path with and without its last slash.
fn spellings(path: &str) -> [String; 2] {
    let bare = path.trim_end_matches('/');
    [bare.to_owned(), format!("{bare}/")]
}
