//! The slots of the `head` file.

use super::{array, put, u32_at, u64_at};
use crate::{ChainHash, Head};

/// The file's name.
pub(crate) const HEAD_NAME: &str = "head";
/// Bytes of a slot.
pub(crate) const SLOT_BYTES: usize = 64;
/// Distance of the two slots: no device tears both in one write.
pub(crate) const SLOT_DISTANCE: u64 = 4096;
pub(crate) const HEAD_MAGIC: [u8; 4] = *b"CTYH";

/// One slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Grows by one with each writing; the higher one counts.
    pub(crate) generation: u64,
    pub(crate) head: Head,
}

impl Slot {
    pub(crate) fn encode(&self) -> [u8; SLOT_BYTES] {
        let mut bytes = [0; SLOT_BYTES];
        put(&mut bytes, 0, &HEAD_MAGIC);
        put(&mut bytes, 8, &self.generation.to_le_bytes());
        put(&mut bytes, 16, &self.head.position.to_le_bytes());
        put(&mut bytes, 24, &self.head.hash.0);
        let crc = crc32c::crc32c(&bytes[8..]);
        put(&mut bytes, 4, &crc.to_le_bytes());
        bytes
    }

    /// `None` when the slot was never written or is not what was written.
    pub(crate) fn decode(bytes: &[u8; SLOT_BYTES]) -> Option<Slot> {
        let sound = bytes[..4] == HEAD_MAGIC && u32_at(bytes, 4) == crc32c::crc32c(&bytes[8..]);
        let head = Head { position: u64_at(bytes, 16), hash: ChainHash(array(bytes, 24)) };
        sound.then_some(Slot { generation: u64_at(bytes, 8), head })
    }
}
