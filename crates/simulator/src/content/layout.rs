//! Long byte sequences that are described rather than held: literal parts, and units that repeat.

use std::ops::Range;
use std::sync::Arc;

use flate2::Crc;

use crate::random::Random;

/// Bytes of filler before they repeat. A prime: bytes that a client puts at a wrong offset, which is a multiple of some
/// power of two or ten, never happen to be the right ones.
pub(super) const UNIT: u64 = 65_521;

/// One part of a [`Layout`].
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Bytes as they stand.
    Bytes(Arc<[u8]>),
    /// So many bytes of a unit that repeats; the last one may be cut.
    Repeat {
        /// What repeats; not empty.
        unit: Arc<[u8]>,
        /// How many bytes in all.
        size: u64,
    },
}

impl Part {
    /// Bytes as they stand.
    pub(super) fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Bytes(bytes.into().into())
    }

    /// `size` bytes of noise that follow from `seed`.
    pub(super) fn noise(seed: u64, size: u64) -> Self {
        Self::Repeat { unit: noise(seed, size.clamp(1, UNIT)).into(), size }
    }

    /// How many bytes it has.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Repeat { size, .. } => *size,
        }
    }

    /// Adds its bytes to a CRC-32, in time that hardly grows with their number.
    fn add_to(&self, crc: &mut Crc) {
        match self {
            Self::Bytes(bytes) => crc.update(bytes),
            Self::Repeat { unit, size } => {
                let (mut count, rest) = (size / unit.len() as u64, index(size % unit.len() as u64));
                let mut power = Crc::new();
                power.update(unit);
                // By squaring: the CRC of two pieces follows from theirs.
                while count > 0 {
                    if count % 2 == 1 {
                        crc.combine(&power);
                    }
                    let doubled = copy(&power);
                    power.combine(&doubled);
                    count /= 2;
                }
                crc.update(&unit[..rest]);
            }
        }
    }

    /// Copies its bytes from `at` on into `out`, which they fill.
    fn copy_to(&self, at: u64, out: &mut [u8]) {
        match self {
            Self::Bytes(bytes) => out.copy_from_slice(&bytes[index(at)..][..out.len()]),
            Self::Repeat { unit, .. } => {
                let (mut from, mut done) = (index(at % unit.len() as u64), 0);
                while done < out.len() {
                    let count = (unit.len() - from).min(out.len() - done);
                    out[done..done + count].copy_from_slice(&unit[from..from + count]);
                    done += count;
                    from = 0;
                }
            }
        }
    }
}

fn copy(crc: &Crc) -> Crc {
    let mut same = Crc::new();
    same.combine(crc);
    same
}

fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

fn noise(seed: u64, size: u64) -> Vec<u8> {
    let mut random = Random::new(seed, 1);
    let mut out = Vec::with_capacity(index(size) + 8);
    while (out.len() as u64) < size {
        out.extend(random.next().to_le_bytes());
    }
    out.truncate(index(size));
    out
}

/// The CRC-32 (of ISO-HDLC, as PNG and ZIP have it) of all `parts`.
pub(super) fn crc32(parts: &[Part]) -> u32 {
    let mut crc = Crc::new();
    for part in parts {
        part.add_to(&mut crc);
    }
    crc.sum()
}

/// How many bytes all `parts` have.
pub(super) fn size(parts: &[Part]) -> u64 {
    parts.iter().map(Part::size).sum()
}

/// Parts one after another.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Each with where it begins.
    parts: Arc<[(u64, Part)]>,
    size: u64,
}

impl Layout {
    /// `parts` in their order.
    pub(super) fn new(parts: Vec<Part>) -> Self {
        let mut size = 0;
        let placed = parts.into_iter().map(|part| {
            size += part.size();
            (size - part.size(), part)
        });
        let parts = placed.collect();
        Self { parts, size }
    }

    /// How many bytes there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Fills `out` with the bytes from `at` on, as far as there are any; how many.
    pub(super) fn read_at(&self, at: u64, out: &mut [u8]) -> usize {
        let mut done = 0;
        while done < out.len() && at + (done as u64) < self.size {
            let position = at + done as u64;
            let (start, part) = &self.parts[self.parts.partition_point(|(start, _)| *start <= position) - 1];
            let within: Range<u64> = position - start..part.size();
            let count = index(within.end - within.start).min(out.len() - done);
            part.copy_to(within.start, &mut out[done..done + count]);
            done += count;
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_of_a_repetition_is_that_of_its_bytes() {
        for size in [0, 1, 7, UNIT - 1, UNIT, UNIT + 1, UNIT * 5 + 77, UNIT * 16] {
            let parts = [Part::bytes(*b"head"), Part::noise(3, size), Part::bytes(*b"tail")];
            let layout = Layout::new(parts.to_vec());
            let mut bytes = vec![0; index(layout.size())];
            assert_eq!(layout.read_at(0, &mut bytes), bytes.len());
            let mut whole = Crc::new();
            whole.update(&bytes);
            assert_eq!(crc32(&parts), whole.sum(), "{size}");
        }
    }

    #[test]
    fn any_range_is_a_slice_of_the_whole() {
        let parts = vec![Part::bytes(*b"abc"), Part::bytes([]), Part::noise(9, UNIT + 10), Part::bytes(*b"xyz")];
        let layout = Layout::new(parts);
        let mut whole = vec![0; index(layout.size())];
        layout.read_at(0, &mut whole);
        for (at, count) in [(0, 1), (2, 5), (3, 100), (UNIT, 50), (UNIT + 12, 9), (layout.size(), 4)] {
            let mut some = vec![0; count];
            let got = layout.read_at(at, &mut some);
            assert_eq!(some[..got], whole[index(at)..whole.len().min(index(at) + count)]);
        }
    }
}
