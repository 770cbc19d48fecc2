//! One file per read model: a pure, synchronous fold, with the read functions that serve it and its tests beside it.
//!
//! A read model holds the JSON that its endpoints answer, in the order in which they answer it: a detail is one
//! look-up, a list is a range scan whose rows are spliced as bytes. What is served is the entity's folded JSON,
//! unchanged, plus nesting (event contract, section 3): `quotes`, `items`, `channels` and `messages` are always there,
//! `[]` when empty, and an entity's own member of that name gives way to them. Children are kept by their own events;
//! while their parent is absent they are not served.
//!
//! # How to add a read model
//!
//! 1. Write `src/<name>.rs`: a static `Spec` (name, version 1, tables, entities), a static
//!    `Collection` for each entity (its order, its parents, what lists leave out), a
//!    `projection()` that wraps them in `kept::Kept`, and read functions over `&Snapshot` that return served
//!    bytes. Only what is more than collections needs an implementation of `Projection` of its own: see
//!    `loan_requests` and `audit_log`.
//! 2. Name its projection in [`all`].
//! 3. Write `src/<name>/tests.rs`: one `check(script, ...)` per behaviour, over the real store in memory.
//! 4. Whenever its rows change meaning, raise its `Spec::version`: the engine then rebuilds it from the log.
//!
//! A fold must depend on nothing but what it is given: no clock, no I/O, no state of its own. Equal changes must give
//! equal rows, because read models are compared by a digest over their rows.

pub mod analysis;
pub mod audit_log;
pub mod bid_requests;
pub mod blobs;
mod channels;
mod collection;
pub mod comments;
pub mod documents;
mod filter;
pub mod guilds;
mod kept;
pub mod loan_requests;
pub mod messages;
mod order;
mod page;
pub mod spaces;
pub mod tasks;
#[cfg(test)]
mod testing;
pub mod views;
pub mod work_lists;
pub mod worksheets;

use continuity_readmodel::Projection;

pub use channels::Channels;
pub use filter::{Bound, Filter, Limit, Test};
pub use page::{Page, Rowset};

/// Every read model, the one list.
pub fn all() -> Vec<Box<dyn Projection>> {
    vec![
        loan_requests::projection(),
        audit_log::projection(),
        tasks::projection(),
        bid_requests::projection(),
        analysis::projection(),
        documents::projection(),
        spaces::projection(),
        guilds::projection(),
        messages::projection(),
        comments::projection(),
        views::projection(),
        worksheets::projection(),
        blobs::projection(),
        work_lists::projection(),
    ]
}

#[cfg(test)]
mod tests;
