//! A snapshot feed in front of the source that is followed: first the feed to its end, then the source.
//!
//! Both resume from their own positions. Those of the feed are kept as of files named `bootstrap:<key>/<file>`, with the
//! key taken from the feed's URL, so that they never meet those of a source that is files too, and another feed begins
//! anew. Once the feed's export is whole and what follows it is in the log, its files are not looked at any more. It is
//! whole with the `SnapshotCompleted` of the `SnapshotStarted` that it began with, and every loan that they announce.
//! A feed that ends otherwise is refused, and the source is not read: without what the feed should have told of, most
//! of its events would only wait behind gaps. Meanwhile the source keeps them, and nothing is called synchronised.

mod find;
mod positions;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use continuity_base::{Clock, Stop};
use continuity_events::catalogue::{SNAPSHOT, SNAPSHOT_COMPLETED, SNAPSHOT_STARTED};
use continuity_events::record::SourcePosition;
use continuity_events::{CloudEvent, Limits, TYPE_PREFIX};
use continuity_readmodel::eta;
use continuity_readmodel::ledger::SnapshotProgress;

pub use self::find::{FoundSnapshot, find_snapshot};
use self::positions::{Namespace, Read};
use crate::source::{Batch, Known, Raw, Resumed, Source, SourceHead};
use crate::{FileOptions, FileSource, SourceError};

/// How often a fetch is looked at while it is waited for, and how many times in one call.
const STEP: Duration = Duration::from_millis(25);
const STEPS: u32 = 4;

/// Brings the feed's files to where they are read; ends early when it is stopped. The error is for the operator.
pub type Fetch = Arc<dyn Fn(&Stop, &FetchProgress) -> Result<(), String> + Send + Sync>;

/// How far a fetch has come, in bytes.
#[derive(Debug, Default)]
pub struct FetchProgress {
    /// Bytes that are here.
    pub done: AtomicU64,
    /// Bytes in all; 0: not known yet.
    pub of: AtomicU64,
}

/// Options of a [`Bootstrap`].
#[derive(Clone)]
pub struct BootstrapOptions {
    /// What people call the feed, and what tells it from another one: its URL.
    pub url: String,
    /// The feed's file, or the directory of its files.
    pub files: PathBuf,
    /// Bytes of the longest line that is handed over whole.
    pub max_line_bytes: usize,
    /// Brings the files there; `None`: they are there.
    pub fetch: Option<Fetch>,
    /// What says how long a fetch still takes.
    pub clock: Arc<dyn Clock>,
}

/// What is read at present.
enum Phase {
    /// The files are on their way.
    Fetching(Receiver<Result<(), String>>),
    /// The feed.
    Feed,
    /// The feed was read to its end; the source is connected by the next call.
    Between,
    /// The source.
    Tail,
}

/// A snapshot feed, then a source.
pub struct Bootstrap {
    options: BootstrapOptions,
    names: Namespace,
    feed: FileSource,
    tail: Box<dyn Source>,
    phase: Phase,
    /// What the log has of the feed, and whether its export is whole with that.
    read: Read,
    /// How far the feed's export is.
    export: Option<SnapshotProgress>,
    /// What the log has of the source.
    known: Known,
    /// The source was there when the feed was begun.
    met: bool,
    progress: Arc<FetchProgress>,
    /// The bytes of which was told last.
    told: u64,
    /// Of how many bytes was told first, and when.
    began: Option<(u64, Duration)>,
    fetching: Stop,
}

impl Bootstrap {
    /// The feed of `options` in front of `tail`; nothing is opened before [`Source::resume`].
    pub fn new(options: BootstrapOptions, tail: Box<dyn Source>) -> Self {
        let max_line_bytes = options.max_line_bytes;
        // Files in place may still be written; fetched ones are whole, and their last line is one with or without its end.
        let follow = options.fetch.is_none();
        let feed = FileSource::new(FileOptions { follow, max_line_bytes, ..FileOptions::new(&options.files) });
        Self {
            names: Namespace::of(&options.url),
            options,
            feed,
            tail,
            phase: Phase::Between,
            read: Read::default(),
            export: None,
            known: Known::default(),
            met: false,
            progress: Arc::default(),
            told: 0,
            began: None,
            fetching: Stop::new(),
        }
    }

