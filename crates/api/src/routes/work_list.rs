//! `GET /api/v1/work-list`: what has to be done by when, over all loan requests.

use continuity_auth::Scope;
use continuity_base::Timestamp;
use continuity_events::json;
use continuity_projections::work_lists::{self, Item, WorkList};
use continuity_projections::{Limit, loan_requests};
use continuity_readmodel::{Snapshot, StoreError};
use serde_json::json;

use crate::call::{Call, internal};
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, ParamKind, Tag, Verb, Waiting};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::sight::Teams;

/// Entries of a page of work.
pub(super) const DEFAULT_LIMIT: u64 = 50;
const DEFAULT_DAYS: u64 = 14;

/// Rows that are looked at for one page: then it ends, with a cursor, however few of them may be seen.
pub(super) const EXAMINED: usize = 20_000;

/// What tells the loan request of an entry apart, besides its id.
pub(super) const OF_LOAN: [&str; 4] = ["reference", "status", "team", "assignedAgent"];

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

const LISTS: &[(&str, WorkList)] = &[
    ("tasks", WorkList::Tasks),
    ("deeds", WorkList::Deeds),
    ("sanctions", WorkList::Sanctions),
    ("promises", WorkList::Promises),
];

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/work-list",
    id: "getWorkList",
    tag: Tag::LoanRequests,
    summary: "Get what is due",
    description: "What has to be done by when, over all loan requests, the earliest first: for working on while the platform is away. Everything that is due up to `until` is in it, also what is overdue, but nothing of loan requests that have ended or were deleted. A date is due at its end; a `dueAt` that is no time stands before everything else. Page by page with `pagination.nextCursor`: a page may have fewer entries than `limit`, even none, and go on. Tasks come without their form data. The promise of sale is known by `promiseOfSaleExpiryDate` of a loan request alone: a platform that does not send it has an empty list. A client that is limited to teams sees what is due of their loan requests only.",
    access: Access::AnyOf(&[Scope::LoansRead]),
    params: &PARAMS,
    answer: Answer::Object("WorkListPage"),
    handler: Handler::Wait(wait),
};

static PARAMS: [Param; 4] = [
    Param {
        name: "list",
        kind: ParamKind::OneOf { values: &["tasks", "deeds", "sanctions", "promises"], default: "tasks" },
        description: "`tasks`: tasks that are neither done nor called off, by `dueAt`; `deeds`: deeds that are scheduled and not signed; `sanctions`: sanction letters that expire and are not accepted; `promises`: promises of sale that expire before the deed is signed.",
    },
    Param {
        name: "within",
        kind: ParamKind::Integer { min: 0, max: 3_650, default: Some(DEFAULT_DAYS) },
        description: "What is due within so many days from now, and what is overdue.",
    },
    Param {
        name: "limit",
        kind: ParamKind::Integer { min: 1, max: paging::MAX_LIMIT, default: Some(DEFAULT_LIMIT) },
        description: "At most so many entries.",
    },
    Param {
        name: "cursor",
        kind: ParamKind::Cursor,
        description: "Go on where an earlier page ended: its `pagination.nextCursor`, with the same `list` and `within`.",
    },
];

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let query = &call.query;
    let (name, list) = LISTS.iter().find(|(name, _)| query.is("list", name)).copied().unwrap_or(LISTS[0]);
    let days = query.integer("within").unwrap_or(DEFAULT_DAYS);
    let limit = query.integer("limit").unwrap_or(DEFAULT_LIMIT);
    let binding = paging::binding(call, [name, &days.to_string()]);
    // To the minute, so that the tag of an answer can hold for a while.
    let now = call.shared.state.clock.now().as_micros() / MINUTE * MINUTE;
    let until = Timestamp::from_micros(now + DAY * i64::try_from(days).unwrap_or_default());
    let walk = Walk {
        list,
        now: limit_of(Timestamp::from_micros(now))?,
        until: limit_of(until)?,
        after: paging::after(call, binding)?,
        most: usize::try_from(limit).unwrap_or(usize::MAX),
        due: call.model("work-lists")?.clone(),
        loans: call.model("loan-requests")?.clone(),
        teams: Teams::of(call.principal.as_ref(), &call.view)?,
    };
    let page = call.shared.admission.heavy(call.principal.as_ref(), move || walk.page()).await?;
    let (items, next) = page.map_err(|e| Problem::store(&e))?;
    let cursor = next.map(|row| call.shared.cursors.seal(binding, call.view.position, &row));
    let pagination = json!({"limit": limit, "hasMore": cursor.is_some(), "nextCursor": cursor});
    let body = format!("{{\"workItems\":[{}],\"until\":\"{until}\",\"pagination\":{pagination}}}", items.join(","));
    let complete = call.shared.freshness.current(&call.view, &call.shared.state).all_complete;
    Ok(Reply::json(body).complete(complete))
}

fn limit_of(time: Timestamp) -> Result<Limit, Problem> {
    Limit::time(&time.to_string()).ok_or_else(|| internal("a time cannot be compared"))
}

/// What is looked at, and in what.
struct Walk {
    list: WorkList,
    now: Limit,
    until: Limit,
    after: Option<Vec<u8>>,
    most: usize,
    due: Snapshot,
    loans: Snapshot,
    teams: Option<Teams>,
}

impl Walk {
    /// The entries of one page, and the row to go on after.
    fn page(&self) -> Result<(Vec<String>, Option<Vec<u8>>), StoreError> {
        let (mut items, mut last) = (Vec::new(), None);
        for (examined, item) in work_lists::due(&self.due, self.list, &self.until, self.after.as_deref())?.enumerate() {
            if items.len() == self.most || examined == EXAMINED {
                return Ok((items, last));
            }
            let item = item?;
            if self.teams.as_ref().map_or(Ok(true), |teams| teams.admits(&item.loan))? {
                items.push(self.entry(&item)?);
            }
            last = Some(item.key);
        }
        Ok((items, None))
    }

    /// An entry with what tells its loan request apart.
    fn entry(&self, item: &Item) -> Result<String, StoreError> {
        let row = loan_requests::get(&self.loans, &item.loan)?.unwrap_or_default();
        let loan = std::str::from_utf8(&row).unwrap_or_default();
        let mut entry = "{}".to_owned();
        let mut id = String::new();
        json::push_string(&mut id, &item.loan);
        json::push_member(&mut entry, "loanRequestId", &id);
        for name in OF_LOAN {
            if let Some(raw) = json::member(loan, name) {
                json::push_member(&mut entry, name, raw);
            }
        }
        json::push_member(&mut entry, "overdue", if item.is_due_before(&self.now) { "true" } else { "false" });
        for (name, raw) in json::members(&item.json).unwrap_or_default() {
            json::push_member(&mut entry, &name, raw);
        }
        Ok(entry)
    }
}
