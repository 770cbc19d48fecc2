//! How fast a file feed goes to the log and the ledger: `cargo run --release -p continuity-ingest --example catch_up --
//! EVENTS LOANS`. Events of all loans are interleaved, about 1 KB each; everything is on a real disk.

#![expect(clippy::print_stdout, reason = "it prints a measurement")]

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Stop, SystemClock};
use continuity_ingest::{FileOptions, FileSource, IngestOptions, Ingester};
use continuity_log::{Log, Options, RealDisk};
use continuity_readmodel::SyncBoard;
use continuity_readmodel::ledger::Ledger;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let events = numbers.next().transpose()?.unwrap_or(300_000);
    let loans = numbers.next().transpose()?.unwrap_or(20_000);
    let dir = tempfile::tempdir()?;
    let feed = dir.path().join("feed.ndjson");
    let bytes = write_feed(&feed, events, loans)?;
    let opened = Log::open(Arc::new(RealDisk::new(dir.path().join("log"))?), Options::default(), &[])?;
    let (ledger, reader) = Ledger::open(&dir.path().join("readmodels"), &opened.log)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let board = SyncBoard::new(Arc::clone(&clock));
    let options = IngestOptions { clock: Arc::clone(&clock), ..IngestOptions::default() };
    let ingester = Ingester::new(options, opened.writer, opened.log, ledger, board);
    let stop = Stop::new();
    let started = clock.monotonic();
    let until = stop.clone();
    let source = Box::new(FileSource::new(FileOptions::new(feed)));
    let running = std::thread::spawn(move || ingester.run(source, &until));
    let mut position = 0;
    while position < events {
        position = reader.wait_beyond(position, Duration::from_secs(1));
    }
    let took = clock.monotonic().saturating_sub(started);
    stop.stop();
    running.join().map_err(|_| "ingest panicked")??;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = events as f64 / took.as_secs_f64();
    println!("{events} events of {loans} loans, {} MB, in {took:.2?}: {rate:.0} events/s", bytes >> 20);
    Ok(())
}

fn write_feed(path: &Path, events: u64, loans: u64) -> Result<u64, std::io::Error> {
    let mut out = BufWriter::new(File::create(path)?);
    let filler = "lorem ipsum dolor sit amet consectetur ".repeat(16);
    let mut bytes = 0;
    for number in 0..events {
        let (loan, sequence) = (number % loans, number / loans + 1);
        let line = format!(
            r#"{{"specversion":"1.0","id":"e{number}","source":"/banclo/eu-1/tenants/acme-bank","type":"com.banclo.CommentAdded","subject":"loan-requests/lr_{loan:08x}","time":"2026-03-05T10:39:44.120Z","sequence":"{sequence}","data":{{"entity":"comment","id":"c{number}","version":1,"after":{{"id":"c{number}","text":"{filler}","parentId":null}}}}}}"#
        );
        bytes += line.len() as u64 + 1;
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    Ok(bytes)
}
