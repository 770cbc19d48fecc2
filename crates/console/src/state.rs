//! What all pages share.

use std::sync::Arc;

use axum::Router;
use continuity_auth::Auth;
use continuity_base::Clock;
use continuity_history::History;
use continuity_provider::Provider;
use url::Url;

use crate::orders::Orders;
use crate::texts::{ENGLISH, Texts};
use crate::works::Works;

/// What stands behind the pages.
pub struct Backing {
    /// Who people are, and everything that is administered.
    pub auth: Auth,
    /// The bank's own provider, where people may sign in too.
    pub provider: Option<Arc<Provider>>,
    /// The API, which is asked for people by the [`Session`](continuity_auth::Session) among a request's extensions.
    pub api: Router,
    /// What carries the orders of operators out.
    pub orders: Arc<dyn Orders>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the replica measured of itself.
    pub history: History,
}

/// What all pages share.
pub(crate) struct Console {
    pub(crate) auth: Auth,
    pub(crate) provider: Option<Arc<Provider>>,
    pub(crate) api: Router,
    pub(crate) orders: Arc<dyn Orders>,
    /// What operators had begun that takes long.
    pub(crate) works: Works,
    pub(crate) history: History,
    pub(crate) texts: &'static Texts,
    /// Scheme, host and port as browsers name them in `Origin`: forms have to come from there.
    pub(crate) origin: String,
}

/// It outlives every request.
pub(crate) type Shared = Arc<Console>;

impl Console {
    pub(crate) fn new(Backing { auth, provider, api, orders, clock, history }: Backing) -> Self {
        let origin = origin(auth.issuer());
        let works = Works::new(Arc::clone(&orders), clock);
        Self { auth, provider, api, orders, works, history, texts: &ENGLISH, origin }
    }
}

/// Scheme, host and port of this server, as browsers name them.
pub(crate) fn origin(issuer: &str) -> String {
    Url::parse(issuer).map_or_else(|_| issuer.to_owned(), |url| url.origin().ascii_serialization())
}
