//! From what people ask for to a path of the API, its query, and how the reply is shown.

use super::columns::{self, Spec};
use super::options::{ListOfLoan, Loans, OfLoan, Pages, What};

/// Rows of a page when all of them are wanted: the most that every list gives.
const ALL_LIMIT: u64 = 200;

/// One question to the API.
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) reply: Shape,
    /// Walk to the end.
    pub(super) all: bool,
}

/// What the reply is, and how it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Object,
    /// A list: its columns, the member that holds it (none: the reply itself), and what its entries are.
    List(&'static [Spec], Option<&'static str>, &'static str),
    Completeness,
}

impl Asked {
    /// Of everything that is answered at once; downloads, changes and messages have files of their own.
    pub(super) fn of(what: &What) -> Option<Self> {
        Some(match what {
            What::Loans(loans) => of_loans(loans),
            What::Loan(of) => object(of, ""),
            What::Task { of, task } => object(of, &format!("/tasks/{}", escaped(task))),
            What::Worksheet { of, worksheet } => object(of, &format!("/worksheets/{}", escaped(worksheet))),
            What::Tasks { of, status, kind } => {
                list(of, "tasks", columns::TASKS).with("status", status.as_ref()).with("type", kind.as_ref())
            }
            What::Documents { of, status, category, name } => list(of, "documents", columns::DOCUMENTS)
                .with("status", status.as_ref())
                .with("category", category.as_ref())
                .with("name", name.as_ref()),
            What::AuditLog { of, action, from, to } => list(of, "audit-log", columns::AUDIT_LOG)
                .with("action", action.as_ref())
                .with("from", from.as_ref())
                .with("to", to.as_ref()),
            What::Bids { of, status } => list(of, "bid-requests", columns::BIDS).with("status", status.as_ref()),
            What::Analysis { of, kind, status } => {
                list(of, "analysis", columns::ANALYSIS).with("type", kind.as_ref()).with("status", status.as_ref())
            }
            What::Guilds(of) => list(of, "guilds", columns::GUILDS),
            What::Comments(of) => list(of, "comments", columns::COMMENTS),
            What::Views(of) => list(of, "views/", columns::VIEWS),
            What::Worksheets(of) => list(of, "worksheets", columns::WORKSHEETS),
            What::Completeness(pages) => {
                paged(Self::at("/api/v1/replica/completeness".to_owned(), Shape::Completeness), pages)
            }
            What::Document { .. } | What::Attachment { .. } | What::Messages { .. } | What::Changes(_) => return None,
        })
    }

    /// The messages of a channel.
    pub(super) fn messages(of: &ListOfLoan, guild: &str, channel: &str, after: Option<u64>) -> Self {
        let path = format!("{}/guilds/{}/channels/{}", loan(&of.loan), escaped(guild), escaped(channel));
        let shape = Shape::List(columns::MESSAGES, Some("messages"), "messages");
        paged(Self::at(path, shape), &of.pages).with("after", after.map(|after| after.to_string()).as_ref())
    }

    fn at(path: String, reply: Shape) -> Self {
        Self { path, query: Vec::new(), reply, all: false }
    }

    fn with(mut self, name: &str, value: Option<&String>) -> Self {
        self.query.extend(value.map(|value| (name.to_owned(), value.clone())));
        self
    }

    /// Path and query, from where an earlier page ended.
    pub(super) fn url(&self, cursor: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        // `after` says where the first page begins, and is not understood beside a cursor.
        if let Some(cursor) = cursor {
            query.clear();
            query.extend_pairs(self.query.iter().filter(|(name, _)| name != "after"));
            query.append_pair("cursor", cursor);
        }
        let query = query.finish();
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }
}

/// The path of a loan request.
pub(super) fn loan(id: &str) -> String {
    format!("/api/v1/loan-requests/{}", escaped(id))
}

/// One part of a path. Blanks are `%20` there, not `+`.
pub(super) fn escaped(part: &str) -> String {
    form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>().replace('+', "%20")
}

fn object(of: &OfLoan, tail: &str) -> Asked {
    Asked::at(format!("{}{tail}", loan(&of.loan)), Shape::Object)
}

fn list(of: &ListOfLoan, tail: &'static str, columns: &'static [Spec]) -> Asked {
    let what = if tail == "audit-log" { "entries" } else { tail.trim_end_matches('/') };
    let asked = Asked::at(format!("{}/{tail}", loan(&of.loan)), Shape::List(columns, None, what));
    // A list of a loan is whole unless a limit is given.
    if of.pages.limit.is_none() { asked } else { paged(asked, &of.pages) }
}

fn paged(asked: Asked, pages: &Pages) -> Asked {
    let limit = pages.limit.or(pages.all.then_some(ALL_LIMIT));
    Asked { all: pages.all, ..asked }.with("limit", limit.map(|limit| limit.to_string()).as_ref())
}

fn of_loans(loans: &Loans) -> Asked {
    let shape = Shape::List(columns::LOANS, Some("loanRequests"), "loan requests");
    let flag = |set: bool| set.then(|| "true".to_owned());
    let order = loans.order.as_ref().map(|order| order.to_uppercase());
    paged(Asked::at("/api/v1/loan-requests".to_owned(), shape), &loans.pages)
        .with("status", loans.status.as_ref())
        .with("stage", loans.stage.as_ref())
        .with("productCode", loans.product.as_ref())
        .with("team", loans.team.as_ref())
        .with("reference", loans.reference.as_ref())
        .with("createdFrom", loans.created_from.as_ref())
        .with("createdTo", loans.created_to.as_ref())
        .with("updatedSince", loans.updated_since.as_ref())
        .with("amountMin", loans.amount_min.as_ref())
        .with("amountMax", loans.amount_max.as_ref())
        .with("hasOpenTasks", flag(loans.open_tasks).as_ref())
        .with("includeDeleted", flag(loans.include_deleted).as_ref())
        .with("sortBy", loans.sort.as_ref())
        .with("sortOrder", order.as_ref())
        .with("offset", loans.offset.map(|offset| offset.to_string()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_values_are_escaped() {
        assert_eq!(loan("a b/../ü"), "/api/v1/loan-requests/a%20b%2F..%2F%C3%BC");
        let asked = Asked::at("/x".to_owned(), Shape::Object).with("q", Some(&"a&b c".to_owned()));
        assert_eq!(asked.url(None), "/x?q=a%26b+c");
        let asked = asked.with("after", Some(&"3".to_owned()));
        assert_eq!(asked.url(Some("C=")), "/x?q=a%26b+c&cursor=C%3D");
    }
}
