//! The same histories through the real log and the real ledger.

use std::path::Path;
use std::sync::Arc;

use continuity_base::Stop;
use continuity_log::{Head, Log, MemoryDisk, Opened, Options};
use proptest::prelude::*;

use super::models::{Entities, Trail};
use super::source::steps;
use super::support::*;
use crate::engine::history::LogHistory;
use crate::engine::run::Settings;
use crate::ledger::{Ledger, LedgerReader};
use crate::store::MemoryShelf;
use crate::{BatchLimits, Engine, EngineHandle, EngineOptions};

fn open_log(disk: &Arc<MemoryDisk>) -> Opened {
    let options = Options { segment_bytes: 1 << 20, ..Options::default() };
    Log::open(disk.clone(), options, &[]).unwrap()
}

/// Appends every frame of a history as a group of its own.
fn write(opened: &mut Opened, history: &TestHistory) -> Head {
    let mut head = opened.log.head();
    for records in history.groups() {
        head = opened.writer.append(records).unwrap().wait().unwrap();
    }
    head
}

fn over(log: &Log, ledger: LedgerReader, rows: usize) -> (EngineHandle, Engine) {
    let history = LogHistory { log: log.clone(), ledger };
    let settings =
        Settings { clock: clock(), cache_bytes: 1 << 22, batch: BatchLimits { rows, ..BatchLimits::default() } };
    Engine::open_on(Arc::new(MemoryShelf::new()), Arc::new(history), projections(), settings).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn the_real_log_and_ledger_give_the_same_rows(steps in steps(), rows in 1..40_usize) {
        let history = super::crash::history(&steps);
        let mut opened = open_log(&Arc::new(MemoryDisk::new()));
        write(&mut opened, &history);
        let (_ledger, reader) = Ledger::open_on(Arc::new(MemoryShelf::new()), &opened.log, 1 << 20).unwrap();
        let (handle, mut engine) = over(&opened.log, reader, rows);
        drain(&mut engine).unwrap();
        prop_assert_eq!(digests(&handle), rebuilt(&history));
    }
}

fn options(dir: &Path, log: &Log, ledger: LedgerReader) -> EngineOptions {
    EngineOptions {
        dir: dir.to_path_buf(),
        log: log.clone(),
        ledger,
        projections: vec![Box::new(Entities), Box::new(Trail)],
        clock: clock(),
        cache_bytes: 1 << 22,
        batch: BatchLimits::default(),
    }
}

fn ingest(loans: std::ops::Range<u64>) -> Ingest {
    let mut ingest = Ingest::default();
    for loan in loans {
        let id = format!("L{loan}");
        ingest.arrive(&event(&id, 1, &after("loanRequest", &id, 1, "{}")));
        ingest.history.sync();
    }
    ingest
}

#[test]
fn on_files_it_follows_stops_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut opened = open_log(&Arc::new(MemoryDisk::new()));
    for loans in [0..20, 20..50] {
        let head = write(&mut opened, &ingest(loans).history);
        let (_ledger, reader) = Ledger::open(directory.path(), &opened.log).unwrap();
        let (handle, engine) = Engine::open(options(directory.path(), &opened.log, reader)).unwrap();
        let stop = Stop::new();
        let thread = std::thread::spawn({
            let stop = stop.clone();
            move || engine.run(stop)
        });
        assert!(handle.wait_for(head.position, std::time::Duration::from_secs(10)));
        stop.stop();
        thread.join().unwrap().unwrap();
        drop(handle);
        let checkpoints = Engine::checkpoints(directory.path());
        assert_eq!(checkpoints.len(), 3);
        assert!(checkpoints.iter().all(|at| (at.position, at.hash) == (head.position, head.hash)), "{checkpoints:?}");
    }
    let (_ledger, reader) = Ledger::open(directory.path(), &opened.log).unwrap();
    let report = Engine::rebuild_offline(options(directory.path(), &opened.log, reader), "entities").unwrap();
    assert_eq!((report.position, report.rows), (50, 50));
    assert_eq!(report.old_digest, Some(report.new_digest));
    assert!(directory.path().join("entities-00000002.redb").exists());
}
