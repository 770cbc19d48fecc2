//! How large files are.

use super::LARGEST;
use crate::random::Random;

/// How large the files of a platform are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sizes {
    /// From 1 KB to 1 MB, most of them small: some 40 KB on average.
    #[default]
    Small,
    /// Mostly the same; three in a hundred from 1 MB to 20 MB, and one in two hundred up to 200 MB.
    Large,
}

impl Sizes {
    /// The largest size, in bytes.
    pub fn largest(self) -> u64 {
        match self {
            Self::Small => 1_000_000,
            Self::Large => LARGEST,
        }
    }

    /// A size by chance, in bytes.
    pub(crate) fn draw(self, random: &mut Random) -> u64 {
        let (low, high) = match (self, random.below(200)) {
            (Self::Large, 0) => (20_000_000, LARGEST),
            (Self::Large, 1..=6) => (1_000_000, 20_000_000),
            (_, 7..=12) => (300_000, 1_000_000),
            (_, 13..=36) => (64_000, 300_000),
            _ => (1_024, 64_000),
        };
        // Even on a logarithmic scale, nearly: a power of two at most that large, and a size at most that.
        let doublings = random.below(u64::from((high / low).ilog2()) + 1);
        random.between(low, (low << (doublings + 1)).min(high))
    }
}