    fn begin(&mut self) -> Result<String, SourceError> {
        if let Some(fetch) = self.options.fetch.clone() {
            let (send, done) = sync_channel(1);
            (self.progress, self.told, self.began, self.fetching) = (Arc::default(), 0, None, Stop::new());
            let (progress, stop) = (Arc::clone(&self.progress), self.fetching.clone());
            let run = move || drop(send.send(fetch(&stop, &progress)));
            let thread = thread::Builder::new().name("bootstrap-fetch".to_owned()).spawn(run);
            thread.map_err(|error| self.unreachable(&error.to_string()))?;
            self.phase = Phase::Fetching(done);
            return Ok("to be fetched".to_owned());
        }
        self.open()
    }

    /// Goes to where the feed was left. Files that are gone do not matter once everything was taken from them.
    fn open(&mut self) -> Result<String, SourceError> {
        match self.feed.resume(&Known::positions(&self.read.positions)) {
            Ok(resumed) => {
                self.phase = Phase::Feed;
                Ok(resumed.from)
            }
            Err(error) if self.read.completed => {
                tracing::info!(feed = self.options.url, %error, "the bootstrap feed is not needed any more");
                self.phase = Phase::Between;
                Ok("read".to_owned())
            }
            Err(error) => Err(self.names.error(error, self.tail.name(), &self.options.url)),
        }
    }

