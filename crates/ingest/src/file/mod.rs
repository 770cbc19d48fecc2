//! The file feed: one file or a directory of newline-delimited JSON, plain or compressed.
//!
//! Files are read in name order. A position names the file by device, inode and a digest of its first bytes, and an
//! offset in its uncompressed bytes. While following, a file may grow, be renamed and begun anew, and files may be
//! added; a file that became shorter, or begins with other bytes, is another history: `diverged`.

mod cursor;
mod feed;
mod identity;
mod known;
mod lines;
#[cfg(test)]
mod rewritten;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use continuity_base::Stop;
use continuity_events::record::{Divergence, SourcePosition};
use continuity_readmodel::ledger::Identity;

pub(crate) use self::feed::plain_bytes;

use self::cursor::{Coding, Cursor};
use self::feed::Found;
use self::known::{Known, KnownFiles, Next};
use crate::source::{Batch, Known as SourceKnown, Message, Resumed, Source, SourceHead};
use crate::{Diverged, SourceError};

const IDLE: Duration = Duration::from_millis(100);
const STEP: Duration = Duration::from_millis(25);
/// How many lines are read between two looks at the stop.
const LINES_PER_LOOK: usize = 64;
/// What is said of a file, after its name, that is not the one that was read.
const OTHER_HEAD: &str = "begins with other bytes than those that were read";

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
    known: KnownFiles,
    cursor: Option<Cursor>,
    /// Not following, and everything was given.
    finished: bool,
}

impl FileSource {
    /// Nothing is opened before [`Source::resume`].
    pub fn new(options: FileOptions) -> Self {
        let name = format!("file:{}", options.path.display());
        Self { name, options, known: KnownFiles::default(), cursor: None, finished: false }
    }

    /// Fills the batch; whether the feed's present end was reached.
    fn fill(&mut self, batch: &mut Batch, messages: usize, bytes: usize, stop: &Stop) -> Result<bool, SourceError> {
        let mut taken = 0;
        self.refresh()?;
        loop {
            while let Some(cursor) = &mut self.cursor {
                if batch.messages.len() >= messages || taken >= bytes {
                    return Ok(false);
                }
                if batch.messages.len().is_multiple_of(LINES_PER_LOOK) && stop.is_stopped() {
                    return Ok(false);
                }
                let line = cursor.next_line();
                let Some(raw) = line.map_err(|error| failed(&self.name, cursor, &error))? else { break };
                taken += raw.len();
                batch.messages.push(Message { raw, position: position(cursor) });
            }
            self.end_of_file(batch);
            if !self.advance()? {
                return Ok(true);
            }
            self.refresh()?;
        }
    }

    /// Notes how far the open file was read; without following, its rest is a line and it is done with.
    fn end_of_file(&mut self, batch: &mut Batch) {
        let Some(cursor) = &mut self.cursor else { return };
        if !self.options.follow
            && let Some(raw) = cursor.lines.finish()
        {
            batch.messages.push(Message { raw, position: position(cursor) });
        }
        let (identity, offset) = (cursor.identity.clone(), cursor.lines.offset);
        let known = Known { identity, offset, read_size: cursor.read_size() };
        self.known.files.insert(cursor.found.name.clone(), known);
    }

    /// A small file's head grows with it; one that was written anew in place is not what was read.
    fn refresh(&mut self) -> Result<(), SourceError> {
        let Some(cursor) = &mut self.cursor else { return Ok(()) };
        let (name, refreshed) = (cursor.found.name.clone(), cursor.refresh());
        refreshed.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => self.diverged(&name, Divergence::Rewritten, format!("{name} {OTHER_HEAD}")),
            _ => self.unreachable(&error),
        })
    }

    /// Goes on to the first file in name order with something new; `false` when there is none.
    fn advance(&mut self) -> Result<bool, SourceError> {
        if self.finished {
            return Ok(false);
        }
        let listing = feed::list(&self.options.path).map_err(|error| self.unreachable(&error))?;
        for found in listing {
            if self.open_if_new(found)? {
                return Ok(true);
            }
        }
        if !self.options.follow {
            (self.finished, self.cursor) = (true, None);
        }
        Ok(false)
    }

    fn open_if_new(&mut self, found: Found) -> Result<bool, SourceError> {
        if let Some(more) = self.go_on(&found)? {
            return Ok(more);
        }
        let next = self.known.look(&found).map_err(|error| self.unreachable(&error))?;
        match next {
            Next::Nothing => Ok(false),
            Next::Read(offset) => self.open(found, offset),
            Next::RestOf(renamed) => {
                tracing::info!(file = %found.name, now = %renamed.name, "a feed file was renamed and begun anew");
                let offset = self.known.rename(&found.name, &renamed.name);
                self.open(*renamed, offset)
            }
            Next::Diverged(cause, detail) => Err(self.diverged(&found.name, cause, detail)),
        }
    }

    /// If `found` is the open file: whether there is more in it.
    fn go_on(&mut self, found: &Found) -> Result<Option<bool>, SourceError> {
        let Some(cursor) = self.cursor.as_mut().filter(|cursor| cursor.found.name == found.name) else {
            return Ok(None);
        };
        if (cursor.found.device, cursor.found.inode) != (found.device, found.inode) {
            // Another file has the name now. How far the open one was read is noted already.
            self.cursor = None;
            return Ok(None);
        }
        if found.size == cursor.read_size() {
            return Ok(Some(false));
        }
        if cursor.go_on().map_err(|error| failed(&self.name, cursor, &error))? {
            return Ok(Some(true));
        }
        Err(self.diverged(
            &found.name,
            Divergence::Truncated,
            format!("it became shorter: {} bytes on disk", found.size),
        ))
    }

    fn open(&mut self, found: Found, offset: u64) -> Result<bool, SourceError> {
        let name = found.name.clone();
        let opened = Cursor::open(found, offset, self.options.max_line_bytes);
        let cursor = opened.map_err(|error| self.unreachable(&error))?;
        if cursor.is_none() {
            return Err(self.diverged(
                &name,
                Divergence::Truncated,
                format!("it holds less than the {offset} bytes that were read"),
            ));
        }
        if let Some(left) = self.cursor.as_ref().filter(|left| left.lines.is_torn()) {
            tracing::warn!(file = %left.found.name, "left a feed file with an unterminated last line, which waits there");
        }
        self.cursor = cursor;
        Ok(true)
    }

    fn unreachable(&self, error: &io::Error) -> SourceError {
        SourceError::Disconnected { source_name: self.name.clone(), detail: error.to_string() }
    }

    fn diverged(&self, file: &str, cause: Divergence, detail: String) -> SourceError {
        let offset = self.known.files.get(file).map_or(0, |known| known.offset);
        diverged(&self.name, file, offset, cause, detail)
    }

    fn head(&self) -> Option<String> {
        let (name, known) = self.known.files.iter().next_back()?;
        Some(format!("{name}, byte {}", known.offset))
    }
}

