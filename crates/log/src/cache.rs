//! Decoded frames kept in memory, bounded by their bytes: those just written, for the readers that follow the head,
//! and those read at random.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;

use crate::Frame;

/// What a record costs beside its subject and payload.
const RECORD_BYTES: usize = 96;

/// A cache of frames; the one used longest ago goes first.
pub(crate) struct FrameCache {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By first position.
    frames: BTreeMap<u64, Kept>,
    /// By last use: which frame.
    uses: BTreeMap<u64, u64>,
    clock: u64,
    bytes: usize,
}

struct Kept {
    frame: Arc<Frame>,
    bytes: usize,
    used: u64,
}

impl FrameCache {
    pub(crate) fn new(limit: usize) -> FrameCache {
        FrameCache { limit, state: Mutex::default() }
    }

    /// Whether anything is kept at all.
    pub(crate) fn is_on(&self) -> bool {
        self.limit > 0
    }

    /// The frame that holds `position`, if it is kept.
    pub(crate) fn holding(&self, position: u64) -> Option<Arc<Frame>> {
        let mut state = self.state.lock();
        let state = &mut *state;
        let (first, kept) = state.frames.range_mut(..=position).next_back()?;
        if kept.frame.last < position {
            return None;
        }
        state.uses.remove(&kept.used);
        state.clock += 1;
        kept.used = state.clock;
        state.uses.insert(kept.used, *first);
        Some(Arc::clone(&kept.frame))
    }

    /// Keeps a frame, and returns those that had to go: dropping them takes time, which the caller chooses.
    pub(crate) fn insert(&self, frame: Arc<Frame>) -> Vec<Arc<Frame>> {
        let bytes = weight(&frame);
        if bytes > self.limit {
            return Vec::new();
        }
        let mut state = self.state.lock();
        let state = &mut *state;
        state.clock += 1;
        let first = frame.first;
        let kept = Kept { frame, bytes, used: state.clock };
        state.bytes += bytes;
        state.uses.insert(kept.used, first);
        let mut gone = Vec::new();
        if let Some(old) = state.frames.insert(first, kept) {
            state.uses.remove(&old.used);
            state.bytes -= old.bytes;
            gone.push(old.frame);
        }
        while state.bytes > self.limit {
            let Some((_, oldest)) = state.uses.pop_first() else { break };
            if let Some(old) = state.frames.remove(&oldest) {
                state.bytes -= old.bytes;
                gone.push(old.frame);
            }
        }
        gone
    }
}

fn weight(frame: &Frame) -> usize {
    frame.records.iter().map(|record| RECORD_BYTES + record.subject.len() + record.payload.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChainHash, Kind, Record};

    fn frame(first: u64, last: u64) -> Arc<Frame> {
        let record =
            Record { kind: Kind::Event, subject: "abcd".into(), sequence: 1, arrived_at: 0, payload: vec![0; 900] };
        let records = (first..=last).map(|_| record.clone()).collect();
        Arc::new(Frame { first, last, hash: ChainHash::START, records })
    }

    #[test]
    fn finds_the_frame_around_a_position() {
        let cache = FrameCache::new(100_000);
        assert!(cache.is_on() && cache.insert(frame(10, 12)).is_empty());
        assert!(cache.insert(frame(20, 20)).is_empty());
        for (position, first) in [(9, None), (10, Some(10)), (12, Some(10)), (13, None), (20, Some(20)), (21, None)] {
            assert_eq!(cache.holding(position).map(|frame| frame.first), first, "{position}");
        }
    }

    #[test]
    fn keeps_within_its_limit_what_was_used_last() {
        let cache = FrameCache::new(3000);
        for first in 1..=3 {
            assert!(cache.insert(frame(first, first)).is_empty());
        }
        cache.holding(1).unwrap();
        let gone = cache.insert(frame(4, 4));
        assert_eq!(gone.iter().map(|frame| frame.first).collect::<Vec<_>>(), [2]);
        assert!(cache.insert(frame(100, 104)).is_empty(), "larger than the cache: not kept, nothing goes");
        assert_eq!(cache.insert(frame(4, 4)).len(), 1, "the same frame again replaces itself");
        assert!([1, 3, 4].into_iter().all(|first| cache.holding(first).is_some()));
    }
}
