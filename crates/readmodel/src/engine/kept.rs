//! The way back from a rebuild that differs.
//!
//! A rebuild that ends in the same rows has nothing to go back to: its predecessor is removed. One that ends in other
//! rows says that one of the two is wrong, but not which. The new build is served, and the old one is kept beside it and
//! told every change, so that it can be served again at once, until one of them is discarded. Restarts keep both.
//!
//! Nothing that befalls a kept build concerns the served one: it is let go of, and the operator is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::{error, info, warn};

use super::EngineError;
use super::files::{self, Files};
use super::models::{Model, Models, Unfit, bearing};
use super::open;
use super::rebuild::Workshop;
use super::run::Engine;
use super::status::{BuildStatus, BuildsReport};
use crate::error::StoreError;
use crate::projection::Projection;
use crate::store::{Opened, Snapshot};

/// What operators are told of a read model, by its name.
pub(super) type Alarms = BTreeMap<&'static str, String>;

/// Tells them more.
pub(super) fn add(alarms: &mut Alarms, more: Alarms) {
    for (name, text) in more {
        alarms.entry(name).and_modify(|told| *told = format!("{told}; {text}")).or_insert(text);
    }
}

/// What is kept, for operators.
pub(super) fn shown(build: u64, snapshot: &Snapshot) -> BuildStatus {
    BuildStatus { build, digest: snapshot.digest(), rows: snapshot.rows(), bytes: snapshot.row_bytes() }
}

/// What the operator has to do about it.
pub(super) fn alarm(served: u64, kept: u64) -> String {
    let what =
        format!("a rebuild ended in other rows: build {served} is served, build {kept} is kept, one of them is wrong");
    format!("{what}; `projection rollback` serves the kept one, `projection discard` removes it")
}

/// Opens the other builds of a read model that can be told what comes after log position `least`. The rest is removed,
/// but for what cannot be opened at all, which may be for now only.
pub(super) fn reopen(
    workshop: &Workshop,
    projection: &Arc<dyn Projection>,
    least: u64,
) -> Result<(Vec<Model>, Alarms), EngineError> {
    let (name, files) = (projection.spec().name, &workshop.files);
    let (mut models, mut alarms) = (Vec::new(), Alarms::new());
    for file in files.others(name)? {
        let build = files::number(&file);
        let lost = match bearing(name, || fitting(workshop, projection, &file, least)) {
            Ok(Some(model)) => {
                models.push(model);
                continue;
            }
            Ok(None) => {
                remove(files, &file);
                format!("build {build}, which was kept, is removed: it is damaged, or elsewhere in the log")
            }
            Err(cause) => {
                name_kept(files, &file);
                format!("build {build}, which was kept, cannot be opened: {cause}")
            }
        };
        warn!(projection.name = name, "{lost}");
        add(&mut alarms, Alarms::from([(name, lost)]));
    }
    Ok((models, alarms))
}

fn fitting(
    workshop: &Workshop,
    projection: &Arc<dyn Projection>,
    file: &str,
    least: u64,
) -> Result<Option<Model>, EngineError> {
    let store = workshop.open_model(projection, file)?;
    let at = store.checkpoint();
    let fits = *store.opened() == Opened::Existing
        && at.position >= least
        && open::mismatch(&*workshop.history, projection.spec().name, at)?.is_none();
    Ok(fits.then(|| Model::new(Arc::clone(projection), store, file.to_owned()).into_kept()))
}

/// Removes every build of a read model but the current one and those in `models`.
pub(super) fn clean(files: &Files, models: &Models, name: &str) -> Result<(), StoreError> {
    for file in files.others(name)? {
        if !models.list.iter().any(|model| model.file == file) {
            info!(projection.name = name, file, "a build that was replaced is removed");
            remove(files, &file);
        }
    }
    Ok(())
}

/// Removes the other builds of a read model that has to be made anew.
pub(super) fn give_up(workshop: &Workshop, name: &'static str) -> Result<Alarms, StoreError> {
    let others = workshop.files.others(name)?;
    let lost = others.iter().map(|file| files::number(file)).max().map(|build| {
        (name, format!("build {build}, which was kept, is removed, as the read model has to be made anew"))
    });
    for file in &others {
        warn!(projection.name = name, file, "a build that was kept is removed, as the read model has to be made anew");
        remove(&workshop.files, file);
    }
    Ok(lost.into_iter().collect())
}

