//! Reading segments at opening: sealed ones by header and footer, the last one frame by frame.

use std::{io, sync::Arc};

use tracing::warn;

use super::tail::{Tail, scan_tail};
use crate::{
    ChainHash, Disk, DiskFile, LogError,
    format::{
        footer::{FOOTER_TRAILER_BYTES, Footer},
        segment::{SEGMENT_HEADER_BYTES, SegmentHeader},
        segment_name,
    },
    segments::Segment,
    walk::{Fault, Walk, segment_header},
};

/// How the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// There is no segment.
    Nothing,
    /// In zeros, or exactly with the last frame.
    Open,
    /// With a footer.
    Sealed,
    /// In bytes that are no valid frame.
    Torn { bytes: u64, what: &'static str },
    /// With a segment file whose header was never completed; it holds nothing.
    Unfinished { bytes: u64, what: &'static str },
}

impl End {
    /// Whether everything that is there is valid.
    pub(crate) fn is_clean(&self) -> bool {
        matches!(self, End::Nothing | End::Open | End::Sealed)
    }

    pub(crate) fn lost_bytes(&self) -> u64 {
        match self {
            End::Torn { bytes, .. } | End::Unfinished { bytes, .. } => *bytes,
            End::Nothing | End::Open | End::Sealed => 0,
        }
    }

    pub(crate) fn what(&self) -> &'static str {
        match self {
            End::Nothing => "there are no segments",
            End::Open => "the log ends",
            End::Sealed => "the next segment is missing",
            End::Torn { what, .. } | End::Unfinished { what, .. } => what,
        }
    }
}

/// The last segment.
pub(crate) struct Scanned {
    pub(crate) segment: Option<Segment>,
    pub(crate) end: End,
    /// The highest position that a header in it calls durable.
    pub(crate) durable: u64,
    pub(crate) frames: u64,
}

impl Scanned {
    pub(crate) fn nothing() -> Scanned {
        Scanned { segment: None, end: End::Nothing, durable: 0, frames: 0 }
    }
}

fn open(disk: &dyn Disk, first: u64) -> Result<(Arc<dyn DiskFile>, u64), LogError> {
    let name = segment_name(first);
    let file = disk.open(&name).map_err(LogError::io("open", &name))?;
    let length = file.length().map_err(LogError::io("measure", &name))?;
    Ok((file, length))
}

fn damaged_header(first: u64, what: &str) -> LogError {
    LogError::Damaged { segment: segment_name(first), offset: 0, position: first, what: what.to_owned() }
}

/// Loads a segment that is not the last: the next one there begins at `next`.
pub(crate) fn load_sealed(disk: &dyn Disk, first: u64, previous: ChainHash, next: u64) -> Result<Segment, LogError> {
    let (file, length) = open(disk, first)?;
    let header = segment_header(&*file, first)?.map_err(|what| damaged_header(first, what))?;
    check_chain(&header, previous)?;
    let footer = read_footer(&*file, first, length)?;
    if let Some(footer) = footer.filter(|footer| footer.first == first) {
        let footer_bytes = length - footer.end;
        return Ok(Segment::sealed(footer, footer_bytes, previous));
    }
    warn!(segment = segment_name(first), "a segment's index is missing or damaged: reading the whole segment instead");
    let mut segment = Segment::empty(first, previous);
    let mut walk = Walk::start(file, &header);
    while segment.last + 1 < next {
        match walk.step(length) {
            Ok(Some(header)) => segment.push(&header),
            Ok(None) => return Err(walk.damaged("the segment ends early")),
            Err(fault) => return Err(walk.error(fault)),
        }
    }
    segment.footer_bytes = length - segment.end;
    Ok(segment)
}

fn check_chain(header: &SegmentHeader, previous: ChainHash) -> Result<(), LogError> {
    if header.previous == previous {
        return Ok(());
    }
    Err(damaged_header(header.first, "the segment does not follow the one before it in the chain"))
}

fn read_footer(file: &dyn DiskFile, first: u64, length: u64) -> Result<Option<Footer>, LogError> {
    let name = segment_name(first);
    let mut trailer = [0; FOOTER_TRAILER_BYTES];
    let Some(at) = length.checked_sub(FOOTER_TRAILER_BYTES as u64) else { return Ok(None) };
    file.read_at(&mut trailer, at).map_err(LogError::io("read", &name))?;
    let Some(bytes) = Footer::length(&trailer) else { return Ok(None) };
    let Some(at) = length.checked_sub(bytes as u64) else { return Ok(None) };
    let mut footer = vec![0; bytes];
    file.read_at(&mut footer, at).map_err(LogError::io("read", &name))?;
    Ok(Footer::decode(&footer).filter(|footer| footer.end == at))
}

/// Reads all of the last segment.
pub(crate) fn scan_last(disk: &dyn Disk, first: u64, previous: ChainHash) -> Result<Scanned, LogError> {
    let (file, length) = open(disk, first)?;
    let header = match segment_header(&*file, first)? {
        Ok(header) => header,
        Err(what) => return unfinished(&*file, first, length, what),
    };
    check_chain(&header, previous)?;
    let mut segment = Segment::empty(first, previous);
    // The header was written once everything before it was durable.
    let mut durable = first - 1;
    let mut walk = Walk::start(Arc::clone(&file), &header);
    let what = loop {
        match walk.step(length) {
            Ok(Some(header)) => {
                durable = durable.max(header.durable);
                segment.push(&header);
            }
            Ok(None) => break None,
            Err(Fault::Invalid(what)) => break Some(what),
            Err(fault @ Fault::Io(_)) => return Err(walk.error(fault)),
        }
    };
    let (end, later) = match what {
        None => (End::Open, 0),
        Some(what) => find_end(&*file, &mut segment, length, what)?,
    };
    Ok(Scanned { end, durable: durable.max(later), frames: segment.frames, segment: Some(segment) })
}

/// What follows the last valid frame, and the highest position that a frame in it calls durable.
fn find_end(
    file: &dyn DiskFile,
    segment: &mut Segment,
    length: u64,
    what: &'static str,
) -> Result<(End, u64), LogError> {
    let same = |footer: &Footer| {
        (footer.end, footer.last, footer.frames, footer.hash)
            == (segment.end, segment.last, segment.frames, segment.hash)
    };
    if !segment.is_empty() && read_footer(file, segment.first, length)?.is_some_and(|footer| same(&footer)) {
        segment.footer_bytes = length - segment.end;
        return Ok((End::Sealed, 0));
    }
    let tail = tail_of(file, segment, length)?;
    match tail.bytes {
        0 => Ok((End::Open, 0)),
        bytes => Ok((End::Torn { bytes, what }, tail.durable)),
    }
}

fn tail_of(file: &dyn DiskFile, segment: &Segment, length: u64) -> Result<Tail, LogError> {
    scan_tail(file, segment.end, length, segment.last + 1).map_err(|source: io::Error| LogError::Io {
        action: "read",
        file: segment.name(),
        source,
    })
}

/// A last segment without a header: the remains of a creation, unless something says that it held more.
fn unfinished(file: &dyn DiskFile, first: u64, length: u64, what: &'static str) -> Result<Scanned, LogError> {
    let mut empty = Segment::empty(first, ChainHash::START);
    empty.end = 0;
    let tail = tail_of(file, &empty, length)?;
    let after_header = tail.bytes.saturating_sub(SEGMENT_HEADER_BYTES as u64);
    let end = End::Unfinished { bytes: after_header, what };
    Ok(Scanned { segment: None, end, durable: tail.durable, frames: 0 })
}
