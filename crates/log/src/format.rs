//! Format v1, byte by byte: `FORMAT.md` beside this crate's manifest is its description, and a test compares the two.
//!
//! All fixed fields are little-endian.

pub(crate) mod body;
pub(crate) mod footer;
pub(crate) mod frame;
pub(crate) mod head;
pub(crate) mod segment;

/// The version of the format, in every segment's header.
pub(crate) const VERSION: u16 = 1;

/// The name of the segment whose first position is `first`.
pub(crate) fn segment_name(first: u64) -> String {
    format!("{first:020}.seg")
}

/// The first position of the segment called `name`; `None` when it is no segment's name.
pub(crate) fn segment_first(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg")?;
    if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|first| *first > 0)
}

/// The `N` bytes at `at`. The caller has checked that they are there.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a range of N bytes is N long")
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array(bytes, at))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

pub(crate) fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

#[cfg(test)]
mod tests;
