//! The section about the bytes of documents and attachments.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Place, Secret};

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blobs {
    pub(crate) parallel: usize,
    pub(crate) per_host: usize,
    pub(crate) max_bytes: u64,
    pub(crate) max_bytes_per_second: u64,
    pub(crate) allow_types: Vec<String>,
    pub(crate) deny_types: Vec<String>,
    pub(crate) windows: Vec<String>,
    pub(crate) unreferenced_days: u32,
    pub(crate) scrub_days: u32,
    pub(crate) scrub_bytes_per_second: u64,
    pub(crate) quarantined_bytes: u64,
    pub(crate) store: Place,
    pub(crate) http: BlobHttp,
    pub(crate) s3: Place,
    pub(crate) nats: BlobNats,
    pub(crate) scan: BlobScan,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlobHttp {
    pub(crate) hosts: Vec<String>,
    pub(crate) token_hosts: Vec<String>,
    pub(crate) token: Secret,
    pub(crate) reference_url: String,
    pub(crate) allow_http: bool,
    pub(crate) ca: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlobNats {
    pub(crate) buckets: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlobScan {
    pub(crate) command: Vec<String>,
    pub(crate) clamd: String,
    pub(crate) limit_seconds: u64,
}
