//! The loop: from messages to durable records.

use continuity_base::Stop;
use continuity_log::{Log, Writer};
use continuity_readmodel::SyncBoard;
use continuity_readmodel::ledger::Ledger;

use crate::{IngestError, IngestOptions, Source};

/// Takes everything that a source delivers to the log.
pub struct Ingester {
    options: IngestOptions,
    writer: Writer,
    log: Log,
    ledger: Ledger,
    board: SyncBoard,
}

impl Ingester {
    /// The ledger must be the one of the log.
    pub fn new(options: IngestOptions, writer: Writer, log: Log, ledger: Ledger, board: SyncBoard) -> Self {
        Self { options, writer, log, ledger, board }
    }

    /// Runs until the stop is asked for, on the thread that calls it. A source that cannot be reached or has diverged
    /// does not end it; a log or ledger that cannot be written does.
    pub fn run(self, source: Box<dyn Source>, stop: &Stop) -> Result<(), IngestError> {
        let _ = (self.options, self.writer, self.log, self.ledger, self.board, source, stop);
        todo!()
    }
}
