//! The bytes of a file, changes to them, and the dice that say which changes survive.

use std::io::{self, ErrorKind};

/// What devices write as a whole.
const SECTOR_BYTES: u64 = 512;

/// A file's bytes; what lies beyond those kept is zero.
#[derive(Clone, Default)]
pub(super) struct Image {
    bytes: Vec<u8>,
    length: u64,
}

/// One change to a file.
pub(super) enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Allocate(u64),
    SetLength(u64),
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("files in memory are smaller than the memory")
}

impl From<&[u8]> for Image {
    fn from(bytes: &[u8]) -> Image {
        Image { bytes: bytes.to_vec(), length: bytes.len() as u64 }
    }
}

impl Image {
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes.resize(index(self.length), 0);
        bytes
    }

    pub(super) fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64).filter(|end| *end <= self.length);
        let end = index(end.ok_or(ErrorKind::UnexpectedEof)?).min(self.bytes.len());
        let kept = self.bytes.get(index(offset)..end).unwrap_or_default();
        buffer[..kept.len()].copy_from_slice(kept);
        buffer[kept.len()..].fill(0);
        Ok(())
    }

    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Write { offset, bytes } => self.write(*offset, bytes),
            Change::Allocate(length) => self.length = self.length.max(*length),
            Change::SetLength(length) => {
                self.length = *length;
                self.bytes.truncate(index(*length));
            }
        }
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) {
        let (start, end) = (index(offset), index(offset) + bytes.len());
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[start..end].copy_from_slice(bytes);
        self.length = self.length.max(end as u64);
    }
}

impl Change {
    /// The least length of the file after this change.
    pub(super) fn length(&self) -> u64 {
        match self {
            Change::Write { offset, bytes } => offset + bytes.len() as u64,
            Change::Allocate(length) | Change::SetLength(length) => *length,
        }
    }

    /// The part of a write that a failing disk still does.
    pub(super) fn first_half(self) -> Change {
        match self {
            Change::Write { offset, mut bytes } => {
                bytes.truncate(bytes.len() / 2);
                Change::Write { offset, bytes }
            }
            other => other,
        }
    }

    /// Applies what the dice let survive: everything, nothing, or some sectors of a write.
    pub(super) fn survive(&self, image: &mut Image, dice: &mut Dice) {
        match (dice.below(3), self) {
            (0, _) => {}
            (1, Change::Write { offset, bytes }) => write_some_sectors(image, *offset, bytes, dice),
            _ => image.apply(self),
        }
    }
}

fn write_some_sectors(image: &mut Image, mut offset: u64, mut bytes: &[u8], dice: &mut Dice) {
    while !bytes.is_empty() {
        let sector = index(SECTOR_BYTES - offset % SECTOR_BYTES).min(bytes.len());
        if dice.coin() {
            image.write(offset, &bytes[..sector]);
        }
        offset += sector as u64;
        bytes = &bytes[sector..];
    }
}

/// Splitmix64: the same seed, the same crash.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(super) fn coin(&mut self) -> bool {
        self.next() & 1 == 0
    }
}
