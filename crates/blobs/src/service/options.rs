//! How the service works, and what it works with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Timestamp};

use crate::origin::Origin;
use crate::references::References;
use crate::scan::Scanner;
use crate::shelf::Shelf;

/// Tells when blobs may be fetched that nobody waits for.
pub type Window = Arc<dyn Fn(Timestamp) -> bool + Send + Sync>;

/// How the blob service works.
#[derive(Clone)]
pub struct BlobOptions {
    /// Directory of the index, of parts and of quarantined bytes. A shelf on the local disk has its parts moved from
    /// here: it must be on the same file system.
    pub directory: PathBuf,
    /// Fetches at a time.
    pub parallel: usize,
    /// Fetches at a time from one authority.
    pub per_authority: usize,
    /// Bigger blobs are not fetched, in bytes.
    pub max_bytes: u64,
    /// Bytes a second over all fetches; 0: no bound.
    pub max_bytes_per_second: u64,
    /// Media types that are fetched (`image/*` is a pattern); empty: all.
    pub allow_types: Vec<String>,
    /// Media types that are not.
    pub deny_types: Vec<String>,
    /// When fetches begin; what somebody asked for is fetched at any time.
    pub open: Window,
    /// Days after which bytes that nobody refers to are removed.
    pub unreferenced_days: u32,
    /// Days within which every blob is hashed again.
    pub scrub_days: u32,
    /// Bytes a second that scrubbing reads; 0: no bound.
    pub scrub_bytes_per_second: u64,
    /// Bytes of quarantined blobs that are kept.
    pub quarantine_bytes: u64,
    /// Nothing is fetched that would leave less free on the file system of the directory, in bytes.
    pub min_free_bytes: u64,
    /// The version of the read model of references. What is known of references is derived anew from another one.
    pub references_version: u32,
    /// The last position of the log. What is known of references beyond it is of another log.
    pub log_head: Option<u64>,
    /// How often the loops look for work that nobody woke them for.
    pub tick: Duration,
}

impl BlobOptions {
    /// The defaults, in that directory.
    pub fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            parallel: 8,
            per_authority: 4,
            max_bytes: 1 << 30,
            max_bytes_per_second: 0,
            allow_types: Vec::new(),
            deny_types: Vec::new(),
            open: Arc::new(|_| true),
            unreferenced_days: 30,
            scrub_days: 30,
            scrub_bytes_per_second: 8 << 20,
            quarantine_bytes: 1 << 30,
            min_free_bytes: 512 << 20,
            references_version: 0,
            log_head: None,
            tick: Duration::from_millis(500),
        }
    }

    /// Why a blob of that media type is not fetched; `None` when it is.
    pub(crate) fn refused_type(&self, media_type: Option<&str>) -> Option<String> {
        let media_type = media_type.unwrap_or("application/octet-stream");
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let listed = |list: &[String]| list.iter().any(|pattern| matches(pattern, &essence));
        let refused = listed(&self.deny_types) || !(self.allow_types.is_empty() || listed(&self.allow_types));
        refused.then(|| format!("its media type {essence:?} is not allowed by the configuration"))
    }
}

fn matches(pattern: &str, essence: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => essence.starts_with(&prefix.to_ascii_lowercase()),
        None => essence.eq_ignore_ascii_case(pattern),
    }
}

/// What the blob service works with.
#[derive(Clone)]
pub struct BlobPlaces {
    /// Where bytes come from.
    pub origin: Arc<dyn Origin>,
    /// Where they are kept.
    pub shelf: Arc<dyn Shelf>,
    /// Who needs them.
    pub references: Arc<dyn References>,
    /// What looks at them first.
    pub scanner: Option<Arc<dyn Scanner>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_denied_or_else_allowed() {
        let mut options = BlobOptions::new(PathBuf::new());
        assert_eq!(options.refused_type(None), None);
        options.deny_types = vec!["text/html".to_owned(), "video/*".to_owned()];
        assert!(options.refused_type(Some("Text/HTML; charset=utf-8")).is_some());
        assert!(options.refused_type(Some("video/mp4")).is_some());
        assert_eq!(options.refused_type(Some("text/plain")), None);
        options.allow_types = vec!["image/*".to_owned()];
        assert!(options.refused_type(Some("text/plain")).is_some());
        assert!(options.refused_type(None).is_some());
        assert_eq!(options.refused_type(Some("image/png")), None);
    }
}