impl Source for FileSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn resume(&mut self, known: &SourceKnown) -> Result<Resumed, SourceError> {
        (self.cursor, self.finished) = (None, false);
        self.known = KnownFiles::from_positions(&known.positions);
        let listing = feed::list(&self.options.path).map_err(|error| self.unreachable(&error))?;
        self.known.settle(&listing);
        for found in &listing {
            if self.known.is_rewritten(found).map_err(|error| self.unreachable(&error))? {
                return Err(self.diverged(&found.name, Divergence::Rewritten, format!("{} {OTHER_HEAD}", found.name)));
            }
            let next = self.known.look(found).map_err(|error| self.unreachable(&error))?;
            if let Next::Diverged(cause, detail) = next {
                return Err(self.diverged(&found.name, cause, detail));
            }
        }
        let from = self.head().unwrap_or_else(|| "the beginning".to_owned());
        Ok(Resumed { from, ..Resumed::default() })
    }

    fn next_batch(&mut self, max_messages: usize, max_bytes: usize, stop: &Stop) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let mut waited = Duration::ZERO;
        loop {
            batch.at_end = self.fill(&mut batch, max_messages, max_bytes, stop)?;
            let renamed = std::mem::take(&mut self.known.renamed);
            batch.passed.extend(renamed.iter().filter_map(|name| Some(self.known.files.get(name)?.position(name))));
            if !batch.messages.is_empty() || waited >= IDLE || stop.is_stopped() {
                if batch.at_end {
                    let number = self.known.files.values().next_back().map_or(0, |known| known.offset);
                    let text = self.head().unwrap_or_else(|| "no file yet".to_owned());
                    batch.head = Some(SourceHead { text, number, ..SourceHead::default() });
                }
                return Ok(batch);
            }
            thread::sleep(STEP);
            waited += STEP;
        }
    }

    fn acknowledge(&mut self, _position: &SourcePosition) -> Result<(), SourceError> {
        Ok(())
    }
}

fn position(cursor: &Cursor) -> SourcePosition {
    let (identity, offset) = (cursor.identity.clone(), cursor.lines.offset);
    Known { identity, offset, read_size: 0 }.position(&cursor.found.name)
}

/// What a failed read means: the system's errors pass, bytes that do not decompress stay what they are.
fn failed(source: &str, cursor: &Cursor, error: &io::Error) -> SourceError {
    let (source_name, file) = (source.to_owned(), &cursor.found.name);
    if error.raw_os_error().is_some() || cursor.found.coding() == Coding::Plain {
        return SourceError::Disconnected { source_name, detail: format!("{file}: {error}") };
    }
    let detail = format!("it cannot be decompressed: {error}");
    diverged(source, file, cursor.lines.offset, Divergence::Rewritten, detail)
}

fn diverged(source: &str, file: &str, offset: u64, cause: Divergence, detail: String) -> SourceError {
    let (partition, point) = (file.to_owned(), format!("{file}, byte {offset}"));
    let present = vec![Identity { partition: partition.clone(), facts: Vec::new() }];
    let found = Box::new(Diverged { cause, partition, point, detail, present });
    SourceError::Diverged { source_name: source.to_owned(), found }
}

/// Waits until `ready`, at most `limit`, looking every `step`; returns at once when the stop is asked for.
pub(crate) fn within(limit: Duration, step: Duration, stop: &Stop, mut ready: impl FnMut() -> bool) {
    let mut left = limit;
    while !left.is_zero() && !stop.is_stopped() && !ready() {
        thread::sleep(step.min(left));
        left = left.saturating_sub(step);
    }
}
