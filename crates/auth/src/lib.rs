//! The authorization server, the token verifier and the control log.
//!
//! Everything that needs cryptography is here. [`Auth`] is the one handle: it issues tokens for client credentials
//! ([`Auth::token`]), checks them ([`Auth::verify`]), manages clients, records each read of sensitive data before it
//! is answered ([`Auth::record_access`]), and counts all other reads ([`Auth::count_read`]). Its truth is the control log, a second log beside the replicated one.

mod access;
mod administration;
mod auth;
mod authorization;
mod client;
mod control;
mod control_stream;
mod dpop;
mod error;
mod keys;
mod limits;
mod live;
mod maintenance;
mod merge;
mod metadata;
pub mod metrics;
mod oauth;
mod people;
mod principal;
mod reader;
mod reads;
mod revocation;
mod rotation;
mod scope;
mod tally;
#[cfg(test)]
mod testing;
mod token;
mod token_endpoint;
mod verifier;

pub use access::{Access, Accessed};
pub use administration::applications::ApplicationSettings;
pub use administration::people::ConsentOf;
pub use administration::records::ControlRecordAt;
pub use administration::{ClientDefinition, Imported, MAX_SECRET_OVERLAP};
pub use auth::{Auth, AuthOptions, MAX_READ_PERIOD_SECONDS, is_read_period};
pub use authorization::{Authorization, AuthorizationError, Consent, ConsentWanted, Decision, Logout, LogoutRequest};
pub use client::{Authentication, Client, ClientRate, ClientSettings, Created, GrantType};
pub use control::accesses::{AccessEntry, AccessLog, AccessRange, Accesses};
pub use control::event::{By, ControlRecord};
pub use control_stream::{ControlConflict, ControlStream, MAX_MESSAGE_BYTES, Outgoing, Pending, Refusal, Taken};
pub use dpop::{PROOF_ALGORITHMS, Proof, ProofFault};
pub use error::AuthError;
pub use keys::algorithm::SigningAlgorithm;
pub use keys::row::{KeyState, SigningKey};
pub use limits::{CHANNEL_KINDS, Limits};
pub use oauth::{MAX_TOKEN_REQUEST_BYTES, OAuthError, TokenRequest, TokenResponse};
pub use people::account::{Account, AccountSettings, Linked, PasskeyView};
pub use people::factors::TotpOffer;
pub use people::guard::network;
pub use people::link::{LINK, LINK_LIFE};
pub use people::password::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARACTERS};
pub use people::proof::{Means, PROOF_LIFE};
pub use people::provider::id_token::{ExpectedToken, IdTokenError, ProviderKeys, check_id_token};
pub use people::provider::identity::Identity;
pub use people::provider::{ProviderError, ProviderPolicy, ProviderRequest, Returned};
pub use people::role::Role;
pub use people::session::{Duty, Origin, Session, SessionView, SignedIn};
pub use people::sign_in::{SecondFactorWanted, SignInError, SignInPolicy, Step};
pub use principal::{Person, Principal, TokenError};
pub use reads::ReadRecording;
pub use rotation::KeyRotation;
pub use scope::{Scope, ScopeSet};
pub use token::{MAX_TOKEN_SECONDS, MIN_TOKEN_SECONDS, Purpose};
pub use verifier::MAX_TOKEN_BYTES;
