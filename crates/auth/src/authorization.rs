//! What people let applications do: the authorization code with PKCE (RFC 6749 section 4.1, RFC 7636), refresh (section 6),
//! and OpenID Connect.
//!
//! A code lives a minute, in memory. What it is exchanged for is a grant: a record of the control log that says who let which
//! application do what, until when. Every access token of it names it, so that it ends when the grant does.

pub(crate) mod codes;
mod consent;
pub(crate) mod event;
pub(crate) mod exchange;
pub(crate) mod grants;
pub(crate) mod id_token;
pub(crate) mod identity;
mod logout;
mod password;
pub(crate) mod refresh;
pub(crate) mod request;
mod userinfo;

pub use consent::{Consent, ConsentWanted, Decision};
pub use logout::{Logout, LogoutRequest};
pub use request::{Authorization, AuthorizationError};

#[cfg(test)]
pub(crate) mod tests;
