//! `.../documents`: documents and their bytes.

pub(crate) mod download;
pub(crate) mod list;
mod version;
