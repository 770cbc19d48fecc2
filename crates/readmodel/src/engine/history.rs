//! What the engine reads: the log, as far as the ledger has ordered it.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use continuity_log::{ChainHash, Frame, Head, Log, LogError, Reader, Record};

use crate::error::StoreError;
use crate::ledger::LedgerReader;

/// The log and its order, as one thing.
pub(crate) trait History: Send + Sync + 'static {
    /// The last position that may be folded: in the ledger, and durable in the log.
    fn position(&self) -> u64;
    /// Blocks until that is beyond `position`, or `timeout` has passed.
    fn wait_beyond(&self, position: u64, timeout: Duration) -> u64;
    /// The durable end of the log.
    fn head(&self) -> Head;
    /// Reads frames from the one that holds `from`.
    fn frames(&self, from: u64) -> Box<dyn Frames>;
    /// The record at a position.
    fn record(&self, position: u64) -> Result<Record, LogError>;
    /// The hash of the frame that holds a position.
    fn hash_at(&self, position: u64) -> Result<ChainHash, LogError>;
    /// Known events of a loan, visible or held: (sequence, position of its bytes), ascending.
    fn events(&self, loan: &str, sequences: RangeInclusive<u64>) -> Result<Vec<(u64, u64)>, StoreError>;
    /// Every snapshot and erasure of a loan, held ones included: (log position, sequence), in the order of the log.
    fn snapshots(&self, loan: &str) -> Result<Vec<(u64, u64)>, StoreError>;
    /// Log positions at which held events of a loan became visible, ascending.
    fn releases(&self, loan: &str) -> Result<Vec<u64>, StoreError>;
}

/// Frames in order.
pub(crate) trait Frames: Send {
    /// The next one; `None` at the end, for now.
    fn next_frame(&mut self) -> Result<Option<Arc<Frame>>, LogError>;
}

impl Frames for Reader {
    fn next_frame(&mut self) -> Result<Option<Arc<Frame>>, LogError> {
        Reader::next_frame(self)
    }
}

/// The real log and ledger.
pub(crate) struct LogHistory {
    pub(crate) log: Log,
    pub(crate) ledger: LedgerReader,
}

impl History for LogHistory {
    fn position(&self) -> u64 {
        self.ledger.position().min(self.log.head().position)
    }

    fn wait_beyond(&self, position: u64, timeout: Duration) -> u64 {
        self.ledger.wait_beyond(position, timeout).min(self.log.head().position)
    }

    fn head(&self) -> Head {
        self.log.head()
    }

    fn frames(&self, from: u64) -> Box<dyn Frames> {
        Box::new(self.log.reader(from))
    }

    fn record(&self, position: u64) -> Result<Record, LogError> {
        self.log.get(position)
    }

    fn hash_at(&self, position: u64) -> Result<ChainHash, LogError> {
        self.log.hash_at(position)
    }

    fn events(&self, loan: &str, sequences: RangeInclusive<u64>) -> Result<Vec<(u64, u64)>, StoreError> {
        self.ledger.events(loan, sequences)
    }

    fn snapshots(&self, loan: &str) -> Result<Vec<(u64, u64)>, StoreError> {
        self.ledger.snapshots(loan)
    }

    fn releases(&self, loan: &str) -> Result<Vec<u64>, StoreError> {
        self.ledger.releases(loan)
    }
}
