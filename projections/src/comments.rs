//! Comments.

use continuity_readmodel::{Projection, Snapshot, Spec, StoreError};

use crate::channels::Channels;
use crate::collection::Collection;
use crate::kept::Kept;
use crate::order::Meaning;
use crate::page::{Page, Rowset};

static SPEC: Spec = Spec { name: "comments", version: 1, tables: &["comments", "comment_ids"], entities: &["comment"] };

static COMMENTS: Collection =
    Collection { sort: &[("createdAt", Meaning::Instant)], ..Collection::new("comment", "comments", "comment_ids") };

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(Kept { spec: &SPEC, collections: vec![&COMMENTS] })
}

/// The loan's comments by `createdAt`, or those of them that are on no channel or message but what may be `seen`.
pub fn list(snapshot: &Snapshot, loan: &str, page: &Page, seen: Option<&Channels>) -> Result<Rowset, StoreError> {
    match seen {
        None => COMMENTS.plain_list(snapshot, loan, &[], page),
        Some(seen) => COMMENTS.sieved_list(snapshot, loan, &[], page, |comment| seen.shows(comment.lean())),
    }
}

#[cfg(test)]
mod tests;
