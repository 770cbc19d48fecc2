//! The columns of each list: what people look for first stands at the left, and what can be missed goes first.

use super::cell::Kind;
use super::grid::Column;

/// Title, path of members with dots between, kind, and rank: the higher, the sooner it goes.
pub(super) type Spec = (&'static str, &'static str, Kind, u8);

pub(super) const LOANS: &[Spec] = &[
    ("REFERENCE", "reference", Kind::Word, 0),
    ("STATUS", "status", Kind::Word, 0),
    ("AMOUNT", "requestedAmount", Kind::Amount, 0),
    ("CUR", "currency", Kind::Word, 4),
    ("PARTICIPANTS", "participants", Kind::Name, 2),
    ("PRODUCT", "product.name", Kind::Text, 6),
    ("STAGE", "stage", Kind::Word, 7),
    ("AGENT", "assignedAgent", Kind::Name, 8),
    ("UPDATED", "updatedAt", Kind::Time, 3),
    ("ID", "id", Kind::Word, 9),
];
pub(super) const TASKS: &[Spec] = &[
    ("STATUS", "status", Kind::Word, 0),
    ("TYPE", "type", Kind::Word, 5),
    ("TITLE", "title", Kind::Text, 0),
    ("FOR", "assignee.kind", Kind::Word, 3),
    ("ASSIGNED", "assignedAt", Kind::Time, 2),
    ("DUE", "dueAt", Kind::Time, 2),
    ("FILES", "items", Kind::Count, 4),
    ("SENSITIVE", "sensitive", Kind::Flag, 6),
    ("ID", "id", Kind::Word, 1),
];
pub(super) const DOCUMENTS: &[Spec] = &[
    ("NAME", "name", Kind::Text, 0),
    ("CATEGORY", "category", Kind::Word, 3),
    ("STATUS", "status", Kind::Word, 4),
    ("SIZE", "sizeBytes", Kind::Size, 2),
    ("BYTES", "blob.state", Kind::Word, 2),
    ("FILE", "fileName", Kind::Text, 6),
    ("UPLOADED", "uploadedAt", Kind::Time, 3),
    ("ID", "id", Kind::Word, 1),
];
pub(super) const AUDIT_LOG: &[Spec] = &[
    ("WHEN", "occurredAt", Kind::Time, 0),
    ("ACTION", "action", Kind::Word, 0),
    ("ABOUT", "target.type", Kind::Word, 3),
    ("NAMED", "target.label", Kind::Text, 2),
    ("BY", "actor", Kind::Name, 1),
    ("ORIGIN", "origin", Kind::Word, 4),
    ("REASON", "reason", Kind::Text, 5),
];
pub(super) const BIDS: &[Spec] = &[
    ("STATUS", "status", Kind::Word, 0),
    ("AMOUNT", "requestedAmount", Kind::Amount, 0),
    ("CUR", "currency", Kind::Word, 4),
    ("MONTHS", "termMonths", Kind::Count, 3),
    ("QUOTES", "quotes", Kind::Count, 0),
    ("REQUESTED", "requestedAt", Kind::Time, 2),
    ("RESPOND BY", "respondBy", Kind::Time, 2),
    ("ID", "id", Kind::Word, 1),
];
pub(super) const ANALYSIS: &[Spec] = &[
    ("TYPE", "type", Kind::Word, 0),
    ("STATUS", "status", Kind::Word, 0),
    ("SCOPE", "scope", Kind::Word, 4),
    ("RESULT", "result.value", Kind::Amount, 2),
    ("UNIT", "result.unit", Kind::Word, 3),
    ("OUTCOME", "outcome", Kind::Word, 0),
    ("RUN", "runAt", Kind::Time, 2),
    ("ID", "id", Kind::Word, 1),
];
pub(super) const GUILDS: &[Spec] = &[
    ("NAME", "name", Kind::Text, 0),
    ("CHANNELS", "channels", Kind::Name, 0),
    ("MEMBERS", "members", Kind::Count, 3),
    ("CREATED", "createdAt", Kind::Time, 2),
    ("ID", "id", Kind::Word, 1),
];
pub(super) const MESSAGES: &[Spec] = &[
    ("#", "seq", Kind::Count, 0),
    ("POSTED", "postedAt", Kind::Time, 0),
    ("BY", "author", Kind::Name, 0),
    ("TEXT", "body.text", Kind::Text, 0),
    ("FILES", "attachments", Kind::Count, 2),
    ("DELETED", "deletedAt", Kind::Time, 1),
];
pub(super) const COMMENTS: &[Spec] = &[
    ("WRITTEN", "createdAt", Kind::Time, 0),
    ("BY", "author", Kind::Name, 0),
    ("ABOUT", "target.type", Kind::Word, 2),
    ("TEXT", "text", Kind::Text, 0),
    ("RESOLVED", "resolvedAt", Kind::Time, 3),
    ("ID", "id", Kind::Word, 1),
];
pub(super) const VIEWS: &[Spec] = &[
    ("VIEW", "definition.name", Kind::Text, 0),
    ("STATUS", "status", Kind::Word, 0),
    ("SECTIONS", "sections", Kind::Count, 2),
    ("GENERATED", "generatedAt", Kind::Time, 2),
    ("ID", "id", Kind::Word, 1),
];
pub(super) const WORKSHEETS: &[Spec] = &[
    ("NAME", "name", Kind::Text, 0),
    ("STATUS", "status", Kind::Word, 0),
    ("UPDATED", "updatedAt", Kind::Time, 2),
    ("VERSION", "version", Kind::Count, 3),
    ("ID", "id", Kind::Word, 1),
];
pub(super) const INCOMPLETE: &[Spec] = &[
    ("LOAN", "loanRequestId", Kind::Word, 0),
    ("MISSING RANGES", "missing", Kind::Count, 0),
    ("PARKED AT", "parkedAt", Kind::Word, 1),
];
pub(super) const PURGED: &[Spec] =
    &[("LOAN", "loanRequestId", Kind::Word, 0), ("LAST SEQUENCE", "lastSequence", Kind::Word, 1)];
