//! JPEG images: a small grey picture of flat squares, and as much application data as it takes.

use super::layout::{Part, UNIT, size};
use crate::random::Random;

/// What is before the entropy-coded data, the filler aside: application marker, one flat quantization table, a baseline frame of one
/// component of 64 by 64 samples, and the smallest Huffman tables: differences of categories 0 to 6, and end-of-block alone.
fn head() -> Vec<u8> {
    let mut out = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00".to_vec();
    out.extend(b"\xff\xdb\x00\x43\x00");
    out.extend([8; 64]);
    out.extend([0xff, 0xc0, 0x00, 0x0b, 8, 0, SIDE, 0, SIDE, 1, 1, 0x11, 0]);
    // Codes of three bits for all seven categories; the eighth, of ones alone, is not allowed.
    out.extend(b"\xff\xc4\x00\x1a\x00\x00\x00\x07");
    out.extend([0; 13]);
    out.extend([0, 1, 2, 3, 4, 5, 6]);
    out.extend(b"\xff\xc4\x00\x14\x10\x01");
    out.extend([0; 15]);
    out.push(0);
    out
}

const SIDE: u8 = 64;
/// Squares of 8 by 8 samples.
const SQUARES: usize = 64;
/// Marker (APP15) and length of a segment.
const SEGMENT: u64 = 4;
/// The smallest one, in bytes: at most nine bits for a square and one for its end, each byte perhaps stuffed.
pub(super) const SMALLEST: u64 = 20 + 69 + 13 + 28 + 22 + 10 + 2 * 80 + 2;

/// A JPEG of exactly `wanted` bytes, at least [`SMALLEST`].
pub(super) fn parts(wanted: u64, seed: u64) -> Vec<Part> {
    let mut tail = vec![0xff, 0xda, 0x00, 0x08, 1, 1, 0x00, 0, 63, 0];
    tail.extend(picture(seed));
    tail.extend([0xff, 0xd9]);
    let head = head();
    let mut left = wanted.saturating_sub((head.len() + tail.len()) as u64);
    let mut parts = vec![Part::bytes(head)];
    let full = left / (UNIT + SEGMENT);
    if full > 0 {
        let Part::Repeat { unit, .. } = Part::noise(seed, UNIT) else { return parts };
        let mut segment = segment(UNIT);
        segment.extend(&*unit);
        let size = full * (UNIT + SEGMENT);
        parts.push(Part::Repeat { unit: segment.into(), size });
        left -= size;
    }
    if left >= SEGMENT {
        parts.push(Part::bytes(segment(left - SEGMENT)));
        parts.push(Part::noise(seed, left - SEGMENT));
    } else {
        // Any number of these may come before a marker.
        parts.push(Part::bytes(vec![0xff; usize::try_from(left).unwrap_or(0)]));
    }
    parts.push(Part::bytes(tail));
    debug_assert_eq!(size(&parts), wanted);
    parts
}

fn segment(length: u64) -> Vec<u8> {
    let mut out = vec![0xff, 0xef];
    out.extend(u16::try_from(length + 2).unwrap_or(u16::MAX).to_be_bytes());
    out
}

/// The entropy-coded data: each square's grey as its difference from the one before (ITU-T T.81, F.1.2).
fn picture(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed, 2);
    let (mut bits, mut before) = (Vec::new(), 0_i32);
    for _ in 0..SQUARES {
        let grey = i32::try_from(random.below(32)).unwrap_or(0) - 16;
        let difference = grey - before;
        before = grey;
        let category = 32 - difference.unsigned_abs().leading_zeros();
        push(&mut bits, category, 3);
        let value = if difference < 0 { difference + (1 << category) - 1 } else { difference };
        push(&mut bits, value.unsigned_abs(), category);
        push(&mut bits, 0, 1); // the end of the block
    }
    let mut out = Vec::with_capacity(bits.len() / 8 + 1);
    for eight in bits.chunks(8) {
        // Padded with ones; a byte of ones alone is followed by a zero, so that it is no marker.
        let byte = (0..8).fold(0, |byte, i| (byte << 1) | u8::from(eight.get(i).copied().unwrap_or(true)));
        out.push(byte);
        if byte == 0xff {
            out.push(0);
        }
    }
    out
}

fn push(bits: &mut Vec<bool>, value: u32, count: u32) {
    bits.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
}
