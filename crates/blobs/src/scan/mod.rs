//! Malware scans: the seam of the optional look at bytes before they become available.

mod clamd;
mod command;

use std::path::Path;

use futures_util::future::BoxFuture;

pub use clamd::ClamdScanner;
pub use command::CommandScanner;

/// What a scan says of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// Something was found: its name as the scanner says it.
    Infected(String),
}

/// Looks at bytes. An error means that nothing was learnt: the bytes stay unavailable and are scanned again later.
pub trait Scanner: Send + Sync + 'static {
    /// Scans the file.
    fn scan<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Result<Verdict, String>>;
}
