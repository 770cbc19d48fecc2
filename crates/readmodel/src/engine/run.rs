//! The engine's thread: follow the log, commit, publish, and do between two batches what it is asked to.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use continuity_base::{Clock, Stop};
use continuity_log::{ChainHash, Checkpoint as LogCheckpoint};
use tracing::{error, info};

use super::files::Files;
use super::handle::{Choice, Command, EngineHandle, Shared};
use super::history::{History, LogHistory};
use super::kept::{self, Alarms};
use super::models::{Model, Vocabulary};
use super::open::{self, Detached, Found};
use super::rebuild::{self, Workshop};
use super::replay::Replay;
use super::status::{Progress, RebuildReport};
use super::view::View;
use super::{BatchLimits, EngineError, EngineOptions};
use crate::metrics;
use crate::projection::Projection;
use crate::store::{self, DirectoryShelf, Durability, Shelf};

/// Time and rows between two durable commits.
const DURABLE_EVERY: Duration = Duration::from_secs(1);
const DURABLE_ROWS: usize = 50_000;
/// How long the engine waits for the log before it looks at its commands.
const POLL: Duration = Duration::from_millis(20);

/// The engine; [`Engine::run`] is its thread.
pub struct Engine {
    pub(super) shared: Arc<Shared>,
    commands: Receiver<Command>,
    pub(super) replay: Replay,
    detached: Vec<Detached>,
    hidden: Vec<(&'static str, Arc<Progress>)>,
    pub(super) alarms: Alarms,
    /// Since when something is visible that is not durable.
    unsaved_since: Option<Duration>,
    unsaved_rows: usize,
}

/// How the engine works, beside what it works on.
pub(crate) struct Settings {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cache_bytes: usize,
    pub(crate) batch: BatchLimits,
}

impl Engine {
    /// Opens all read models and brings them to one position. The ledger must have caught up with the log.
    pub fn open(options: EngineOptions) -> Result<(EngineHandle, Self), EngineError> {
        let EngineOptions { dir, log, ledger, projections, clock, cache_bytes, batch } = options;
        let shelf = Arc::new(DirectoryShelf::new(&dir)?);
        let projections = projections.into_iter().map(Arc::from).collect();
        Self::open_on(shelf, Arc::new(LogHistory { log, ledger }), projections, Settings { clock, cache_bytes, batch })
    }

    pub(crate) fn open_on(
        shelf: Arc<dyn Shelf>,
        history: Arc<dyn History>,
        projections: Vec<Arc<dyn Projection>>,
        settings: Settings,
    ) -> Result<(EngineHandle, Self), EngineError> {
        let workshop = Workshop {
            history,
            files: Files::new(shelf),
            vocabulary: Vocabulary::of(&projections),
            cache_bytes: settings.cache_bytes / (projections.len() + 1),
            projections,
            clock: settings.clock,
            batch: settings.batch,
        };
        let Found { mut replay, detached, mut alarms } = open::open(&workshop)?;
        kept::add(&mut alarms, open::level(&workshop, &mut replay)?);
        let view = View::of(&workshop, &replay, &detached, &[], &alarms);
        let (shared, commands) = Shared::new(view, workshop);
        let handle = EngineHandle { shared: Arc::clone(&shared) };
        let (hidden, unsaved_since) = (Vec::new(), None);
        Ok((handle, Self { shared, commands, replay, detached, hidden, alarms, unsaved_since, unsaved_rows: 0 }))
    }

    /// Follows the log until it is stopped; the last commit is durable. Blocks: give it a thread.
    #[expect(clippy::needless_pass_by_value, reason = "the thread that runs it owns what stops it")]
    pub fn run(mut self, stop: Stop) -> Result<(), EngineError> {
        // What was found counts from the start on, whether anything comes or not.
        metrics::published(&self.shared.view());
        let rebuilding = self.rebuild_detached();
        let ended = self.follow(&stop);
        self.shared.stop();
        drop(self.commands);
        if let Some(thread) = rebuilding {
            // It says itself what went wrong; a panic was printed.
            thread.join().ok();
        }
        ended
    }

