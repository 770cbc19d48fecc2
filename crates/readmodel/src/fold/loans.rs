//! The loans of a running batch: read from the fold's store when first needed, written back once per batch.

use std::collections::HashMap;
use std::sync::Arc;

use continuity_events::instant::Instant;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::state::{ENTITIES, EntityState, LOANS, LoanRow, NAME, POSITIONS, TOTALS, TOTALS_KEY, Totals};
use crate::error::StoreError;
use crate::key::Key;
use crate::store::{Batch, Checkpoint, Durability, Snapshot, Store};

/// Loans and entities that stay in memory between batches.
const CACHED_LOANS: usize = 20_000;
const CACHED_ENTITIES: usize = 100_000;

/// One loan in memory.
#[derive(Debug)]
pub(crate) struct Loan {
    pub(crate) id: String,
    pub(crate) row: LoanRow,
    /// It has to be folded again before its next change, or before the commit.
    pub(crate) refold: bool,
    /// The row as the store has it.
    stored: Option<LoanRow>,
    entities: HashMap<Vec<u8>, Entity>,
    extent: Extent,
    touched: bool,
}

/// What the entities in memory are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// Those that were asked for or changed.
    Some,
    /// All that there are.
    All,
    /// All that there are, and those in the store have to go.
    Anew,
}

#[derive(Clone, Copy, Debug)]
struct Entity {
    state: Option<EntityState>,
    changed: bool,
}

impl Loan {
    /// Forgets all entities: the loan is about to be folded again.
    pub(crate) fn forget_entities(&mut self) {
        self.entities.clear();
        self.extent = Extent::Anew;
    }

    /// Writes an entity's state.
    pub(crate) fn set(&mut self, entity: Vec<u8>, state: EntityState) {
        self.entities.insert(entity, Entity { state: Some(state), changed: true });
    }
}

/// The key of an entity within its loan.
pub(crate) fn entity_key(entity: &str, id: &str) -> Vec<u8> {
    Key::new().text(entity).text(id).finish()
}

/// All loans: the fold's store and what the running batch changes.
#[derive(Debug)]
pub(crate) struct Loans {
    store: Arc<Store>,
    batch: Batch,
    /// `None` while the loan is taken out.
    cache: HashMap<String, Option<Box<Loan>>>,
    touched: Vec<String>,
    entities: usize,
    pub(crate) totals: Totals,
    stored_totals: Totals,
    as_of: Option<Instant>,
}

