//! Reading and checking everything.

use std::sync::Arc;

use crate::{
    Checkpoint, Disk, Head, LogError,
    format::{body::BodyDecoder, footer::Footer},
    recovery::examine,
    segments::Segment,
    walk::{Walk, decode, segment_header},
};

/// Progress is told after this many bytes.
const PROGRESS_BYTES: u64 = 8 << 20;

/// What verifying read, all of it sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The end of the log.
    pub head: Head,
    /// Segments read.
    pub segments: u64,
    /// Frames read.
    pub frames: u64,
    /// Bytes read: headers, frames, indexes.
    pub bytes: u64,
    /// Bytes behind the last frame that no one was promised; opening will cut them off.
    pub incomplete_bytes: u64,
}

/// Verifies a log that no process has open, and changes nothing.
///
/// Finds what [`Log::open`](crate::Log::open) would find, and all that lies in sealed segments too.
pub fn verify(
    disk: &Arc<dyn Disk>,
    checkpoints: &[Checkpoint],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, LogError> {
    let examined = examine(&**disk, checkpoints)?;
    let segments = examined.segments.0.into_values();
    let verified = verify_segments(&**disk, segments, examined.head, progress)?;
    Ok(Verified { incomplete_bytes: examined.recovery.truncated_bytes, ..verified })
}

pub(crate) fn verify_segments(
    disk: &dyn Disk,
    segments: impl IntoIterator<Item = Segment>,
    head: Head,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, LogError> {
    let mut verified = Verified::default();
    let mut decoder = BodyDecoder::default();
    for known in segments {
        verify_segment(disk, &known, &mut verified, &mut decoder, &mut |position| progress(position, head.position))?;
        verified.segments += 1;
        verified.bytes += known.bytes();
    }
    progress(head.position, head.position);
    Ok(Verified { head, ..verified })
}

/// Compares a segment on the disk with what is known of it.
fn verify_segment(
    disk: &dyn Disk,
    known: &Segment,
    verified: &mut Verified,
    decoder: &mut BodyDecoder,
    progress: &mut dyn FnMut(u64),
) -> Result<(), LogError> {
    let name = known.name();
    let file = disk.open(&name).map_err(LogError::io("open", &name))?;
    let damaged = |offset, position, what: &str| LogError::Damaged {
        segment: name.clone(),
        offset,
        position,
        what: what.to_owned(),
    };
    let header = segment_header(&*file, known.first)?.map_err(|what| damaged(0, known.first, what))?;
    if header.previous != known.previous {
        return Err(damaged(0, known.first, "the segment does not follow the one before it in the chain"));
    }
    let mut found = Segment::empty(known.first, header.previous);
    let mut walk = Walk::start(Arc::clone(&file), &header);
    let mut told = 0;
    while let Some(header) = walk.step(known.end).map_err(|fault| walk.error(fault))? {
        decode(decoder, &walk, &header)?;
        found.push(&header);
        verified.frames += 1;
        if found.end - told >= PROGRESS_BYTES {
            told = found.end;
            progress(found.last);
        }
    }
    if (found.last, found.hash) != (known.last, known.hash) {
        return Err(damaged(found.end, found.last + 1, "the segment ends with another frame than its index says"));
    }
    if known.footer_bytes == 0 {
        return Ok(());
    }
    let mut footer = vec![0; usize::try_from(known.footer_bytes).unwrap_or(0)];
    file.read_at(&mut footer, known.end).map_err(LogError::io("read", &name))?;
    if Footer::decode(&footer).as_ref() == Some(&found.footer()) {
        return Ok(());
    }
    Err(damaged(known.end, known.last, "the segment's index is not what was written; its frames are sound"))
}
