//! Counts over all rows, kept up to date with each write.

use super::row::{Row, State};

/// How many blobs, and their bytes as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlobAmount {
    /// Blobs.
    pub count: u64,
    /// Bytes.
    pub bytes: u64,
}

impl BlobAmount {
    pub(crate) fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn take(&mut self, bytes: u64) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

/// The referenced blobs by state. Those that nobody refers to count nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) states: [BlobAmount; 4],
    /// Pending ones that were tried often in vain.
    pub(crate) stuck: u64,
    /// The log position up to which references are counted; `None` before the first look.
    pub(crate) cursor: Option<u64>,
}

impl Tally {
    pub(crate) fn of(&self, state: State) -> BlobAmount {
        self.states[state as usize]
    }

    pub(super) fn replace(&mut self, before: Option<&Row>, after: Option<&Row>) {
        if let Some(row) = before.filter(|row| row.referenced()) {
            self.states[row.state as usize].take(row.bytes());
            self.stuck = self.stuck.saturating_sub(u64::from(row.stuck()));
        }
        if let Some(row) = after.filter(|row| row.referenced()) {
            self.states[row.state as usize].add(row.bytes());
            self.stuck += u64::from(row.stuck());
        }
    }
}
