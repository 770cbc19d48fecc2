//! The read models of a replay, told the same changes in the same order.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::StoreError;
use crate::projection::{AppendedEvent, EntityChange, Projection};
use crate::store::{Batch, Checkpoint, Durability, Rows, Store};

/// One read model: its fold, its rows, and what the running batch changes of them.
pub(crate) struct Model {
    pub(crate) projection: Arc<dyn Projection>,
    pub(crate) store: Arc<Store>,
    /// The file that the store is in, see [`super::files`].
    pub(crate) file: String,
    batch: Option<Batch>,
    /// What the store has, and what of it would survive a crash. After one it may be further than the fold.
    visible: u64,
    durable: u64,
    /// It is not served, only kept: what it was replaced by has other rows, see [`super::kept`].
    pub(crate) is_kept: bool,
    /// Why a kept build cannot be gone on with. What fails a served one ends the engine.
    pub(crate) failed: Option<StoreError>,
}

impl Model {
    pub(crate) fn new(projection: Arc<dyn Projection>, store: Store, file: String) -> Self {
        let position = store.checkpoint().position;
        let (visible, durable) = (position, position);
        Self { projection, store: Arc::new(store), file, batch: None, visible, durable, is_kept: false, failed: None }
    }

    /// The same, only kept.
    pub(crate) fn into_kept(self) -> Self {
        Self { is_kept: true, ..self }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.projection.spec().name
    }

    /// The last log position that it holds.
    pub(crate) fn position(&self) -> u64 {
        self.visible
    }

    fn tell(
        &mut self,
        now: u64,
        what: impl FnOnce(&dyn Projection, &mut Rows<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if now <= self.visible || self.failed.is_some() {
            return Ok(());
        }
        self.bear(|model| {
            let batch = model.batch.get_or_insert_with(|| model.store.batch());
            what(&*model.projection, &mut batch.rows())
        })
    }

    /// A build that is only kept may fail: the one that is served goes on.
    fn bear(&mut self, work: impl FnOnce(&mut Self) -> Result<(), StoreError>) -> Result<(), StoreError> {
        if !self.is_kept {
            return work(self);
        }
        self.failed = bearing(self.name(), || work(self)).err();
        Ok(())
    }

    /// What is committed has been made durable.
    pub(crate) fn saved(&mut self, position: u64) {
        self.durable = self.durable.max(position);
    }

    fn commit(&mut self, at: Checkpoint, durability: Durability) -> Result<(), StoreError> {
        let held = if durability == Durability::Durable { self.durable } else { self.visible };
        if at.position <= held || self.failed.is_some() {
            return Ok(());
        }
        let batch = self.batch.take().filter(|batch| !batch.is_empty());
        self.visible = self.visible.max(at.position);
        if durability == Durability::Durable {
            self.durable = at.position;
        } else if batch.is_none() {
            return Ok(());
        }
        self.bear(|model| model.store.commit(batch.unwrap_or_else(|| model.store.batch()), at, durability))
    }
}

/// Work on a kept build: a panic is an error, as redb may panic on a damaged file.
pub(super) fn bearing<T, E: From<StoreError>>(name: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let panicked = |_| Err(StoreError::Panicked { name: name.to_owned() }.into());
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked)
}

/// Why a kept build is let go of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unfit {
    /// Its rows are those of the served one.
    Agrees,
    /// One that was served later is kept.
    Superseded,
    /// It cannot be gone on with.
    Failed,
}

