//! Documents of a loan and of its spaces. A document's space is its folded `spaceId` and nothing else; it stays in the
//! loan's list and in its download whatever became of the space.

use continuity_readmodel::{Projection, Snapshot, Spec, StoreError};

use crate::collection::Collection;
use crate::kept::Kept;
use crate::order::Meaning;
use crate::page::{Page, Rowset};

static SPEC: Spec =
    Spec { name: "documents", version: 1, tables: &["documents", "document_ids", "by_space"], entities: &["document"] };

static DOCUMENTS: Collection = Collection {
    sort: &[("uploadedAt", Meaning::Instant)],
    descending: true,
    index: Some(("spaceId", "by_space")),
    ..Collection::new("document", "documents", "document_ids")
};

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(Kept { spec: &SPEC, collections: vec![&DOCUMENTS] })
}

/// The loan's documents, or those of one space, newest `uploadedAt` first. Whether the space exists is another
/// question: [`spaces::exists`](crate::spaces::exists).
pub fn list(snapshot: &Snapshot, loan: &str, space: Option<&str>, page: &Page) -> Result<Rowset, StoreError> {
    match space {
        Some(space) => DOCUMENTS.indexed_list(snapshot, loan, space, page),
        None => DOCUMENTS.plain_list(snapshot, loan, &[], page),
    }
}

/// One document as served; its `blob` leads to the bytes.
pub fn get(snapshot: &Snapshot, loan: &str, document: &str) -> Result<Option<Vec<u8>>, StoreError> {
    DOCUMENTS.whole(snapshot, loan, document)
}

#[cfg(test)]
mod tests;
