//! The pages with which people sign in, look after their account, and let applications in.
//!
//! Rendered here, with everything embedded: no page asks another host, and all of them work without JavaScript, which
//! passkeys alone need. [`pages`] lists the paths with what answers there; whoever serves them hands over the address that
//! a request came from as `ConnectInfo<IpAddr>`, and its id as `X-Request-Id`. What people read stands in `texts`.

mod agent;
mod api;
mod assets;
mod cookies;
mod faults;
mod forms;
mod frame;
mod guard;
mod json;
mod money;
mod next;
mod orders;
mod pages;
mod places;
mod policy;
mod prose;
mod reply;
mod routes;
mod session;
mod stamp;
mod state;
#[cfg(test)]
mod tests;
mod texts;
mod visit;
mod when;
mod works;

use std::sync::Arc;

use axum::routing::MethodRouter;

use crate::pages::provider;
use crate::state::{Console, Shared};

pub use orders::{Order, Orders, WebhookAgain};
pub use pages::trouble::refusal;
pub use session::session;
pub use state::Backing;

/// Where the bank's provider sends people back to, below the replica's address.
pub const PROVIDER_CALLBACK: &str = provider::CALLBACK;

/// Every page: its path, parameters in braces, and what answers there.
pub fn pages(backing: Backing) -> Vec<(&'static str, MethodRouter)> {
    let console: Shared = Arc::new(Console::new(backing));
    routes::all().into_iter().map(|(path, page)| (path, page.with_state(Arc::clone(&console)))).collect()
}
