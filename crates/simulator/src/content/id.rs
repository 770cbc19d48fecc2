//! Ids of files that say all that a file is made of.

use std::fmt;
use std::str::FromStr;

use super::{Content, FileKind, LARGEST, Sizes};
use crate::names::{FILE_STEMS, NASTY_FILE_NAMES};
use crate::random::Random;

/// Kind, size and seed of a file, written as a `blobId`: `blb_p1f40-00c3a5...-k2m9`, the last part against slips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlobId {
    kind: FileKind,
    size: u64,
    seed: u64,
}

const PREFIX: &str = "blb_";

impl BlobId {
    /// A file of `kind` with `size` bytes: at least [`FileKind::smallest`], at most [`LARGEST`].
    pub fn new(kind: FileKind, size: u64, seed: u64) -> Self {
        Self { kind, size: size.clamp(kind.smallest(), LARGEST), seed }
    }

    /// A file of some kind and size, by chance: `seed` decides it all.
    pub fn drawn(sizes: Sizes, seed: u64) -> Self {
        let mut random = Random::new(seed, 3);
        let kind = match random.below(100) {
            0..=54 => FileKind::Pdf,
            55..=74 => FileKind::Jpeg,
            75..=84 => FileKind::Png,
            85..=92 => FileKind::Docx,
            _ => FileKind::Xlsx,
        };
        Self::new(kind, sizes.draw(&mut random), seed)
    }

    /// What the file is.
    pub fn kind(self) -> FileKind {
        self.kind
    }

    /// Its size in bytes.
    pub fn size(self) -> u64 {
        self.size
    }

    /// What its bytes follow from, beside kind and size.
    pub fn seed(self) -> u64 {
        self.seed
    }

    /// The file itself.
    pub fn content(self) -> Content {
        Content::new(self)
    }

    /// The name that its uploader gave it; one in twenty-five is none that a file should have.
    pub fn file_name(self) -> String {
        let mut random = Random::new(self.seed, 4);
        if random.percent(4) {
            return random.pick(NASTY_FILE_NAMES).to_owned();
        }
        let stem = random.pick(FILE_STEMS);
        let number = random.between(1, 400);
        let suffix = random.pick(&["", " (signed)", " – copie", "_v2", " ħ", " (2)"]);
        format!("{stem} {number}{suffix}.{}", self.kind.extension())
    }

    fn letter(self) -> char {
        match self.kind {
            FileKind::Pdf => 'p',
            FileKind::Png => 'n',
            FileKind::Jpeg => 'j',
            FileKind::Docx => 'd',
            FileKind::Xlsx => 'x',
        }
    }

    fn check(self) -> String {
        Random::new(self.seed ^ self.size.rotate_left(32), u64::from(u32::from(self.letter()))).token(4)
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}{:x}-{:016x}-{}", self.letter(), self.size, self.seed, self.check())
    }
}

/// The text is no id of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of a file")]
pub struct NoBlobId;

impl FromStr for BlobId {
    type Err = NoBlobId;

    /// Takes what [`fmt::Display`] writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, NoBlobId> {
        let rest = text.strip_prefix(PREFIX).ok_or(NoBlobId)?;
        let mut parts = rest.get(1..).ok_or(NoBlobId)?.split('-');
        let mut number = || parts.next().and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or(NoBlobId);
        let (size, seed) = (number()?, number()?);
        let candidates = FileKind::ALL.into_iter().map(|kind| Self::new(kind, size, seed));
        candidates.into_iter().find(|id| id.to_string() == text).ok_or(NoBlobId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_from_its_text_and_from_no_other() {
        for kind in FileKind::ALL {
            let id = BlobId::new(kind, 8_000, 7);
            let text = id.to_string();
            assert_eq!(text.parse(), Ok(id));
            for wrong in
                [text.to_uppercase(), text.replacen("1f40", "1f41", 1), text.replace("07-", "08-"), format!("{text}-")]
            {
                assert_eq!(wrong.parse::<BlobId>(), Err(NoBlobId), "{wrong}");
            }
        }
        for wrong in ["", "blb_", "blb_é", "blb_p", "blb_p0-0-0000", "blb_p+1f40-0000000000000007-0000"] {
            assert_eq!(wrong.parse::<BlobId>(), Err(NoBlobId), "{wrong}");
        }
    }

    #[test]
    fn sizes_and_kinds_are_as_promised() {
        let draw = |sizes| (0..20_000).map(move |seed| BlobId::drawn(sizes, seed));
        for sizes in [Sizes::Small, Sizes::Large] {
            let all: Vec<u64> = draw(sizes).map(BlobId::size).collect();
            assert!(all.iter().all(|size| (1_024..=sizes.largest()).contains(size)));
            let small = all.iter().filter(|size| **size <= 64_000).count();
            assert!(small > 16_000, "{small}");
        }
        assert!(draw(Sizes::Small).map(BlobId::size).max() > Some(900_000));
        assert!(draw(Sizes::Large).map(BlobId::size).max() > Some(150_000_000));
        for kind in FileKind::ALL {
            assert!(draw(Sizes::Small).filter(|id| id.kind() == kind).count() > 1_000);
        }
        let nasty = draw(Sizes::Small).filter(|id| NASTY_FILE_NAMES.contains(&id.file_name().as_str())).count();
        assert!((600..1_000).contains(&nasty), "{nasty}");
    }
}