    /// Rebuilds one read model with no engine running on the directory, from a log that is not written.
    pub fn rebuild_offline(options: EngineOptions, name: &str) -> Result<RebuildReport, EngineError> {
        let (_handle, mut engine) = Self::open(options)?;
        engine.rebuild_here(name)
    }

    /// How far the read models in a directory are: to be given to `Log::open`, so that it knows what was durable.
    /// No engine may have the directory open.
    pub fn checkpoints(dir: &Path) -> Vec<LogCheckpoint> {
        let Ok(shelf) = DirectoryShelf::new(dir) else { return Vec::new() };
        let files = Files::new(Arc::new(shelf));
        let all = files.all().unwrap_or_default();
        let stored = all.into_iter().filter_map(|(name, file)| Some((name, store::peek(&files.place(&file))?)));
        let of = |(name, at): (String, store::Checkpoint)| LogCheckpoint {
            name,
            position: at.position,
            hash: ChainHash(at.hash),
        };
        stored.map(of).filter(|checkpoint| checkpoint.position > 0).collect()
    }

    pub(crate) fn rebuild_here(&mut self, name: &str) -> Result<RebuildReport, EngineError> {
        let shared = Arc::clone(&self.shared);
        let workshop = &shared.workshop;
        let name = workshop.projection(name)?.spec().name;
        let started = workshop.clock.monotonic();
        workshop.run(&mut self.replay, workshop.history.position(), &mut |_| true)?;
        self.commit(Durability::Durable)?;
        let mut build = workshop.start(&[name])?;
        workshop.run(&mut build, self.replay.at().position, &mut |_| true)?;
        let report = self.hand_over(build)?.pop();
        let took = workshop.clock.monotonic().saturating_sub(started);
        report.map(|report| RebuildReport { took, ..report }).ok_or(EngineError::Stopped)
    }

    fn follow(&mut self, stop: &Stop) -> Result<(), EngineError> {
        let shared = Arc::clone(&self.shared);
        let history = &shared.workshop.history;
        while !stop.is_stopped() {
            while let Ok(command) = self.commands.try_recv() {
                self.obey(command)?;
            }
            if !self.step()? {
                if self.replay.has_saved() {
                    self.saved()?;
                }
                history.wait_beyond(self.replay.at().position, POLL);
            }
        }
        self.commit(Durability::Durable)
    }

    /// Folds one batch, if there is something to fold; whether it did anything.
    pub(crate) fn step(&mut self) -> Result<bool, EngineError> {
        let shared = Arc::clone(&self.shared);
        let workshop = &shared.workshop;
        let target = workshop.history.position();
        let moved = self.replay.advance(target, |replay, times| workshop.enough(replay, times))?;
        let now = workshop.clock.monotonic();
        if moved {
            self.unsaved_rows += self.replay.models.waiting().0;
            self.unsaved_since.get_or_insert(now);
        }
        let due = self.unsaved_since.is_some_and(|since| now.saturating_sub(since) >= DURABLE_EVERY);
        if moved {
            self.commit(Durability::Visible)?;
        }
        if due || self.unsaved_rows >= DURABLE_ROWS {
            self.replay.save_behind(Arc::clone(&workshop.clock))?;
            (self.unsaved_since, self.unsaved_rows) = (None, 0);
        }
        Ok(moved)
    }

    pub(crate) fn commit(&mut self, durability: Durability) -> Result<(), EngineError> {
        let clock = Arc::clone(&self.shared.workshop.clock);
        let started = clock.monotonic();
        self.replay.commit(durability)?;
        self.settle();
        metrics::committed(durability, clock.monotonic().saturating_sub(started));
        if durability == Durability::Durable {
            (self.unsaved_since, self.unsaved_rows) = (None, 0);
        }
        self.publish();
        Ok(())
    }

    pub(super) fn publish(&self) {
        let workshop = &self.shared.workshop;
        let view = View::of(workshop, &self.replay, &self.detached, &self.hidden, &self.alarms);
        metrics::published(&view);
        self.shared.publish(view);
    }

