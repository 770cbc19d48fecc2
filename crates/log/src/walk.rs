//! Reading frames of one segment file in order, each checked in full.

use std::{io, sync::Arc};

use crate::{
    ChainHash, Disk, DiskFile, Frame, LogError,
    format::{
        array,
        body::{BodyDecoder, BodyError},
        frame::{FRAME_HEADER_BYTES, FrameHeader, check},
        segment::{HeaderError, SEGMENT_HEADER_BYTES, SegmentHeader},
        segment_name,
    },
    segments::Place,
};

/// How much is read from a file at once, at least.
const READ_AHEAD_BYTES: u64 = 256 << 10;

/// A window over a file: reads ahead, and never beyond the limit it is given.
struct Window {
    file: Arc<dyn DiskFile>,
    buffer: Vec<u8>,
    start: u64,
}

impl Window {
    /// The bytes from `offset`; `None` when they end beyond `limit`.
    fn get(&mut self, offset: u64, length: usize, limit: u64) -> io::Result<Option<&[u8]>> {
        let Some(end) = offset.checked_add(length as u64).filter(|end| *end <= limit) else { return Ok(None) };
        if offset < self.start || end > self.start + self.buffer.len() as u64 {
            self.fill(offset, end.max(limit.min(offset + READ_AHEAD_BYTES)))?;
        }
        let at = usize::try_from(offset - self.start).expect("the window holds the offset");
        Ok(Some(&self.buffer[at..at + length]))
    }

    fn fill(&mut self, offset: u64, end: u64) -> io::Result<()> {
        let length = usize::try_from(end - offset).map_err(io::Error::other)?;
        self.buffer.clear();
        self.buffer.resize(length, 0);
        self.start = offset;
        let read = self.file.read_at(&mut self.buffer, offset);
        if read.is_err() {
            self.buffer.clear();
        }
        read
    }
}

/// Why there is no frame at a place.
pub(crate) enum Fault {
    Io(io::Error),
    /// What is wrong with the bytes there.
    Invalid(&'static str),
}

/// A walk over the frames of a segment.
pub(crate) struct Walk {
    window: Window,
    segment: u64,
    offset: u64,
    next: u64,
    previous: Option<ChainHash>,
    /// Bytes of the last frame read.
    length: usize,
}

impl Walk {
    /// Begins at the first frame of a segment whose header was read.
    pub(crate) fn start(file: Arc<dyn DiskFile>, header: &SegmentHeader) -> Walk {
        Walk {
            window: Window { file, buffer: Vec::new(), start: 0 },
            segment: header.first,
            offset: SEGMENT_HEADER_BYTES as u64,
            next: header.first,
            previous: Some(header.previous),
            length: 0,
        }
    }

    /// Begins at a place.
    pub(crate) fn at(disk: &dyn Disk, place: &Place) -> Result<Walk, LogError> {
        let name = segment_name(place.segment);
        let file = disk.open(&name).map_err(LogError::io("open", &name))?;
        Ok(Walk {
            window: Window { file, buffer: Vec::new(), start: 0 },
            segment: place.segment,
            offset: place.entry.offset,
            next: place.entry.position,
            previous: place.previous,
            length: 0,
        })
    }

    /// First position of the segment.
    pub(crate) fn segment(&self) -> u64 {
        self.segment
    }

    /// Where the next frame begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next frame, checked; [`frame`](Walk::frame) has its bytes. `None` at `limit`. After a fault the walk stays.
    pub(crate) fn step(&mut self, limit: u64) -> Result<Option<FrameHeader>, Fault> {
        if self.offset >= limit {
            return Ok(None);
        }
        let header = self.header(limit)?;
        self.length = FRAME_HEADER_BYTES + header.length as usize;
        let frame = self.window.get(self.offset, self.length, limit).map_err(Fault::Io)?;
        check(frame.ok_or(Fault::Invalid("a frame is longer than its file"))?, &header).map_err(Fault::Invalid)?;
        self.offset += header.frame_bytes();
        self.next = header.last() + 1;
        self.previous = Some(header.hash);
        Ok(Some(header))
    }

