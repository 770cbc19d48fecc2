//! PNG images: a small grey picture, and as much of a private chunk as it takes.

use super::layout::{Part, crc32, size};
use crate::random::Random;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Length, name and checksum of a chunk.
const CHUNK: u64 = 12;
/// A chunk that decoders skip: ancillary, private, safe to copy.
const FILLER: &[u8; 4] = b"siMu";

/// The smallest one, in bytes.
pub(super) const SMALLEST: u64 = 8 + CHUNK + 13 + CHUNK + (2 + 5 + 4 + 17 * 16) + CHUNK + CHUNK;

/// A PNG of exactly `wanted` bytes, at least [`SMALLEST`].
pub(super) fn parts(wanted: u64, seed: u64) -> Vec<Part> {
    let (width, height) = if wanted < 16_384 { (16, 16) } else { (160, 90) };
    let mut head = SIGNATURE.to_vec();
    let mut shape = Vec::new();
    shape.extend(u32::to_be_bytes(width));
    shape.extend(u32::to_be_bytes(height));
    shape.extend([8, 0, 0, 0, 0]); // bits, grey, and the only compression, filter and interlacing that there are
    head.extend(chunk(*b"IHDR", &shape));
    head.extend(chunk(*b"IDAT", &stored(&picture(width, height, seed))));
    let end = chunk(*b"IEND", &[]);
    let filler = Part::noise(seed, wanted.saturating_sub(head.len() as u64 + CHUNK + end.len() as u64));
    let length = u32::try_from(filler.size()).unwrap_or(u32::MAX);
    head.extend(length.to_be_bytes());
    let checksum = crc32(&[Part::bytes(*FILLER), filler.clone()]);
    head.extend(FILLER);
    let mut tail = checksum.to_be_bytes().to_vec();
    tail.extend(end);
    let parts = vec![Part::bytes(head), filler, Part::bytes(tail)];
    debug_assert_eq!(size(&parts), wanted);
    parts
}

fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    out.extend(name);
    out.extend(data);
    out.extend(crc32(&[Part::bytes(&out[4..])]).to_be_bytes());
    out
}

/// Rows of grey, each after the number of its filter (none).
fn picture(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed, 2);
    let (across, down) = (1 + random.below(5), 1 + random.below(5));
    let shade = |x: u32, y: u32| (u64::from(x) * across + u64::from(y) * down).to_le_bytes()[0];
    (0..height).flat_map(|y| std::iter::once(0).chain((0..width).map(move |x| shade(x, y)))).collect()
}

/// `data`, at most 65,535 bytes, as a zlib stream of one stored block: the same bytes whatever a compressor improves.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut out = vec![0x78, 0x01, 0x01];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(data);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend(((b << 16) | a).to_be_bytes());
    out
}
