//! Files as people upload them: PDFs, images and office files of any size, made of an id alone.
//!
//! A [`BlobId`] says kind, size and seed; [`Content`] is the file: it gives any range of bytes in constant memory, so a server of
//! ten thousand files keeps none. Each is a small valid file around a long filler that readers skip or carry along.

mod id;
mod jpeg;
mod layout;
mod office;
mod pdf;
mod png;
mod sizes;
mod zip;

use std::io::{self, Write};
use std::ops::Range;

use sha2::{Digest, Sha256};

use self::layout::Layout;

pub use id::{BlobId, NoBlobId};
pub use sizes::Sizes;

/// The largest file, in bytes.
pub const LARGEST: u64 = 200_000_000;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// A document of one or many pages.
    Pdf,
    /// An image.
    Png,
    /// An image.
    Jpeg,
    /// A text document.
    Docx,
    /// A workbook.
    Xlsx,
}

impl FileKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pdf, Self::Png, Self::Jpeg, Self::Docx, Self::Xlsx];

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// What names of such files end in, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
        }
    }

    /// The smallest file of this kind, in bytes.
    pub fn smallest(self) -> u64 {
        match self {
            Self::Pdf => pdf::SMALLEST,
            Self::Png => png::SMALLEST,
            Self::Jpeg => jpeg::SMALLEST,
            Self::Docx => office::SMALLEST_DOCX,
            Self::Xlsx => office::SMALLEST_XLSX,
        }
    }
}

/// Pieces that a whole file is read in.
const PIECE: usize = 256 * 1024;

/// The bytes of a file, made when they are read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Content {
    id: BlobId,
    layout: Layout,
}

impl Content {
    /// The file that `id` stands for.
    pub fn new(id: BlobId) -> Self {
        let (size, seed) = (id.size(), id.seed());
        let parts = match id.kind() {
            FileKind::Pdf => pdf::parts(size, seed),
            FileKind::Png => png::parts(size, seed),
            FileKind::Jpeg => jpeg::parts(size, seed),
            FileKind::Docx => office::docx(size, seed),
            FileKind::Xlsx => office::xlsx(size, seed),
        };
        Self { id, layout: Layout::new(parts) }
    }

    /// What it was made of.
    pub fn id(&self) -> BlobId {
        self.id
    }

    /// Its size in bytes, which is that of its id.
    pub fn size(&self) -> u64 {
        self.layout.size()
    }

    /// Fills `out` with the bytes from `at` on, as far as there are any; how many there were.
    pub fn read_at(&self, at: u64, out: &mut [u8]) -> usize {
        self.layout.read_at(at, out)
    }

    /// Writes the bytes of `range`, cut to what there is, in pieces.
    pub fn write_range(&self, range: Range<u64>, out: &mut impl Write) -> io::Result<()> {
        let end = range.end.min(self.size());
        let mut at = range.start;
        let mut piece = vec![0; PIECE.min(usize::try_from(end.saturating_sub(at)).unwrap_or(PIECE))];
        while at < end {
            let count = piece.len().min(usize::try_from(end - at).unwrap_or(usize::MAX));
            let count = self.read_at(at, &mut piece[..count]);
            out.write_all(&piece[..count])?;
            at += count as u64;
        }
        Ok(())
    }

    /// All of it. Up to 200 MB: for small ones and for tests.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(self.size()).unwrap_or(0)];
        self.read_at(0, &mut bytes);
        bytes
    }

    /// Its digest. Reads the whole file once: some tenths of a second for the largest.
    pub fn sha256(&self) -> [u8; 32] {
        struct Hashing(Sha256);
        impl Write for Hashing {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.update(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut hashing = Hashing(Sha256::new());
        let hashed = self.write_range(0..self.size(), &mut hashing);
        debug_assert!(hashed.is_ok(), "hashing does no I/O");
        hashing.0.finalize().into()
    }
}

#[cfg(test)]
pub(crate) mod readers;
#[cfg(test)]
mod tests;
