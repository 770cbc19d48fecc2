//! Which file it is: device, inode, and a digest of its first bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use sha2::{Digest, Sha256};

/// Bytes at the start of a file that are digested, at most.
const HEAD_BYTES: u64 = 4096;

/// What a position says about its file (contract, section 6.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) head_len: u32,
    pub(super) head_sha256: [u8; 32],
}

impl Identity {
    /// The identity of an open file as large as it is now.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let data = file.metadata()?;
        let head_len = u32::try_from(data.len().min(HEAD_BYTES)).expect("at most 4,096");
        let head_sha256 = digest(file, head_len)?;
        Ok(Self { device: data.dev(), inode: data.ino(), head_len, head_sha256 })
    }

    /// Takes more of the head in if the file has become larger. A file that was written anew in place, and begins with
    /// other bytes now, is `InvalidData`; one that became shorter is left to be told apart by its size.
    pub(super) fn grow(&mut self, file: &File) -> io::Result<()> {
        let size = file.metadata()?.len();
        if size >= u64::from(self.head_len) && !self.same_head(file)? {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if u64::from(self.head_len) < size.min(HEAD_BYTES) {
            *self = Self::of(file)?;
        }
        Ok(())
    }

    /// Whether the file begins as the one did that the identity was taken of.
    pub(super) fn same_head(&self, file: &File) -> io::Result<bool> {
        let size = file.metadata()?.len();
        Ok(size >= u64::from(self.head_len) && digest(file, self.head_len)? == self.head_sha256)
    }
}

fn digest(file: &File, length: u32) -> io::Result<[u8; 32]> {
    let mut head = vec![0; length as usize];
    file.read_exact_at(&mut head, 0)?;
    Ok(Sha256::digest(&head).into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_grown_file_keeps_its_head_and_another_has_not() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"one\n").unwrap();
        let mut identity = Identity::of(&file).unwrap();
        assert_eq!(identity.head_len, 4);
        file.write_all(&[b'x'; 5_000]).unwrap();
        assert!(identity.same_head(&file).unwrap());
        identity.grow(&file).unwrap();
        assert_eq!(identity.head_len, 4_096);
        file.set_len(3).unwrap();
        assert!(!identity.same_head(&file).unwrap());
        let mut other = tempfile::tempfile().unwrap();
        other.write_all(&[b'y'; 5_000]).unwrap();
        assert!(!identity.same_head(&other).unwrap());
    }
}
