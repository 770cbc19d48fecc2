//! The public handle: two threads around one source.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use continuity_base::Stop;
use continuity_log::{Log, Writer};
use continuity_readmodel::SyncBoard;
use continuity_readmodel::ledger::Ledger;

use crate::control::{IngestControl, Ordered};
use crate::gate::Gate;
use crate::reader::{AHEAD, Acknowledgements, Reader};
use crate::worker::{Channels, Worker};
use crate::{IngestError, IngestOptions, Source};

/// How long the reader may take to end: a source may hang in a call to a broker.
const READER_PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(5);

/// Takes everything that a source delivers to the log.
pub struct Ingester {
    pub(crate) options: IngestOptions,
    pub(crate) writer: Writer,
    pub(crate) log: Log,
    pub(crate) ledger: Ledger,
    pub(crate) board: SyncBoard,
    pub(crate) orders: Receiver<Ordered>,
    control: IngestControl,
}

impl Ingester {
    /// The ledger must be the one of the log, and have caught up with it.
    pub fn new(options: IngestOptions, writer: Writer, log: Log, ledger: Ledger, board: SyncBoard) -> Self {
        let (control, orders) = IngestControl::new();
        Self { options, writer, log, ledger, board, orders, control }
    }

    /// What it takes orders by, while it runs: an order that is given before waits for it.
    pub fn control(&self) -> IngestControl {
        self.control.clone()
    }

    /// Runs until the stop is asked for: the caller's thread decides and writes, a second one reads and parses.
    ///
    /// A source that cannot be reached or has diverged does not end it. When the log or the ledger cannot be written it
    /// reads and writes nothing more, says so on the board and to whoever gives orders, and returns the error once the
    /// stop is asked for. When it returns `Ok`, everything acknowledged is durable, and the ledger too.
    pub fn run(self, source: Box<dyn Source>, stop: &Stop) -> Result<(), IngestError> {
        let name = source.name().to_owned();
        let gate = Arc::new(Gate::new(self.options.schedule.max_bytes_per_second));
        let acknowledgements = Arc::new(Acknowledgements::default());
        let (deliver, deliveries) = sync_channel(AHEAD);
        let (connect, connects) = sync_channel(1);
        let reading = Stop::new();
        let reader = Reader {
            source,
            options: self.options.clone(),
            stop: reading.clone(),
            gate: Arc::clone(&gate),
            acknowledgements: Arc::clone(&acknowledgements),
            connects,
            deliveries: deliver,
        };
        let thread = thread::Builder::new().name("ingest-reader".to_owned()).spawn(move || reader.run())?;
        let outcome = Worker::new(self, name, Channels { acknowledgements, gate, deliveries, connect }).run(stop);
        reading.stop();
        leave(thread);
        outcome
    }
}

/// Waits for the reader, but not for ever.
fn leave(thread: JoinHandle<()>) {
    for _ in 0..READER_PATIENCE.as_millis() / LOOK.as_millis() {
        if thread.is_finished() {
            if thread.join().is_err() {
                tracing::error!("the thread that reads the source panicked");
            }
            return;
        }
        thread::sleep(LOOK);
    }
    tracing::warn!("the source hangs and is left behind; everything that was acknowledged is durable");
}

#[cfg(test)]
mod tests;
