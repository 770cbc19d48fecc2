//! `/api/v1/loan-requests` and everything below it.

pub(crate) mod analysis;
pub(crate) mod audit_log;
pub(crate) mod bid_requests;
pub(crate) mod comments;
pub(crate) mod documents;
pub(crate) mod get;
pub(crate) mod guilds;
pub(crate) mod list;
mod list_as_of;
pub(crate) mod spaces;
pub(crate) mod tasks;
pub(crate) mod views;
pub(crate) mod worksheets;