impl Loans {
    pub(crate) fn open(store: Store) -> Result<Self, StoreError> {
        let batch = store.batch();
        let totals = batch.get(TOTALS, TOTALS_KEY)?.map(|bytes| decode(TOTALS, &bytes)).transpose()?;
        let totals: Totals = totals.unwrap_or_default();
        let as_of = totals.as_of.as_deref().and_then(Instant::parse);
        let (cache, touched) = (HashMap::new(), Vec::new());
        Ok(Self {
            store: Arc::new(store),
            batch,
            cache,
            touched,
            entities: 0,
            stored_totals: totals.clone(),
            totals,
            as_of,
        })
    }

    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        self.store.checkpoint()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.store.snapshot()
    }

    /// Takes a loan out, to be changed and given back.
    pub(crate) fn take(&mut self, id: &str) -> Result<Box<Loan>, StoreError> {
        if let Some(loan) = self.cache.get_mut(id).and_then(Option::take) {
            return Ok(loan);
        }
        let stored = self.batch.get(LOANS, &Key::new().text(id).finish())?;
        let stored: Option<LoanRow> = stored.map(|bytes| decode(LOANS, &bytes)).transpose()?;
        Ok(Box::new(Loan {
            id: id.to_owned(),
            row: stored.clone().unwrap_or_default(),
            refold: false,
            extent: if stored.is_none() { Extent::All } else { Extent::Some },
            stored,
            entities: HashMap::new(),
            touched: false,
        }))
    }

    /// Gives a loan back; it is written at the next commit.
    pub(crate) fn give(&mut self, mut loan: Box<Loan>) {
        if !loan.touched {
            loan.touched = true;
            self.touched.push(loan.id.clone());
        }
        match self.cache.get_mut(&loan.id) {
            Some(place) => *place = Some(loan),
            None => drop(self.cache.insert(loan.id.clone(), Some(loan))),
        }
    }

    /// What is known of an entity; `None` when it was never seen.
    pub(crate) fn entity(&self, loan: &mut Loan, key: &[u8]) -> Result<Option<EntityState>, StoreError> {
        if let Some(entity) = loan.entities.get(key) {
            return Ok(entity.state);
        }
        if loan.extent != Extent::Some {
            return Ok(None);
        }
        let full = [Key::new().text(&loan.id).finish().as_slice(), key].concat();
        let state = self.batch.get(ENTITIES, &full)?.map(|bytes| decode(ENTITIES, &bytes)).transpose()?;
        loan.entities.insert(key.to_vec(), Entity { state, changed: false });
        Ok(state)
    }

    /// An event of that time became visible.
    pub(crate) fn saw_time(&mut self, time: &str) {
        let Some(instant) = Instant::parse(time) else { return };
        if self.as_of.as_ref().is_none_or(|highest| instant > *highest) {
            self.as_of = Some(instant);
            self.totals.as_of = Some(time.to_owned());
        }
    }

    /// The loans changed since the last commit that have to be folded again.
    pub(crate) fn to_refold(&self) -> Vec<String> {
        let pending = |id: &&String| self.cache.get(*id).and_then(Option::as_ref).is_some_and(|loan| loan.refold);
        self.touched.iter().filter(pending).cloned().collect()
    }

    /// Writes everything that changed and commits it.
    pub(crate) fn commit(&mut self, checkpoint: Checkpoint, durability: Durability) -> Result<(), StoreError> {
        for id in std::mem::take(&mut self.touched) {
            if let Some(loan) = self.cache.get_mut(&id).and_then(Option::as_mut) {
                self.entities += loan.entities.len();
                write(loan, &mut self.batch, &mut self.totals)?;
            }
        }
        if self.totals != self.stored_totals {
            self.batch.rows().put(TOTALS, TOTALS_KEY.to_vec(), encode(&self.totals));
            self.stored_totals = self.totals.clone();
        }
        if self.cache.len() > CACHED_LOANS || self.entities > CACHED_ENTITIES {
            self.cache.clear();
            self.entities = 0;
        }
        let fresh = self.store.batch();
        self.store.commit(std::mem::replace(&mut self.batch, fresh), checkpoint, durability)?;
        self.batch = self.store.batch();
        Ok(())
    }
}

/// Writes what changed of one loan.
fn write(loan: &mut Loan, batch: &mut Batch, totals: &mut Totals) -> Result<(), StoreError> {
    let key = Key::new().text(&loan.id).finish();
    let mut rows = batch.rows();
    if loan.extent == Extent::Anew {
        loan.extent = Extent::All;
        rows.delete_prefix(ENTITIES, &key)?;
    }
    for (entity, cached) in loan.entities.iter_mut().filter(|(_, cached)| cached.changed) {
        cached.changed = false;
        if let Some(state) = &cached.state {
            rows.put(ENTITIES, [key.as_slice(), entity].concat(), encode(state));
        }
    }
    if loan.stored.as_ref() != Some(&loan.row) {
        let before = loan.stored.as_ref().map_or(0, |row| row.position);
        if before != loan.row.position {
            if before > 0 {
                rows.delete(POSITIONS, &Key::new().u64(before).finish());
            }
            rows.put(POSITIONS, Key::new().u64(loan.row.position).finish(), loan.id.clone().into_bytes());
        }
        totals.counts.replace(loan.stored.as_ref(), &loan.row);
        rows.put(LOANS, key, encode(&loan.row));
        loan.stored = Some(loan.row.clone());
    }
    loan.touched = false;
    Ok(())
}

pub(super) fn decode<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|_| StoreError::corrupt(NAME, format!("a row of {what}")))
}

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("plain structs of numbers and texts always encode")
}