/// The kinds of entities that the read models of this program know, all of them, whichever are in a replay.
#[derive(Clone, Debug)]
pub(crate) struct Vocabulary(Arc<HashSet<&'static str>>);

impl Vocabulary {
    pub(crate) fn of(projections: &[Arc<dyn Projection>]) -> Self {
        let entities = projections.iter().flat_map(|projection| projection.spec().entities).copied();
        Self(Arc::new(entities.collect()))
    }

    pub(crate) fn knows(&self, entity: &str) -> bool {
        self.0.contains(entity)
    }

    /// A number that differs when the set does: what folds depends on it.
    pub(crate) fn fingerprint(&self) -> u32 {
        let mut names: Vec<_> = self.0.iter().copied().collect();
        names.sort_unstable();
        let hash = blake3::hash(names.join("\n").as_bytes());
        u32::from_le_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
    }
}

/// Some read models.
pub(crate) struct Models {
    pub(crate) list: Vec<Model>,
    by_entity: HashMap<&'static str, Vec<usize>>,
}

impl Models {
    pub(crate) fn new(list: Vec<Model>) -> Self {
        let mut by_entity: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, model) in list.iter().enumerate() {
            for entity in model.projection.spec().entities {
                by_entity.entry(*entity).or_default().push(index);
            }
        }
        Self { list, by_entity }
    }

    /// The build that is served.
    pub(crate) fn served(&self, name: &str) -> Option<&Model> {
        self.list.iter().find(|model| model.name() == name && !model.is_kept)
    }

    /// The build that is kept beside it.
    pub(crate) fn kept(&self, name: &str) -> Option<&Model> {
        self.list.iter().find(|model| model.name() == name && model.is_kept && model.failed.is_none())
    }

    /// Serves a new build, and keeps the one that it replaces.
    pub(crate) fn put(&mut self, model: Model) {
        let served = |other: &Model| !other.is_kept && other.name() == model.name();
        let old = self.take(served).into_iter().map(Model::into_kept);
        // What was served last comes first.
        let list = old.chain(std::mem::take(&mut self.list)).chain([model]);
        *self = Self::new(list.collect());
    }

    /// Serves the kept build, and keeps the served one; the files that they are in then.
    pub(crate) fn exchange(&mut self, name: &str, served: &str, kept: &str) {
        for model in self.list.iter_mut().filter(|model| model.name() == name) {
            model.is_kept = !model.is_kept;
            if model.is_kept { kept } else { served }.clone_into(&mut model.file);
        }
    }

    /// Takes out the kept builds that failed, that agree with the served one, and those beyond one for each name.
    pub(crate) fn take_unfit(&mut self) -> Vec<(Model, Unfit)> {
        let (mut kept, mut unfit) = (HashSet::new(), Vec::new());
        for model in self.list.iter().filter(|model| model.is_kept) {
            let agrees = |served: &Model| served.store.digest() == model.store.digest();
            let why = if model.failed.is_some() {
                Unfit::Failed
            } else if self.served(model.name()).is_some_and(agrees) {
                Unfit::Agrees
            } else if kept.insert(model.name()) {
                continue;
            } else {
                Unfit::Superseded
            };
            unfit.push((model.file.clone(), why));
        }
        let taken =
            |(file, why): (String, Unfit)| self.take(|model| model.file == file).pop().map(|model| (model, why));
        unfit.into_iter().filter_map(taken).collect()
    }

    /// Takes out those of which `which` is true.
    pub(crate) fn take(&mut self, which: impl Fn(&Model) -> bool) -> Vec<Model> {
        if !self.list.iter().any(&which) {
            return Vec::new();
        }
        let (out, stay) = std::mem::take(&mut self.list).into_iter().partition(which);
        *self = Self::new(stay);
        out
    }

    /// Rows and bytes that wait for the commit.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let usable = self.list.iter().filter(|model| model.failed.is_none());
        let batches = usable.filter_map(|model| model.batch.as_ref());
        batches.fold((0, 0), |(rows, bytes), batch| (rows + batch.len(), bytes + batch.bytes()))
    }

    pub(crate) fn apply(&mut self, now: u64, change: &EntityChange<'_>) -> Result<(), StoreError> {
        let Some(interested) = self.by_entity.get(change.entity) else { return Ok(()) };
        for &index in interested {
            self.list[index].tell(now, |projection, rows| projection.apply(change, rows))?;
        }
        Ok(())
    }

    pub(crate) fn appended(&mut self, now: u64, event: &AppendedEvent<'_>) -> Result<(), StoreError> {
        self.list.iter_mut().try_for_each(|model| model.tell(now, |projection, rows| projection.appended(event, rows)))
    }

    pub(crate) fn clear(&mut self, now: u64, loan: &str) -> Result<(), StoreError> {
        self.list.iter_mut().try_for_each(|model| model.tell(now, |projection, rows| projection.clear(loan, rows)))
    }

    pub(crate) fn purge(&mut self, now: u64, loan: &str) -> Result<(), StoreError> {
        self.list.iter_mut().try_for_each(|model| model.tell(now, |projection, rows| projection.purge(loan, rows)))
    }

    /// Commits all; when it is to be durable, at the same time, since that is waiting for the disk.
    pub(crate) fn commit(&mut self, checkpoint: Checkpoint, durability: Durability) -> Result<(), StoreError> {
        if durability == Durability::Visible || self.list.len() < 2 {
            return self.list.iter_mut().try_for_each(|model| model.commit(checkpoint, durability));
        }
        std::thread::scope(|scope| {
            let commits: Vec<_> =
                self.list.iter_mut().map(|model| scope.spawn(move || model.commit(checkpoint, durability))).collect();
            commits.into_iter().try_for_each(|commit| match commit.join() {
                Ok(committed) => committed,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })
    }
}
