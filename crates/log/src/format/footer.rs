//! The footer of a sealed segment: a summary and a sparse index.

use super::{array, put, u32_at, u64_at};
use crate::ChainHash;

/// Bytes of a footer before its entries.
pub(crate) const FOOTER_HEADER_BYTES: usize = 80;
/// Bytes of one entry: position, offset.
pub(crate) const FOOTER_ENTRY_BYTES: usize = 16;
/// Bytes after the entries: crc32c, length of the footer, magic number.
pub(crate) const FOOTER_TRAILER_BYTES: usize = 16;
pub(crate) const FOOTER_MAGIC: [u8; 8] = *b"CTYINDEX";
pub(crate) const FOOTER_END_MAGIC: [u8; 8] = *b"CTYSEAL\n";

/// Where a frame begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Position of the frame's first record.
    pub(crate) position: u64,
    /// The frame's first byte in the segment.
    pub(crate) offset: u64,
}

/// The footer of a sealed segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Where the frames end and the footer begins.
    pub(crate) end: u64,
    pub(crate) frames: u64,
    /// The hash of the last frame.
    pub(crate) hash: ChainHash,
    /// Ascending; the first entry is the first frame.
    pub(crate) entries: Vec<Entry>,
}

impl Footer {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let length = FOOTER_HEADER_BYTES + self.entries.len() * FOOTER_ENTRY_BYTES + FOOTER_TRAILER_BYTES;
        let mut bytes = vec![0; FOOTER_HEADER_BYTES];
        put(&mut bytes, 0, &FOOTER_MAGIC);
        put(&mut bytes, 8, &self.first.to_le_bytes());
        put(&mut bytes, 16, &self.last.to_le_bytes());
        put(&mut bytes, 24, &self.end.to_le_bytes());
        put(&mut bytes, 32, &self.frames.to_le_bytes());
        put(&mut bytes, 40, &self.hash.0);
        put(&mut bytes, 72, &(self.entries.len() as u64).to_le_bytes());
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.position.to_le_bytes());
            bytes.extend_from_slice(&entry.offset.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        let length = u32::try_from(length).expect("a segment has far fewer than 2^28 index entries");
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&FOOTER_END_MAGIC);
        bytes
    }

    /// The length of the footer that `trailer`, the last bytes of a file, belongs to; `None` when it is no trailer.
    pub(crate) fn length(trailer: &[u8; FOOTER_TRAILER_BYTES]) -> Option<usize> {
        let length = u32_at(trailer, 4) as usize;
        let entries = length.checked_sub(FOOTER_HEADER_BYTES + FOOTER_TRAILER_BYTES)?;
        (trailer[8..] == FOOTER_END_MAGIC && entries.is_multiple_of(FOOTER_ENTRY_BYTES)).then_some(length)
    }

    /// Decodes a whole footer; `None` when it is not what was written.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Footer> {
        let trailer = bytes.len().checked_sub(FOOTER_TRAILER_BYTES)?;
        if Footer::length(&array(bytes, trailer)) != Some(bytes.len())
            || bytes[..8] != FOOTER_MAGIC
            || u32_at(bytes, trailer) != crc32c::crc32c(&bytes[..trailer])
        {
            return None;
        }
        let entries: Vec<Entry> = bytes[FOOTER_HEADER_BYTES..trailer]
            .chunks_exact(FOOTER_ENTRY_BYTES)
            .map(|entry| Entry { position: u64_at(entry, 0), offset: u64_at(entry, 8) })
            .collect();
        let footer = Footer {
            first: u64_at(bytes, 8),
            last: u64_at(bytes, 16),
            end: u64_at(bytes, 24),
            frames: u64_at(bytes, 32),
            hash: ChainHash(array(bytes, 40)),
            entries,
        };
        (u64_at(bytes, 72) == footer.entries.len() as u64 && footer.is_plausible()).then_some(footer)
    }

    fn is_plausible(&self) -> bool {
        let ascending =
            self.entries.windows(2).all(|pair| pair[0].position < pair[1].position && pair[0].offset < pair[1].offset);
        let starts = self.entries.first().is_some_and(|entry| entry.position == self.first);
        let ends = self.entries.last().is_some_and(|entry| entry.position <= self.last && entry.offset < self.end);
        ascending && starts && ends
    }
}
