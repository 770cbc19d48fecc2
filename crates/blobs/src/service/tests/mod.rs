//! The service over fakes of its seams, with a real index and real files.

mod copies;
mod fetching;
mod keeping;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{ManualClock, Stop, Timestamp};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::shelf::{Digest, LocalShelf};
use crate::testing::{FakeOrigin, FakeReferences, FakeScanner, Fault, digest, json, until};

const DAY: Duration = Duration::from_hours(24);

/// A data directory with everything that outlives a process.
struct World {
    directory: TempDir,
    origin: Arc<FakeOrigin>,
    references: Arc<FakeReferences>,
    scanner: Arc<FakeScanner>,
    clock: Arc<ManualClock>,
    options: BlobOptions,
    shelf: Arc<LocalShelf>,
}

/// One life of the service.
struct Life {
    service: BlobService,
    stop: Stop,
    task: JoinHandle<()>,
}

impl World {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let shelf = LocalShelf::new(&directory.path().join("shelf")).unwrap();
        let mut options = BlobOptions::new(directory.path().join("blobs"));
        options.tick = Duration::from_millis(2);
        options.scrub_bytes_per_second = 0;
        Self {
            directory,
            origin: Arc::default(),
            references: Arc::default(),
            scanner: Arc::default(),
            clock: Arc::new(ManualClock::at(Timestamp::from_micros(1_800_000_000_000_000))),
            options,
            shelf: Arc::new(shelf),
        }
    }

    fn open(&self) -> BlobService {
        let places = BlobPlaces {
            origin: self.origin.clone(),
            shelf: self.shelf.clone(),
            references: self.references.clone(),
            scanner: Some(self.scanner.clone()),
            clock: self.clock.clone(),
        };
        // A life that was killed lets go of the file when its last write has ended.
        for _ in 0..10_000 {
            match BlobService::new(self.options.clone(), places.clone()) {
                Err(BlobServiceError::Index(IndexError::InUse { .. })) => std::thread::sleep(Duration::from_millis(1)),
                opened => return opened.unwrap(),
            }
        }
        panic!("the index stays in use");
    }

    #[expect(clippy::disallowed_methods, reason = "a test looks after its own task")]
    fn start(&self) -> Life {
        let (service, stop) = (self.open(), Stop::new());
        let task = tokio::spawn(service.clone().run(stop.clone()));
        Life { service, stop, task }
    }

    /// Bytes that the origin has, and a reference to them.
    fn offer(&self, bytes: &[u8]) -> (Digest, String) {
        let digest = digest(bytes);
        self.origin.bytes.lock().insert(digest, bytes.to_vec());
        (digest, json(&digest, Some(bytes.len() as u64), "https://host/x"))
    }

    fn faults(&self, digest: Digest, faults: &[Fault]) {
        self.origin.faults.lock().insert(digest, faults.iter().cloned().collect());
    }

    fn asked(&self) -> usize {
        self.origin.asked.lock().len()
    }

    /// Lets time pass until the condition holds.
    async fn pass(&self, what: &str, step: Duration, mut condition: impl FnMut() -> bool) {
        until(what, || {
            self.clock.advance(step);
            condition()
        })
        .await;
    }

    fn evidence(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path().join("blobs/quarantine")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Life {
    /// Ends it wherever it is.
    async fn kill(self) {
        self.task.abort();
        drop(self.task.await);
    }

    async fn end(self) {
        self.stop.stop();
        self.task.await.unwrap();
    }

    fn state(&self, json: &str) -> &'static str {
        self.service.state(json).name()
    }

    fn settled(&self, position: u64) -> bool {
        let known = self.service.lag().unwrap().known_up_to;
        known >= Some(position) && self.service.settled(Timestamp::from_micros(i64::MAX)).unwrap()
    }
}
