//! `GET /api/v1/unanswered-messages`: in which channels a client waits for an answer, over all loan requests.

use continuity_auth::Scope;
use continuity_events::json;
use continuity_projections::work_lists::{self, Unanswered};
use continuity_projections::{loan_requests, messages};
use continuity_readmodel::{Snapshot, StoreError};
use serde_json::json;

use super::work_list::{DEFAULT_LIMIT, EXAMINED, OF_LOAN};
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, ParamKind, Tag, Verb, Waiting};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::sight::{Kinds, Teams};

/// What an entry shows of a channel.
const OF_CHANNEL: [&str; 4] = ["id", "name", "kind", "archivedAt"];

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/unanswered-messages",
    id: "listUnansweredMessages",
    tag: Tag::Communication,
    summary: "List unanswered messages of clients",
    description: "Channels in which a client waits for an answer, over all loan requests, the longest waiting first: for working on while the platform is away. A channel waits since the first message of a client behind the last answer in it, by `seq`; one entry for each channel, with that message, and without what it says. A message is of a client when its author has the type `CLIENT` or the role `client`; an answer is whatever somebody else wrote, of the bank or a professional. Messages that were deleted, of programs (`SYSTEM`, `API_CLIENT`), and of authors of whom neither type nor role is told are neither. Nothing of loan requests that have ended or were deleted is in it, but channels that were put away are. A `waitingSince` that is no time stands before everything else. Page by page with `pagination.nextCursor`: a page may have fewer entries than `limit`, even none, and go on. What tells the loan request apart besides its id comes with the scope `loans:read` only. A client that is limited to teams or kinds of channels sees what is within its limits only.",
    access: Access::AnyOf(&[Scope::MessagesRead]),
    params: &PARAMS,
    answer: Answer::Object("UnansweredMessagesPage"),
    handler: Handler::Wait(wait),
};

static PARAMS: [Param; 2] = [
    Param {
        name: "limit",
        kind: ParamKind::Integer { min: 1, max: paging::MAX_LIMIT, default: Some(DEFAULT_LIMIT) },
        description: "At most so many entries.",
    },
    Param {
        name: "cursor",
        kind: ParamKind::Cursor,
        description: "Go on where an earlier page ended: its `pagination.nextCursor`.",
    },
];

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let limit = call.query.integer("limit").unwrap_or(DEFAULT_LIMIT);
    let binding = paging::binding(call, []);
    let channels = call.model("messages")?.clone();
    let walk = Walk {
        after: paging::after(call, binding)?,
        most: usize::try_from(limit).unwrap_or(usize::MAX),
        waiting: call.model("work-lists")?.clone(),
        loans: if call.may(Scope::LoansRead) { Some(call.model("loan-requests")?.clone()) } else { None },
        teams: Teams::of(call.principal.as_ref(), &call.view)?,
        kinds: Kinds::of(call.principal.as_ref(), &channels),
        channels,
    };
    let page = call.shared.admission.heavy(call.principal.as_ref(), move || walk.page()).await?;
    let (entries, next) = page.map_err(|e| Problem::store(&e))?;
    let cursor = next.map(|row| call.shared.cursors.seal(binding, call.view.position, &row));
    let pagination = json!({"limit": limit, "hasMore": cursor.is_some(), "nextCursor": cursor});
    let body = format!("{{\"unansweredMessages\":[{}],\"pagination\":{pagination}}}", entries.join(","));
    let complete = call.shared.freshness.current(&call.view, &call.shared.state).all_complete;
    Ok(Reply::json(body).complete(complete))
}

/// What is looked at, and in what.
struct Walk {
    after: Option<Vec<u8>>,
    most: usize,
    waiting: Snapshot,
    channels: Snapshot,
    /// `None` where nothing of them may be told.
    loans: Option<Snapshot>,
    teams: Option<Teams>,
    kinds: Option<Kinds>,
}

impl Walk {
    /// The entries of one page, and the row to go on after.
    fn page(&self) -> Result<(Vec<String>, Option<Vec<u8>>), StoreError> {
        let (mut entries, mut last) = (Vec::new(), None);
        for (examined, row) in work_lists::unanswered(&self.waiting, self.after.as_deref())?.enumerate() {
            if entries.len() == self.most || examined == EXAMINED {
                return Ok((entries, last));
            }
            let row = row?;
            if self.sees(&row)? {
                entries.extend(self.entry(&row)?);
            }
            last = Some(row.key);
        }
        Ok((entries, None))
    }

    fn sees(&self, row: &Unanswered) -> Result<bool, StoreError> {
        let within = self.teams.as_ref().map_or(Ok(true), |teams| teams.admits(&row.loan))?;
        Ok(within && self.kinds.as_ref().map_or(Ok(true), |kinds| kinds.admits(&row.loan, &row.channel))?)
    }

    /// An entry with its channel and what tells its loan request apart; none while the channel or its guild is gone.
    fn entry(&self, row: &Unanswered) -> Result<Option<String>, StoreError> {
        let Some((guild, channel)) = messages::place(&self.channels, &row.loan, &row.channel)? else { return Ok(None) };
        let mut entry = "{}".to_owned();
        let mut member = |name: &str, raw: &str| json::push_member(&mut entry, name, raw);
        member("loanRequestId", &quoted(&row.loan));
        let loan = match &self.loans {
            Some(loans) => loan_requests::get(loans, &row.loan)?.unwrap_or_default(),
            None => Vec::new(),
        };
        let loan = std::str::from_utf8(&loan).unwrap_or_default();
        for name in OF_LOAN {
            if let Some(raw) = json::member(loan, name) {
                member(name, raw);
            }
        }
        member("guildId", &quoted(&guild));
        member("channel", &json::only(std::str::from_utf8(&channel).unwrap_or_default(), &OF_CHANNEL));
        for (name, raw) in json::members(&row.json).unwrap_or_default() {
            member(&name, raw);
        }
        Ok(Some(entry))
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    json::push_string(&mut quoted, text);
    quoted
}
