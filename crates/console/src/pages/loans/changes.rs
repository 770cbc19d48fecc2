//! `/console/loans/{id}/changes`: the history of a loan as points, and what differs between two of them.

mod diff;
mod messages;
mod points;

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use continuity_auth::{Scope, Session};

use super::point::{field, point, shown};
use super::shell::{Opened, Shell, may, own, path, with};
use crate::api::Refused;
use crate::faults::Faults;
use crate::frame::Frame;
use crate::json::Node;
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;

use diff::Difference;
use points::Points;

#[derive(Template)]
#[template(path = "loans/changes.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    faults: Faults,
    here: String,
    points: Points,
    /// What the fields have in them.
    fields: [String; 2],
    compared: Option<Compared>,
}

/// Two points, and what differs.
struct Compared {
    sentence: String,
    /// The loan as of each of them.
    from: String,
    to: String,
    parts: Vec<Part>,
    /// What is said where nothing differs.
    nothing: String,
}

/// What differs in one part of the loan.
struct Part {
    title: &'static str,
    rows: Vec<Difference>,
    /// How many more there are.
    more: usize,
    /// What was not compared of it.
    hint: Option<&'static str>,
}

/// Rows of one part at most.
const MOST: usize = 500;

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, "changes").await?;
    let (session, t, query) = (visit.member()?, visit.texts(), visit.query());
    // What led here as of an earlier point is compared with now.
    let from = point(query.get("from")).or_else(|| opened.as_of.clone());
    let to = point(query.get("to"));
    // The script that moves the slider has the points already.
    let points = match query.get("only") {
        "differences" => Points::default(),
        _ => points::of(&visit, session, &id, [from.as_deref(), to.as_deref()]).await,
    };
    let (mut faults, mut compared) = (Faults::default(), None);
    if let Some(from) = from.as_deref() {
        let points = [Some(from), to.as_deref()];
        match between(&mut Sides { visit: &visit, session, opened: &mut opened, points }).await {
            Ok(found) => compared = Some(found),
            Err((which, why)) => faults.add(which, because(t, &why)),
        }
    }
    let value = |point: Option<&str>| point.and_then(field).unwrap_or_default();
    let page = Page {
        frame: visit.frame(format!("{} – {}", t.loans.changes, opened.shell.reference)).with_faults(!faults.is_empty()),
        here: own(&id, "changes", None),
        fields: [value(from.as_deref()), value(to.as_deref())],
        faults,
        points,
        compared,
        shell: opened.shell,
    };
    Ok(visit.page(&page))
}

/// Why there is nothing as of a point, in words.
fn because(t: &Texts, why: &Refused) -> String {
    let code = match why.code() {
        "not-found" => "not-yet",
        "bad-parameter" => "bad-point",
        code => code,
    };
    t.loans.refusal(code).map_or_else(|| why.detail.clone(), |(title, text)| format!("{title}. {text}"))
}

/// What is compared: the end of a path in the API, who may read it, and its title.
type Compare = (&'static str, &'static [Scope], fn(&Texts) -> &'static str);

const PARTS: [Compare; 4] = [
    ("", &[Scope::LoansRead], |t| t.loans.the_loan),
    ("/bid-requests", &[Scope::BidsRead, Scope::LoansRead], |t| t.loans.bids),
    ("/tasks", &[Scope::TasksRead, Scope::LoansRead], |t| t.loans.tasks),
    ("/documents", &[Scope::DocumentsRead], |t| t.parts.documents),
];

/// Which of the points there is nothing of, and why.
type Failed = (&'static str, Refused);

/// Two points of a loan, and the page that shows what is told of them.
struct Sides<'a, 'b> {
    visit: &'a Visit,
    session: &'a Session,
    opened: &'a mut Opened<'b>,
    /// The second is now where there is none.
    points: [Option<&'a str>; 2],
}

impl Sides<'_, '_> {
    /// What the API tells below the loan as of both; nothing of one without a path.
    async fn both(&mut self, ends: [Option<&str>; 2], query: &[(&str, &str)]) -> Result<[Node; 2], Failed> {
        let mut both = [Node::Nothing, Node::Nothing];
        for (side, end) in ends.into_iter().enumerate().filter_map(|(side, end)| Some((side, end?))) {
            let path = with(path(&self.opened.id, end, self.points[side]), query);
            let told = self.visit.told(self.session, &path).await.map_err(|why| (["from", "to"][side], why))?;
            self.opened.also(&told);
            both[side] = told.node();
        }
        Ok(both)
    }
}

/// What differs between the points, in what the person may read.
async fn between(sides: &mut Sides<'_, '_>) -> Result<Compared, Failed> {
    let t = sides.visit.texts();
    let (mut parts, mut compared) = (Vec::new(), Vec::new());
    for (end, scopes, title) in PARTS {
        if may(sides.session, scopes) {
            let [old, new] = sides.both([Some(end); 2], &[]).await?.map(without_bytes);
            compared.push(title(t));
            parts.extend(part(title(t), diff::between(&old, &new), None));
        }
    }
    if may(sides.session, &[Scope::MessagesRead]) {
        let (rows, is_cut) = messages::between(sides).await?;
        compared.push(t.parts.messages);
        parts.extend(part(t.parts.messages, rows, is_cut.then_some(t.loans.last_messages)));
    }
    let name = |point: Option<&str>| point.map_or_else(|| t.loans.now.to_owned(), |point| shown(t, point));
    let [from, to] = sides.points;
    Ok(Compared {
        sentence: fill(t.loans.between, &[&name(from), &name(to)]),
        from: own(&sides.opened.id, "", from),
        to: own(&sides.opened.id, "", to),
        parts,
        nothing: fill(t.loans.no_differences, &[&compared.join(", ")]),
    })
}

/// A part in which something differs, or not everything was compared.
fn part(title: &'static str, mut rows: Vec<Difference>, hint: Option<&'static str>) -> Option<Part> {
    let more = rows.len().saturating_sub(MOST);
    rows.truncate(MOST);
    (!rows.is_empty() || hint.is_some()).then_some(Part { title, rows, more, hint })
}

/// The same without references to bytes: where bytes are to be had changes, and how they are here, while they do not.
fn without_bytes(node: Node) -> Node {
    match node {
        Node::List(list) => Node::List(list.into_iter().map(without_bytes).collect()),
        Node::Members(members) => {
            let kept = members.into_iter().filter(|(name, _)| name != "blob");
            Node::Members(kept.map(|(name, value)| (name, without_bytes(value))).collect())
        }
        other => other,
    }
}

/// What elements of a list are known by, where all of them are: then their order does not matter.
fn keyed(list: &[Node]) -> Option<BTreeMap<&str, &Node>> {
    let key = |one: &Node| ["id", "key"].into_iter().find(|name| !one.at(name).raw().is_empty());
    let name = key(list.first()?)?;
    let keyed: BTreeMap<&str, &Node> = list.iter().map(|one| (one.at(name).raw(), one)).collect();
    (keyed.len() == list.len() && !keyed.contains_key("")).then_some(keyed)
}
