//! Making commits durable while folding goes on.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use continuity_base::Clock;

use crate::error::StoreError;
use crate::metrics;
use crate::store::{Checkpoint, Durability, Store};

/// A thread that makes stores durable: the read models at the same time, then the fold. Nothing may be committed to
/// them before it has finished. Dropping it waits.
pub(super) struct Saving {
    at: Checkpoint,
    thread: Option<JoinHandle<Result<(), StoreError>>>,
}

impl Saving {
    /// `at` is where all of them are.
    pub(super) fn start(
        at: Checkpoint,
        models: Vec<Arc<Store>>,
        fold: Arc<Store>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let work = move || {
            let started = clock.monotonic();
            at_once(&models, at)?;
            fold.persist(at)?;
            metrics::committed(Durability::Durable, clock.monotonic().saturating_sub(started));
            Ok(())
        };
        let thread = thread::Builder::new().name("save".to_owned()).spawn(work).map_err(no_thread)?;
        Ok(Self { at, thread: Some(thread) })
    }

    /// Waits; the position that is durable now.
    pub(super) fn finish(mut self) -> Result<u64, StoreError> {
        self.wait().map(|()| self.at.position)
    }

    fn wait(&mut self) -> Result<(), StoreError> {
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
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
fn at_once(stores: &[Arc<Store>], at: Checkpoint) -> Result<(), StoreError> {
    thread::scope(|scope| {
        let saves: Vec<_> = stores.iter().map(|store| scope.spawn(move || store.persist(at))).collect();
        saves.into_iter().try_for_each(|save| match save.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

fn no_thread(source: io::Error) -> StoreError {
    StoreError::Io { path: PathBuf::from("a new thread"), source }
}
