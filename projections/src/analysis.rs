//! Analysis results.

use continuity_readmodel::{Projection, Snapshot, Spec, StoreError};

use crate::collection::Collection;
use crate::kept::Kept;
use crate::order::Meaning;
use crate::page::{Page, Rowset};

static SPEC: Spec =
    Spec { name: "analysis", version: 1, tables: &["analyses", "analysis_ids"], entities: &["analysis"] };

static ANALYSES: Collection = Collection {
    sort: &[("runAt", Meaning::Instant)],
    descending: true,
    ..Collection::new("analysis", "analyses", "analysis_ids")
};

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(Kept { spec: &SPEC, collections: vec![&ANALYSES] })
}

/// The loan's analyses, newest `runAt` first.
pub fn list(snapshot: &Snapshot, loan: &str, page: &Page) -> Result<Rowset, StoreError> {
    ANALYSES.plain_list(snapshot, loan, &[], page)
}

#[cfg(test)]
mod tests;
