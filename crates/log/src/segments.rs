//! What is known of each segment without reading it: its range, its end, its place in the chain, a sparse index.

use std::collections::BTreeMap;

use crate::{
    ChainHash, LogError,
    format::{
        footer::{Entry, Footer},
        frame::FrameHeader,
        segment::SEGMENT_HEADER_BYTES,
        segment_name,
    },
};

/// An index entry is kept for a frame at least this many bytes behind the last one that has one.
const INDEX_DISTANCE_BYTES: u64 = 64 << 10;

/// A segment as far as it is durable (or, for the writer, written).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) first: u64,
    /// `first - 1` while it is empty.
    pub(crate) last: u64,
    /// The hash of the last frame of the segment before.
    pub(crate) previous: ChainHash,
    /// The hash of its last frame, or `previous` while it is empty.
    pub(crate) hash: ChainHash,
    /// Where the frames end.
    pub(crate) end: u64,
    pub(crate) frames: u64,
    /// Bytes of footer behind the frames; 0 while the segment is open.
    pub(crate) footer_bytes: u64,
    pub(crate) index: Vec<Entry>,
}

impl Segment {
    pub(crate) fn empty(first: u64, previous: ChainHash) -> Segment {
        Segment {
            first,
            last: first - 1,
            previous,
            hash: previous,
            end: SEGMENT_HEADER_BYTES as u64,
            frames: 0,
            footer_bytes: 0,
            index: Vec::new(),
        }
    }

    pub(crate) fn sealed(footer: Footer, footer_bytes: u64, previous: ChainHash) -> Segment {
        Segment {
            first: footer.first,
            last: footer.last,
            previous,
            hash: footer.hash,
            end: footer.end,
            frames: footer.frames,
            footer_bytes,
            index: footer.entries,
        }
    }

    pub(crate) fn name(&self) -> String {
        segment_name(self.first)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.last < self.first
    }

    /// Takes in the frame that begins at the end.
    pub(crate) fn push(&mut self, header: &FrameHeader) {
        let far = |entry: &Entry| self.end - entry.offset >= INDEX_DISTANCE_BYTES;
        if self.index.last().is_none_or(far) {
            self.index.push(Entry { position: header.first, offset: self.end });
        }
        self.last = header.last();
        self.hash = header.hash;
        self.end += header.frame_bytes();
        self.frames += 1;
    }

    /// Takes over what `newer`, the same segment later, knows more.
    pub(crate) fn advance(&mut self, newer: &Segment) {
        self.index.extend_from_slice(&newer.index[self.index.len()..]);
        self.last = newer.last;
        self.hash = newer.hash;
        self.end = newer.end;
        self.frames = newer.frames;
        self.footer_bytes = newer.footer_bytes;
    }

    pub(crate) fn footer(&self) -> Footer {
        Footer {
            first: self.first,
            last: self.last,
            end: self.end,
            frames: self.frames,
            hash: self.hash,
            entries: self.index.clone(),
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.end + self.footer_bytes
    }

    /// The nearest indexed frame at or before `position`, which the segment must hold.
    fn entry(&self, position: u64) -> Entry {
        let after = self.index.partition_point(|entry| entry.position <= position);
        after
            .checked_sub(1)
            .map_or(Entry { position: self.first, offset: SEGMENT_HEADER_BYTES as u64 }, |at| self.index[at])
    }
}

/// A segment file, as far as it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentSize {
    /// Position of its first record.
    pub first: u64,
    /// Position of its last record; `first - 1` while it is empty.
    pub last: u64,
    /// Its bytes, without what is only reserved.
    pub bytes: u64,
}

/// Where to begin reading for a position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The segment.
    pub(crate) segment: u64,
    /// Where its frames end.
    pub(crate) end: u64,
    /// A frame at or before the position.
    pub(crate) entry: Entry,
    /// The hash before that frame, where known.
    pub(crate) previous: Option<ChainHash>,
}

/// All segments of a log, by first position.
#[derive(Clone, Debug, Default)]
pub(crate) struct Segments(pub(crate) BTreeMap<u64, Segment>);

impl Segments {
    pub(crate) fn last(&self) -> Option<&Segment> {
        self.0.last_key_value().map(|(_, segment)| segment)
    }

    /// The last position of all.
    pub(crate) fn end(&self) -> u64 {
        self.last().map_or(0, |segment| segment.last)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.values().map(Segment::bytes).sum()
    }

    pub(crate) fn locate(&self, position: u64) -> Result<Place, LogError> {
        let found = self.0.range(..=position).next_back().map(|(_, segment)| segment);
        let segment = found.filter(|segment| position > 0 && position <= segment.last);
        let segment = segment.ok_or(LogError::OutOfRange { position, head: self.end() })?;
        let entry = segment.entry(position);
        let previous = (entry.position == segment.first).then_some(segment.previous);
        Ok(Place { segment: segment.first, end: segment.end, entry, previous })
    }
}
