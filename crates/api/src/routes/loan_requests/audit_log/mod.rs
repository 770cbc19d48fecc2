//! `GET /api/v1/loan-requests/{loanRequestId}/audit-log`: what happened to a loan, and who read its sensitive parts.

mod format;

use continuity_auth::Scope;
use continuity_events::json;
use continuity_projections::audit_log::{self, AuditEntry};
use continuity_projections::{Bound, Filter};
use continuity_readmodel::{Snapshot, StoreError};

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, Tag, Verb};
use crate::filter::{self, By, by};
use crate::paging;
use crate::problem::{INTERNAL, Problem};
use crate::reply::Reply;
use crate::request::accept;
use format::Format;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/audit-log",
    id: "listAuditEntries",
    tag: Tag::LoanRequests,
    summary: "Get the audit log of a loan request",
    description: "Newest first: one entry for each event of the platform (`origin: CLOUD`), merged with this replica's own records of reads of sensitive data (`origin: REPLICA`). `limit` and `cursor` count merged entries. Also as `application/x-ndjson` and `text/csv`, where text that a spreadsheet would take for a formula is led by an apostrophe.",
    access: Access::AnyOf(&[Scope::AuditRead]),
    params: &PARAMS,
    answer: Answer::Export("AuditEntry"),
    handler: Handler::Read(handle),
};

static PARAMS: [Param; 7] = [
    paging::LIMIT,
    paging::CURSOR,
    by("action", &["action"], By::AnyOf(&["DOCUMENT_UPLOADED"]), "Only entries of these actions."),
    by("actorId", &["actor", "id"], By::AnyOf(&["usr_15"]), "Only entries of these actors."),
    by("targetType", &["target", "type"], By::AnyOf(&["DOCUMENT"]), "Only entries about such things."),
    by("from", &["occurredAt"], By::Time(Bound::From), "Only entries of this time or later."),
    by("to", &["occurredAt"], By::Time(Bound::To), "Only entries of this time or earlier; a date counts to its end."),
];

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("audit-log")?;
    let format = Format::of(accept::choose(&call.headers, &Format::MEDIA_TYPES)?);
    let binding = paging::binding(call, []);
    let after = paging::after(call, binding)?;
    let limit = call.query.integer("limit").and_then(|n| usize::try_from(n).ok());
    let accesses = accesses(call, loan.id)?;
    let filter = filter::of(call);
    let total = total(model, loan.id, &accesses, &filter).map_err(|e| Problem::store(&e))?;
    let missing = audit_log::complete_from(model, loan.id, loan.state.last_sequence);
    let missing = missing.map_err(|e| Problem::store(&e))?;
    let entries = audit_log::entries(model, loan.id, after.as_deref());
    let entries = entries.map_err(|e| Problem::store(&e))?;
    let newer = |entry: &AuditEntry| after.as_ref().is_none_or(|after| entry.key < *after);
    let mut merged = Merged::new(entries, accesses.iter().filter(|entry| newer(entry)).cloned());
    let mut out = format.begin();
    let (mut count, mut last) = (0, None);
    let cursor = loop {
        let Some(entry) = merged.next().transpose().map_err(|e| Problem::store(&e))? else { break None };
        if !filter.wants(entry.json.as_bytes()) {
            continue;
        }
        if limit.is_some_and(|limit| count >= limit) {
            break last.map(|key: Vec<u8>| call.shared.cursors.seal(binding, call.view.position, &key));
        }
        format.entry(&mut out, &entry.json, count == 0);
        count += 1;
        last = Some(entry.key);
    };
    format.end(&mut out);
    let reply = Reply::of(format.content_type(), out).complete(loan.state.complete && missing.is_none());
    Ok(paging::paged(call, reply, limit, total, cursor))
}

/// Entries that are wanted, on all pages.
fn total(model: &Snapshot, loan: &str, accesses: &[AuditEntry], filter: &Filter) -> Result<u64, StoreError> {
    if filter.is_empty() {
        return Ok(audit_log::total(model, loan)? + accesses.len() as u64);
    }
    let mut total = accesses.iter().filter(|entry| filter.wants(entry.json.as_bytes())).count() as u64;
    for entry in audit_log::entries(model, loan, None)? {
        total += u64::from(filter.wants(entry?.json.as_bytes()));
    }
    Ok(total)
}

/// This replica's own entries, newest first.
fn accesses(call: &Call, loan: &str) -> Result<Vec<AuditEntry>, Problem> {
    let recorded = call.shared.state.auth.access_entries(loan).map_err(|error| {
        tracing::error!(error = %error, "the access records of a loan could not be read");
        Problem::new(&INTERNAL, "This replica's access records could not be read; the operator's log says why.")
    })?;
    let mut entries: Vec<AuditEntry> = recorded
        .into_iter()
        .map(|entry| {
            let id = json::member(&entry.json, "id").and_then(json::text).unwrap_or_default();
            let key = audit_log::sort_key(&entry.occurred_at, entry.sequence, &id);
            AuditEntry { key, json: entry.json }
        })
        .collect();
    entries.sort_unstable_by(|a, b| b.key.cmp(&a.key));
    Ok(entries)
}

/// Two lists, both newest first, as one.
struct Merged<A: Iterator, B: Iterator> {
    cloud: std::iter::Peekable<A>,
    replica: std::iter::Peekable<B>,
}

impl<A, B> Merged<A, B>
where
    A: Iterator<Item = Result<AuditEntry, StoreError>>,
    B: Iterator<Item = AuditEntry>,
{
    fn new(cloud: A, replica: B) -> Self {
        Self { cloud: cloud.peekable(), replica: replica.peekable() }
    }

    fn next(&mut self) -> Option<Result<AuditEntry, StoreError>> {
        match (self.cloud.peek(), self.replica.peek()) {
            (Some(Ok(cloud)), Some(replica)) if replica.key > cloud.key => self.replica.next().map(Ok),
            (Some(_), _) => self.cloud.next(),
            (None, _) => self.replica.next().map(Ok),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: u8) -> AuditEntry {
        AuditEntry { key: vec![key], json: format!("{{\"n\":{key}}}") }
    }

    #[test]
    fn two_lists_merge_newest_first() {
        let cloud = [9, 6, 5, 1].map(|n| Ok(entry(n)));
        let replica = [8, 7, 2].map(entry);
        let mut merged = Merged::new(cloud.into_iter(), replica.into_iter());
        let mut keys = Vec::new();
        while let Some(entry) = merged.next() {
            keys.push(entry.unwrap().key[0]);
        }
        assert_eq!(keys, [9, 8, 7, 6, 5, 2, 1]);
    }
}
