//! The handle through which the rest of the process uses the engine.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::EngineError;
use super::rebuild::{self, Workshop};
use super::replay::Replay;
use super::status::{BuildsReport, ModelStatus, Progress, RebuildReport};
use super::view::View;
use crate::fold::Counts;

/// Read access to the read models, and the commands that the engine takes. Cheap to clone.
#[derive(Clone)]
pub struct EngineHandle {
    pub(super) shared: Arc<Shared>,
}

/// What the engine and its handles share.
pub(super) struct Shared {
    view: ArcSwap<View>,
    position: Mutex<u64>,
    moved: Condvar,
    /// The same position, for whoever waits without a thread.
    published: watch::Sender<u64>,
    commands: SyncSender<Command>,
    pub(super) workshop: Workshop,
    /// One rebuild at a time.
    pub(super) busy: Mutex<()>,
    stopped: AtomicBool,
}

/// What the engine is asked to do between two batches.
pub(super) enum Command {
    /// Serve these read models no longer.
    Hide(Vec<&'static str>, Arc<Progress>, SyncSender<()>),
    /// Serve them again: their rebuild failed.
    Show(Vec<&'static str>),
    /// Replace them by new builds.
    HandOver(Box<Replay>, SyncSender<Result<Vec<RebuildReport>, EngineError>>),
    /// Choose between two builds of a read model.
    Choose(Choice, &'static str, u64, SyncSender<Result<BuildsReport, EngineError>>),
}

/// Which of two builds of a read model is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choice {
    /// The kept one is served, and the served one kept.
    RollBack,
    /// The served one; the kept one is removed.
    Discard,
}

impl EngineHandle {
    /// The latest consistent state of all read models.
    pub fn view(&self) -> Arc<View> {
        self.shared.view()
    }

    /// Waits until the view is at log position `position` or beyond; `false` when `timeout` passed first.
    pub fn wait_for(&self, position: u64, timeout: Duration) -> bool {
        let mut current = self.shared.position.lock();
        !self.shared.moved.wait_while_for(&mut current, |now| *now < position, timeout).timed_out()
    }

    /// The position of the latest view, to be waited on: it is marked as changed whenever a view is published, also one
    /// at the same position in which other read models serve.
    pub fn published(&self) -> watch::Receiver<u64> {
        self.shared.published.subscribe()
    }

    /// All read models.
    pub fn statuses(&self) -> Vec<ModelStatus> {
        self.view().statuses()
    }

    /// How many loans and events are in a special state.
    pub fn counts(&self) -> Counts {
        self.view().counts()
    }

    /// Rebuilds a read model from the log into a new file, which then replaces the old. Blocks until it has; meanwhile
    /// the read model is not served. One rebuild at a time.
    pub fn rebuild(&self, name: &str) -> Result<RebuildReport, EngineError> {
        let name = self.shared.workshop.projection(name)?.spec().name;
        let mut reports = rebuild::beside(&self.shared, vec![name])?;
        reports.pop().ok_or(EngineError::Stopped)
    }

    /// Serves the build of that number, which is kept since a rebuild differed, and keeps the one that is served.
    pub fn roll_back(&self, name: &str, build: u64) -> Result<BuildsReport, EngineError> {
        self.choose(Choice::RollBack, name, build)
    }

    /// Removes the build of that number, which is kept: the one that is served is right.
    pub fn discard(&self, name: &str, build: u64) -> Result<BuildsReport, EngineError> {
        self.choose(Choice::Discard, name, build)
    }

    fn choose(&self, choice: Choice, name: &str, build: u64) -> Result<BuildsReport, EngineError> {
        let name = self.shared.workshop.projection(name)?.spec().name;
        let _busy = self.shared.busy.try_lock().ok_or(EngineError::Busy)?;
        let (reply, done) = sync_channel(1);
        self.shared.send(Command::Choose(choice, name, build, reply))?;
        done.recv().map_err(|_| EngineError::Stopped)?
    }
}

impl Shared {
    pub(super) fn new(view: View, workshop: Workshop) -> (Arc<Self>, Receiver<Command>) {
        let (commands, received) = sync_channel(4);
        let shared = Self {
            position: Mutex::new(view.position),
            moved: Condvar::new(),
            published: watch::Sender::new(view.position),
            view: ArcSwap::from_pointee(view),
            commands,
            workshop,
            busy: Mutex::new(()),
            stopped: AtomicBool::new(false),
        };
        (Arc::new(shared), received)
    }

    pub(super) fn publish(&self, view: View) {
        let position = view.position;
        self.view.store(Arc::new(view));
        *self.position.lock() = position;
        self.moved.notify_all();
        self.published.send_replace(position);
    }

    pub(super) fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// The position of the latest view.
    pub(super) fn position(&self) -> u64 {
        *self.position.lock()
    }

    pub(super) fn send(&self, command: Command) -> Result<(), EngineError> {
        if self.is_stopped() {
            return Err(EngineError::Stopped);
        }
        self.commands.send(command).map_err(|_| EngineError::Stopped)
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EngineHandle(at {})", self.shared.position())
    }
}
