//! From names to addresses that may be connected to.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Target;

/// Asks for the addresses of a name.
pub(crate) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Asks the operating system.
pub(crate) fn system_lookup() -> Lookup {
    Arc::new(|name| {
        async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) }.boxed()
    })
}

/// Gives the HTTP client the addresses that the target may have, and fails when there are others among them: a name that
/// leads inside and outside at once is not to be trusted.
pub(crate) struct Resolver {
    pub(crate) target: Target,
    pub(crate) lookup: Lookup,
}

/// A name led where it may not.
#[derive(Debug)]
pub(crate) struct Forbidden(String);

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its name leads to {}; if that is right, add its network to webhooks.allowed_targets", self.0)
    }
}

impl std::error::Error for Forbidden {}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (target, asked) = (self.target.clone(), (self.lookup)(name.as_str().to_owned()));
        Box::pin(async move {
            let found = asked.await?;
            if let Some(address) = found.iter().find(|address| !target.allows(**address)) {
                return Err(Forbidden(address.to_string()).into());
            }
            // The port is that of the URL.
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}
