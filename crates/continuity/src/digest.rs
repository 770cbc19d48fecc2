//! The SHA-256 of a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Bytes that are read at once.
const PIECE_BYTES: usize = 1 << 20;

/// In hexadecimal digits. Blocks.
pub(crate) fn sha256(path: &Path) -> io::Result<String> {
    let (mut file, mut hash, mut piece) = (File::open(path)?, Sha256::new(), vec![0; PIECE_BYTES]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex::encode(hash.finalize())),
            length => hash.update(&piece[..length]),
        }
    }
}
