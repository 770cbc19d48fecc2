//! The public handle: two threads around one source.

use std::sync::mpsc::sync_channel;
use std::thread;

use continuity_base::Stop;
use continuity_log::{Log, Writer};
use continuity_readmodel::SyncBoard;
use continuity_readmodel::ledger::Ledger;

use crate::reader::{AHEAD, Acknowledgements, Reader};
use crate::worker::Worker;
use crate::{IngestError, IngestOptions, Source};

/// Takes everything that a source delivers to the log.
pub struct Ingester {
    pub(crate) options: IngestOptions,
    pub(crate) writer: Writer,
    pub(crate) log: Log,
    pub(crate) ledger: Ledger,
    pub(crate) board: SyncBoard,
}

impl Ingester {
    /// The ledger must be the one of the log, and have caught up with it.
    pub fn new(options: IngestOptions, writer: Writer, log: Log, ledger: Ledger, board: SyncBoard) -> Self {
        Self { options, writer, log, ledger, board }
    }

    /// Runs until the stop is asked for: the caller's thread decides and writes, a second one reads and parses.
    ///
    /// A source that cannot be reached or has diverged does not end it; a log or ledger that cannot be written does.
    /// When it returns `Ok`, everything acknowledged is durable, and the ledger too.
    pub fn run(self, source: Box<dyn Source>, stop: &Stop) -> Result<(), IngestError> {
        let options = self.options.clone();
        let acknowledgements = Acknowledgements::default();
        let (deliver, deliveries) = sync_channel(AHEAD);
        let (resume, resumes) = sync_channel(1);
        let reading = Stop::new();
        let name = source.name().to_owned();
        thread::scope(|scope| {
            let reader = Reader {
                source,
                options: &options,
                stop: &reading,
                acknowledgements: &acknowledgements,
                resume: resumes,
                deliveries: deliver,
            };
            thread::Builder::new().name("ingest-reader".to_owned()).spawn_scoped(scope, move || reader.run())?;
            let outcome = Worker::new(self, name, &acknowledgements, deliveries, resume).run(stop);
            reading.stop();
            outcome
        })
    }
}

#[cfg(test)]
mod tests;
