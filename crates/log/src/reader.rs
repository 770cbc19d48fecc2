//! Reading frames in order, up to the durable head.

use std::sync::Arc;

use crate::{
    ChainHash, Frame, LogError,
    format::body::BodyDecoder,
    shared::Shared,
    walk::{Walk, decode, segment_header},
};

/// Reads frames in order, never past the durable head.
///
/// Every frame read from the disk is checked in full and must follow the one before it in the chain. Frames just
/// written come from memory. After an error the reader stays where it is.
pub struct Reader {
    shared: Arc<Shared>,
    next: u64,
    /// The hash of the last frame returned.
    previous: Option<ChainHash>,
    /// Where the next frame is, while reading from the disk.
    walk: Option<Walk>,
    decoder: BodyDecoder,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>, from: u64) -> Reader {
        Reader { shared, next: from, previous: None, walk: None, decoder: BodyDecoder::default() }
    }

    /// The first position that the next frame holds and that was not returned yet.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// The next frame, or `None` at the durable head: call again later. The first frame holds the position asked
    /// for, and may begin before it.
    pub fn next_frame(&mut self) -> Result<Option<Arc<Frame>>, LogError> {
        if self.next > self.shared.head().position {
            return Ok(None);
        }
        let frame = match self.shared.cache.holding(self.next) {
            Some(frame) => {
                self.walk = None;
                frame
            }
            None => Arc::new(self.read()?),
        };
        self.next = frame.last + 1;
        self.previous = Some(frame.hash);
        Ok(Some(frame))
    }

    fn read(&mut self) -> Result<Frame, LogError> {
        let (mut walk, end) = self.walk()?;
        let header = walk.find(self.next, end)?;
        if self.previous.is_some_and(|previous| header.first == self.next && previous != header.previous) {
            return Err(walk.damaged("a frame does not follow the one before it in the chain"));
        }
        let frame = decode(&mut self.decoder, &walk, &header)?;
        self.walk = Some(walk);
        Ok(frame)
    }

    /// The walk to go on with, and where the frames of its segment end. A walk at the end of its segment is left.
    fn walk(&mut self) -> Result<(Walk, u64), LogError> {
        if let Some(walk) = self.walk.take()
            && let Some(end) = self.shared.segment_end(walk.segment())
            && walk.offset() < end
        {
            return Ok((walk, end));
        }
        let place = self.shared.locate(self.next)?;
        let walk = Walk::at(&*self.shared.disk, &place)?;
        if place.entry.position == place.segment {
            let header = segment_header(walk.file(), place.segment)?;
            if header.map(|header| header.previous) != Ok(place.previous.unwrap_or_default()) {
                return Err(walk.damaged("the segment's header is not what was written"));
            }
        }
        Ok((walk, place.end))
    }
}
