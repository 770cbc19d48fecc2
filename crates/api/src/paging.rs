//! Pages of nested lists: bare arrays, whole unless `limit` is given, then with the way on in headers.

use continuity_projections::{Page, Rowset};
use continuity_readmodel::StoreError;
use http::HeaderName;
use http::header::LINK;

use crate::blob_state::{Splice, spliced};
use crate::call::Call;
use crate::cursor::Binding;
use crate::endpoint::{Param, ParamKind};
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");
pub(crate) const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// The most entries of one page.
pub(crate) const MAX_LIMIT: u64 = 200;

/// The parameters of every nested list.
pub(crate) static PARAMS: [Param; 2] = [
    Param {
        name: "limit",
        kind: ParamKind::Integer { min: 1, max: MAX_LIMIT, default: None },
        description: "At most so many entries. Without it the whole list comes; with it the reply carries `Link: rel=\"next\"` and `X-Next-Cursor` while there is more, and `X-Total-Count`.",
    },
    Param {
        name: "cursor",
        kind: ParamKind::Cursor,
        description: "Go on where an earlier page ended: its `X-Next-Cursor`, unchanged.",
    },
];

/// What a cursor of this call belongs to: the endpoint, its path, and what the query adds.
pub(crate) fn binding<'a>(call: &'a Call, query: impl IntoIterator<Item = &'a str>) -> Binding {
    let path = call.path.iter().flat_map(axum::extract::RawPathParams::iter).map(|(_, value)| value);
    Binding::of(std::iter::once(call.endpoint.id).chain(path).chain(query))
}

/// The row key to go on after, if the query has a cursor.
pub(crate) fn after(call: &Call, binding: Binding) -> Result<Option<Vec<u8>>, Problem> {
    call.query.text("cursor").map(|cursor| call.shared.cursors.open(binding, cursor)).transpose()
}

/// Answers with the array that `list` makes of the page asked for.
pub(crate) fn array(
    call: &Call,
    complete: bool,
    list: impl FnOnce(&Page) -> Result<Rowset, StoreError>,
) -> Result<Reply, Problem> {
    array_spliced(call, complete, |_, _| None, list)
}

/// The same for rows that refer to bytes: `splice` puts their states in, and missing bytes make it incomplete.
pub(crate) fn array_spliced(
    call: &Call,
    complete: bool,
    splice: impl FnOnce(&mut Splice, &str) -> Option<String>,
    list: impl FnOnce(&Page) -> Result<Rowset, StoreError>,
) -> Result<Reply, Problem> {
    let binding = binding(call, []);
    let limit = call.query.integer("limit").and_then(|n| usize::try_from(n).ok());
    let page = Page { after: after(call, binding)?, limit };
    let rows = list(&page).map_err(|e| Problem::store(&e))?;
    let cursor = rows.next.map(|row| call.shared.cursors.seal(binding, call.view.position, &row));
    let (json, here) = spliced(&call.shared.state.blobs, rows.json, splice);
    Ok(paged(call, Reply::json(json).complete(complete && here), limit, rows.total, cursor))
}

/// Adds the way on to a page.
pub(crate) fn paged(call: &Call, reply: Reply, limit: Option<usize>, total: u64, cursor: Option<String>) -> Reply {
    let Some(limit) = limit else { return reply };
    let reply = reply.header(TOTAL_COUNT, &total.to_string());
    let Some(cursor) = cursor else { return reply };
    let link = format!("<{}?limit={limit}&cursor={cursor}>; rel=\"next\"", call.uri.path());
    reply.header(LINK, &link).header(NEXT_CURSOR, &cursor)
}
