//! The authorization server, the token verifier and the control log.
//!
//! Everything that needs cryptography is here. [`Auth`] is the one handle: it issues tokens for client credentials
//! ([`Auth::token`]), checks them ([`Auth::verify`]), manages clients, and records each read of sensitive data before it
//! is answered ([`Auth::record_access`]). Its truth is the control log, a second log beside the replicated one.

mod access;
mod auth;
mod client;
mod error;
mod oauth;
mod principal;
mod scope;

pub use access::{Access, AccessEntry, Accessed};
pub use auth::{Auth, AuthOptions};
pub use client::{Client, Created, NewClient};
pub use error::AuthError;
pub use oauth::{MAX_TOKEN_REQUEST_BYTES, OAuthError, TokenRequest, TokenResponse};
pub use principal::{Principal, TokenError};
pub use scope::{Scope, ScopeSet};
