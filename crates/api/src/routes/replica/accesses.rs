//! `GET /api/v1/replica/accesses`: who read what from this replica.

use std::collections::HashMap;

use continuity_auth::{AccessEntry, AccessRange, Auth, AuthError, Scope};
use continuity_projections::{Bound, Filter};
use http::HeaderName;

use crate::access;
use crate::call::{Call, internal};
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, ParamKind, Tag, Verb, Waiting};
use crate::export::{ACCESSES, Format};
use crate::filter::{self, By, by};
use crate::paging;
use crate::problem::{INTERNAL, Problem};
use crate::reply::Reply;
use crate::request::accept;
use crate::sight::Teams;

const DEFAULT_LIMIT: u64 = 100;
/// Entries that are looked at for one page: then it ends, with a cursor, however few of them were wanted.
const EXAMINED: usize = 20_000;

const COMPLETE_UNTIL: HeaderName = HeaderName::from_static("x-accesses-complete-until");

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/replica/accesses",
    id: "listAccesses",
    tag: Tag::Health,
    summary: "List who read what from this replica",
    description: "The replica's own access records, oldest first: one entry for each read of sensitive data, and one for all other reads of one client, loan request and `endpoint` (an `operationId` of this document) in one minute, with their `count`, from `occurredAt` to `until`. Reads of lists and of the replica's own reports are here too, without `loanRequestId`. Page by page: `X-Next-Cursor` and `Link` while there is more; a page may have fewer entries than `limit`, even none, and go on. `X-Accesses-Complete-Until`: every read before this instant that will ever be recorded is recorded; `X-Replica-Complete: false`: some since the start could not be. Fetch up to that instant, and go on from it next time; an entry on the border may come twice, with the same `id`. Also as `application/x-ndjson` and `text/csv`, where text that a spreadsheet would take for a formula is led by an apostrophe. The list is of this replica alone: each has its own. A client that is limited to teams sees reads of their loan requests only.",
    access: Access::AnyOf(&[Scope::AuditRead]),
    params: &PARAMS,
    answer: Answer::Export("AccessRecord"),
    handler: Handler::Wait(wait),
};

static PARAMS: [Param; 7] = [
    Param {
        name: "limit",
        kind: ParamKind::Integer { min: 1, max: 1_000, default: Some(DEFAULT_LIMIT) },
        description: "At most so many entries.",
    },
    paging::CURSOR,
    by("clientId", &["actor", "id"], By::AnyOf(&["client-30d63515a4565ed3"]), "Only reads of these clients."),
    by(
        "loanRequestId",
        &["loanRequestId"],
        By::AnyOf(&["01a169cd-036d-7cf9-b09c-e92c04714d94"]),
        "Only reads of these loan requests.",
    ),
    by("action", &["action"], By::AnyOf(ACTIONS), "Only entries of these actions."),
    by("from", &["occurredAt"], By::Time(Bound::From), "Only entries of this time or later."),
    by("to", &["occurredAt"], By::Time(Bound::To), "Only entries of this time or earlier; a date counts to its end."),
];

const ACTIONS: &[&str] =
    &["LOAN_REQUEST_READ", "LIST_READ", "TASK_FORM_DATA_READ", "TASK_ATTACHMENT_READ", "DOCUMENT_READ"];

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let format = Format::of(accept::choose(&call.headers, &Format::MEDIA_TYPES)?);
    let binding = paging::binding(call, []);
    let limit = call.query.integer("limit").unwrap_or(DEFAULT_LIMIT);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let auth = call.shared.state.auth.clone();
    // Asked before the records are looked at: what it says holds for them.
    let recording = auth.read_recording();
    // Of one loan there is an index; of several the filter picks theirs out of all.
    let mut loans = call.query.texts("loanRequestId");
    let range = access::range(call, loans.next().filter(|_| loans.next().is_none()));
    let seen = Seen { teams: Teams::of(call.principal.as_ref(), &call.view)?, known: HashMap::new() };
    let mut list = List { format, limit, range, filter: filter::of(call), after: paging::after(call, binding)?, seen };
    let read = tokio::task::spawn_blocking(move || list.page(&auth)).await;
    let page = read.map_err(|_| internal("the thread that read the access records panicked"))??;
    let cursor = page.next.map(|place| call.shared.cursors.seal(binding, call.view.position, &place));
    let reply = Reply::of(format.content_type(), page.out)
        .complete(recording.unrecorded == 0)
        .header(COMPLETE_UNTIL, &recording.written_until.to_string());
    Ok(paging::next(call, reply, limit, cursor))
}

struct Page {
    out: Vec<u8>,
    /// The place to go on after.
    next: Option<Vec<u8>>,
}

/// Which entries are wanted, and how they are written.
struct List {
    format: Format,
    limit: usize,
    range: AccessRange,
    filter: Filter,
    after: Option<Vec<u8>>,
    seen: Seen,
}

impl List {
    fn page(&mut self, auth: &Auth) -> Result<Page, Problem> {
        let mut page = Page { out: self.format.begin(ACCESSES), next: None };
        let (mut given, mut last) = (0, None::<AccessEntry>);
        for (examined, entry) in self.entries(auth)?.enumerate() {
            if given == self.limit || examined == EXAMINED {
                page.next = last.map(|entry| entry.place());
                break;
            }
            let entry = entry.map_err(|error| unreadable(&error))?;
            let json = entry.json();
            if self.filter.wants(json.as_bytes()) && self.seen.shows(entry.loan())? {
                self.format.entry(ACCESSES, &mut page.out, &json);
                given += 1;
            }
            last = Some(entry);
        }
        self.format.end(&mut page.out);
        Ok(page)
    }

    /// The entries in question. Of a loan that may not be seen there are none to look at, as of one that there is not: how
    /// many there are would show in where pages are cut.
    fn entries(
        &mut self,
        auth: &Auth,
    ) -> Result<impl Iterator<Item = Result<AccessEntry, AuthError>> + use<>, Problem> {
        let loan = self.range.loan.clone();
        let hidden = loan.is_some() && !self.seen.shows(loan.as_deref())?;
        let entries = (!hidden).then(|| auth.access_log().forward(&self.range, self.after.as_deref())).transpose();
        Ok(entries.map_err(|error| unreadable(&error))?.into_iter().flatten())
    }
}

/// The loans whose reads a client may see.
struct Seen {
    /// `None`: those of all loans, and of lists.
    teams: Option<Teams>,
    known: HashMap<String, bool>,
}

impl Seen {
    /// Whether reads of that loan may be seen, or, without one, of lists: these tell of all loans.
    fn shows(&mut self, loan: Option<&str>) -> Result<bool, Problem> {
        let Some(teams) = &self.teams else { return Ok(true) };
        let Some(loan) = loan else { return Ok(false) };
        if let Some(shows) = self.known.get(loan) {
            return Ok(*shows);
        }
        let shows = teams.admits(loan).map_err(|e| Problem::store(&e))?;
        self.known.insert(loan.to_owned(), shows);
        Ok(shows)
    }
}

fn unreadable(error: &AuthError) -> Problem {
    tracing::error!(%error, "the access records could not be read");
    Problem::new(&INTERNAL, "This replica's access records could not be read; the operator's log says why.")
}
