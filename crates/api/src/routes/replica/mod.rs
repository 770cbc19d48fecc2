//! `/api/v1/replica`: what the replica knows of itself and may not tell everybody.

pub(crate) mod accesses;
pub(crate) mod blobs;
pub(crate) mod completeness;
