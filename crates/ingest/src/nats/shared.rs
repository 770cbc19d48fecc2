//! What the tasks of one connection and the reader's thread share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::head::Seen;
use super::judge::Point;
use super::trouble::Trouble;

/// One connection's state.
#[derive(Debug)]
pub(super) struct Shared {
    /// What ended it, first come.
    trouble: Mutex<Option<Trouble>>,
    /// The last look at the streams that was not taken yet.
    seen: Mutex<Option<Seen>>,
    /// There is trouble, or something was seen.
    pub(super) changed: Notify,
    /// Somebody would like to know where the streams end.
    pub(super) curious: Notify,
    /// What the server complained about last.
    pub(super) complaint: Arc<Mutex<Option<String>>>,
    /// One for each stream.
    pub(super) flows: Vec<Flow>,
}

/// What arrives from one stream.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// Bytes that arrived and were not taken.
    bytes: AtomicUsize,
    /// Messages that arrived and were not taken.
    messages: AtomicUsize,
    /// Some were taken.
    pub(super) taken: Notify,
    /// What arrived last.
    pub(super) arrived: Mutex<Arrived>,
}

/// How far a stream was received on this connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrived {
    /// The last message.
    pub(super) point: Option<Point>,
    /// Its size in bytes.
    pub(super) bytes: usize,
    /// Messages since the connect.
    pub(super) count: u64,
    /// How many of those no consumer delivered: they were got by themselves.
    pub(super) got: u64,
    /// The consumer that delivers now.
    pub(super) consumer: String,
    /// How many messages of that consumer arrived.
    pub(super) delivered: u64,
    /// The first jump in the sequences since the last look: the last message before it.
    pub(super) jump: Option<u64>,
    /// Up to this sequence there was nothing more to deliver.
    pub(super) cleared: u64,
}

impl Arrived {
    /// The last sequence; 0: nothing yet.
    pub(super) fn sequence(&self) -> u64 {
        self.point.map_or(0, |point| point.sequence)
    }
}

impl Shared {
    pub(super) fn new(streams: usize) -> Self {
        Self {
            trouble: Mutex::new(None),
            seen: Mutex::new(None),
            changed: Notify::new(),
            curious: Notify::new(),
            complaint: Arc::default(),
            flows: (0..streams).map(|_| Flow::default()).collect(),
        }
    }

    /// The connection is at its end.
    pub(super) fn fail(&self, trouble: Trouble) {
        self.trouble.lock().get_or_insert(trouble);
        self.changed.notify_one();
    }

    pub(super) fn complain(&self, complaint: String) {
        *self.complaint.lock() = Some(complaint);
    }

    /// What ended the connection.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().clone()
    }

    /// The streams were looked at.
    pub(super) fn see(&self, seen: Seen) {
        *self.seen.lock() = Some(seen);
        self.changed.notify_one();
    }

    /// The newest look that was not taken yet.
    pub(super) fn take_seen(&self) -> Option<Seen> {
        self.seen.lock().take()
    }
}

impl Flow {
    /// Bytes and messages that wait to be taken.
    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.bytes.load(Ordering::Acquire), self.messages.load(Ordering::Acquire))
    }

    pub(super) fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        self.messages.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn take(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.messages.fetch_sub(1, Ordering::AcqRel);
        self.taken.notify_one();
    }
}

/// Ends the connection when the task that holds it ends for whatever reason.
pub(super) struct Watch(pub(super) Arc<Shared>, pub(super) &'static str);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.fail(Trouble::disconnected(format!("{} ended unexpectedly", self.1)));
    }
}
