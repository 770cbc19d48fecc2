//! Worksheets. Their sheets are kept apart: a list goes without them and never reads them.

use continuity_readmodel::{Projection, Snapshot, Spec, StoreError};

use crate::collection::Collection;
use crate::kept::Kept;
use crate::order::Meaning;
use crate::page::{Page, Rowset};

static SPEC: Spec = Spec {
    name: "worksheets",
    version: 1,
    tables: &["worksheets", "worksheet_ids", "worksheets_whole"],
    entities: &["worksheet"],
};

static WORKSHEETS: Collection = Collection {
    sort: &[("updatedAt", Meaning::Instant)],
    descending: true,
    heavy: Some(("worksheets_whole", &["sheets"])),
    ..Collection::new("worksheet", "worksheets", "worksheet_ids")
};

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(Kept { spec: &SPEC, collections: vec![&WORKSHEETS] })
}

/// The loan's worksheets, newest `updatedAt` first, without `sheets`.
pub fn list(snapshot: &Snapshot, loan: &str, page: &Page) -> Result<Rowset, StoreError> {
    WORKSHEETS.plain_list(snapshot, loan, &[], page)
}

/// One worksheet with its sheets; `None` when the loan has no such worksheet.
pub fn get(snapshot: &Snapshot, loan: &str, worksheet: &str) -> Result<Option<Vec<u8>>, StoreError> {
    WORKSHEETS.whole(snapshot, loan, worksheet)
}

#[cfg(test)]
mod tests;
