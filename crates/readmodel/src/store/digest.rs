//! A number that says whether two stores hold the same rows.
//!
//! The digest is the XOR of BLAKE3(table, key, value) over all rows: it does not depend on the order in which they were
//! written, and one row's change is applied by taking its old hash out and its new hash in.

/// Digest of a set of rows; all zero for none.
#[derive(Clone, Debug, Default)]
pub(super) struct Hasher {
    sum: [u8; 32],
    scratch: Vec<u8>,
}

impl Hasher {
    pub(super) fn from(sum: [u8; 32]) -> Self {
        Self { sum, scratch: Vec::new() }
    }

    /// Adds a row, or takes it out if it is in.
    pub(super) fn toggle(&mut self, table: &str, key: &[u8], value: &[u8]) {
        self.scratch.clear();
        for part in [table.as_bytes(), key] {
            self.scratch.extend_from_slice(&(part.len() as u64).to_le_bytes());
            self.scratch.extend_from_slice(part);
        }
        self.scratch.extend_from_slice(value);
        let hash = blake3::hash(&self.scratch);
        for (byte, other) in self.sum.iter_mut().zip(hash.as_bytes()) {
            *byte ^= other;
        }
    }

    pub(super) fn sum(&self) -> [u8; 32] {
        self.sum
    }
}
