//! What lies behind the last valid frame: zeros, or remains that may hold witnesses.

use std::io;

use crate::{
    DiskFile,
    format::{
        array,
        frame::{FRAME_HEADER_BYTES, FRAME_MAGIC, FrameHeader, check},
    },
};

/// Bytes looked at at once.
const PIECE_BYTES: usize = 4096;
static ZEROS: [u8; PIECE_BYTES] = [0; PIECE_BYTES];
/// Bytes read at once.
const CHUNK_BYTES: usize = 256 * PIECE_BYTES;

/// The bytes behind the last valid frame.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Up to the last one that is not zero.
    pub(crate) bytes: u64,
    /// The highest position that a valid frame in them calls durable; 0 for none.
    pub(crate) durable: u64,
}

/// Looks at everything from `start` to the end of the file. Frames count as witnesses wherever they begin and
/// whatever they follow, from position `next` on: groups in flight may reach the disk in any order.
pub(crate) fn scan_tail(file: &dyn DiskFile, start: u64, length: u64, next: u64) -> io::Result<Tail> {
    let mut tail = Tail::default();
    let mut chunk = vec![0; CHUNK_BYTES + FRAME_HEADER_BYTES];
    let mut offset = start;
    while offset < length {
        let here = (length - offset).min(chunk.len() as u64);
        let bytes = &mut chunk[..usize::try_from(here).map_err(io::Error::other)?];
        file.read_at(bytes, offset)?;
        for at in (0..bytes.len().min(CHUNK_BYTES)).step_by(PIECE_BYTES) {
            let end = bytes.len().min(at + PIECE_BYTES);
            if bytes[at..end] == ZEROS[..end - at] {
                continue;
            }
            let used = bytes[at..end].iter().rposition(|byte| *byte != 0).map_or(0, |last| at + last + 1);
            tail.bytes = offset - start + used as u64;
            for candidate in at..end {
                if let Some(header) = header_at(bytes, candidate, next) {
                    witness(file, offset + candidate as u64, length, &header, &mut tail)?;
                }
            }
        }
        offset += CHUNK_BYTES as u64;
    }
    Ok(tail)
}

fn header_at(bytes: &[u8], at: usize, next: u64) -> Option<FrameHeader> {
    if !bytes[at..].starts_with(&FRAME_MAGIC) || bytes.len() - at < FRAME_HEADER_BYTES {
        return None;
    }
    FrameHeader::decode(&array(bytes, at)).filter(|header| header.first >= next)
}

fn witness(file: &dyn DiskFile, at: u64, length: u64, header: &FrameHeader, tail: &mut Tail) -> io::Result<()> {
    if header.durable <= tail.durable || header.frame_bytes() > length - at {
        return Ok(());
    }
    let mut frame = vec![0; FRAME_HEADER_BYTES + header.length as usize];
    file.read_at(&mut frame, at)?;
    if check(&frame, header).is_ok() {
        tail.durable = header.durable;
    }
    Ok(())
}
