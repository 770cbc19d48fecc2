//! `GET /api/v1/loan-requests/{loanRequestId}/audit-log`: what happened to a loan, and who read it.

use std::iter::Peekable;

use continuity_auth::{AccessLog, AccessRange, AuthError, Scope};
use continuity_base::Timestamp;
use continuity_projections::audit_log::{self, AuditEntry};
use continuity_projections::{Bound, Channels, Filter};
use continuity_readmodel::Snapshot;

use crate::access;
use crate::as_of::{self, AS_OF};
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, Tag, Verb, Waiting};
use crate::export::{AUDIT_LOG, Format};
use crate::filter::{self, By, by};
use crate::paging;
use crate::problem::{INTERNAL, Problem};
use crate::reply::Reply;
use crate::request::accept;
use crate::sight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/audit-log",
    id: "listAuditEntries",
    tag: Tag::LoanRequests,
    summary: "Get the audit log of a loan request",
    description: "Newest first: one entry for each event of the platform (`origin: CLOUD`), merged with this replica's own records of reads (`origin: REPLICA`). A read of sensitive data has an entry of its own. All other reads are counted by client, `endpoint` (an `operationId` of this document) and minute: `count` reads from `occurredAt` to `until`, shown once that minute is over; add them up where a minute has more than one entry. `limit` and `cursor` count merged entries. Also as `application/x-ndjson` and `text/csv`, where text that a spreadsheet would take for a formula is led by an apostrophe.",
    access: Access::AnyOf(&[Scope::AuditRead]),
    params: &PARAMS,
    answer: Answer::Export("AuditEntry"),
    handler: Handler::Wait(wait),
};

static PARAMS: [Param; 8] = [
    paging::LIMIT,
    paging::CURSOR,
    AS_OF,
    by("action", &["action"], By::AnyOf(&["DOCUMENT_UPLOADED"]), "Only entries of these actions."),
    by("actorId", &["actor", "id"], By::AnyOf(&["usr_15"]), "Only entries of these actors."),
    by("targetType", &["target", "type"], By::AnyOf(&["DOCUMENT"]), "Only entries about such things."),
    by("from", &["occurredAt"], By::Time(Bound::From), "Only entries of this time or later."),
    by("to", &["occurredAt"], By::Time(Bound::To), "Only entries of this time or earlier; a date counts to its end."),
];

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("audit-log")?.clone();
    let format = Format::of(accept::choose(&call.headers, &Format::MEDIA_TYPES)?);
    let binding = paging::binding(call, []);
    let after = paging::after(call, binding)?;
    let limit = call.query.integer("limit").and_then(|n| usize::try_from(n).ok());
    let filter = filter::of(call);
    let (replica, mut range) = (call.shared.state.auth.access_log(), access::range(call, Some(loan.id)));
    if let Some(point) = &call.as_of {
        range.to = range.to.into_iter().chain([as_of::recorded_until(point, &call.shared.state)?]).min();
    }
    let seen = sight::channels(call, loan.id)?;
    let lists = Lists { cloud: model, replica, range, loan: loan.id.to_owned(), last: loan.state.last_sequence, seen };
    // A loan that is looked at often has very many entries: they are read on another thread, in turns among clients.
    let read = move || lists.page(format, &filter, after.as_deref(), limit);
    let page = call.shared.admission.heavy(call.principal.as_ref(), read).await??;
    let cursor = page.next.map(|key| call.shared.cursors.seal(binding, call.view.position, &key));
    let reply = Reply::of(format.content_type(), page.out).complete(loan.state.complete && page.whole);
    Ok(paging::paged(call, reply, limit, page.total, cursor))
}

/// Some entries, written.
struct Page {
    out: Vec<u8>,
    /// The key to go on after.
    next: Option<Vec<u8>>,
    /// Entries on all pages; 0 where nobody asked for a page.
    total: u64,
    /// Whether the platform's entries are known from the first one on.
    whole: bool,
}

/// The entries of one loan: those of the platform, and the reads that this replica recorded.
struct Lists {
    cloud: Snapshot,
    replica: AccessLog,
    range: AccessRange,
    loan: String,
    /// The loan's last sequence.
    last: u64,
    /// The channels of which entries may tell; `None`: all.
    seen: Option<Channels>,
}

