//! The authorization server, the token verifier and the control log.
//!
//! Everything that needs cryptography is here. [`Auth`] is the one handle: it issues tokens for client credentials
//! ([`Auth::token`]), checks them ([`Auth::verify`]), manages clients, and records each read of sensitive data before it
//! is answered ([`Auth::record_access`]). Its truth is the control log, a second log beside the replicated one.

mod access;
mod auth;
mod client;
mod control;
mod error;
mod keys;
mod live;
pub mod metrics;
mod oauth;
mod principal;
mod scope;
#[cfg(test)]
mod testing;
mod token;
mod token_endpoint;
mod verifier;

pub use access::{Access, AccessEntry, Accessed};
pub use auth::{Auth, AuthOptions, MAX_SECRET_OVERLAP};
pub use client::{Client, Created, NewClient};
pub use control::event::describe_control_record;
pub use error::AuthError;
pub use oauth::{MAX_TOKEN_REQUEST_BYTES, OAuthError, TokenRequest, TokenResponse};
pub use principal::{Principal, TokenError};
pub use scope::{Scope, ScopeSet};
pub use token::{MAX_TOKEN_SECONDS, MIN_TOKEN_SECONDS};
pub use verifier::MAX_TOKEN_BYTES;
