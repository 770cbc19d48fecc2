//! `/console/loans/{id}`: the loan itself.

use askama::Template;
use axum::extract::Path;

use super::facts::{Fact, Kind, Known, Shown, described};
use super::shell::{Opened, Shell};
use super::words::word;
use crate::frame::Frame;
use crate::json::Node;
use crate::reply::Answer;
use crate::texts::Texts;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "loans/overview.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    parts: Vec<Part>,
}

/// Some lines under a heading.
struct Part {
    id: String,
    title: String,
    facts: Vec<Fact>,
}

/// The loan itself; what has a part of its own stands elsewhere.
const LOAN: Known = &[
    ("status", Kind::Word),
    ("stage", Kind::Word),
    ("statusChangedAt", Kind::Plain),
    ("previousStatus", Kind::Word),
    ("closeReason", Kind::Word),
    ("closedAt", Kind::Plain),
    ("product", Kind::Named),
    ("purpose", Kind::Word),
    ("requestedAmount", Kind::Money),
    ("ownContribution", Kind::Money),
    ("termMonths", Kind::Months),
    ("borrowerCategory", Kind::Word),
    ("assignedAgent", Kind::Named),
    ("team", Kind::Plain),
    ("acceptedBidId", Kind::Plain),
    ("createdAt", Kind::Plain),
    ("submittedAt", Kind::Plain),
    ("updatedAt", Kind::Plain),
    ("deletedAt", Kind::Plain),
    ("promiseOfSaleDate", Kind::Elsewhere),
    ("promiseOfSaleExpiryDate", Kind::Elsewhere),
    ("sanction", Kind::Elsewhere),
    ("deed", Kind::Elsewhere),
    ("participants", Kind::Elsewhere),
    ("property", Kind::Elsewhere),
    ("collaterals", Kind::Elsewhere),
    ("checklist", Kind::Elsewhere),
];

const SANCTION: Known = &[
    ("requestedAt", Kind::Plain),
    ("issuedAt", Kind::Plain),
    ("expiresAt", Kind::Plain),
    ("acceptedAt", Kind::Plain),
    ("letterDocumentId", Kind::Plain),
];

const DEED: Known = &[("scheduledAt", Kind::Plain), ("notaryId", Kind::Plain), ("signedAt", Kind::Plain)];

const PARTICIPANT: Known = &[
    ("displayName", Kind::Plain),
    ("role", Kind::Word),
    ("kind", Kind::Word),
    ("givenName", Kind::Plain),
    ("familyName", Kind::Plain),
    ("dateOfBirth", Kind::Plain),
    ("email", Kind::Plain),
    ("phone", Kind::Plain),
    ("taxNumber", Kind::Plain),
    ("kycStatus", Kind::Word),
    ("kycAt", Kind::Plain),
    ("joinedAt", Kind::Plain),
];

const PROPERTY: Known = &[
    ("type", Kind::Word),
    ("address", Kind::Address),
    ("purchasePrice", Kind::Money),
    ("valuations", Kind::Elsewhere),
];

const VALUATION: Known = &[("date", Kind::Plain), ("value", Kind::Money), ("valuerId", Kind::Plain)];

const COLLATERAL: Known =
    &[("type", Kind::Word), ("value", Kind::Money), ("priority", Kind::Plain), ("releasedAt", Kind::Plain)];

const PROMISE: [&str; 2] = ["promiseOfSaleDate", "promiseOfSaleExpiryDate"];

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let opened = Opened::new(&visit, &id, "").await?;
    let parts = parts(visit.texts(), &opened.loan);
    Ok(visit.page(&Page { frame: visit.frame(&*opened.shell.reference), parts, shell: opened.shell }))
}

fn parts(t: &Texts, loan: &Node) -> Vec<Part> {
    let currency = loan.at("currency").raw();
    let mut parts = Parts(Vec::new());
    parts.add("loan", t.loans.the_loan, described(t, loan, LOAN, currency));
    let promise = PROMISE.iter().filter(|name| !loan.at(name).is_blank());
    let promise = promise.map(|name| ((*name).to_owned(), loan.at(name).clone())).collect();
    parts.add("promise", t.loans.promise_of_sale, described(t, &Node::Members(promise), &[], currency));
    parts.one(t, "sanction", t.loans.sanction, loan, SANCTION);
    parts.one(t, "deed", t.loans.deed, loan, DEED);
    parts.each(t, ["participants", "displayName"], t.loans.participant, [loan, loan], PARTICIPANT);
    parts.one(t, "property", t.loans.property, loan, PROPERTY);
    parts.each(t, ["valuations", "date"], t.loans.valuation, [loan.at("property"), loan], VALUATION);
    parts.each(t, ["collaterals", "type"], t.loans.collateral, [loan, loan], COLLATERAL);
    parts.0
}

struct Parts(Vec<Part>);

impl Parts {
    fn add(&mut self, id: impl Into<String>, title: impl Into<String>, facts: Vec<Fact>) {
        if !facts.is_empty() {
            self.0.push(Part { id: id.into(), title: title.into(), facts });
        }
    }

    /// A member that is an object.
    fn one(&mut self, t: &Texts, name: &str, title: &str, loan: &Node, known: Known) {
        self.add(name, title, whole(t, title, loan.at(name), known, loan.at("currency").raw()));
    }

    /// A member that is a list of objects, each called by one of its members; the loan names the currency.
    fn each(&mut self, t: &Texts, [list, called]: [&str; 2], title: &str, [holder, loan]: [&Node; 2], known: Known) {
        if !matches!(holder.at(list), Node::List(_)) {
            let facts = whole(t, title, holder.at(list), known, loan.at("currency").raw());
            return self.add(list, title, facts);
        }
        for (number, element) in holder.at(list).list().iter().enumerate() {
            let name = word(t, element.at(called));
            let title = if name.is_empty() { title.to_owned() } else { format!("{title}: {name}") };
            let facts = whole(t, &title, element, known, loan.at("currency").raw());
            self.add(format!("{list}-{}", number + 1), title, facts);
        }
    }
}

/// The lines of what should be an object, and one line of what is none.
fn whole(t: &Texts, name: &str, value: &Node, known: Known, currency: &str) -> Vec<Fact> {
    match value {
        Node::Members(_) => described(t, value, known, currency),
        value if value.is_blank() => Vec::new(),
        value => vec![Fact::new(name, Shown::Code(value.to_string()))],
    }
}
