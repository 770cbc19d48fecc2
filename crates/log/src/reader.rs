//! Reading frames in order, up to the durable head.

use std::sync::Arc;

use crate::{
    ChainHash, Frame, LogError,
    format::body::BodyDecoder,
    shared::Shared,
    walk::{Walk, decode},
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
            return Err(walk.damaged_frame(&header, "a frame does not follow the one before it in the chain"));
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
        Ok((Walk::at(&*self.shared.disk, &place)?, place.end))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        LogError, MemoryDisk, Options,
        format::segment_name,
        testing::{open_with, read_from, record, small},
    };

    /// A log of six records that are index entries each; `mark` is in the first.
    fn wide(mark: u64) -> (MemoryDisk, crate::Opened) {
        let disk = MemoryDisk::new();
        let options = Options { segment_bytes: 1 << 20, frame_cache_bytes: 100 << 10, ..small() };
        let mut opened = open_with(&disk, options, &[]).unwrap();
        for position in 1..=6 {
            let mut record = record(position, 70 << 10);
            record.sequence += if position == 1 { mark } else { 0 };
            opened.writer.append(vec![record]).unwrap().wait().unwrap();
        }
        (disk, opened)
    }

    #[test]
    fn the_chain_is_followed_between_memory_and_disk() {
        let (disk, opened) = wide(0);
        let (other, _) = wide(1);
        let mut reader = opened.log.reader(2);
        opened.log.get(4).unwrap();
        for position in 2..=4 {
            assert_eq!(reader.next_frame().unwrap().unwrap().first, position);
        }
        disk.replace(&segment_name(1), &other.contents(&segment_name(1)).unwrap());
        assert_eq!(reader.position(), 5);
        let error = reader.next_frame().unwrap_err();
        assert!(matches!(error, LogError::Damaged { position: 5, .. }), "{error}");
        let error = opened.log.reader(1).next_frame().map(|_| opened.log.verify(&mut |_, _| {}));
        assert!(matches!(error, Ok(Err(LogError::Damaged { .. }))), "found by verifying the end's hash");
    }

    #[test]
    fn reading_may_begin_anywhere() {
        let (_disk, opened) = wide(0);
        for first in 1..=6 {
            let expected: Vec<_> = (first..=6).map(|position| record(position, 70 << 10)).collect();
            assert!(read_from(&opened.log, first) == expected);
        }
    }
}
