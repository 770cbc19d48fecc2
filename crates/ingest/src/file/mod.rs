//! The file feed: one file or a directory of newline-delimited JSON, plain or compressed.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use continuity_base::Stop;
use continuity_events::record::SourcePosition;

use crate::source::{Batch, Resumed, Source};
use crate::SourceError;

/// Options of a [`FileSource`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOptions {
    /// A file, or a directory of `.ndjson`, `.ndjson.gz` and `.ndjson.zst` files that are read in name order.
    pub path: PathBuf,
    /// Files may grow and new ones may come: an unterminated last line waits. Else it is an event.
    pub follow: bool,
    /// Bytes of the longest line that is handed over whole; of a longer one only the beginning is kept.
    pub max_line_bytes: usize,
}

impl FileOptions {
    /// Follows `path`; lines of up to 64 MiB.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), follow: true, max_line_bytes: 64 << 20 }
    }
}

/// Reads a file feed.
pub struct FileSource {
    name: String,
    options: FileOptions,
}

impl FileSource {
    /// Nothing is opened before [`Source::resume`].
    pub fn new(options: FileOptions) -> Self {
        Self { name: format!("file:{}", options.path.display()), options }
    }
}

impl Source for FileSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn resume(&mut self, _last: &[SourcePosition]) -> Result<Resumed, SourceError> {
        todo!("{:?}", self.options)
    }

    fn next_batch(&mut self, _messages: usize, _bytes: usize, _stop: &Stop) -> Result<Batch, SourceError> {
        todo!()
    }

    fn acknowledge(&mut self, _position: &SourcePosition) -> Result<(), SourceError> {
        Ok(())
    }
}

/// Waits until `ready`, at most `limit`, looking every `step`; returns at once when the stop is asked for.
pub(crate) fn within(limit: Duration, step: Duration, stop: &Stop, mut ready: impl FnMut() -> bool) {
    let mut left = limit;
    while !left.is_zero() && !stop.is_stopped() && !ready() {
        thread::sleep(step.min(left));
        left = left.saturating_sub(step);
    }
}
