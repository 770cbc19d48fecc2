//! `GET /api/v1/changes`: which loan requests changed, as it happens.

use axum::body::Body;
use continuity_auth::Scope;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, Method};

use crate::call::{Call, internal};
use crate::changes::{self, Begin};
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, ParamKind, Tag, Verb};
use crate::problem::{BAD_REQUEST, POSITION_AHEAD, Problem};
use crate::reply::Reply;
use crate::request::accept;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Asks proxies in between not to hold events back.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/changes",
    id: "streamChanges",
    tag: Tag::Changes,
    summary: "Listen to changes",
    description: "A stream of server-sent events (`text/event-stream`), instead of polling.\n\n- `change`: a loan request has changed, with any of what belongs to it. `data` is `{\"loanRequestId\", \"position\"}`, with `\"deleted\": true` for a soft-deleted and `\"purged\": true` for a purged one; `id` is the position. Each change is told at least once, several of one loan request may be told as one, and what is told can be read from the API at that moment.\n- `position`: everything up to this position was told. It comes first when the stream begins at the present, else once when it has caught up.\n- `state`: how the replica is, at the beginning and whenever it changes: `{\"state\", \"asOf\", \"lagSeconds\"}` with the words of `X-Replica-State`. While it is `rebuilding`, changes are held back.\n- `end`: the last event, with a `reason`: `token` (get a new one), `stopping` (come back), `once` or `failed`.\n\nComments come as heartbeats while there is nothing to tell. After a cut go on with the last `id`, in the header `Last-Event-ID` (if it is there it must hold one) or in `since`: nothing is missed. A position belongs to one replica's log: one that lies ahead of it is 409 `position-ahead`, then read everything anew. An `EventSource` of a browser cannot send a token; use `fetch` and read its body. A client that is limited to teams is told of what it may read at that moment: nothing of a loan request that has left them, or was purged.",
    access: Access::AnyOf(&[Scope::LoansRead]),
    params: &PARAMS,
    answer: Answer::Events,
    handler: Handler::Read(handle),
};

static PARAMS: [Param; 2] = [
    Param {
        name: "since",
        kind: ParamKind::Integer { min: 0, max: u64::MAX, default: None },
        description: "Begin behind this log position: the `id` of an event, or `X-Replica-Position` of a reply that was read before. `0` tells every loan request. Without it and `Last-Event-ID`, the stream begins at the present.",
    },
    Param {
        name: "once",
        kind: ParamKind::Flag,
        description: "`true`: end when everything up to the present was told.",
    },
];

fn handle(call: &Call) -> Result<Reply, Problem> {
    accept::choose(&call.headers, &[changes::MEDIA_TYPE])?;
    let since = since(call)?;
    let position = call.view.position;
    if let Some(since) = since.filter(|since| *since > position) {
        let detail = format!(
            "Position {since} lies ahead of this replica's log, which ends at {position}: it belongs to another log, or this one was restored from a backup. Read everything anew."
        );
        return Err(Problem::new(&POSITION_AHEAD, detail));
    }
    let body = if call.method == Method::HEAD { Body::empty() } else { body(call, since)? };
    Ok(Reply::stream(changes::MEDIA_TYPE, body).header(NO_BUFFERING, "no"))
}

fn body(call: &Call, since: Option<u64>) -> Result<Body, Problem> {
    let listener = call.principal.as_ref().ok_or_else(|| internal("a stream without a principal"))?;
    let authorization = call.headers.get(AUTHORIZATION).cloned();
    let begin = Begin {
        at: since.unwrap_or(call.view.position),
        at_present: since.is_none(),
        once: call.query.flag("once"),
        access: call.endpoint.access,
        credentials: authorization.map(|value| (AUTHORIZATION, value)).into_iter().collect::<HeaderMap>(),
        from: call.address,
    };
    let place = call.shared.streams.enter(listener.reader())?;
    Ok(changes::body(call.shared.clone(), begin, place))
}

/// The position behind which the listener wants to begin. A listener that comes back asks with the same URL as before, so
/// the header counts first.
fn since(call: &Call) -> Result<Option<u64>, Problem> {
    let Some(id) = call.headers.get(LAST_EVENT_ID) else { return Ok(call.query.integer("since")) };
    let digits = id.to_str().ok().filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
    let position = digits.and_then(|id| id.parse().ok());
    let detail = "`Last-Event-ID` must be the `id` of an event of this stream, a whole number.";
    position.map(Some).ok_or_else(|| Problem::new(&BAD_REQUEST, detail))
}
