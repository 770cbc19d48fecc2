//! The authorization server's endpoints.

pub(crate) mod token;
