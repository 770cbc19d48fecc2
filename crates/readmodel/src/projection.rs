//! What a read model is to the engine: a pure fold from changes to rows.

use continuity_events::{Change, CloudEvent, Parent};

use crate::error::StoreError;
use crate::store::{Rows, Table};

/// The entity whose rows are evidence rather than state, see [`Projection::apply`].
pub const AUDIT_ENTRY: &str = "auditEntry";

/// Identity of a read model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its name: in file names, on the command line, in metrics.
    pub name: &'static str,
    /// To be raised with every change of what the rows hold; a stored one of another version is rebuilt.
    pub version: u32,
    /// The tables that it writes.
    pub tables: &'static [Table],
    /// The entities whose changes it wants.
    pub entities: &'static [&'static str],
}

/// A read model: a pure, synchronous fold without I/O and clock. Its rows must depend on nothing but the calls it gets,
/// so that folding live, folding again and rebuilding end in the same rows.
///
/// The engine has decided everything that concerns the loan as a whole before it calls (contract, sections 2 and 6):
/// changes come in `sequence` order, a patch is applicable, what cannot be folded never arrives. After `clear` or
/// `purge` of a loan its state is told anew from the beginning.
pub trait Projection: Send + Sync + 'static {
    /// Who it is.
    fn spec(&self) -> &'static Spec;

    /// Folds one change of one of [`Spec::entities`].
    ///
    /// Changes of [`AUDIT_ENTRY`] come here only from snapshots (`from_snapshot`); the events that carry them come by
    /// [`Projection::appended`] like every event.
    fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError>;

    /// Forgets everything that `apply` made of the loan: it is about to be folded again, perhaps from a snapshot.
    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError>;

    /// Sees every loan event that became visible, exactly once and in log order: parked ones, late ones and unknown
    /// entities too, snapshots not; not repeated when the loan is folded again. What it writes survives `clear`.
    fn appended(&self, event: &AppendedEvent<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let _ = (event, rows);
        Ok(())
    }

    /// Forgets everything about the loan for good, what `appended` made included.
    fn purge(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        self.clear(loan, rows)
    }
}

/// One change of one entity, to be folded.
#[derive(Clone, Copy, Debug)]
pub struct EntityChange<'a> {
    /// Id of the loan.
    pub loan: &'a str,
    /// Kind of the entity.
    pub entity: &'a str,
    /// Id of the entity.
    pub id: &'a str,
    /// Where it now hangs; `None` when that did not change.
    pub parent: Option<&'a Parent>,
    /// The entity's version after the change.
    pub version: u64,
    /// The new state.
    pub form: ChangeForm<'a>,
    /// The event's place in the loan's history; a snapshot's `asOfSequence`.
    pub sequence: u64,
    /// Log position of the bytes that it comes from.
    pub position: u64,
    /// Whether it is part of a snapshot (or erasure) of the whole loan.
    pub from_snapshot: bool,
}

/// The new state of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeForm<'a> {
    /// The whole entity, a raw JSON object.
    After(&'a str),
    /// The entity is gone. Its children are not, see the contract, section 3.
    Gone,
    /// A merge patch for the stored entity, a raw JSON object: apply it with `continuity_events::json::merge_patch`.
    Patch(&'a str),
}

/// A loan event that became visible.
#[derive(Clone, Copy, Debug)]
pub struct AppendedEvent<'a> {
    /// Id of the loan.
    pub loan: &'a str,
    /// Its place in the loan's history.
    pub sequence: u64,
    /// Log position of its bytes.
    pub position: u64,
    /// The event as received.
    pub event: &'a CloudEvent,
    /// Its change; `None` for an erasure.
    pub change: Option<&'a Change<'a>>,
}