    fn obey(&mut self, command: Command) -> Result<(), EngineError> {
        match command {
            Command::Hide(names, progress, done) => {
                for name in names {
                    self.show(name);
                    self.hidden.push((name, Arc::clone(&progress)));
                }
                self.publish();
                done.send(()).ok();
            }
            Command::Show(names) => {
                for name in names {
                    self.show(name);
                }
                self.publish();
            }
            Command::HandOver(build, done) => {
                // What fails here fails with a store or the log: the engine cannot go on either.
                let reports = self.hand_over(*build)?;
                done.send(Ok(reports)).ok();
            }
            Command::Choose(choice, name, build, done) => {
                let report = match choice {
                    Choice::RollBack => self.roll_back(name, build),
                    Choice::Discard => self.discard(name, build),
                };
                // Any other failure is one of a store or of the files, after which nobody knows which build counts.
                let is_refusal =
                    |error: &EngineError| matches!(error, EngineError::NothingKept(_) | EngineError::OtherBuild { .. });
                match report {
                    Err(error) if !is_refusal(&error) => return Err(error),
                    report => done.send(report).ok(),
                };
            }
        }
        Ok(())
    }

    fn show(&mut self, name: &str) {
        self.hidden.retain(|(hidden, _)| *hidden != name);
    }

    /// Brings new builds to the engine's position and puts them in the place of the old ones.
    fn hand_over(&mut self, mut build: Replay) -> Result<Vec<RebuildReport>, EngineError> {
        let shared = Arc::clone(&self.shared);
        let workshop = &shared.workshop;
        workshop.run(&mut build, self.replay.at().position, &mut |_| true)?;
        build.commit(Durability::Durable)?;
        self.saved()?;
        let models = std::mem::take(&mut build.models.list);
        drop(build);
        let mut reports = Vec::new();
        for model in models {
            reports.push(self.switch(model)?);
        }
        workshop.files.tidy()?;
        Ok(reports)
    }

    fn switch(&mut self, mut model: Model) -> Result<RebuildReport, EngineError> {
        let (name, files) = (model.name(), &self.shared.workshop.files);
        model.file = files.call(&model.file, false)?;
        let (position, rows, new_digest) = (self.replay.at().position, model.store.rows(), model.store.digest());
        let old_digest = self.replay.models.served(name).map(|old| old.store.digest());
        if old_digest.is_some() {
            // Somebody looks after it: what was told of the builds before is over.
            self.alarms.remove(name);
        }
        self.replay.models.put(model);
        self.detached.retain(|detached| detached.name != name);
        if old_digest.is_some_and(|old| old != new_digest) {
            error!(
                projection.name = name,
                log.position = position,
                "the rebuilt read model differs from the one it replaces, which is kept"
            );
        }
        self.settle();
        kept::clean(&self.shared.workshop.files, &self.replay.models, name)?;
        self.show(name);
        self.publish();
        info!(projection.name = name, log.position = position, rows, "a rebuilt read model is in use");
        Ok(RebuildReport { name: name.to_owned(), position, old_digest, new_digest, rows, took: Duration::ZERO })
    }

    /// Starts the rebuild of what could not be used when the engine was opened.
    fn rebuild_detached(&self) -> Option<thread::JoinHandle<()>> {
        let names: Vec<_> = self.detached.iter().map(|detached| detached.name).collect();
        if names.is_empty() {
            return None;
        }
        let shared = Arc::clone(&self.shared);
        let work = move || match rebuild::beside(&shared, names) {
            Ok(_) | Err(EngineError::Stopped) => {}
            Err(cause) => error!(%cause, "read models could not be rebuilt; `projection rebuild` tries again"),
        };
        match thread::Builder::new().name("rebuild".to_owned()).spawn(work) {
            Ok(thread) => Some(thread),
            Err(cause) => {
                error!(%cause, "read models could not be rebuilt; `projection rebuild` tries again");
                None
            }
        }
    }
}