    fn wait_for_files(&mut self, stop: &Stop) -> Result<Batch, SourceError> {
        for _ in 0..STEPS {
            let Phase::Fetching(done) = &self.phase else { break };
            match done.recv_timeout(STEP) {
                Ok(Ok(())) => return self.open().map(|_| Batch::default()),
                Ok(Err(detail)) if !self.read.completed => return Err(self.unreachable(&detail)),
                Ok(Err(_)) => self.phase = Phase::Between,
                Err(RecvTimeoutError::Disconnected) => return Err(self.unreachable("fetching it broke off")),
                Err(RecvTimeoutError::Timeout) if stop.is_stopped() => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        Ok(Batch { head: self.fetched(), ..Batch::default() })
    }

    /// Says how far the fetch is, when it has come further: a sign of life of whatever holds the files.
    fn fetched(&mut self) -> Option<SourceHead> {
        let (done, of) = (self.progress.done.load(Ordering::Relaxed), self.progress.of.load(Ordering::Relaxed));
        if done <= self.told {
            return None;
        }
        self.told = done;
        let (now, rest) = (self.options.clock.monotonic(), of.saturating_sub(done));
        let (first, began) = *self.began.get_or_insert((done, now));
        let left = eta(done - first, rest, now.saturating_sub(began));
        let left = left.map(|left| format!(", about {} s left", left.as_secs())).unwrap_or_default();
        let text = format!("fetching the bootstrap feed: {done} of {of} bytes{left}");
        Some(SourceHead { text, behind: rest.max(1), ..SourceHead::default() })
    }

    fn read_feed(&mut self, messages: usize, bytes: usize, stop: &Stop) -> Result<Batch, SourceError> {
        let read = self.feed.next_batch(messages, bytes, stop);
        let mut batch = read.map_err(|error| self.names.error(error, self.tail.name(), &self.options.url))?;
        for message in &mut batch.messages {
            self.count(&message.raw);
            self.names.outward(&mut message.position, self.read.completed);
        }
        batch.passed.iter_mut().for_each(|position| self.names.outward(position, self.read.completed));
        let end = std::mem::take(&mut batch.at_end).then_some(batch.head.take()).flatten();
        batch.head = None;
        match end {
            Some(_) if self.read.completed => {
                batch.passed.push(self.names.done());
                self.phase = Phase::Between;
            }
            Some(end) if batch.messages.is_empty() => return Err(self.incomplete(&end.text)),
            _ => {}
        }
        Ok(batch)
    }

    /// What a message is to the feed's export.
    fn count(&mut self, raw: &Raw) {
        let whole = count(raw, &mut self.export);
        self.read.completed = whole || self.read.completed && self.export.is_none();
    }

    /// Connects the source for good.
    fn go_on(&mut self) -> Result<(), SourceError> {
        let resumed = self.tail.resume(&self.known)?;
        if !self.met && !resumed.identities.is_empty() {
            // What it shows of itself belongs into the log before anything is read from it: by a resume of its own.
            return Err(SourceError::Disconnected {
                source_name: self.tail.name().to_owned(),
                detail: "it is back, and the bootstrap feed is read".to_owned(),
            });
        }
        tracing::info!(
            feed = self.options.url,
            source = self.tail.name(),
            from = resumed.from,
            "the bootstrap feed is read"
        );
        self.phase = Phase::Tail;
        Ok(())
    }

    fn unreachable(&self, detail: &str) -> SourceError {
        let detail = format!("its bootstrap feed {}: {detail}", self.options.url);
        SourceError::Disconnected { source_name: self.tail.name().to_owned(), detail }
    }

    fn incomplete(&self, end: &str) -> SourceError {
        let lacks = match &self.export {
            None => format!("ends without a SnapshotStarted and its SnapshotCompleted (at {end})"),
            Some(export) if !export.ended => format!("ends without SnapshotCompleted (at {end})"),
            Some(export) => {
                let expected = export.loans_expected.unwrap_or_default();
                format!("brought {} of the {expected} loans that it announced (to {end})", export.loans_done)
            }
        };
        let detail = format!(
            "its bootstrap feed {} {lacks}, so loans are missing from it; complete it, or go on without it by taking \
             bootstrap.url out of the configuration",
            self.options.url
        );
        SourceError::Refused { source_name: self.tail.name().to_owned(), detail }
    }
}

impl Source for Bootstrap {
    fn name(&self) -> &str {
        self.tail.name()
    }

    fn resume(&mut self, known: &Known) -> Result<Resumed, SourceError> {
        self.fetching.stop();
        let (read, rest) = self.names.inward(&known.positions);
        (self.read, self.met) = (read, false);
        self.export = known.export.clone().filter(|_| !self.read.positions.is_empty());
        self.read.completed &= self.export.is_none();
        self.known = Known { positions: rest, ..known.clone() };
        if self.read.done {
            let resumed = self.tail.resume(&self.known)?;
            self.phase = Phase::Tail;
            return Ok(resumed);
        }
        // Whether the source can be followed at all is better known before the feed is read than after it. One that is
        // gone is no reason to wait with the feed, which may be all that is left.
        let mut resumed = match self.tail.resume(&self.known) {
            Ok(resumed) => {
                self.met = true;
                self.tail.release();
                resumed
            }
            Err(SourceError::Disconnected { detail, .. }) => {
                let warning =
                    format!("the source cannot be reached now ({detail}); the bootstrap feed is read meanwhile");
                Resumed { warnings: vec![warning], ..Resumed::default() }
            }
            Err(error) => return Err(error),
        };
        for identity in &resumed.identities {
            self.known.identities.retain(|known| known.partition != identity.partition);
            self.known.identities.push(identity.clone());
        }
        let from = self.begin()?;
        resumed.from = format!("the bootstrap feed {}: {from}; then {}", self.options.url, resumed.from);
        Ok(resumed)
    }

    fn next_batch(&mut self, max_messages: usize, max_bytes: usize, stop: &Stop) -> Result<Batch, SourceError> {
        match self.phase {
            Phase::Fetching(_) => self.wait_for_files(stop),
            Phase::Feed => self.read_feed(max_messages, max_bytes, stop),
            Phase::Between => {
                self.go_on()?;
                self.tail.next_batch(max_messages, max_bytes, stop)
            }
            Phase::Tail => self.tail.next_batch(max_messages, max_bytes, stop),
        }
    }

    fn acknowledge(&mut self, position: &SourcePosition) -> Result<(), SourceError> {
        match self.phase {
            Phase::Tail if !self.names.holds(position) => self.tail.acknowledge(position),
            _ => Ok(()),
        }
    }

    fn release(&mut self) {
        self.fetching.stop();
        self.tail.release();
    }
}

impl Drop for Bootstrap {
    fn drop(&mut self) {
        self.fetching.stop();
    }
}

/// What a message is to the export that it may belong to; whether that is whole with it, and over.
pub(crate) fn count(raw: &Raw, export: &mut Option<SnapshotProgress>) -> bool {
    let Raw::Structured(bytes) = raw else { return false };
    let Some(event_type) = CloudEvent::hints(bytes).1 else { return false };
    let data = || CloudEvent::parse_structured(bytes, &Limits::default()).map(|event| event.data).unwrap_or_default();
    match event_type.strip_prefix(TYPE_PREFIX) {
        Some(SNAPSHOT_STARTED) => *export = Some(SnapshotProgress::started(&data())),
        Some(SNAPSHOT_COMPLETED) => export.iter_mut().for_each(|export| export.complete(&data())),
        Some(SNAPSHOT) => export.iter_mut().for_each(SnapshotProgress::add_loan),
        _ => {}
    }
    export.take_if(|export| export.is_whole()).is_some()
}

#[cfg(test)]
mod tests;
