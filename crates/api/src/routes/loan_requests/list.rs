//! `GET /api/v1/loan-requests`: loan requests, filtered and sorted, page by page.

use std::fmt::Write;
use std::sync::Arc;

use continuity_auth::Scope;
use continuity_events::catalogue::words;
use continuity_projections::loan_requests::{self, ListQuery, Search, Sort};
use continuity_projections::{Bound, Rowset};

use crate::as_of::AS_OF;
use crate::call::{Call, rebuilding};
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, ParamKind, Tag, Verb, Waiting};
use crate::filter::{self, By, by};
use crate::paging;
use crate::problem::{BAD_PARAMETER, Problem};
use crate::reply::Reply;
use crate::request::query::Query;
use crate::routes::loan_requests::list_as_of;
use crate::sight;

const DEFAULT_LIMIT: u64 = 25;

/// Rows before the offset are walked over for each request: further in, a cursor is the way.
const MAX_OFFSET: u64 = 100_000;

const SORTS: &[(&str, Sort)] = &[
    ("createdAt", Sort::CreatedAt),
    ("updatedAt", Sort::UpdatedAt),
    ("statusChangedAt", Sort::StatusChangedAt),
    ("requestedAmount", Sort::RequestedAmount),
    ("reference", Sort::Reference),
    ("status", Sort::Status),
    ("position", Sort::Position),
];

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests",
    id: "listLoanRequests",
    tag: Tag::LoanRequests,
    summary: "List loan requests",
    description: "One page of loan requests. Walk on with `pagination.nextCursor`, which is steadier than `offset` while loans come and change: by `createdAt` or `reference` each row that existed throughout is given exactly once.",
    access: Access::AnyOf(&[Scope::LoansRead]),
    params: &PARAMS,
    answer: Answer::Object("LoanRequestPage"),
    handler: Handler::Wait(wait),
};

static PARAMS: [Param; 24] = [
    Param {
        name: "status",
        kind: ParamKind::AnyOf(words::LOAN_STATUS),
        description: "Only loan requests in one of these states: repeated, with commas between, or as `status[]`. An unknown state matches nothing.",
    },
    Param {
        name: "limit",
        kind: ParamKind::Integer { min: 1, max: paging::MAX_LIMIT, default: Some(DEFAULT_LIMIT) },
        description: "Rows of a page.",
    },
    Param {
        name: "offset",
        kind: ParamKind::Integer { min: 0, max: MAX_OFFSET, default: Some(0) },
        description: "Rows to leave out before the page. Bounded, and with filters, `q` or `sortBy=position` by what is looked at for one page, 20,000 loans: beyond it 400 `bad-parameter`. Further in, use `cursor`.",
    },
    Param {
        name: "cursor",
        kind: ParamKind::Cursor,
        description: "Go on where an earlier page ended: its `pagination.nextCursor`, with the same filters and order. Not together with `offset`.",
    },
    Param {
        name: "sortBy",
        kind: ParamKind::OneOf {
            values: &[
                "createdAt",
                "updatedAt",
                "statusChangedAt",
                "requestedAmount",
                "reference",
                "status",
                "position",
            ],
            default: "createdAt",
        },
        description: "Times order as instants, amounts as numbers, text by Unicode code point, an absent member lowest; ties by id in the same direction. `position` is the log position of the loan's newest event of any entity.",
    },
    Param {
        name: "sortOrder",
        kind: ParamKind::OneOfAnyCase { values: &["ASC", "DESC"], default: "DESC" },
        description: "The direction, in any case.",
    },
    paging::FIELDS,
    AS_OF,
    Param {
        name: "includeDeleted",
        kind: ParamKind::Flag,
        description: "`true`: soft-deleted loan requests (`deletedAt`) too. Purged ones never come.",
    },
    Param {
        name: "changedSince",
        kind: ParamKind::Integer { min: 0, max: paging::MAX_EXACT, default: None },
        description: "Only loan requests with an event of any entity behind this log position, which an earlier reply gave as `X-Replica-Position`: with `sortBy=position` only. Polling with `sortOrder=ASC` misses nothing: walk to the end by cursor, and next ask with the `X-Replica-Position` of the first page of that walk. With `includeDeleted=true` soft-deleted ones are told too; purged ones are named by `/api/v1/replica/completeness`.",
    },
    by(
        "q",
        filter::ELSEWHERE,
        By::Words,
        "Only those whose reference and participants' names (`givenName`, `familyName`, `displayName`) have all these words: in any order, each the beginning of a word there, whatever the case and the accents (`q=mull joh` finds Johanna Müller, `q=lukasz` finds Łukasz). Punctuation does not count: `PE-2026-000199` is found by its whole, and by each of its parts on. At most 8 words and 200 characters; words without a letter or a digit alone find nothing. A loan is found by its first 1,000 words. Names of people are personal data: the replica writes no query to its log; proxies in between may.",
    ),
    by(
        "hasOpenTasks",
        filter::ELSEWHERE,
        By::Flag,
        "`true`: only those with a task that is neither completed, rejected, cancelled nor expired; `false`: only others.",
    ),
    by("stage", &["stage"], By::AnyOf(words::LOAN_STAGE), "Only those in one of these stages."),
    by("productCode", &["product", "code"], By::AnyOf(&["GREEN"]), "Only those of these products."),
    by("assignedAgentId", &["assignedAgent", "id"], By::AnyOf(&["usr_15"]), "Only those that these people look after."),
    by("team", &["team"], By::AnyOf(&["branch-north"]), "Only those of these teams."),
    by("currency", &["currency"], By::AnyOf(&["EUR"]), "Only those in these currencies."),
    by("reference", &["reference"], By::AnyOf(&["PE-2026-000199"]), "Only those with these references."),
    by("createdFrom", &["createdAt"], By::Time(Bound::From), "Only those created at this time or later."),
    by(
        "createdTo",
        &["createdAt"],
        By::Time(Bound::To),
        "Only those created at this time or earlier; a date counts to its end.",
    ),
    by(
        "updatedSince",
        &["updatedAt"],
        By::Time(Bound::From),
        "Only those whose `updatedAt` is this time or later. What changes a loan's other entities need not change it, and events may come late: `changedSince` misses nothing.",
    ),
    by("updatedBefore", &["updatedAt"], By::Time(Bound::Before), "Only those whose `updatedAt` is before this time."),
    by("amountMin", &["requestedAmount"], By::Amount(Bound::From), "Only those that ask for so much or more."),
    by("amountMax", &["requestedAmount"], By::Amount(Bound::To), "Only those that ask for so much or less."),
];

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let query = &call.query;
    let (sort_name, sort) = sort(query.text("sortBy"));
    let descending = !query.is("sortOrder", "ASC");
    let include_deleted = query.flag("includeDeleted");
    let mut statuses: Vec<String> = query.texts("status").map(str::to_owned).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let since_text = query.text("changedSince").unwrap_or_default();
    let flags =
        [since_text, sort_name, if descending { "DESC" } else { "ASC" }, if include_deleted { "deleted" } else { "" }];
    let binding = paging::binding(call, flags.into_iter().chain(statuses.iter().map(String::as_str)));
    let after = paging::after(call, binding)?;
    let offset = query.integer("offset").unwrap_or(0);
    if after.is_some() && offset > 0 {
        return Err(Problem::new(&BAD_PARAMETER, "`offset` must be absent or 0 where a `cursor` is given."));
    }
    let limit = query.integer("limit").unwrap_or(DEFAULT_LIMIT);
    let rows_wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let changed_since = since(query, sort, descending)?;
    let mut filter = filter::of(call);
    sight::narrow(call, &mut filter);
    let open_tasks = query.text("hasOpenTasks").map(|wanted| wanted == "true");
    let list = ListQuery {
        statuses,
        sort,
        descending,
        after,
        offset,
        limit: rows_wanted,
        include_deleted,
        changed_since,
        search: query.text("q").and_then(Search::parse),
        filter,
        open_tasks,
    };
    let (rows, whole) = match &call.as_of {
        Some(point) => list_as_of::rows(call, &list, point).await?,
        None => (now(call, list).await?, true),
    };
    if rows.offset_left > 0 {
        let detail = "`offset` reaches beyond the rows that are looked at for one page; walk on with `cursor` instead.";
        return Err(Problem::new(&BAD_PARAMETER, detail));
    }
    let cursor = rows.next.as_ref().map(|row| call.shared.cursors.seal(binding, call.view.position, row));
    let complete = whole && call.shared.freshness.current(&call.view, &call.shared.state).all_complete;
    let rows = match filter::fields(call, &rows.json) {
        Some(json) => Rowset { json: json.into_bytes(), ..rows },
        None => rows,
    };
    Ok(Reply::json(envelope(rows, limit, offset, cursor.as_deref())).complete(complete))
}

