//! Document spaces.

use continuity_readmodel::{Projection, Snapshot, Spec, StoreError};

use crate::collection::Collection;
use crate::kept::Kept;
use crate::order::Meaning;
use crate::page::{Page, Rowset};

static SPEC: Spec = Spec { name: "spaces", version: 1, tables: &["spaces", "space_ids"], entities: &["space"] };

static SPACES: Collection = Collection {
    sort: &[("order", Meaning::Decimal), ("name", Meaning::Text)],
    ..Collection::new("space", "spaces", "space_ids")
};

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(Kept { spec: &SPEC, collections: vec![&SPACES] })
}

/// The loan's spaces by `order`, then `name`.
pub fn list(snapshot: &Snapshot, loan: &str, page: &Page) -> Result<Rowset, StoreError> {
    SPACES.plain_list(snapshot, loan, &[], page)
}

/// Whether the loan has that space.
pub fn exists(snapshot: &Snapshot, loan: &str, space: &str) -> Result<bool, StoreError> {
    Ok(SPACES.find(snapshot, loan, space)?.is_some())
}

#[cfg(test)]
mod tests;