/// Lets go of builds that need not be kept, or cannot be, and has the files of the others say that they are kept. All
/// models have to be at one position.
pub(super) fn settle(files: &Files, models: &mut Models) -> Alarms {
    let mut alarms = Alarms::new();
    for (model, why) in models.take_unfit() {
        let (name, build) = (model.name(), files::number(&model.file));
        match why {
            Unfit::Agrees => {
                info!(projection.name = name, build, "the kept build has the same rows as the served one now");
            }
            Unfit::Superseded => {
                warn!(projection.name = name, build, "a later build differs, too, and is kept instead");
            }
            Unfit::Failed => {
                let cause = model.failed.as_ref().map(ToString::to_string).unwrap_or_default();
                error!(projection.name = name, build, cause, "the kept build failed");
                alarms.insert(name, format!("build {build}, which was kept, is removed, as it failed: {cause}"));
            }
        }
        remove(files, &model.file);
        close(model);
    }
    for model in models.list.iter_mut().filter(|model| model.is_kept) {
        model.file = name_kept(files, &model.file);
    }
    alarms
}

/// Has a file say that its build is kept. Where that fails it is not served all the same: its number is the lower one.
fn name_kept(files: &Files, file: &str) -> String {
    files.call(file, true).unwrap_or_else(|cause| {
        error!(file, %cause, "a file cannot be named as that of a kept build");
        file.to_owned()
    })
}

fn close(model: Model) {
    let name = model.name();
    if matches!(model.failed, Some(StoreError::Panicked { .. })) {
        // A database on which something panicked does so again when it is closed. The process' end closes it.
        std::mem::forget(model);
        return;
    }
    let closed = bearing(name, || {
        drop(model);
        Ok::<_, StoreError>(())
    });
    if let Err(cause) = closed {
        error!(projection.name = name, %cause, "a build that was kept could not be closed");
    }
}

/// What stays is looked at again at the next start.
fn remove(files: &Files, file: &str) {
    if let Err(cause) = files.remove(file) {
        error!(file, %cause, "a build that is in no use cannot be removed");
    }
}

impl Engine {
    /// Serves the kept build, and keeps the served one.
    pub(super) fn roll_back(&mut self, name: &'static str, build: u64) -> Result<BuildsReport, EngineError> {
        self.saved()?;
        let (served, kept) = self.two_builds(name, build)?;
        let files = &self.shared.workshop.files;
        // What could not be removed before must not count as the served one of the next start.
        for file in files.others(name)?.iter().filter(|file| Files::counts(file) && **file != kept.file) {
            files.remove(file)?;
        }
        // The highest number without `kept` counts: with the second of the two at the latest it is the other build.
        let now_served = files.call(&kept.file, false)?;
        let now_kept = files.call(&served.file, true)?;
        self.replay.models.exchange(name, &now_served, &now_kept);
        self.publish();
        let report = self.report(name, files::number(&now_kept))?;
        warn!(projection.name = name, log.position = report.position, build, "the build that was kept is served");
        Ok(report)
    }

    /// Removes the kept build.
    pub(super) fn discard(&mut self, name: &'static str, build: u64) -> Result<BuildsReport, EngineError> {
        self.saved()?;
        let report = self.report(name, build)?;
        let discarded = self.replay.models.take(|model| model.is_kept && model.name() == name);
        self.publish();
        for model in discarded {
            self.shared.workshop.files.remove(&model.file)?;
            close(model);
        }
        warn!(projection.name = name, log.position = report.position, build, "the build that was kept is removed");
        Ok(report)
    }

    /// See [`settle`].
    pub(super) fn settle(&mut self) {
        self.alarms.extend(settle(&self.shared.workshop.files, &mut self.replay.models));
    }

    /// Waits for what is being saved, which may say that a kept build failed.
    pub(super) fn saved(&mut self) -> Result<(), EngineError> {
        self.replay.saved()?;
        let builds = self.replay.models.list.len();
        self.settle();
        if self.replay.models.list.len() < builds {
            self.publish();
        }
        Ok(())
    }

    /// The served build and the kept one, if that has the number `build`.
    fn two_builds(&self, name: &str, build: u64) -> Result<(&Model, &Model), EngineError> {
        let models = &self.replay.models;
        let (Some(served), Some(kept)) = (models.served(name), models.kept(name)) else {
            return Err(EngineError::NothingKept(name.to_owned()));
        };
        match files::number(&kept.file) {
            number if number == build => Ok((served, kept)),
            kept => Err(EngineError::OtherBuild { name: name.to_owned(), asked: build, kept }),
        }
    }

    fn report(&self, name: &str, build: u64) -> Result<BuildsReport, EngineError> {
        let (served, kept) = self.two_builds(name, build)?;
        Ok(BuildsReport {
            position: self.replay.at().position,
            served: shown(files::number(&served.file), &served.store.snapshot()),
            other: shown(build, &kept.store.snapshot()),
        })
    }
}