    /// The bytes of the frame that the last [`step`](Walk::step) returned.
    pub(crate) fn frame(&self) -> &[u8] {
        let end = usize::try_from(self.offset - self.window.start).expect("the window holds the frame");
        &self.window.buffer[end - self.length..end]
    }

    fn header(&mut self, limit: u64) -> Result<FrameHeader, Fault> {
        let bytes = self.window.get(self.offset, FRAME_HEADER_BYTES, limit).map_err(Fault::Io)?;
        let bytes = bytes.ok_or(Fault::Invalid("a frame's header is longer than its file"))?;
        let header = FrameHeader::decode(&array(bytes, 0)).ok_or(Fault::Invalid("no frame begins there"))?;
        if header.first != self.next {
            return Err(Fault::Invalid("a frame of another position is there"));
        }
        if self.previous.is_some_and(|previous| previous != header.previous) {
            return Err(Fault::Invalid("a frame does not follow the one before it in the chain"));
        }
        Ok(header)
    }

    /// Steps to the frame that holds `position`, which lies before `limit`.
    pub(crate) fn find(&mut self, position: u64, limit: u64) -> Result<FrameHeader, LogError> {
        loop {
            match self.step(limit) {
                Ok(Some(header)) if header.last() < position => {}
                Ok(Some(header)) => return Ok(header),
                Ok(None) => return Err(self.damaged("a frame is missing")),
                Err(fault) => return Err(self.error(fault)),
            }
        }
    }

    /// A fault as an error of the log, for frames that must be there.
    pub(crate) fn error(&self, fault: Fault) -> LogError {
        match fault {
            Fault::Io(source) => LogError::io("read", &segment_name(self.segment))(source),
            Fault::Invalid(what) => self.damaged(what),
        }
    }

    /// Damage of the frame that the last step returned.
    pub(crate) fn damaged_frame(&self, header: &FrameHeader, what: &str) -> LogError {
        LogError::Damaged {
            segment: segment_name(self.segment),
            offset: self.offset - header.frame_bytes(),
            position: header.first,
            what: what.to_owned(),
        }
    }

    /// Damage of the frame that the next step would return.
    pub(crate) fn damaged(&self, what: &str) -> LogError {
        LogError::Damaged {
            segment: segment_name(self.segment),
            offset: self.offset,
            position: self.next,
            what: what.to_owned(),
        }
    }
}

/// Reads and checks a segment's header; `Ok(Err(..))` says what is wrong with it.
pub(crate) fn segment_header(file: &dyn DiskFile, first: u64) -> Result<Result<SegmentHeader, &'static str>, LogError> {
    let name = segment_name(first);
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    match file.read_at(&mut bytes, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Err("the file has no header")),
        Err(error) => return Err(LogError::io("read", &name)(error)),
    }
    match SegmentHeader::decode(&bytes) {
        Ok(header) if header.first == first => Ok(Ok(header)),
        Ok(_) => Ok(Err("the segment's header names another position than the file's name")),
        Err(HeaderError::Invalid) => Ok(Err("the segment's header is not what was written")),
        Err(HeaderError::Version(version)) => {
            Err(LogError::Unsupported { file: name, what: format!("format version {version}") })
        }
    }
}

/// Decodes the frame that the last step of `walk` returned.
pub(crate) fn decode(decoder: &mut BodyDecoder, walk: &Walk, header: &FrameHeader) -> Result<Frame, LogError> {
    match decoder.records(&walk.frame()[FRAME_HEADER_BYTES..], header.count) {
        Ok(records) => Ok(Frame { first: header.first, last: header.last(), hash: header.hash, records }),
        Err(BodyError::Unsupported(what)) => Err(LogError::Unsupported { file: segment_name(walk.segment), what }),
        Err(BodyError::Malformed(what)) => {
            Err(walk.damaged_frame(header, &format!("a frame that checks out cannot be decoded: {what}")))
        }
    }
}
