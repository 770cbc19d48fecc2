//! What readers see: all read models at one log position.

use std::ops::Bound;
use std::sync::Arc;

use super::files;
use super::kept::{self, Alarms};
use super::models::Model;
use super::open::Detached;
use super::rebuild::Workshop;
use super::replay::Replay;
use super::status::{ModelState, ModelStatus, Progress};
use crate::error::StoreError;
use crate::fold::{self, Counts, LoanState};
use crate::projection::Projection;
use crate::store::{Direction, Snapshot};

/// A consistent state of all read models. It does not change; hold it for one request, not longer.
#[derive(Clone, Debug)]
pub struct View {
    /// Everything up to this log position is applied, nothing beyond it.
    pub position: u64,
    /// Highest event time applied, as it was received (RFC 3339).
    pub as_of: Option<String>,
    pub(super) models: Vec<ModelView>,
    pub(super) fold: Snapshot,
    pub(super) counts: Counts,
}

/// One read model in a view.
#[derive(Clone, Debug)]
pub(super) struct ModelView {
    pub(super) name: &'static str,
    pub(super) snapshot: Snapshot,
    /// While it is being rebuilt it is not served.
    pub(super) rebuilding: Option<Arc<Progress>>,
    /// Whether `snapshot` is at the view's position.
    pub(super) current: bool,
    /// Number of the build.
    pub(super) build: u64,
    /// Another build of it, which is not served, and its number.
    pub(super) kept: Option<(u64, Snapshot)>,
    pub(super) alarm: Option<String>,
}

impl View {
    /// The rows of a read model; `None` while it is being rebuilt, or when there is none of that name.
    pub fn model(&self, name: &str) -> Option<&Snapshot> {
        let found = self.models.iter().find(|model| model.name == name)?;
        (found.rebuilding.is_none() && found.current).then_some(&found.snapshot)
    }

    /// Whether every read model serves, at this view's position.
    pub fn serves_all(&self) -> bool {
        self.models.iter().all(|model| model.rebuilding.is_none() && model.current)
    }

    /// What is known of a loan; of an unknown one that it does not exist.
    pub fn loan(&self, id: &str) -> Result<LoanState, StoreError> {
        fold::loan_state(&self.fold, id)
    }

    /// Loans whose newest event lies beyond log position `after`, in the order of that position, at most `limit`.
    pub fn loans_by_position(&self, after: u64, limit: usize) -> Result<Vec<(u64, String)>, StoreError> {
        let beyond = (Bound::Excluded(after), Bound::Unbounded);
        fold::loans_by_position(&self.fold, beyond, Direction::Forward, limit)
    }

    /// Loans whose newest event lies before log position `before`, newest first, at most `limit`.
    pub fn loans_before(&self, before: u64, limit: usize) -> Result<Vec<(u64, String)>, StoreError> {
        let before = (Bound::Unbounded, Bound::Excluded(before));
        fold::loans_by_position(&self.fold, before, Direction::Backward, limit)
    }

    /// Loans that lack something known or have a parked event, by id, at most `limit` of those after `after`. It looks at
    /// every loan up to the last one that it gives: not for an asynchronous thread, and only worth it when
    /// [`Counts::incomplete_loans`] is not 0.
    pub fn incomplete_loans(&self, after: Option<&str>, limit: usize) -> Result<Vec<(String, LoanState)>, StoreError> {
        if self.counts.incomplete_loans == 0 { Ok(Vec::new()) } else { fold::incomplete(&self.fold, after, limit) }
    }

    /// How many loans and events are in a special state.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What readers see of a replay, and of what is not fed.
    pub(super) fn of(
        workshop: &Workshop,
        replay: &Replay,
        detached: &[Detached],
        hidden: &[(&'static str, Arc<Progress>)],
        alarms: &Alarms,
    ) -> View {
        let rebuilding =
            |name| hidden.iter().find(|(hidden, _)| *hidden == name).map(|(_, progress)| Arc::clone(progress));
        let alarm = |name| alarms.get(name).cloned();
        let model = |projection: &Arc<dyn Projection>| {
            let name = projection.spec().name;
            if let Some(model) = replay.models.served(name) {
                let snapshot = model.store.snapshot();
                return Some(ModelView {
                    name,
                    snapshot,
                    rebuilding: rebuilding(name),
                    current: true,
                    build: files::number(&model.file),
                    kept: replay.models.kept(name).map(|kept| (files::number(&kept.file), kept.store.snapshot())),
                    alarm: alarm(name),
                });
            }
            let found = detached.iter().find(|detached| detached.name == name)?;
            let progress = rebuilding(name).unwrap_or_else(|| Arc::clone(&found.progress));
            let snapshot = found.snapshot.clone();
            let (rebuilding, kept) = (Some(progress), None);
            Some(ModelView { name, snapshot, rebuilding, current: false, build: found.build, kept, alarm: alarm(name) })
        };
        let totals = &replay.loans.totals;
        Self {
            position: replay.at().position,
            as_of: totals.as_of.clone(),
            models: workshop.projections.iter().filter_map(model).collect(),
            fold: replay.loans.snapshot(),
            counts: totals.counts,
        }
    }

    /// The read models of a replay of earlier times, made from what `now` holds.
    pub(super) fn as_of(now: &View, replay: &Replay) -> View {
        let model = |model: &Model| {
            let snapshot = model.store.snapshot();
            ModelView {
                name: model.name(),
                snapshot,
                rebuilding: None,
                current: true,
                build: 0,
                kept: None,
                alarm: None,
            }
        };
        let models = replay.models.list.iter().map(model).collect();
        Self { models, fold: replay.loans.snapshot(), ..now.clone() }
    }

    /// Name, position and whether it is served, of each read model.
    pub(crate) fn positions(&self) -> impl Iterator<Item = (&'static str, u64, bool)> {
        self.models.iter().map(|model| (model.name, model.position(self.position), self.model(model.name).is_some()))
    }

    /// Name of each read model, and whether another build of it is kept.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.models.iter().map(|model| (model.name, model.kept.is_some()))
    }

    /// All read models, as they are in this view.
    pub fn statuses(&self) -> Vec<ModelStatus> {
        self.models.iter().map(|model| model.status(self.position)).collect()
    }
}

impl ModelView {
    fn position(&self, position: u64) -> u64 {
        if self.current { position } else { self.snapshot.position() }
    }

    fn status(&self, position: u64) -> ModelStatus {
        let snapshot = &self.snapshot;
        ModelStatus {
            name: self.name,
            version: snapshot.version(),
            position: self.position(position),
            rows: snapshot.rows(),
            digest: snapshot.digest(),
            bytes: snapshot.row_bytes(),
            state: self.rebuilding.as_ref().map_or(ModelState::Serving, |progress| progress.state()),
            build: self.build,
            kept: self.kept.as_ref().map(|(build, kept)| kept::shown(*build, kept)),
            alarm: self.kept.as_ref().map(|(kept, _)| kept::alarm(self.build, *kept)).or_else(|| self.alarm.clone()),
        }
    }
}
