//! Making commits durable while folding goes on.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use continuity_base::Clock;

use super::models::bearing;
use crate::error::StoreError;
use crate::metrics;
use crate::store::{Checkpoint, Durability, Store};

/// A thread that makes stores durable: the read models at the same time, then the fold. Nothing may be committed to
/// them before it has finished. Dropping it waits.
pub(super) struct Saving {
    at: Checkpoint,
    thread: Option<JoinHandle<Result<Failures, StoreError>>>,
}

/// A store to be made durable.
pub(super) struct Save {
    pub(super) store: Arc<Store>,
    /// The file that it is in.
    pub(super) file: String,
    /// It may fail: it is only kept.
    pub(super) is_kept: bool,
}

/// Kept builds that could not be saved: their files, and why.
pub(super) type Failures = Vec<(String, StoreError)>;

impl Saving {
    /// `at` is where all of them are.
    pub(super) fn start(
        at: Checkpoint,
        models: Vec<Save>,
        fold: Arc<Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let work = move || {
            let started = clock.monotonic();
            let failures = at_once(&models, at)?;
            fold.persist(at)?;
            metrics::committed(Durability::Durable, clock.monotonic().saturating_sub(started));
            Ok(failures)
        };
        let thread = thread::Builder::new().name("save".to_owned()).spawn(work).map_err(no_thread)?;
        Ok(Self { at, thread: Some(thread) })
    }

    /// Whether it is done: then waiting takes no time.
    pub(super) fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits; the position that is durable now, but for the kept builds that failed.
    pub(super) fn finish(mut self) -> Result<(u64, Failures), StoreError> {
        self.wait().map(|failures| (self.at.position, failures))
    }

    fn wait(&mut self) -> Result<Failures, StoreError> {
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(Vec::new()),
            Some(Ok(saved)) => saved,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Saving {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // Its error has no one to go to; what it did not save comes back from the log.
            thread.join().ok();
        }
    }
}

/// Waiting for the disk takes no processor: all wait at the same time.
fn at_once(saves: &[Save], at: Checkpoint) -> Result<Failures, StoreError> {
    thread::scope(|scope| {
        let threads: Vec<_> = saves.iter().map(|save| scope.spawn(move || save.persist(at))).collect();
        let outcomes = threads.into_iter().map(|thread| match thread.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        Ok(outcomes.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    })
}

impl Save {
    /// A failure of a kept one is no error, but an outcome.
    fn persist(&self, at: Checkpoint) -> Result<Option<(String, StoreError)>, StoreError> {
        if !self.is_kept {
            return self.store.persist(at).map(|()| None);
        }
        let saved = bearing(&self.file, || self.store.persist(at));
        Ok(saved.err().map(|error| (self.file.clone(), error)))
    }
}

fn no_thread(source: io::Error) -> StoreError {
    StoreError::Io { path: PathBuf::from("a new thread"), source }
}
