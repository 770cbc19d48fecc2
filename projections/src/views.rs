//! Materialised views.

use continuity_readmodel::{Projection, Snapshot, Spec, StoreError};

use crate::collection::Collection;
use crate::kept::Kept;
use crate::order::Meaning;
use crate::page::{Page, Rowset};

static SPEC: Spec = Spec { name: "views", version: 1, tables: &["views", "view_ids"], entities: &["view"] };

static VIEWS: Collection =
    Collection { sort: &[("order", Meaning::Decimal)], ..Collection::new("view", "views", "view_ids") };

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(Kept { spec: &SPEC, collections: vec![&VIEWS] })
}

/// The loan's views by `order`.
pub fn list(snapshot: &Snapshot, loan: &str, page: &Page) -> Result<Rowset, StoreError> {
    VIEWS.plain_list(snapshot, loan, &[], page)
}

#[cfg(test)]
mod tests;
