//! Pages of nested lists: bare arrays, whole unless `limit` is given, then with the way on in headers.

use continuity_projections::{Page, Rowset};
use continuity_readmodel::StoreError;
use http::HeaderName;
use http::header::LINK;

use crate::as_of::AS_OF;
use crate::blob_state::{Splice, spliced};
use crate::call::Call;
use crate::cursor::Binding;
use crate::endpoint::{Param, ParamKind};
use crate::filter;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");
pub(crate) const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// The most entries of one page.
pub(crate) const MAX_LIMIT: u64 = 200;

/// The biggest number that every JSON reader keeps exactly: no position or sequence is beyond it.
pub(crate) const MAX_EXACT: u64 = (1 << 53) - 1;

/// How many entries of a nested list come.
pub(crate) const LIMIT: Param = Param {
    name: "limit",
    kind: ParamKind::Integer { min: 1, max: MAX_LIMIT, default: None },
    description: "At most so many entries. Without it the whole list comes; with it the reply carries `Link: rel=\"next\"` and `X-Next-Cursor` while there is more, and `X-Total-Count`.",
};

/// Where a page of a nested list begins.
pub(crate) const CURSOR: Param = Param {
    name: "cursor",
    kind: ParamKind::Cursor,
    description: "Go on where an earlier page ended: its `X-Next-Cursor`, unchanged, with the same filters.",
};

/// What is shown of each entry.
pub(crate) const FIELDS: Param = Param {
    name: "fields",
    kind: ParamKind::Names,
    description: "Only these members, at the top level of each entry: repeated, with commas between, or as `fields[]`. A name that is not there shows nothing.",
};

/// The parameters of a single object.
pub(crate) static OF_OBJECT: [Param; 2] = [FIELDS, AS_OF];

/// The parameters of a nested list without filters.
pub(crate) static PARAMS: [Param; 4] = [LIMIT, CURSOR, FIELDS, AS_OF];

/// The parameters of a download.
pub(crate) static OF_FILE: [Param; 1] = [AS_OF];

/// What a cursor of this call belongs to: the endpoint, its path, and what the query adds.
pub(crate) fn binding<'a>(call: &'a Call, query: impl IntoIterator<Item = &'a str>) -> Binding {
    let path = call.path.iter().flat_map(axum::extract::RawPathParams::iter).map(|(_, value)| value);
    let narrows = |param: &&Param| matches!(param.kind, ParamKind::Filter(..) | ParamKind::AsOf);
    let filters = call.endpoint.params.iter().filter(narrows);
    let filters = filters.flat_map(|param| {
        let mut values: Vec<&str> = call.query.texts(param.name).collect();
        values.sort_unstable();
        values.into_iter().flat_map(|value| [param.name, value])
    });
    Binding::of(std::iter::once(call.endpoint.id).chain(path).chain(filters).chain(query))
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
    let page = Page { after: after(call, binding)?, limit, filter: filter::of(call) };
    let rows = list(&page).map_err(|e| Problem::store(&e))?;
    let cursor = rows.next.map(|row| call.shared.cursors.seal(binding, call.view.position, &row));
    let (json, here) = spliced(&call.shared.state.blobs, rows.json, |states, array| {
        let with_states = splice(states, array);
        filter::fields(call, with_states.as_deref().unwrap_or(array).as_bytes()).or(with_states)
    });
    Ok(paged(call, Reply::json(json).complete(complete && here), limit, rows.total, cursor))
}

/// Adds the way on to a page.
pub(crate) fn paged(call: &Call, reply: Reply, limit: Option<usize>, total: u64, cursor: Option<String>) -> Reply {
    let Some(limit) = limit else { return reply };
    next(call, reply.header(TOTAL_COUNT, &total.to_string()), limit, cursor)
}

/// Adds the way on to a page of a list whose total nobody counts.
pub(crate) fn next(call: &Call, reply: Reply, limit: usize, cursor: Option<String>) -> Reply {
    let Some(cursor) = cursor else { return reply };
    let mut query = form_urlencoded::Serializer::new(String::new());
    let kept = call.endpoint.params.iter().filter(|param| param.name != "limit" && param.name != "cursor");
    for (param, value) in kept.flat_map(|param| call.query.texts(param.name).map(move |value| (param, value))) {
        query.append_pair(param.name, value);
    }
    let query = query.append_pair("limit", &limit.to_string()).append_pair("cursor", &cursor).finish();
    let link = format!("<{}?{query}>; rel=\"next\"", call.uri.path());
    reply.header(LINK, &link).header(NEXT_CURSOR, &cursor)
}
