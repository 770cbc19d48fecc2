//! People: accounts, how they sign in, their sessions.
//!
//! An account is made by an administrator, or on the command line, and its person sets the password through a one-time
//! link. Whoever signs in proves a password and a second factor, or a passkey, which is both. What signs people in is
//! kept as digests, sealed, or as public keys; all of it, and every sign-in, are records of the control log.

pub(crate) mod account;
mod digest;
pub(crate) mod directory;
pub(crate) mod event;
pub(crate) mod factors;
pub(crate) mod guard;
pub(crate) mod link;
pub(crate) mod passkey;
pub(crate) mod password;
pub(crate) mod pending;
pub(crate) mod proof;
pub(crate) mod provider;
pub(crate) mod role;
pub(crate) mod row;
pub(crate) mod session;
pub(crate) mod sign_in;
pub(crate) mod totp;
pub(crate) mod turns;

#[cfg(test)]
pub(crate) mod tests;
