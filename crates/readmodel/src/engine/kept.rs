//! The way back from a rebuild that differs.
//!
//! A rebuild that ends in the same rows has nothing to go back to: its predecessor is removed. One that ends in other
//! rows says that one of the two is wrong, but not which. The new build is served, and the old one is kept beside it and
//! told every change, so that it can be served again at once, until one of them is discarded. Restarts keep both.

use std::sync::Arc;

use tracing::{error, info, warn};

use super::EngineError;
use super::models::{Model, Models};
use super::open;
use super::rebuild::Workshop;
use super::run::Engine;
use super::status::{BuildsReport, KeptBuild};
use crate::error::StoreError;
use crate::projection::Projection;
use crate::store::{Opened, Snapshot};

/// What is kept, for operators.
pub(super) fn shown(snapshot: &Snapshot) -> KeptBuild {
    KeptBuild { digest: snapshot.digest(), rows: snapshot.rows(), bytes: snapshot.row_bytes() }
}

/// What the operator has to do about it.
pub(super) fn alarm() -> String {
    let what = "a rebuild ended in other rows than before, and both builds are kept: find out which one is right";
    format!(
        "{what}; `projection rollback` serves the other one, `projection discard` removes the one that is not served"
    )
}

/// Opens the build that was kept of a read model, if it can be told what comes after log position `least`.
pub(super) fn reopen(
    workshop: &Workshop,
    projection: &Arc<dyn Projection>,
    least: u64,
) -> Result<Option<Model>, EngineError> {
    let name = projection.spec().name;
    let Some(file) = workshop.files.earlier(name)?.into_iter().next() else { return Ok(None) };
    let store = workshop.open_model(projection, &file)?;
    let at = store.checkpoint();
    let fits = *store.opened() == Opened::Existing && at.position >= least;
    if fits && open::mismatch(&*workshop.history, name, at)?.is_none() {
        return Ok(Some(Model::new(Arc::clone(projection), store, file).kept()));
    }
    warn!(projection.name = name, log.position = at.position, "the build that was kept cannot be gone on with");
    Ok(None)
}

/// Removes what is in no use: builds that were replaced, that cannot be gone on with, or that agree with the served one.
/// All models have to be at one position.
pub(super) fn tidy(workshop: &Workshop, models: &mut Models) -> Result<(), StoreError> {
    let agrees =
        |model: &Model| models.served(model.name()).is_some_and(|served| served.store.digest() == model.store.digest());
    let agreeing: Vec<_> = models.list.iter().filter(|model| model.is_kept && agrees(model)).map(Model::name).collect();
    drop(models.take(|model| model.is_kept && agreeing.contains(&model.name())));
    for name in workshop.projections.iter().map(|projection| projection.spec().name) {
        let kept = models.kept(name).map(|model| &model.file);
        for file in workshop.files.earlier(name)?.iter().filter(|file| Some(*file) != kept) {
            workshop.files.remove(file)?;
        }
    }
    Ok(())
}

impl Engine {
    /// Serves the kept build, and keeps the served one.
    pub(super) fn roll_back(&mut self, name: &str) -> Result<BuildsReport, EngineError> {
        let files = &self.shared.workshop.files;
        let kept = self.replay.models.kept(name).ok_or_else(|| EngineError::NothingKept(name.to_owned()))?;
        // The highest build counts, at the next start too.
        let (_, file) = files.next(name)?;
        files.rename(&kept.file, &file)?;
        self.replay.models.exchange(name, &file);
        self.publish();
        let report = self.builds(name)?;
        warn!(projection.name = name, log.position = report.position, "the build that was kept is served");
        Ok(report)
    }

    /// Removes the kept build.
    pub(super) fn discard(&mut self, name: &str) -> Result<BuildsReport, EngineError> {
        let report = self.builds(name)?;
        for model in self.replay.models.take(|model| model.is_kept && model.name() == name) {
            self.shared.workshop.files.remove(&model.file)?;
        }
        self.publish();
        info!(projection.name = name, log.position = report.position, "the build that was kept is removed");
        Ok(report)
    }

    /// Removes kept builds that failed.
    pub(super) fn drop_failed(&mut self) -> Result<(), EngineError> {
        for model in self.replay.models.take(|model| model.failed.is_some()) {
            let cause = model.failed.as_ref().map(ToString::to_string);
            error!(projection.name = model.name(), cause, "the build that was kept failed, and is removed");
            self.shared.workshop.files.remove(&model.file)?;
        }
        Ok(())
    }

    fn builds(&self, name: &str) -> Result<BuildsReport, EngineError> {
        let models = &self.replay.models;
        let (Some(served), Some(kept)) = (models.served(name), models.kept(name)) else {
            return Err(EngineError::NothingKept(name.to_owned()));
        };
        Ok(BuildsReport {
            position: self.replay.at().position,
            served: served.store.digest(),
            kept: kept.store.digest(),
            rows: served.store.rows(),
        })
    }
}
