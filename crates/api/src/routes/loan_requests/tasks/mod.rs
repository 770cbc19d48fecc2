//! `.../tasks`: tasks, their form data and attachments.

pub(crate) mod download;
pub(crate) mod get;
pub(crate) mod list;