/// Pages by index are read where they are asked for; what looks at row after row is done in turns, on another thread.
async fn now(call: &Call, list: ListQuery) -> Result<Rowset, Problem> {
    let rows = if list.is_residual() {
        let view = Arc::clone(&call.view);
        let read = move || loan_requests::list(&view, &list);
        call.shared.admission.heavy(call.principal.as_ref(), read).await?
    } else {
        loan_requests::list(&call.view, &list)
    };
    rows.map_err(|e| Problem::store(&e))?.ok_or_else(|| rebuilding("loan-requests"))
}

/// The position behind which something changed.
fn since(query: &Query, sort: Sort, descending: bool) -> Result<Option<u64>, Problem> {
    let Some(position) = query.integer("changedSince") else { return Ok(None) };
    if sort != Sort::Position || descending {
        return Err(Problem::new(&BAD_PARAMETER, "`changedSince` needs `sortBy=position` and `sortOrder=ASC`."));
    }
    Ok(Some(position))
}

fn sort(name: Option<&str>) -> (&'static str, Sort) {
    SORTS.iter().find(|(n, _)| Some(*n) == name).map_or((SORTS[0].0, SORTS[0].1), |(n, s)| (*n, *s))
}

/// The rows as they are, with the page's figures behind them: in the memory that they are in, as a page may be large.
fn envelope(rows: Rowset, limit: u64, offset: u64, cursor: Option<&str>) -> Vec<u8> {
    let mut pagination = format!(",\"pagination\":{{\"limit\":{limit},\"offset\":{offset},\"total\":{},", rows.total);
    if !rows.total_is_exact {
        pagination.push_str("\"totalIsExact\":false,");
    }
    let written = match cursor {
        Some(cursor) => write!(pagination, "\"hasMore\":true,\"nextCursor\":\"{cursor}\"}}}}"),
        None => write!(pagination, "\"hasMore\":false,\"nextCursor\":null}}}}"),
    };
    written.expect("writing to a String cannot fail");
    let mut body = rows.json;
    body.reserve(pagination.len() + 16);
    body.splice(0..0, *b"{\"loanRequests\":");
    body.extend_from_slice(pagination.as_bytes());
    body
}