pub(super) const RESULTS: &[Spec] = &[
    ("EVALUATED", "evaluatedAt", Kind::Time, 0),
    ("RESULT", "result", Kind::Word, 0),
    ("AS OF", "asOf", Kind::Time, 2),
    ("LOANS", "loanRequests", Kind::Amount, 3),
    ("EVENTS", "events", Kind::Amount, 3),
    ("EVENTS MISSING", "eventsMissing", Kind::Amount, 0),
    ("LOANS MISSING", "loansMissing", Kind::Amount, 0),
];

/// The columns of a list, or those that `--fields` names instead.
pub(super) fn of(specs: &[Spec], fields: &[String]) -> Vec<Column> {
    if fields.is_empty() {
        return specs.iter().map(column).collect();
    }
    fields.iter().map(|field| named(specs, field)).collect()
}

fn column((title, path, kind, rank): &Spec) -> Column {
    let path = path.split('.').map(str::to_owned).collect();
    Column { title: (*title).to_owned(), path, kind: *kind, rank: *rank }
}

/// A member in the words of the API; shown as the list shows it when it does.
fn named(specs: &[Spec], field: &str) -> Column {
    let known = specs.iter().find(|(_, path, ..)| *path == field);
    let kind = known.map_or_else(|| kind_of(field), |(_, _, kind, _)| *kind);
    Column { title: field.to_owned(), path: vec![field.to_owned()], kind, rank: 0 }
}

/// What a member holds, by its name.
pub(super) fn kind_of(member: &str) -> Kind {
    match member {
        "product" | "assignedAgent" | "participants" | "actor" | "author" | "uploadedBy" | "assignee"
        | "definition" | "target" => Kind::Name,
        "collaterals" | "checklist" | "sections" | "items" | "versions" | "signatures" | "quotes" | "sheets" => {
            Kind::Count
        }
        "requestedAmount" | "ownContribution" | "monthlyPayment" | "principalAmount" | "purchasePrice" => Kind::Amount,
        "sizeBytes" => Kind::Size,
        at if at.ends_with("At") => Kind::Time,
        "id" | "reference" | "status" | "type" | "stage" | "action" => Kind::Word,
        _ => Kind::Text,
    }
}
