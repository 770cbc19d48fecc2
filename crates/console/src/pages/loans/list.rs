//! `/console/loans`: search and filter loan requests, page by page.

mod filters;

use askama::Template;
use http::StatusCode;

use super::PATH;
use super::shell::own;
use super::words::word;
use crate::api::{Refused, Told};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::json::Node;
use crate::money::{grouped, money};
use crate::pages::trouble;
use crate::reply::Answer;
use crate::stamp::Stamp;
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;

use filters::{CURSOR, Choice, Filters, Input};

#[derive(Template)]
#[template(path = "loans/list.html")]
struct Page {
    frame: Frame,
    path: &'static str,
    faults: Faults,
    q: String,
    statuses: Vec<Choice>,
    stages: Vec<Choice>,
    inputs: Vec<Input>,
    sorts: Vec<Choice>,
    orders: Vec<Choice>,
    tasks: Vec<Choice>,
    is_filtered: bool,
    found: Option<Found>,
}

/// What the API found.
struct Found {
    stamp: Stamp,
    sentence: String,
    lines: Vec<Line>,
    /// Why there is nothing, and what to do.
    empty: Option<(&'static str, &'static str)>,
    first: Option<String>,
    next: Option<String>,
}

/// A loan request.
struct Line {
    path: String,
    reference: String,
    people: String,
    status: String,
    product: String,
    amount: String,
    team: String,
    agent: String,
    updated: Option<When>,
}

/// The members that the list shows.
const FIELDS: &str =
    "id,reference,status,product,currency,requestedAmount,participants,team,assignedAgent,updatedAt,statusChangedAt";

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.member()?;
    let t = visit.texts();
    let filters = Filters::of(&visit.query());
    let address = format!("/api/v1/loan-requests?{}", filters.query(&[("fields", FIELDS)], true));
    match visit.told(session, &address).await {
        Ok(told) => Ok(visit.page(&page(&visit, &filters, Faults::default(), Some(found(t, &filters, &told))))),
        Err(refused) if refused.status == StatusCode::BAD_REQUEST => {
            let page = page(&visit, &filters, faults(t, &refused), None);
            Ok(visit.page_of(refused.status, &page, None))
        }
        Err(refused) => Err(trouble::refused(&visit, &refused).into()),
    }
}

fn page(visit: &Visit, filters: &Filters, faults: Faults, found: Option<Found>) -> Page {
    let t = visit.texts();
    Page {
        frame: visit.frame(t.data.loans).with_faults(!faults.is_empty()),
        path: PATH,
        q: filters.text("q"),
        statuses: filters.statuses(t),
        stages: filters.stages(t),
        inputs: filters.inputs(t),
        sorts: filters.sorts(t),
        orders: filters.orders(t),
        tasks: filters.tasks(t),
        is_filtered: filters.narrow() || !faults.is_empty(),
        faults,
        found,
    }
}

/// What is wrong, at the field that the API names.
fn faults(t: &Texts, refused: &Refused) -> Faults {
    if ["bad-cursor", "cursor-mismatch"].contains(&refused.code()) {
        return Faults::whole(t.loans.bad_cursor);
    }
    let named = refused.detail.split('`').nth(1).unwrap_or_default();
    match filters::field(named) {
        Some((field, says)) => Faults::at(field, says(t)),
        None => Faults::whole(refused.detail.clone()),
    }
}

fn found(t: &Texts, filters: &Filters, told: &Told) -> Found {
    let stamp = Stamp::new(t, told, None);
    let told = told.node();
    let page = told.at("pagination");
    let lines: Vec<Line> = told.at("loanRequests").list().iter().map(|loan| line(t, loan)).collect();
    let next = Some(page.at("nextCursor").raw()).filter(|cursor| !cursor.is_empty());
    let next = next.map(|cursor| format!("{PATH}?{}", filters.query(&[(CURSOR, cursor)], false)));
    let empty = lines.is_empty().then(|| nothing(t, filters, &stamp, next.is_some()));
    Found {
        sentence: sentence(t, page),
        first: filters.is_further().then(|| format!("{PATH}?{}", filters.query(&[], false))),
        stamp,
        lines,
        empty,
        next,
    }
}

fn sentence(t: &Texts, page: &Node) -> String {
    let total = page.at("total").raw();
    let text = match (total, page.at("totalIsExact").raw()) {
        (_, "false") => t.loans.at_least,
        ("1", _) => t.loans.one_found,
        _ => t.loans.many_found,
    };
    fill(text, &[&grouped(t, total)])
}

/// Why there is nothing on the page, and what helps.
fn nothing(t: &Texts, filters: &Filters, stamp: &Stamp, more: bool) -> (&'static str, &'static str) {
    let l = &t.loans;
    if more {
        (l.none_so_far, l.none_so_far_text)
    } else if !stamp.is_live && stamp.is_catching_up {
        (l.still_catching_up, l.still_catching_up_text)
    } else if filters.narrow() || filters.is_further() {
        (l.none_match, l.none_match_text)
    } else {
        (l.nothing_here, l.nothing_here_text)
    }
}

fn line(t: &Texts, loan: &Node) -> Line {
    let text = |name: &str| loan.text(name);
    let id = loan.at("id").raw();
    let reference = text("reference");
    let first = |node: &Node, names: &[&str]| {
        names.iter().map(|name| node.text(name)).find(|text| !text.is_empty()).unwrap_or_default()
    };
    let people = loan.at("participants").list().iter().map(|one| first(one, &["displayName", "familyName"]));
    let people: Vec<String> = people.filter(|name| !name.is_empty()).collect();
    Line {
        path: own(id, "", None),
        reference: if reference.is_empty() { text("id") } else { reference },
        people: people.join(", "),
        status: word(t, loan.at("status")),
        product: first(loan.at("product"), &["name", "code", "id"]),
        amount: money(t, &text("requestedAmount"), &text("currency")),
        team: text("team"),
        agent: first(loan.at("assignedAgent"), &["displayName", "id"]),
        updated: Some(text("updatedAt")).filter(|at| !at.is_empty()).map(|at| When::read(t, &at)),
    }
}
