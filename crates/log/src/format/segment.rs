//! The header of a segment file.

use super::{VERSION, array, put, u16_at, u32_at, u64_at};
use crate::ChainHash;

/// Bytes of a segment's header; the first frame follows.
pub(crate) const SEGMENT_HEADER_BYTES: usize = 64;
pub(crate) const SEGMENT_MAGIC: [u8; 8] = *b"CTYLOG\r\n";

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Position of its first record. Everything before it was durable when this header was written.
    pub(crate) first: u64,
    /// The hash of the last frame of the segment before it.
    pub(crate) previous: ChainHash,
}

/// Why a segment's header cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// It is not what was written: a bad magic number or checksum.
    Invalid,
    /// It is sound and of a later version of the format.
    Version(u16),
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        put(&mut bytes, 0, &SEGMENT_MAGIC);
        put(&mut bytes, 8, &VERSION.to_le_bytes());
        put(&mut bytes, 16, &self.first.to_le_bytes());
        put(&mut bytes, 24, &self.previous.0);
        let crc = crc32c::crc32c(&bytes[..60]);
        put(&mut bytes, 60, &crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; SEGMENT_HEADER_BYTES]) -> Result<SegmentHeader, HeaderError> {
        if bytes[..8] != SEGMENT_MAGIC || u32_at(bytes, 60) != crc32c::crc32c(&bytes[..60]) {
            return Err(HeaderError::Invalid);
        }
        match u16_at(bytes, 8) {
            VERSION => Ok(SegmentHeader { first: u64_at(bytes, 16), previous: ChainHash(array(bytes, 24)) }),
            version => Err(HeaderError::Version(version)),
        }
    }
}
