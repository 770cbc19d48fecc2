//! `/console/loans/{id}/bids`: requests for bids, and the bids.

use askama::Template;
use axum::extract::Path;

use super::facts::{Fact, Kind, Known, Shown, Table, described};
use super::shell::{Opened, Shell};
use super::words::word;
use crate::frame::Frame;
use crate::json::Node;
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "loans/bids.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    requests: Vec<Request>,
}

struct Request {
    id: String,
    title: String,
    status: String,
    facts: Vec<Fact>,
    quotes: Vec<Quote>,
}

struct Quote {
    title: String,
    status: String,
    is_accepted: bool,
    facts: Vec<Fact>,
    tables: Vec<(&'static str, Table)>,
}

const REQUEST: Known = &[
    ("requestedAt", Kind::Plain),
    ("statusChangedAt", Kind::Plain),
    ("requestedAmount", Kind::Money),
    ("termMonths", Kind::Months),
    ("respondBy", Kind::Plain),
    ("status", Kind::Elsewhere),
    ("loanRequestId", Kind::Elsewhere),
    ("quotes", Kind::Elsewhere),
];

const QUOTE: Known = &[
    ("principalAmount", Kind::Money),
    ("monthlyPayment", Kind::Money),
    ("termMonths", Kind::Months),
    ("frequency", Kind::Word),
    ("ltv", Kind::Percent),
    ("dsti", Kind::Percent),
    ("validUntil", Kind::Plain),
    ("draftedAt", Kind::Plain),
    ("statusChangedAt", Kind::Plain),
    ("daysInMonth", Kind::Plain),
    ("daysInYear", Kind::Plain),
    ("status", Kind::Elsewhere),
    ("revision", Kind::Elsewhere),
    ("periods", Kind::Elsewhere),
    ("charges", Kind::Elsewhere),
    ("approvals", Kind::Elsewhere),
];

const PERIOD: Known = &[
    ("order", Kind::Plain),
    ("type", Kind::Word),
    ("months", Kind::Months),
    ("rate", Kind::Percent),
    ("baseRateCode", Kind::Plain),
    ("margin", Kind::Percent),
];

const CHARGE: Known = &[
    ("code", Kind::Plain),
    ("type", Kind::Word),
    ("timeType", Kind::Word),
    ("amount", Kind::Plain),
    ("waived", Kind::Plain),
];

const APPROVAL: Known = &[
    ("layer", Kind::Plain),
    ("decision", Kind::Word),
    ("approver", Kind::Named),
    ("decidedAt", Kind::Plain),
    ("workflow", Kind::Word),
];

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, "bids").await?;
    let t = visit.texts();
    let told = opened.read("/bid-requests").await?;
    opened.also(&told);
    let all = told.node();
    let accepted = opened.loan.at("acceptedBidId").raw();
    let requests = all.list().iter().enumerate();
    let requests = requests.map(|(number, one)| request(t, number, all.list().len(), one, accepted)).collect();
    let frame = visit.frame(format!("{} – {}", t.loans.bids, opened.shell.reference));
    Ok(visit.page(&Page { frame, requests, shell: opened.shell }))
}

fn request(t: &Texts, number: usize, all: usize, request: &Node, accepted: &str) -> Request {
    let currency = request.at("currency").raw();
    // They come newest first.
    let title = fill(t.loans.bid_request, &[&(all - number).to_string()]);
    Request {
        id: format!("request-{}", all - number),
        title,
        status: word(t, request.at("status")),
        facts: described(t, request, REQUEST, currency),
        quotes: request.at("quotes").list().iter().map(|one| quote(t, one, currency, accepted)).collect(),
    }
}

fn quote(t: &Texts, quote: &Node, currency: &str, accepted: &str) -> Quote {
    let own = quote.at("currency").raw();
    let currency = if own.is_empty() { currency } else { own };
    let mut facts = described(t, quote, QUOTE, currency);
    let lists = [
        ("periods", t.loans.periods, PERIOD),
        ("charges", t.loans.charges, CHARGE),
        ("approvals", t.loans.approvals, APPROVAL),
    ];
    let mut tables = Vec::new();
    for (name, title, known) in lists {
        match quote.at(name) {
            Node::List(elements) if elements.is_empty() => {}
            list @ Node::List(_) => tables.push((title, Table::new(t, list, known, currency))),
            value if value.is_blank() => {}
            value => facts.push(Fact::new(title, Shown::Code(value.to_string()))),
        }
    }
    Quote {
        title: fill(t.loans.quote, &[&quote.text("revision")]),
        status: word(t, quote.at("status")),
        is_accepted: !accepted.is_empty() && quote.at("id").raw() == accepted,
        facts,
        tables,
    }
}
