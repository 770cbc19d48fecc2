//! The read models of a replay, told the same changes in the same order.

use std::collections::{HashMap, HashSet};
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
}

impl Model {
    pub(crate) fn new(projection: Arc<dyn Projection>, store: Store, file: String) -> Self {
        let position = store.checkpoint().position;
        Self { projection, store: Arc::new(store), file, batch: None, visible: position, durable: position }
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
        if now <= self.visible {
            return Ok(());
        }
        let batch = self.batch.get_or_insert_with(|| self.store.batch());
        what(&*self.projection, &mut batch.rows())
    }

    /// What is committed has been made durable.
    pub(crate) fn saved(&mut self, position: u64) {
        self.durable = self.durable.max(position);
    }

    fn commit(&mut self, at: Checkpoint, durability: Durability) -> Result<(), StoreError> {
        let held = if durability == Durability::Durable { self.durable } else { self.visible };
        if at.position <= held {
            return Ok(());
        }
        let batch = self.batch.take().filter(|batch| !batch.is_empty());
        self.visible = self.visible.max(at.position);
        if durability == Durability::Durable {
            self.durable = at.position;
        } else if batch.is_none() {
            return Ok(());
        }
        self.store.commit(batch.unwrap_or_else(|| self.store.batch()), at, durability)
    }
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

    /// Adds a read model, or replaces the one of its name, which is returned.
    pub(crate) fn put(&mut self, model: Model) -> Option<Model> {
        let mut list = std::mem::take(&mut self.list);
        let old = list.iter().position(|other| other.name() == model.name());
        let old = old.map(|index| list.swap_remove(index));
        list.push(model);
        *self = Self::new(list);
        old
    }

    /// Rows and bytes that wait for the commit.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let batches = self.list.iter().filter_map(|model| model.batch.as_ref());
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
