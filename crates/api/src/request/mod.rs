//! What arrives: query, credentials, accepted formats, request id.

pub(crate) mod accept;
pub(crate) mod administrator;
pub(crate) mod bearer;
pub(crate) mod body;
pub(crate) mod dpop;
pub(crate) mod head;
pub(crate) mod id;
pub(crate) mod query;
