//! The library as the replica uses it, without read models: from a source to log and ledger.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Stop, SystemClock};
use continuity_ingest::{IngestOptions, Ingester, Source};
use continuity_log::{Log, Options, RealDisk};
use continuity_readmodel::SyncBoard;
use continuity_readmodel::ledger::Ledger;

use super::cost::{Cost, Meter};

/// Until `records` are durable in the log, the ledger has them, and the source was told so.
pub(crate) fn ingest(source: Box<dyn Source>, records: u64, events: u64) -> Cost {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let disk = RealDisk::new(directory.path().join("log")).expect("a folder for the log");
    let opened = Log::open(Arc::new(disk), Options::default(), &[]).expect("the log opens");
    let models = directory.path().join("read-models");
    let (ledger, reader) = Ledger::open(&models, &opened.log).expect("the ledger opens");
    let board = SyncBoard::new(Arc::clone(&clock));
    let options = IngestOptions { clock: Arc::clone(&clock), ..IngestOptions::default() };
    let ingester = Ingester::new(options, opened.writer, opened.log, ledger, board);
    let stop = Stop::new();
    let until = stop.clone();
    let meter = Meter::start(std::process::id(), &*clock);
    let running = std::thread::spawn(move || ingester.run(source, &until));
    let mut position = 0;
    while position < records {
        position = reader.wait_beyond(position, Duration::from_secs(1));
        assert!(!running.is_finished(), "ingest ended at {position}");
    }
    let cost = meter.stop(events);
    stop.stop();
    running.join().expect("ingest did not panic").expect("ingest ended in order");
    cost
}
