//! What the writer thread and all readers share: the durable head, the segments up to it, the cache.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::{
    Disk, Head, LogError,
    cache::FrameCache,
    metrics::{Meters, number},
    segments::{Place, Segment, SegmentSize, Segments},
};

/// Shared by all handles of a log.
pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) cache: FrameCache,
    pub(crate) meters: Meters,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    head: Head,
    segments: Segments,
    /// Bytes of all segments but the last.
    earlier_bytes: u64,
    stopped: Option<Arc<str>>,
}

impl Shared {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        cache: FrameCache,
        meters: Meters,
        head: Head,
        segments: Segments,
    ) -> Shared {
        let earlier_bytes = segments.bytes() - segments.last().map_or(0, Segment::bytes);
        let state = State { head, segments, earlier_bytes, stopped: None };
        let shared = Shared { disk, cache, meters, state: Mutex::new(state), changed: Condvar::new() };
        shared.measure(&shared.state.lock());
        shared
    }

    pub(crate) fn head(&self) -> Head {
        self.state.lock().head
    }

    /// Waits until the head is beyond `position` or the writer has stopped, at most for `timeout`.
    pub(crate) fn wait_beyond(&self, position: u64, timeout: Duration) -> Head {
        let mut state = self.state.lock();
        let waiting = |state: &mut State| state.head.position <= position && state.stopped.is_none();
        self.changed.wait_while_for(&mut state, waiting, timeout);
        state.head
    }

    /// Waits until everything up to `position` is durable.
    pub(crate) fn wait_durable(&self, position: u64) -> Result<Head, LogError> {
        let mut state = self.state.lock();
        self.changed.wait_while(&mut state, |state| state.head.position < position && state.stopped.is_none());
        match &state.stopped {
            Some(cause) if state.head.position < position => Err(LogError::WriterStopped { cause: Arc::clone(cause) }),
            _ => Ok(state.head),
        }
    }

    pub(crate) fn stopped(&self) -> Option<Arc<str>> {
        self.state.lock().stopped.clone()
    }

    /// Ends writing for good.
    pub(crate) fn stop(&self, cause: &str) {
        tracing::error!(log.position = self.head().position, cause, "the log takes no more records");
        self.meters.stopped.set(1.0);
        self.state.lock().stopped.get_or_insert_with(|| Arc::from(cause));
        self.changed.notify_all();
    }

    /// Makes a durable state of the last segment visible.
    pub(crate) fn publish(&self, last: &Segment) {
        let mut state = self.state.lock();
        state.head = Head { position: last.last, hash: last.hash };
        let known = state.segments.0.get_mut(&last.first).map(|segment| segment.advance(last));
        if known.is_none() {
            state.earlier_bytes = state.segments.bytes();
            state.segments.0.insert(last.first, last.clone());
        }
        self.measure(&state);
        drop(state);
        self.changed.notify_all();
    }

    fn measure(&self, state: &MutexGuard<'_, State>) {
        self.meters.head.set(number(state.head.position));
        self.meters.size.set(number(state.size()));
    }

    pub(crate) fn size_bytes(&self) -> u64 {
        self.state.lock().size()
    }

    /// Where to begin reading for a durable position.
    pub(crate) fn locate(&self, position: u64) -> Result<Place, LogError> {
        self.state.lock().segments.locate(position)
    }

    /// The durable end of the frames of a segment.
    pub(crate) fn segment_end(&self, first: u64) -> Option<u64> {
        self.state.lock().segments.0.get(&first).map(|segment| segment.end)
    }

    /// All segments as they are now, and the head.
    pub(crate) fn sizes(&self) -> Vec<SegmentSize> {
        let size = |segment: &Segment| SegmentSize { first: segment.first, last: segment.last, bytes: segment.bytes() };
        self.state.lock().segments.0.values().map(size).collect()
    }

    pub(crate) fn snapshot(&self) -> (VecDeque<Segment>, Head) {
        let state = self.state.lock();
        (state.segments.0.values().cloned().collect(), state.head)
    }
}

impl State {
    fn size(&self) -> u64 {
        self.earlier_bytes + self.segments.last().map_or(0, Segment::bytes)
    }
}
