//! Finding out what of the files can be used, and what has to be rebuilt.

use std::sync::Arc;

use tracing::{error, warn};

use super::EngineError;
use super::files;
use super::history::History;
use super::kept::{self, Alarms};
use super::models::{Model, Models};
use super::rebuild::Workshop;
use super::replay::Replay;
use super::status::Progress;
use crate::fold::{self, Loans};
use crate::projection::Projection;
use crate::store::{Checkpoint, Opened, Snapshot, Store};

/// A read model that is not fed, because it has to be rebuilt first.
pub(super) struct Detached {
    pub(super) name: &'static str,
    pub(super) snapshot: Snapshot,
    pub(super) build: u64,
    pub(super) progress: Arc<Progress>,
}

/// What was found.
pub(super) struct Found {
    pub(super) replay: Replay,
    pub(super) detached: Vec<Detached>,
    /// What the operator has to know about a read model.
    pub(super) alarms: Alarms,
}

/// Opens everything; nothing is folded yet.
pub(super) fn open(workshop: &Workshop) -> Result<Found, EngineError> {
    workshop.files.tidy()?;
    let (mut detached, mut alarms, mut models) = (Vec::new(), Alarms::new(), Vec::new());
    let file = workshop.files.current(fold::NAME)?;
    let mut store = workshop.open_fold(&file)?;
    let fold_useless = unusable(&*workshop.history, fold::NAME, &store)?;
    let from_start = fold_useless.is_some();
    if from_start {
        store = empty(workshop, store, &file, |file| workshop.open_fold(file))?;
    }
    let least = store.checkpoint().position;
    for projection in &workshop.projections {
        let name = projection.spec().name;
        let file = workshop.files.current(name)?;
        let mut store = workshop.open_model(projection, &file)?;
        let useless = unusable(&*workshop.history, name, &store)?;
        // With the fold every read model goes: its alarm is theirs.
        let alarm = [&useless, &fold_useless].into_iter().flatten().find_map(|why| why.alarm.clone());
        alarms.extend(alarm.map(|alarm| (name, alarm)));
        let is_behind = useless.is_some() || store.checkpoint().position < least;
        if from_start || is_behind {
            // What would be kept beside it is as little to be relied on, and there is nothing to compare it with.
            kept::add(&mut alarms, kept::give_up(workshop, name)?);
        } else {
            let (reopened, lost) = kept::reopen(workshop, projection, least)?;
            models.extend(reopened);
            kept::add(&mut alarms, lost);
        }
        if from_start || (useless.is_some() && least == 0) {
            store = empty(workshop, store, &file, |file| workshop.open_model(projection, file))?;
        } else if is_behind {
            detached.push(detach(projection, &store, files::number(&file)));
            continue;
        }
        models.push(Model::new(Arc::clone(projection), store, file));
    }
    let loans = Loans::open(store)?;
    let replay = Replay::new(Arc::clone(&workshop.history), workshop.vocabulary.clone(), loans, Models::new(models));
    Ok(Found { replay, detached, alarms })
}

/// Brings the fold to where the furthest read model is: before that there is no common position. Builds that are of no
/// use are let go of then.
pub(super) fn level(workshop: &Workshop, replay: &mut Replay) -> Result<Alarms, EngineError> {
    let furthest = replay.models.list.iter().map(Model::position).max().unwrap_or(0);
    let known = workshop.history.position();
    if known < furthest {
        return Err(EngineError::LedgerBehind { ledger: known, needed: furthest });
    }
    workshop.run(replay, furthest, &mut |_| true)?;
    replay.saved()?;
    Ok(kept::settle(&workshop.files, &mut replay.models))
}

/// Why a store cannot be gone on with.
struct Useless {
    alarm: Option<String>,
}

fn unusable(history: &dyn History, name: &str, store: &Store) -> Result<Option<Useless>, EngineError> {
    match store.opened() {
        Opened::Existing => {}
        Opened::Created => return Ok(Some(Useless { alarm: None })),
        Opened::Replaced { why } => {
            warn!(projection.name = name, cause = why, "the stored read model cannot be used; it is rebuilt");
            return Ok(Some(Useless { alarm: None }));
        }
    }
    let Some(alarm) = mismatch(history, name, store.checkpoint())? else { return Ok(None) };
    error!(projection.name = name, log.position = store.checkpoint().position, "{alarm}");
    Ok(Some(Useless { alarm: Some(alarm) }))
}

/// How a checkpoint contradicts the log.
pub(super) fn mismatch(history: &dyn History, name: &str, at: Checkpoint) -> Result<Option<String>, EngineError> {
    let (position, end) = (at.position, history.head().position);
    if position == 0 {
        return Ok(None);
    }
    if position > end {
        let what =
            format!("{name} holds log position {position}, but the log ends at {end}: an older log was restored");
        return Ok(Some(format!("{what}; it is rebuilt")));
    }
    if history.hash_at(position)?.0 == at.hash {
        return Ok(None);
    }
    let what = format!("{name} holds log position {position} of another log than this one, which ends at {end}");
    Ok(Some(format!("{what}; it is rebuilt")))
}

fn detach(projection: &Arc<dyn Projection>, store: &Store, build: u64) -> Detached {
    let (snapshot, progress) = (store.snapshot(), Arc::new(Progress::default()));
    Detached { name: projection.spec().name, snapshot, build, progress }
}

/// The same store without rows.
fn empty(
    workshop: &Workshop,
    store: Store,
    file: &str,
    open: impl FnOnce(&str) -> Result<Store, EngineError>,
) -> Result<Store, EngineError> {
    if store.rows() == 0 && store.checkpoint() == Checkpoint::default() {
        return Ok(store);
    }
    drop(store);
    workshop.files.remove(file)?;
    open(file)
}
