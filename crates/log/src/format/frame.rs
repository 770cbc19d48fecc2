//! The header of a frame, and the two checks over a frame: crc32c against rot, BLAKE3 as the chain.

use super::{array, put, u32_at, u64_at};
use crate::ChainHash;

/// Bytes of a frame's header; the body follows.
pub(crate) const FRAME_HEADER_BYTES: usize = 96;
pub(crate) const FRAME_MAGIC: [u8; 4] = *b"CTYF";
/// Where the hash begins: it covers the header up to here, and is the last field.
const HASH_AT: usize = 64;
const CRC_AT: usize = 8;

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// Bytes of the body.
    pub(crate) length: u32,
    /// crc32c over the header without this field and without the hash, and the body.
    pub(crate) crc: u32,
    /// Records in the frame, at least one.
    pub(crate) count: u32,
    /// Position of the first.
    pub(crate) first: u64,
    /// The durable position when this frame was written: a witness when recovery asks what must be there.
    pub(crate) durable: u64,
    /// The hash of the frame before.
    pub(crate) previous: ChainHash,
    /// BLAKE3 over `previous`, the header without this field, and the body.
    pub(crate) hash: ChainHash,
}

impl FrameHeader {
    /// Reads a header's fields; `None` when they cannot be those of a frame. Nothing is checked against the body.
    pub(crate) fn decode(bytes: &[u8; FRAME_HEADER_BYTES]) -> Option<FrameHeader> {
        if bytes[..4] != FRAME_MAGIC {
            return None;
        }
        let header = FrameHeader {
            length: u32_at(bytes, 4),
            crc: u32_at(bytes, CRC_AT),
            count: u32_at(bytes, 12),
            first: u64_at(bytes, 16),
            durable: u64_at(bytes, 24),
            previous: ChainHash(array(bytes, 32)),
            hash: ChainHash(array(bytes, HASH_AT)),
        };
        let dense = header.first > header.durable && header.first.checked_add(u64::from(header.count)).is_some();
        (header.count > 0 && dense).then_some(header)
    }

    /// Position of the last record.
    pub(crate) fn last(&self) -> u64 {
        self.first + u64::from(self.count) - 1
    }

    /// Bytes of the whole frame.
    pub(crate) fn frame_bytes(&self) -> u64 {
        FRAME_HEADER_BYTES as u64 + u64::from(self.length)
    }
}

/// Fills in the header of `frame`, whose body is in place behind room for it, and returns the frame's hash.
pub(crate) fn finish(frame: &mut [u8], first: u64, count: u32, durable: u64, previous: ChainHash) -> ChainHash {
    let length = u32::try_from(frame.len() - FRAME_HEADER_BYTES).expect("bodies are bounded far below 4 GiB");
    put(frame, 0, &FRAME_MAGIC);
    put(frame, 4, &length.to_le_bytes());
    put(frame, 12, &count.to_le_bytes());
    put(frame, 16, &first.to_le_bytes());
    put(frame, 24, &durable.to_le_bytes());
    put(frame, 32, &previous.0);
    let crc = crc(frame);
    put(frame, CRC_AT, &crc.to_le_bytes());
    let hash = hash(frame, previous);
    put(frame, HASH_AT, &hash.0);
    hash
}

/// Checks a whole frame whose header `header` was read from it. The error says what does not agree.
pub(crate) fn check(frame: &[u8], header: &FrameHeader) -> Result<(), &'static str> {
    if crc(frame) != header.crc {
        return Err("a frame's checksum does not match its bytes");
    }
    if hash(frame, header.previous) != header.hash {
        return Err("a frame's hash does not match its bytes");
    }
    Ok(())
}

fn crc(frame: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&frame[..CRC_AT]);
    let crc = crc32c::crc32c_append(crc, &frame[CRC_AT + 4..HASH_AT]);
    crc32c::crc32c_append(crc, &frame[FRAME_HEADER_BYTES..])
}

fn hash(frame: &[u8], previous: ChainHash) -> ChainHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&previous.0);
    hasher.update(&frame[..HASH_AT]);
    hasher.update(&frame[FRAME_HEADER_BYTES..]);
    ChainHash(*hasher.finalize().as_bytes())
}