impl Lists {
    fn page(
        &self,
        format: Format,
        filter: &Filter,
        after: Option<&[u8]>,
        limit: Option<usize>,
    ) -> Result<Page, Problem> {
        let total = if limit.is_some() { self.total(filter)? } else { 0 };
        let missing = audit_log::complete_from(&self.cloud, &self.loan, self.last).map_err(|e| Problem::store(&e))?;
        let mut merged = self.merged(after)?;
        let mut out = format.begin(AUDIT_LOG);
        let (mut count, mut last) = (0, None);
        let next = loop {
            let Some(entry) = merged.next().transpose()? else { break None };
            if !self.wants(filter, &entry)? {
                continue;
            }
            if limit.is_some_and(|limit| count >= limit) {
                break last;
            }
            format.entry(AUDIT_LOG, &mut out, &entry.json);
            count += 1;
            last = Some(entry.key);
        };
        format.end(&mut out);
        Ok(Page { out, next, total, whole: missing.is_none() })
    }

    /// Entries that are wanted, on all pages.
    fn total(&self, filter: &Filter) -> Result<u64, Problem> {
        if filter.is_empty() && self.range.to.is_none() && self.seen.is_none() {
            let cloud = audit_log::total(&self.cloud, &self.loan).map_err(|e| Problem::store(&e))?;
            return Ok(cloud + self.replica.count(&self.loan).map_err(|e| unreadable(&e))?);
        }
        let (mut total, mut merged) = (0, self.merged(None)?);
        while let Some(entry) = merged.next().transpose()? {
            total += u64::from(self.wants(filter, &entry)?);
        }
        Ok(total)
    }

    /// Whether the entry is asked for, and may be seen.
    fn wants(&self, filter: &Filter, entry: &AuditEntry) -> Result<bool, Problem> {
        let json = entry.json.as_bytes();
        let shows = || self.seen.as_ref().map_or(Ok(true), |seen| seen.shows(json));
        Ok(filter.wants(json) && shows().map_err(|e| Problem::store(&e))?)
    }

    /// Both as one list, newest first, behind the entry with that key.
    fn merged(&self, after: Option<&[u8]>) -> Result<Merged<'_>, Problem> {
        let cloud = audit_log::entries(&self.cloud, &self.loan, after).map_err(|e| Problem::store(&e))?;
        let mut range = self.range.clone();
        if let Some(at) = after.and_then(audit_log::instant_of).map(Timestamp::from_micros) {
            range.to = Some(range.to.map_or(at, |to| to.min(at)));
        }
        let replica = self.replica.backward(&range).map_err(|e| unreadable(&e))?.map(|entry| {
            let entry = entry.map_err(|e| unreadable(&e))?;
            let key = audit_log::sort_key(&entry.occurred_at().to_string(), entry.position(), &entry.id());
            Ok(AuditEntry { key, json: entry.json() })
        });
        let after = after.map(<[u8]>::to_vec);
        // Of those at the cursor's own time, the ones before it.
        let seen = move |entry: &Entry| matches!((entry, &after), (Ok(entry), Some(after)) if entry.key >= *after);
        Ok(Merged::new(cloud.map(|entry| entry.map_err(|e| Problem::store(&e))), replica.skip_while(seen)))
    }
}

fn unreadable(error: &AuthError) -> Problem {
    tracing::error!(%error, "the access records of a loan could not be read");
    Problem::new(&INTERNAL, "This replica's access records could not be read; the operator's log says why.")
}

type Entry = Result<AuditEntry, Problem>;

/// Two lists, both newest first, as one.
struct Merged<'a> {
    cloud: Peekable<Box<dyn Iterator<Item = Entry> + 'a>>,
    replica: Peekable<Box<dyn Iterator<Item = Entry> + 'a>>,
}

impl<'a> Merged<'a> {
    fn new(cloud: impl Iterator<Item = Entry> + 'a, replica: impl Iterator<Item = Entry> + 'a) -> Self {
        let boxed = |list: Box<dyn Iterator<Item = Entry> + 'a>| list.peekable();
        Self { cloud: boxed(Box::new(cloud)), replica: boxed(Box::new(replica)) }
    }
}

impl Iterator for Merged<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        match (self.cloud.peek(), self.replica.peek()) {
            (Some(Ok(cloud)), Some(Ok(replica))) if replica.key > cloud.key => self.replica.next(),
            (Some(Ok(_)), Some(Err(_))) | (None, _) => self.replica.next(),
            (Some(_), _) => self.cloud.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries<const N: usize>(keys: [u8; N]) -> impl Iterator<Item = Entry> {
        keys.into_iter().map(|key| Ok(AuditEntry { key: vec![key], json: format!("{{\"n\":{key}}}") }))
    }

    #[test]
    fn two_lists_merge_newest_first() {
        let merged = Merged::new(entries([9, 6, 5, 1]), entries([8, 7, 2]));
        let keys: Vec<u8> = merged.map(|entry| entry.unwrap().key[0]).collect();
        assert_eq!(keys, [9, 8, 7, 6, 5, 2, 1]);
    }
}
