//! Bid requests with their quotes nested.

use continuity_readmodel::{Projection, Snapshot, Spec, StoreError};

use crate::collection::Collection;
use crate::kept::{Kept, write_nested};
use crate::order::Meaning;
use crate::page::{Page, Rowset};

static SPEC: Spec = Spec {
    name: "bid-requests",
    version: 1,
    tables: &["requests", "request_ids", "quotes", "quote_ids"],
    entities: &["bidRequest", "bidQuote"],
};

static REQUESTS: Collection = Collection {
    sort: &[("requestedAt", Meaning::Instant)],
    descending: true,
    added: &["quotes"],
    ..Collection::new("bidRequest", "requests", "request_ids")
};

static QUOTES: Collection = Collection {
    parents: &["bidRequestId"],
    sort: &[("revision", Meaning::Decimal)],
    ..Collection::new("bidQuote", "quotes", "quote_ids")
};

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(Kept { spec: &SPEC, collections: vec![&REQUESTS, &QUOTES] })
}

/// The loan's bid requests, newest `requestedAt` first, each with its quotes by `revision`.
pub fn list(snapshot: &Snapshot, loan: &str, page: &Page) -> Result<Rowset, StoreError> {
    REQUESTS.list(snapshot, loan, &[], page, |request, out| {
        let quotes = QUOTES.plain_list(snapshot, loan, &[&request.id], &Page::default())?;
        write_nested(out, request.lean(), "quotes", &quotes);
        Ok(())
    })
}

#[cfg(test)]
mod tests;
