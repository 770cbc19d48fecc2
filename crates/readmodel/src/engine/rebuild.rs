//! Rebuilding read models from the log: beside the engine, in files of their own, with a fold of their own.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use continuity_base::Clock;
use tracing::info;

use super::files::Files;
use super::handle::{Command, Shared};
use super::history::History;
use super::models::{Model, Models, Vocabulary};
use super::replay::Replay;
use super::status::{Progress, RebuildReport};
use super::{BatchLimits, EngineError};
use crate::fold::{self, Loans};
use crate::projection::Projection;
use crate::store::{Durability, Store};

/// Rows written between two durable commits of a build.
const DURABLE_ROWS: u64 = 500_000;
/// A build that is this close is handed over; the engine folds the rest.
const CLOSE: u64 = 2_000;
/// How often a build runs after the engine before it is handed over however far it is.
const ROUNDS: usize = 8;

/// Everything that a replay is made of.
pub(super) struct Workshop {
    pub(super) history: Arc<dyn History>,
    pub(super) files: Files,
    pub(super) projections: Vec<Arc<dyn Projection>>,
    pub(super) vocabulary: Vocabulary,
    pub(super) clock: Arc<dyn Clock>,
    /// For each file.
    pub(super) cache_bytes: usize,
    pub(super) batch: BatchLimits,
}

impl Workshop {
    pub(super) fn projection(&self, name: &str) -> Result<&Arc<dyn Projection>, EngineError> {
        let found = self.projections.iter().find(|projection| projection.spec().name == name);
        found.ok_or_else(|| EngineError::UnknownModel(name.to_owned()))
    }

    /// The store of a read model, or of the fold.
    pub(super) fn open_model(&self, projection: &Arc<dyn Projection>, file: &str) -> Result<Store, EngineError> {
        let spec = projection.spec();
        Ok(Store::open(self.files.place(file), spec.name, spec.version, spec.tables, self.cache_bytes)?)
    }

    pub(super) fn open_fold(&self, file: &str) -> Result<Store, EngineError> {
        let version = fold::VERSION.rotate_left(24) ^ self.vocabulary.fingerprint();
        Ok(Store::open(self.files.place(file), fold::NAME, version, fold::TABLES, self.cache_bytes)?)
    }

    /// Whether a batch holds `times` as much as it should.
    pub(super) fn enough(&self, replay: &Replay, times: usize) -> bool {
        let (rows, bytes) = replay.models.waiting();
        rows >= self.batch.rows * times || bytes >= self.batch.bytes * times
    }

    /// New builds, empty. The file of each model is the one that it is built in.
    pub(super) fn start(&self, names: &[&'static str]) -> Result<Replay, EngineError> {
        let mut models = Vec::new();
        for name in names {
            let projection = self.projection(name)?;
            let file = self.files.next(name)?;
            self.files.remove(&file)?;
            let store = self.open_model(projection, &file)?;
            models.push(Model::new(Arc::clone(projection), store, file));
        }
        let file = self.files.next(fold::NAME)?;
        self.files.remove(&file)?;
        let loans = Loans::open(self.open_fold(&file)?)?;
        Ok(Replay::new(Arc::clone(&self.history), self.vocabulary.clone(), loans, Models::new(models)))
    }

    /// Brings a build to a position; `goes_on` is told the position reached and says whether to go on.
    pub(super) fn run(
        &self,
        build: &mut Replay,
        target: u64,
        goes_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), EngineError> {
        let mut rows = 0;
        while build.at().position < target {
            if !goes_on(build.at().position) {
                return Err(EngineError::Stopped);
            }
            if !build.advance(target, |build, times| self.enough(build, times))? {
                self.history.wait_beyond(build.at().position, Duration::from_millis(50));
            }
            rows += build.models.waiting().0 as u64;
            build.commit(Durability::Visible)?;
            if rows >= DURABLE_ROWS {
                rows = 0;
                build.save_behind(Arc::clone(&self.clock))?;
            }
        }
        Ok(())
    }
}

/// Rebuilds read models while the engine goes on; returns once they have replaced the old ones.
pub(super) fn beside(shared: &Arc<Shared>, names: Vec<&'static str>) -> Result<Vec<RebuildReport>, EngineError> {
    let _busy = shared.busy.try_lock().ok_or(EngineError::Busy)?;
    let progress = Arc::new(Progress::default());
    progress.set(0, shared.position());
    let (reply, hidden) = sync_channel(1);
    shared.send(Command::Hide(names.clone(), Arc::clone(&progress), reply))?;
    hidden.recv().map_err(|_| EngineError::Stopped)?;
    let started = shared.workshop.clock.monotonic();
    let built = build(shared, &names, &progress).and_then(|build| {
        let (reply, done) = sync_channel(1);
        shared.send(Command::HandOver(Box::new(build), reply))?;
        done.recv().map_err(|_| EngineError::Stopped)?
    });
    match built {
        Ok(mut reports) => {
            let took = shared.workshop.clock.monotonic().saturating_sub(started);
            for report in &mut reports {
                report.took = took;
            }
            Ok(reports)
        }
        Err(error) => {
            // When the engine has stopped, there is nobody to show them.
            shared.send(Command::Show(names)).ok();
            Err(error)
        }
    }
}

fn build(shared: &Shared, names: &[&'static str], progress: &Progress) -> Result<Replay, EngineError> {
    let workshop = &shared.workshop;
    let mut build = workshop.start(names)?;
    for _ in 0..ROUNDS {
        let target = shared.position();
        workshop.run(&mut build, target, &mut |position| {
            progress.set(position, shared.position());
            !shared.is_stopped()
        })?;
        if shared.position() - target <= CLOSE {
            break;
        }
    }
    let position = build.at().position;
    info!(log.position = position, "new builds have caught up; they are handed over");
    Ok(build)
}
