//! `GET /api/v1/replica/completeness`: whether everything is here, and what is not, by name.

use continuity_auth::Scope;
use serde_json::json;

use crate::call::{Call, internal};
use crate::completeness;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, ParamKind, Tag, Verb, Waiting};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::sight::Teams;

const DEFAULT_LIMIT: u64 = 25;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/replica/completeness",
    id: "getCompleteness",
    tag: Tag::Health,
    summary: "Get the completeness report",
    description: "What the platform's completeness manifests showed, newest first (`results`), then the loan requests that lack something now, whatever a manifest says (`incomplete`), then the purged ones (`purged`). One walk over the three lists, page by page with `pagination.nextCursor`; `status`, `counts` and `waiting` (manifests whose time has not come) stand on every page. `status` is the newest result's: `complete` (everything agrees), `incomplete` (events are missing), `different` (nothing is missing, but content differs or more is here than was listed) or `unknown` (no manifest was evaluated yet). A result names up to 1,000 loans of each kind and 100 ranges of a loan; its `note` says when there are more, and `continuity completeness --again` names all. Ranges and sequences are decimal text, as everywhere; `manifest`, `through` and `position` are log positions. A client that is limited to teams is named their loan requests only, and `counts` count these; the figures of results are of the whole replica, their `note` is empty, and a purged loan request is of no team.",
    access: Access::AnyOf(&[Scope::AuditRead]),
    params: &PARAMS,
    answer: Answer::Object("CompletenessReport"),
    handler: Handler::Wait(wait),
};

static PARAMS: [Param; 2] = [
    Param {
        name: "limit",
        kind: ParamKind::Integer { min: 1, max: paging::MAX_LIMIT, default: Some(DEFAULT_LIMIT) },
        description: "Entries of a page, over the three lists together.",
    },
    Param {
        name: "cursor",
        kind: ParamKind::Cursor,
        description: "Go on where an earlier page ended: its `pagination.nextCursor`, unchanged.",
    },
];

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let binding = paging::binding(call, []);
    let after = paging::after(call, binding)?;
    let limit = call.query.integer("limit").unwrap_or(DEFAULT_LIMIT);
    let (ledger, view) = (call.shared.state.ledger.clone(), call.view.clone());
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let teams = Teams::of(call.principal.as_ref(), &view)?;
    let read = tokio::task::spawn_blocking(move || {
        let admits = teams.map(|teams| move |loan: &str| teams.admits(loan));
        let named = admits.as_ref().map(|admits| admits as completeness::Named<'_>);
        completeness::page(&ledger, &view, named, after.as_deref(), most)
    });
    let page = read.await.map_err(|_| internal("the thread that made the completeness report panicked"))?;
    let page = page.map_err(|e| Problem::store(&e))?;
    let cursor = page.next.map(|row| call.shared.cursors.seal(binding, call.view.position, &row));
    let mut report = page.report;
    let pagination = json!({"limit": limit, "hasMore": cursor.is_some(), "nextCursor": cursor});
    report.insert("pagination".to_owned(), pagination);
    let complete = call.shared.freshness.current(&call.view, &call.shared.state).all_complete;
    Ok(Reply::json(serde_json::Value::Object(report).to_string()).complete(complete))
}
