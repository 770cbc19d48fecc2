//! What all pages share.

use std::sync::Arc;

use continuity_auth::Auth;
use continuity_provider::Provider;
use url::Url;

use crate::texts::{ENGLISH, Texts};

/// What all pages share.
pub(crate) struct Console {
    pub(crate) auth: Auth,
    /// The bank's own provider, where people may sign in too.
    pub(crate) provider: Option<Arc<Provider>>,
    pub(crate) texts: &'static Texts,
    /// Scheme, host and port as browsers name them in `Origin`: forms have to come from there.
    pub(crate) origin: String,
}

/// It outlives every request.
pub(crate) type Shared = Arc<Console>;

impl Console {
    pub(crate) fn new(auth: Auth, provider: Option<Arc<Provider>>) -> Self {
        let issuer = auth.issuer().to_owned();
        let origin = Url::parse(&issuer).map_or(issuer, |url| url.origin().ascii_serialization());
        Self { auth, provider, texts: &ENGLISH, origin }
    }
}
